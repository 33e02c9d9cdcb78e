"""The list of chapters on the front page, and of demos on theirs, becomes cards.

An entry of the list is a link, a colon, and a sentence that can stand alone: search
engines and shared links show it, too.
"""

import re
from itertools import islice
from pathlib import Path
from posixpath import dirname, join, normpath

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata
from nn_book.source.course import FOLDER, number_of


def sentence_after_colon(text: str) -> str:
    """Return what an entry says behind its link, beginning with a capital letter."""
    said = re.sub(r"^[：:]\s*", "", text)
    return said[:1].upper() + said[1:]


def front_page_entries(app: Sphinx) -> dict[str, str]:
    """Return what the list on the front page says of each page it links to."""
    entries = {}
    for item in app.env.get_doctree(app.config.root_doc).findall(nodes.list_item):
        link = next(item.findall(addnodes.pending_xref), None)
        if link is not None and link["reftype"] == "doc":
            page = link["reftarget"].removeprefix("/")
            said = item.astext().removeprefix(link.astext())
            entries[page] = sentence_after_colon(" ".join(said.split()))
    return entries


def pages_that_the_front_page_describes(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Read the chapters again when the page that describes them has changed."""
    if app.config.root_doc not in added | changed:
        return []
    return [page for page in env.found_docs if page.startswith(FOLDER)]


def show_cards(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the lists of pages into cards, each with the first picture of its page.

    The picture is one that the chapter draws, so it is always the one of today.
    """
    lists = (app.config.root_doc, "pieces/index")
    if app.builder.format != "html" or docname not in lists:
        return
    for cards in doctree.findall(nodes.bullet_list):
        pages = []
        for item in cards.children:
            link = next(item.findall(nodes.reference), nodes.reference())
            path = normpath(join(dirname(docname), link.get("refuri", "")))
            pages.append(path.removesuffix(".html"))
        if app.env.found_docs.issuperset(pages):
            cards["classes"].append("cards")
            for item, page in zip(cards.findall(nodes.list_item), pages, strict=True):
                fill_card(app, item, page)


def fill_card(app: Sphinx, item: nodes.list_item, page: str) -> None:
    """Put picture, number and name of a page, each by itself, into its card."""
    paragraph = next(item.findall(nodes.paragraph))
    name, rest, *_more = paragraph.children
    # The name stands on a line of its own, without the colon after it.
    said = sentence_after_colon(rest.astext())
    paragraph[:2] = [nodes.Text(said)]
    lines = [nodes.paragraph("", "", name, classes=["name"]), paragraph]
    number = number_of(Path(app.srcdir), page)
    if number is not None:
        label = nodes.inline("", _("Chapter %s") % number, classes=["number"])
        lines.insert(0, nodes.paragraph("", "", label))
    pictures = app.env.get_doctree(page).findall(nodes.image)
    copies = [picture.deepcopy() for picture in islice(pictures, 1)]
    for picture in copies:
        picture["ids"], picture["names"] = [], []
    item[:] = [*copies, *lines]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("env-get-outdated", pages_that_the_front_page_describes)
    app.connect("doctree-resolved", show_cards, priority=400)  # before pictures.py
    return metadata(__file__)
