"""Which MNIST the book is computed from: the real one, or its small stand-in."""

import hashlib
import json
import os
import time
from importlib import util
from pathlib import Path
from typing import Any

from nn_book import DOCS

DATA_FOUND = DOCS / "_build" / "data.json"  # which data, where, and who was asked
DATA_VARIABLES = (
    *("NN_TUTORIAL_DATA", "NN_TUTORIAL_MIRROR", "NN_TUTORIAL_REQUIRE_MNIST"),
    *("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"),
)
MIRRORS_REST_S = 3600


def package_source() -> list[Path]:
    """Return every source file of the installed ``nn_tutorial``, sorted."""
    spec = util.find_spec("nn_tutorial")
    [folder] = (spec and spec.submodule_search_locations) or []
    kinds = {".py", ".toml"}
    return sorted(p for p in Path(folder).rglob("*") if p.suffix in kinds)


def needs_mnist(page: Path) -> bool:
    """Say whether a page asks for MNIST: such pages are worth a GPU."""
    return "mnist_root(" in page.read_text("utf8")


def find_data(chapters: Path) -> bool:
    """Find MNIST, or its stand-in, once, and tell the kernels where it is.

    What is found belongs to the fingerprint: other data, other results. The download
    has its progress bar here, in the terminal, and not in the page that needs it.

    Args:
        chapters: Folder of the chapters; without one that asks for MNIST nothing is
            looked for.

    Returns:
        Whether the stand-in has to do.
    """
    if not any(needs_mnist(page) for page in chapters.glob("*.md")):
        return False
    source = remembered_data() or look_for_data()
    print("\n".join(filter(None, [source["description"], source["reason"]])))
    os.environ["NN_TUTORIAL_DATA"] = source["root"]
    os.environ["NN_TUTORIAL_DATA_CHECKSUM"] = source["checksum"]
    return source["is_stand_in"]


def asked_for() -> dict[str, str | None]:
    """Return what decides which data are looked for, and how."""
    code = b"".join(path.read_bytes() for path in package_source())
    asked = {name: os.environ.get(name) for name in DATA_VARIABLES}
    return asked | {"code": hashlib.sha256(code).hexdigest()}


def files_of_data(root: str) -> dict[str, str]:
    """Return the MD5 of each file of MNIST that is in a folder."""
    return {
        path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in Path(root, "MNIST", "raw").glob("*-ubyte")
    }


def remembered_data() -> dict[str, Any] | None:
    """Return what `look_for_data` has found before, if it still holds.

    That costs no import of PyTorch, and asks no mirror that has just been dead. The
    stand-in holds for an hour, unless it is what was asked for.
    """
    try:
        found = json.loads(DATA_FOUND.read_text("utf8"))
        if found["asked"] != asked_for():
            return None
        source = found["source"]
        if source["is_stand_in"] and not os.environ.get("NN_TUTORIAL_DATA"):
            if not 0 <= time.time() - found["time"] < MIRRORS_REST_S:
                return None
            source["reason"] += "\n(remembered: they are asked again after an hour)"
        return source if files_of_data(source["root"]) == found["files"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def look_for_data() -> dict[str, Any]:
    """Find or download the data, and remember which they are and where."""
    from nn_tutorial.mnist import mnist_root  # it brings PyTorch

    asked = asked_for()
    found = mnist_root(stand_in=True)
    source = found._asdict() | {"root": str(found.root)}
    said = {"asked": asked, "source": source, "time": time.time()}
    said["files"] = files_of_data(source["root"])
    DATA_FOUND.parent.mkdir(parents=True, exist_ok=True)
    DATA_FOUND.write_text(json.dumps(said), encoding="utf8")
    return source
