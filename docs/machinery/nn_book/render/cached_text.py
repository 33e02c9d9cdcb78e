"""Text that is slow to make from other text, cached beside the executed chapters.

The folder has the fingerprint of the package and of all versions in its name, and goes
with it; the file has a digest of all the text that its content was made from.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from sphinx.application import Sphinx


def cached_text(
    app: Sphinx, kind: str, made_from: Iterable[str], make: Callable[[], str]
) -> str:
    """Return what ``make`` returned when it was last asked about the same text.

    Args:
        app: The build, which knows the folder.
        kind: A name for what is made; a folder of this name holds the files.
        made_from: Everything that decides the result, the code of ``make`` included.
        make: Called if there is no result yet.
    """
    digest = hashlib.sha256("\0".join(made_from).encode()).hexdigest()[:32]
    folder = Path(app.config.nb_execution_cache_path or app.doctreedir, kind)
    path = folder / digest
    if not path.exists():
        text = make()
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{digest}.{os.getpid()}"
        part.write_text(text, encoding="utf8", newline="")
        part.replace(path)
    with path.open(encoding="utf8", newline="") as file:
        return file.read()
