"""Links to the documentation of others, and to the source of what the reference shows.

``docs/inventories/<project>.txt`` lists the few names that our pages link to, so that
nobody is asked while the book is built: in the first line the address of the
documentation, then one name a line, its kind and its page, as in Sphinx's own
inventories (``$`` stands for the name). A name that is missing there is a warning of
the build: add it.

A link to source names the commit that the page was read from: there the line is the
right one, whatever changes later. Without a repository nothing is linked; each module
can be downloaded from the page anyway.
"""

import importlib
import inspect
import zlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from nn_book.publish.finishing import find_origin
from nn_book.source.bilingual import metadata

HEAD = (
    "# Sphinx inventory version 2\n# Project: {}\n# Version: \n"
    "# The remainder of this file is compressed using zlib.\n"
)


def compile_inventories(app: Sphinx, config: Config) -> None:
    """Write each list in the format of intersphinx and tell intersphinx of it."""
    folder = Path(app.doctreedir, "inventories")
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(Path(app.srcdir, "inventories").glob("*.txt")):
        address, *names = source.read_text(encoding="utf8").splitlines()
        rows = [name.split() for name in names if name]
        body = "".join(f"{name} {kind} 1 {page} -\n" for name, kind, page in rows)
        head = HEAD.format(source.stem)
        target = folder / f"{source.stem}.inv"
        target.write_bytes(head.encode() + zlib.compress(body.encode()))
        config.intersphinx_mapping[source.stem] = (address, str(target))


def place_of(module: str, name: str) -> tuple[str, int] | None:
    """Return file and line of a function or class, as "package/module.py" and number.

    None for what has no lines of its own: a constant, an attribute.
    """
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    try:
        found = inspect.unwrap(found)  # a decorator may stand in another file
        first = inspect.getsourcelines(found)[1]
        file = Path(inspect.getfile(found))
    except (TypeError, OSError):
        return None
    return file.relative_to(file.parents[module.count(".")]).as_posix(), first


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension, below the one that knows the repository."""
    for needed in ("nn_book.render.layout", "sphinx.ext.intersphinx"):
        app.setup_extension(needed)
    app.connect("config-inited", compile_inventories, priority=500)

    commit = find_origin().commit if app.config.repository else ""

    def resolve(domain: str, info: dict[str, str]) -> str | None:
        if not commit or domain != "py" or not info["module"]:
            return None
        place = place_of(info["module"], info["fullname"])
        if place is None:
            return None
        file, line = place
        source = f"https://github.com/{app.config.repository}/blob/{commit}/{file}"
        return f"{source}#L{line}"

    app.config.linkcode_resolve = resolve
    app.setup_extension("sphinx.ext.linkcode")
    return metadata(__file__)
