"""A piece that readers can move themselves, with a picture where no script runs.

    ```{piece} playground
    :state: data=flower&hidden=4
    % zh
    一两句话：图上是什么，可以动什么。
    % en
    A sentence or two: what the picture shows, and what can be moved.
    ```

stands in a chapter. Each piece has a page of its own, ``docs/pieces/NAME.md``, where
the directive stands directly below the code cell that draws its still picture, and says
in ``:alt:`` what that shows; the chapters show the same picture. The pages are listed
in ``docs/pieces/index.md``.

The page says where a piece goes. ``theme/static/frame.js`` loads the scripts when the
reader comes near it, from ``_static/pieces/``: ``pieces.css`` and ``piece.js``, which
all pieces share, and ``NAME.js``, which is put together of the modules in
``docs/pieces/NAME/`` (see ``bundle.py``) and registers

    pieces.NAME = function (element, state) { ... };
    pieces.NAME.words = { zh: { title: ..., ... }, en: { ... } };  // all that it shows

``element`` is an empty box on the page; ``state`` holds the fields of ``:state:`` as
strings, and on the piece's own page those behind the ``#`` of the address instead. If
the function raises, the picture comes back. These are classic scripts and load nothing
by ``fetch``, so that all works from a disk, too; ``pieces.load`` loads another script.
Downloads, EPUB and PDF have the picture or the sentences (``offer/markdown.py``).
"""

from pathlib import Path
from urllib.parse import parse_qsl

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from nn_book.render.bundle import write_bundles
from nn_book.render.cells import take_picture
from nn_book.source.bilingual import language_of, metadata

logger = logging.getLogger(__name__)

FOLDER = "pieces"  # of the pages, and below _static of the scripts
WORDS = {
    "zh": {
        "page": "单独打开：{}",
        "still": "这是一幅静止的图。在打开了 JavaScript 的网页上，它可以动手操作。",
    },
    "en": {
        "page": "On a page of its own: {}",
        "still": "This is a still picture. On the web page, with JavaScript turned on, "
        "you can work with it.",
    },
}


class Piece(nodes.General, nodes.Element):
    """The place of a piece: its picture and its sentences."""


class PieceDirective(SphinxDirective):
    """``{piece} name``: a piece, with what stands there without scripts."""

    required_arguments = 1
    option_spec = {  # noqa: RUF012
        "state": directives.unchanged_required,
        "alt": directives.unchanged_required,
    }
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the place of the piece.

        Raises:
            DirectiveError: If the sentences are missing or the state cannot be read.
        """
        name, state = self.arguments[0], self.options.get("state", "")
        try:
            parse_qsl(state, strict_parsing=bool(state))
        except ValueError:
            message = f"piece {name}: write the state as key=value&key=value"
            raise self.error(f"{message}, not {state!r}") from None
        if not self.content:
            raise self.error(f"piece {name}: say in a sentence what it shows")
        piece = Piece(name=name, state=state, alt=self.options.get("alt", ""))
        piece += self.parse_content_to_nodes()
        self.set_source_info(piece)
        return [piece]


class TakePictures(SphinxTransform):
    """Move the picture of the cell above into each piece that has an alt text."""

    default_priority = 205  # after the captions, before the solutions

    def apply(self, **kwargs: object) -> None:
        """Fill the pieces of this page."""
        for piece in list(self.document.findall(Piece)):
            if alt := piece["alt"]:
                try:
                    piece.insert(0, take_picture(piece, alt))
                except ValueError as error:
                    message = "piece %s: %s"
                    logger.error(message, piece["name"], error, location=piece)


class CompletePieces(SphinxPostTransform):
    """Give the pieces of the chapters the picture and the link to their own page."""

    default_priority = 3  # before MyST-NB chooses among the forms of an output

    def run(self, **kwargs: object) -> None:
        """Complete the pieces of this page."""
        words = WORDS[language_of(self.config)]
        here = self.env.current_document.docname
        for piece in list(self.document.findall(Piece)):
            own_page = f"{FOLDER}/{piece['name']}"
            piece += nodes.paragraph("", words["still"], classes=["still"])
            if here == own_page:
                continue
            if own_page not in self.env.all_docs:
                message = "piece %s: it has no page %s.md"
                logger.error(message, piece["name"], own_page, location=piece)
                continue
            original = next(self.env.get_doctree(own_page).findall(Piece), None)
            if original and original["alt"] and not piece["alt"]:
                piece.insert(0, original[0].deepcopy())
            text = words["page"].format(self.env.titles[own_page].astext())
            target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{own_page}"}
            link = addnodes.pending_xref("", refdoc=here, refexplicit=True, **target)
            link += nodes.inline("", text)
            piece += nodes.paragraph("", "", link, classes=["own-page"])


def visit_piece(translator: HTML5Translator, node: Piece) -> None:
    """Open the HTML of a piece."""
    attributes = {"data-piece": node["name"], "data-state": node["state"]}
    if translator.builder.current_docname == f"{FOLDER}/{node['name']}":
        attributes["data-own-page"] = ""
    tag = translator.starttag(node, "div", CLASS="piece", **attributes)
    translator.body.append(tag)


def depart_piece(translator: HTML5Translator, node: Piece) -> None:
    """Close the HTML of a piece."""
    translator.body.append("</div>\n")


def write_scripts(app: Sphinx, exception: Exception | None) -> None:
    """Put the scripts of all pieces beside the files that they share."""
    if exception is None and app.builder.name == "html":
        write_bundles(Path(app.srcdir, FOLDER), Path(app.outdir, "_static", FOLDER))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_directive("piece", PieceDirective)
    app.add_node(Piece, html=(visit_piece, depart_piece))
    app.add_transform(TakePictures)
    app.add_post_transform(CompletePieces)
    app.connect("build-finished", write_scripts)
    return metadata(__file__)
