"""What the last build was made from, so that what is up to date is not made again.

A stamp is a small file beside what was built. It names, by digests of their contents,
all that went in and all that came out: what was edited, added, removed or damaged on
either side is noticed, whatever the dates of the files say. Going in are the sources of
the book, the package, the machinery, the data, every installed version, and the
variables of the environment that the book knows.
"""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import nn_book
from nn_book import DOCS
from nn_book.execute.cache import KEPT
from nn_book.execute.data import package_source

NOT_SOURCES = {"_build", "__pycache__", ".ipynb_checkpoints"}
VARIABLES = ("NN_", "SOURCE_DATE_EPOCH")  # how their names begin


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder, sorted, without what tools leave behind."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - NOT_SOURCES)
        yield from (Path(parent, name) for name in sorted(names))


def digest(parts: Iterable[object]) -> str:
    """Return a digest of values; a path stands for its name and its content."""
    total = sha256()
    for part in parts:
        if isinstance(part, Path):
            content = part.read_bytes() if part.is_file() else b"missing"
            part = f"{part} {sha256(content).hexdigest()}"
        total.update(f"{part}\n".encode())
    return total.hexdigest()


def inputs(*others: object) -> str:
    """Return a digest of everything that decides what the book looks like.

    Args:
        others: What else does, such as the checksum of the data.
    """
    root, machinery = DOCS.parent, Path(nn_book.__file__).parent
    paths = {*files_below(DOCS), *files_below(machinery), *package_source()}
    paths |= {
        path for kind in ("*.md", "*.toml", "LICENSE*") for path in root.glob(kind)
    }
    paths |= {*files_below(root / "nn_tutorial"), *files_below(KEPT)}
    installed = {f"{d.name} {d.version}" for d in metadata.distributions()}
    known = {f"{k}={v}" for k, v in os.environ.items() if k.startswith(VARIABLES)}
    python = platform.python_version()
    return digest([*sorted(paths), *sorted(installed), *sorted(known), python, *others])


def holds(stamp: Path, inputs: str, outputs: Iterable[Path]) -> bool:
    """Say whether outputs are those that were made from these inputs.

    Args:
        stamp: The file that `write` has written, or none yet.
        inputs: What `inputs` returns now.
        outputs: All files that were made.
    """
    try:
        said = json.loads(stamp.read_text("utf8"))
    except (OSError, ValueError):
        return False
    return said == {"inputs": inputs, "outputs": digest(outputs)}


def write(stamp: Path, inputs: str, outputs: Iterable[Path]) -> None:
    """Write down from what the outputs were made, after they were."""
    text = json.dumps({"inputs": inputs, "outputs": digest(outputs)})
    stamp.write_text(text, encoding="utf8")
