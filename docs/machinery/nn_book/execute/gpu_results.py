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
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode

from nn_book.execute.execution import KEPT, results_fingerprint
from nn_book.source.bilingual import select

# What conf.py turns on, too: it decides which fences are cells.
MYST_EXTENSIONS = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
PLACE = KEPT.relative_to(KEPT.parents[2]).as_posix()  # as messages name it
_told: set[str] = set()  # both languages are built in one process


def read_page(page: Path) -> NotebookNode:
    """Return the code cells of a page as MyST-NB reads them, not executed."""
    config = MdParserConfig(enable_extensions=set(MYST_EXTENSIONS))
    source = select(page.read_text("utf8"), "en")  # the cells are those of both
    notebook = read_myst_markdown_notebook(source, config, path=page)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return notebook


def sources(notebook: NotebookNode) -> list[str]:
    """Return the code of each cell."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def key(notebook: NotebookNode) -> str:
    """Return the name of everything that a kept result must agree with."""
    parts = json.dumps([results_fingerprint(), *sources(notebook)])
    return hashlib.sha256(parts.encode()).hexdigest()


def save(notebook: NotebookNode, path: Path, *, seconds: float) -> None:
    """Write an executed page with its key, complete or not at all.

    Args:
        notebook: The page, executed.
        path: Where to write it.
        seconds: How long its execution took.
    """
    notebook.metadata["nn_tutorial"] = {"key": key(notebook), "seconds": seconds}
    part = path.with_suffix(".part")
    part.write_text(nbformat.writes(notebook), encoding="utf8", newline="\n")
    part.replace(path)


def load(path: Path) -> NotebookNode:
    """Return a kept result.

    Raises:
        ValueError: If the file is not a whole one that `save` wrote.
    """
    try:
        content = json.loads(path.read_text("utf8"))
        content["metadata"]["nn_tutorial"]["key"]
        content["metadata"]["nn_tutorial"]["seconds"]
        content["nbformat"]
    except ValueError as error:
        raise ValueError("damaged") from error
    except (KeyError, TypeError) as error:
        raise ValueError("not written by `nox -s gpu`") from error
    notebook = nbformat.v4.reads(path.read_text("utf8"))  # joins what is kept by lines
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise ValueError("damaged") from error
    return notebook


def show_kept(chapters: Path, cache_path: str) -> None:
    """Put each kept result that still holds into the cache of executed pages.

    Sphinx finds it there in both languages, as if it had executed the page itself.
    What does not hold, or cannot be read, is named on stderr and left alone.

    Args:
        chapters: Folder of the pages.
        cache_path: The cache folder of this fingerprint, which names what is kept:
            another result, another folder.
    """
    cache = get_cache(cache_path)
    for path in sorted(KEPT.glob("*.ipynb")):
        page = chapters / f"{path.stem}.md"
        try:
            kept = load(path)
        except ValueError as error:
            tell(f"{path.name}: ignored, since it is {error}; run `nox -s gpu` again")
            continue
        notebook = read_page(page) if page.is_file() else None
        if (
            notebook is None
            or kept.metadata.nn_tutorial.key != key(notebook)
            or sources(kept) != sources(notebook)
        ):
            tell(
                f"{path.name}: ignored, since the page, the package or the data have "
                "changed; run `nox -s gpu` again"
            )
            continue
        tell(f"{path.stem}: the kept result of a GPU run is shown")
        for cell, executed in zip(notebook.cells, kept.cells, strict=True):
            cell.outputs = executed.outputs
            cell.execution_count = executed.execution_count
        notebook.metadata.update(
            {
                k: v
                for k, v in kept.metadata.items()
                if k in ("language_info", "widgets")
            }
        )
        seconds = kept.metadata.nn_tutorial.seconds
        cache.cache_notebook_bundle(
            CacheBundleIn(notebook, str(page), data={"execution_seconds": seconds}),
            check_validity=False,
            overwrite=True,
        )


def tell(message: str) -> None:
    """Say something once, beside what Sphinx says of its progress."""
    if message not in _told:
        _told.add(message)
        print(f"{PLACE}: {message}", file=sys.stderr, flush=True)
