"""Every place where the build changes a library, with the reason, in one module.

Each goes when the library named beside it does the same itself.
"""

from itertools import takewhile
from typing import Any

import myst_nb.core.execute.cache
import myst_nb.core.read
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.execute.execution import execute_for_sphinx


def read_with_exact_lines(text: str, *args: Any, **kwargs: Any) -> NotebookNode:
    """Read a page as MyST-NB does, and set right on which line each cell starts.

    MyST-NB counts the first line of a cell once too often, and not the blank lines
    that it strips before a text: messages would name a line nearby.
    """
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


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change the libraries; doing it twice changes nothing more."""
    # MyST-NB 1.4: wrong lines in messages about cells (see above).
    myst_nb.core.read.read_myst_markdown_notebook = read_with_exact_lines
    # MyST-NB 1.4 and jupyter-cache 1.0.1 start every kernel on a TCP port that another
    # process may take first, and report a failed cell with the frames of the tools.
    myst_nb.core.execute.cache.single_nb_execution = execute_for_sphinx
    return {"parallel_read_safe": True, "parallel_write_safe": True}
