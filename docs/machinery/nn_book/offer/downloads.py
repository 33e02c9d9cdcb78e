"""Offer every chapter as a notebook and as one script, in the language of the page.

Both are beside the page. The notebook is the chapter without its outputs, with folded
solutions. What they use of ``nn_tutorial`` they install from the wheel of the site:
from its address where that is known, else from where it lies in the site and the zip.
Hidden cells, which only serve the page, are in neither. A published book also leads to
Colab and Binder, which open the notebooks from the branch ``notebooks``.

Options of conf.py:

    downloads_book           files that hold the whole book, by label
    downloads_repository     "owner/name" on GitHub; empty if the book is not published
    downloads_wheel          the wheel of the package, as seen from a chapter
    downloads_wheel_address  where it is published; empty if it is not

Templates find the files of a page as ``downloads``, and where its notebook can be run
as ``online``: lists of ``{"href", "label"}``.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from myst_nb.core.read import read_myst_markdown_notebook
from myst_nb.core.variables import format_plain_text
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

from nn_book.offer import OfferError
from nn_book.offer.markdown import SOLUTION, MarkdownWriter, solutions
from nn_book.offer.notebook import make_notebook
from nn_book.offer.script import Cell, make_script
from nn_book.source.bilingual import language_of, metadata, select, select_comments
from nn_book.source.course import chapter_numbers, name_chapters

logger = logging.getLogger(__name__)

CHAPTERS = "chapters/"
LABELS = {
    "ipynb": {"zh": "笔记本（.ipynb）", "en": "Notebook (.ipynb)"},
    "py": {"zh": "脚本（.py）", "en": "Script (.py)"},
}
ONLINE = {
    "Colab": "https://colab.research.google.com/github/{}/blob/notebooks/{}/{}.ipynb",
    "Binder": "https://mybinder.org/v2/gh/{}/notebooks?labpath={}%2F{}.ipynb",
}


def reference(app: Sphinx, docname: str, kind: str, target: str) -> str:
    """Return the words that the site shows for a reference on a page.

    Args:
        app: The build.
        docname: The page.
        kind: The role, such as "numref" or "glue:text".
        target: What it names; for a glued value "key" or "key:.3f".

    Raises:
        KeyError: If the target is unknown.
    """
    env, label = app.env, target.lower()
    if kind.startswith("glue"):
        key, _, spec = target.partition(":")
        values = json.loads(glued_values(app, docname).read_text("utf8"))
        return format_plain_text(values[key]["data"]["text/plain"], spec or "s")
    if kind == "doc":
        name = env.relfn2path(target, docname)[0]
        return env.titles[name.removesuffix(".md")].astext()
    if kind == "eq":
        return f"({env.domains['math'].equations[target][1]})"
    labels = env.domains.standard_domain.labels
    if kind != "numref":
        return labels[label][2]
    page, node_id, _ = labels[label]
    for figtype, numbers in env.toc_fignumbers[page].items():
        if node_id in numbers:
            number = ".".join(map(str, numbers[node_id]))
            return app.config.numfig_format[figtype] % number
    raise KeyError(label)


def glued_values(app: Sphinx, docname: str) -> Path:
    """Return the file in which MyST-NB keeps what the cells of a page hand over."""
    env: Any = app.env
    return Path(env.mystnb_config.output_folder, f"{docname}.glue.json")


def results_on_page(doctree: nodes.document) -> set[int]:
    """Return the indices of the cells whose last value the page shows as text."""
    return {
        cell["cell_index"]
        for cell in doctree.findall(nodes.container)
        if cell.get("nb_element") == "cell_code"
        for bundle in cell.findall(nodes.container)
        if bundle.get("nb_element") == "mime_bundle"
        and [
            part.get("mime_type")
            for part in bundle.children
            if isinstance(part, nodes.Element)
        ]
        == ["text/plain"]
    }


def visible_cells(app: Sphinx, docname: str) -> Iterator[Cell]:
    """Yield the cells that a reader of this language sees, text as plain Markdown."""
    lang = language_of(app.config)
    source = Path(app.env.doc2path(docname)).read_text(encoding="utf8")
    numbers = chapter_numbers(Path(app.srcdir))
    text = name_chapters(select(source, lang), lang, numbers)
    env: Any = app.env
    chapter = read_myst_markdown_notebook(text, env.myst_config)
    markdown = MarkdownWriter(lang, partial(reference, app, docname))
    shown = results_on_page(app.env.get_doctree(docname))
    texts: list[str] = []  # since the last cell of code
    solution = False

    def text_cell() -> Iterator[Cell]:
        if any(texts):
            text = "\n\n".join(filter(None, texts))
            yield Cell(False, text, solution=solution)
        texts.clear()

    for index, cell in enumerate(chapter.cells):
        tags = tuple(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            for name, number, text in solutions(cell.source):
                if name:
                    yield from text_cell()
                    solution = name == "solution"
                if name == "solution":
                    yield Cell(False, f"#### {SOLUTION[lang]} {number}", solution=True)
                texts.append(markdown.write(text))
        elif cell.cell_type == "code" and "remove-cell" not in tags:
            yield from text_cell()
            code = select_comments(cell.source, lang)
            yield Cell(True, code, tags, index in shown, solution)
    yield from text_cell()


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Write the files of every chapter, after a build that succeeded."""
    if exception is not None or app.builder.format != "html":
        return
    lang = language_of(app.config)
    places = {
        "address": app.config.downloads_wheel_address,
        "wheel": app.config.downloads_wheel,
    }
    for docname in sorted(app.env.found_docs):
        if not docname.startswith(CHAPTERS) or is_up_to_date(app, docname):
            continue
        run = NbMetadataCollector.get_exec_data(app.env, docname)
        if run is None or not run["succeeded"]:
            continue  # there is nothing to offer, and MyST-NB has said why
        try:
            cells = list(visible_cells(app, docname))
            notebook = make_notebook(cells, lang, **places)
            path = Path(app.outdir, docname)
            seconds = run["runtime"] or 0.0
            script = make_script(
                cells, lang, name=f"{path.name}.py", seconds=seconds, **places
            )
        except OfferError as error:
            logger.error("no download of this chapter: %s", error, location=docname)
            continue
        text = nbformat.writes(notebook)
        path.with_suffix(".ipynb").write_text(text, encoding="utf8")
        path.with_suffix(".py").write_text(script, encoding="utf8")


def is_up_to_date(app: Sphinx, docname: str) -> bool:
    """Whether the files of a chapter were made after its page."""
    page = Path(app.outdir, f"{docname}.html")
    script = page.with_suffix(".py")
    return script.exists() and script.stat().st_mtime_ns > page.stat().st_mtime_ns


def add_links(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], *_: object
) -> None:
    """Tell the template which files belong to a page, and where its notebook runs."""
    context["downloads"] = context["online"] = []
    lang, pathto = language_of(app.config), context["pathto"]
    if pagename.startswith(CHAPTERS) and pagename in app.env.found_docs:
        context["downloads"] = [
            {"href": pathto(f"{pagename}.{kind}", resource=True), "label": label[lang]}
            for kind, label in LABELS.items()
        ]
        if repository := app.config.downloads_repository:
            name = pagename.removeprefix(CHAPTERS)
            context["online"] = [
                {"href": address.format(repository, lang, name), "label": label}
                for label, address in ONLINE.items()
            ]
    elif pagename == app.config.root_doc:
        context["downloads"] = [
            {"href": href, "label": label}
            for label, href in app.config.downloads_book.items()
        ]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_config_value("downloads_book", {}, "html", dict)
    app.add_config_value("downloads_repository", "", "html", str)
    app.add_config_value("downloads_wheel", "", "html", str)
    app.add_config_value("downloads_wheel_address", "", "html", str)
    app.connect("html-page-context", add_links)
    app.connect("build-finished", write_downloads)
    return metadata(__file__)
