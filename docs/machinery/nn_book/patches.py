"""Every place where the build changes a library, with the reason, in one module.

Each goes when the library named beside it does the same itself.
"""

from itertools import takewhile
from pathlib import Path
from typing import Any

import myst_nb.core.execute.cache
import myst_nb.core.read
import sphinx.builders
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.execute import execution
from nn_book.execute.execution import execute, one_page_each


def read_with_exact_lines(text: str, *args: Any, **kwargs: Any) -> NotebookNode:
    """Read a page as MyST-NB does, and set right on which line each cell starts.

    MyST-NB counts the first line of a cell once too often, and not the blank lines
    that it strips before a text: messages would name a line nearby.
    """
    if execution.progress:
        execution.progress.page = Path(kwargs.get("path") or "").stem
    notebook = read_myst_markdown_notebook(text, *args, **kwargs)
    starts = notebook.metadata.get("source_map", [])
    lines = text.split("\n")
    for index, start in enumerate(starts):
        if notebook.cells[index].cell_type == "markdown":
            blank = takewhile(lambda line: not line.strip(), lines[start:])
            starts[index] = start + len(list(blank)) - 1
        else:
            starts[index] = start - 2
    return notebook


def cache_once(
    cache: JupyterCacheBase, bundle: CacheBundleIn, **options: Any
) -> NbCacheRecord:
    """Cache an executed page, unless another worker has just done so.

    Two pages with the same code have one place in the cache, which knows only the code.
    """
    try:
        return cache_bundle(cache, bundle, **options)
    except (OSError, ValueError):
        return cache.match_cache_notebook(bundle.nb)


cache_bundle = JupyterCacheBase.cache_notebook_bundle


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change the libraries; doing it twice changes nothing more."""
    # MyST-NB 1.4: wrong lines in messages about cells (see above).
    myst_nb.core.read.read_myst_markdown_notebook = read_with_exact_lines
    # MyST-NB 1.4 and jupyter-cache 1.0.1 start every kernel on a TCP port that another
    # process may take first, and report a failed cell with the frames of the tools.
    myst_nb.core.execute.cache.single_nb_execution = execute
    # jupyter-cache 1.0.1 is not safe under `sphinx-build -j N`: the clean-up of one
    # worker drops the fresh record of another. Whole caches go by their fingerprint.
    JupyterCacheBase.truncate_caches = lambda self: None
    # It also fails where two workers have executed pages with the same code.
    JupyterCacheBase.cache_notebook_bundle = cache_once
    # Sphinx 9.0 hands each worker a run of neighboring pages: one core works on the
    # long chapters while the other has nothing to do.
    setattr(sphinx.builders, "make_chunks", one_page_each)  # noqa: B010
    return {"parallel_read_safe": True, "parallel_write_safe": True}
