"""Results that `nox -s gpu` kept: read, checked, and shown while they still hold.

A result is one notebook, ``docs/_build/gpu/<page>.ipynb``: the executed code cells of a
page, and a key. The key names the code of the page, the source of ``nn_tutorial`` and
the data, and nothing of the machine: a GPU has another Python and another PyTorch.
"""

import hashlib
import json
import sys
from pathlib import Path

import nbformat
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from nbformat import NotebookNode

from nn_book import DOCS
from nn_book.execute.cache import KEPT, read_page, results_fingerprint

PLACE = KEPT.relative_to(DOCS.parent).as_posix()  # as messages name it
CHANGED = "the page, the package or the data have changed"


def key(notebook: NotebookNode) -> str:
    """Return the name of everything that a kept result must agree with."""
    parts = [results_fingerprint(), *(cell.source for cell in notebook.cells)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def save(notebook: NotebookNode, path: Path, *, seconds: float) -> None:
    """Write an executed page with its key.

    Args:
        notebook: The code cells of the page, executed.
        path: Where to write it.
        seconds: How long its execution took.
    """
    notebook.metadata["nn_tutorial"] = {"key": key(notebook), "seconds": seconds}
    path.write_text(nbformat.writes(notebook), encoding="utf8", newline="\n")


def load(path: Path) -> NotebookNode:
    """Return a kept result.

    Raises:
        ValueError: If the file is not a whole one that `save` wrote.
    """
    try:
        text = path.read_text("utf8")
        said = json.loads(text)["metadata"]["nn_tutorial"]
        said["key"], said["seconds"]
        notebook = nbformat.v4.reads(text)  # joins what is kept by lines
        nbformat.validate(notebook)
    except (KeyError, TypeError) as error:
        raise ValueError("it is not written by `nox -s gpu`") from error
    except (ValueError, nbformat.ValidationError) as error:
        raise ValueError("it is damaged") from error
    return notebook


def show_kept(cache: JupyterCacheBase) -> None:
    """Put each kept result that still holds into the cache of executed pages.

    Sphinx finds it there in both languages, as if it had been executed here. What does
    not hold, or cannot be read, is named on stderr and left alone.
    """
    for path in sorted(KEPT.glob("*.ipynb")):
        page = DOCS / "chapters" / f"{path.stem}.md"
        try:
            kept = load(path)
            if not page.is_file() or key(kept) != key(read_page(page)):
                raise ValueError(CHANGED)
            if key(kept) != kept.metadata.nn_tutorial.key:
                raise ValueError(CHANGED)
        except ValueError as error:
            told = f"{path.name}: ignored, since {error}; run `nox -s gpu` again"
        else:
            data = {"execution_seconds": kept.metadata.nn_tutorial.seconds}
            bundle = CacheBundleIn(kept, str(page), data=data)
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            told = f"{path.stem}: the kept result of a GPU run is shown"
        print(f"{PLACE}: {told}", file=sys.stderr, flush=True)
