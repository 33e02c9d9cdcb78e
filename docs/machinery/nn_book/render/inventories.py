"""Links to the documentation of others, without asking them while the book is built.

``docs/inventories/<project>.txt`` lists the few names that our pages link to: in the
first line the address of the documentation, then one name a line, its kind and its
page, as in Sphinx's own inventories (``$`` stands for the name). A name that is
missing there is a warning of the build: add it.
"""

import zlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata


def compile_inventories(app: Sphinx, config: Config) -> None:
    """Write each list in the format of intersphinx and tell intersphinx of it."""
    folder = Path(app.doctreedir, "inventories")
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(Path(app.srcdir, "inventories").glob("*.txt")):
        address, *names = source.read_text(encoding="utf8").splitlines()
        head = "# Sphinx inventory version 2\n"
        head += f"# Project: {source.stem}\n# Version: \n"
        head += "# The remainder of this file is compressed using zlib.\n"
        rows = [name.split() for name in names if name]
        body = "".join(f"{name} {kind} 1 {page} -\n" for name, kind, page in rows)
        target = folder / f"{source.stem}.inv"
        target.write_bytes(head.encode() + zlib.compress(body.encode()))
        config.intersphinx_mapping[source.stem] = (address, str(target))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.setup_extension("sphinx.ext.intersphinx")
    app.connect("config-inited", compile_inventories, priority=500)
    return metadata(__file__)
