"""Link what the reference describes to its source, where the repository is known.

The link names the commit that the page was read from: there the line is the right one,
whatever changes later. Without a repository nothing is linked; each module can be
downloaded from the page anyway.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.publish.finishing import find_origin
from nn_book.source.bilingual import metadata


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
    """Register the extension; it stands below the one that knows the repository."""
    app.setup_extension("nn_book.render.layout")
    app.setup_extension("sphinx.ext.linkcode")
    commit = find_origin().commit if app.config.repository else ""

    def resolve(domain: str, info: dict[str, str]) -> str | None:
        if not commit or domain != "py" or not info["module"]:
            return None
        place = place_of(info["module"], info["fullname"])
        if place is None:
            return None
        file, line = place
        return (
            f"https://github.com/{app.config.repository}/blob/{commit}/{file}#L{line}"
        )

    app.config.linkcode_resolve = resolve
    return metadata(__file__)
