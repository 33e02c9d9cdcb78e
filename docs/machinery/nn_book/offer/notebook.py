"""A chapter as a notebook without outputs, for JupyterLab, Colab and the like."""

from typing import Any

import nbformat
from nbformat import NotebookNode

from nn_book.offer.script import HINTS, Cell, imported, requirement
from nn_book.templating import fill

WORDS = {
    "zh": {
        "install": "本书的包 nn_tutorial 如果还没有装，就先装上。",
        "reason": "其余的库 Colab 都有",
        "missing": "请从本书网站的 download 文件夹下载它，放在这里",
        "hints": HINTS["zh"],
    },
    "en": {
        "install": "Install the package of the book, nn_tutorial, if it is missing.",
        "reason": "Colab has the other libraries",
        "missing": "download it from the folder download/ of the book's site",
        "hints": HINTS["en"],
    },
}


def make_notebook(
    cells: list[Cell], lang: str, *, address: str, wheel: str
) -> NotebookNode:
    """Return a chapter as a notebook without outputs, the same in every build.

    Solutions are folded: JupyterLab folds what is below a heading, and Colab the
    sections that the notebook names.
    """
    first = first_cell(cells, lang, address=address, wheel=wheel)
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        }
    )
    folded = []
    for number, cell in enumerate([Cell(True, first), *cells]):
        name = f"cell-{number}"
        about: dict[str, Any] = {}
        if cell.fails:
            about["tags"] = ["raises-exception"]
        if cell.solution and cell.code:
            about["jupyter"] = {"source_hidden": True}
        elif cell.solution and cell.source.startswith("#### "):
            about |= {"jp-MarkdownHeadingCollapsed": True, "heading_collapsed": True}
            folded.append(name)
        make: Any = nbformat.v4.new_markdown_cell
        if cell.code:
            make = nbformat.v4.new_code_cell
        notebook.cells.append(make(cell.source, id=name, metadata=about))
    if folded:
        notebook.metadata["colab"] = {"collapsed_sections": folded}
    nbformat.validate(notebook)
    return notebook


def first_cell(cells: list[Cell], lang: str, *, address: str, wheel: str) -> str:
    """Return the cell that gets the package and sets the language of the exercises.

    Args:
        cells: The chapter, which says what extras of the package it needs.
        lang: "zh" or "en".
        address: Where the wheel is published, or "".
        wheel: Where it lies as seen from the notebook; used without an address.
    """
    return fill(
        "first_cell.py.jinja",
        lang=lang,
        words=WORDS[lang],
        package=requirement(imported(cells)),
        address=address,
        wheel=wheel,
    ).rstrip()
