"""Pictures on the page: small, kept a place for, and readable on a dark ground.

Every picture that stands in a file (what cells drew, above all) gets its width and
height, so that nothing jumps while the page loads, and is fetched when the reader
comes near it. An SVG of Matplotlib is made smaller and gets a twin in which text, axes
and lines are light. The style sheet shows one of the two, by the classes ``only-light``
and ``only-dark``; the other one is never fetched.

On Chinese pages its words are Chinese, and so are those of a film, which stands in the
page itself: see `nn_book.render.figure_words`.

A picture must say what it shows (the ``{caption}`` below its cell does): one without
alt text is a warning.
"""

import hashlib
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.images import get_image_size
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from nn_book.render import figure_words
from nn_book.render.cached_text import cached_text
from nn_book.source.bilingual import language_of, metadata

DARK_INK = "#e4e7ea"  # the text of dark pages, see --text in theme/static/frame.css

logger = logging.getLogger(__name__)


class Picture(nodes.General, nodes.Element):
    """One picture: its files by class ("" for all pages), its size and its alt text."""


def place_pictures(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put a ``Picture`` in the place of every image that is a file of this book."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        if not image.get("alt"):
            message = "a picture without alt text: put a {caption} below its cell"
            logger.warning(message, location=image, type="figures")
        is_sized_by_hand = {"width", "height", "scale"} & set(image.attributes)
        if image["uri"] in app.env.images and not is_sized_by_hand:
            image.replace_self(picture_of(image, app))
    for film in doctree.findall(nodes.raw):
        if 'class="nn-film"' in film.astext():
            film.children = [nodes.Text(in_words(film.astext(), film, app))]


def in_words(drawing: str, node: nodes.Node, app: Sphinx) -> str:
    """Return a drawing with the words of the language of this build."""
    try:
        return figure_words.with_words(drawing, language_of(app.config))
    except ValueError as error:
        logger.warning("%s", error, location=node, type="figures")
        return drawing


def picture_of(image: nodes.image, app: Sphinx) -> Picture:
    """Write the files of one picture and return its node."""
    source = Path(app.srcdir, image["uri"])
    picture = Picture(alt=image.get("alt", ""), ids=image["ids"])
    if source.suffix == ".svg":
        svg = source.read_text(encoding="utf8")
        try:
            small, ink = compacted(svg, app)
        except ValueError:
            pass  # drawn by hand: shown as it is, below
        else:
            light = in_words(small, image, app)
            dark = light.replace(ink, DARK_INK)
            twins = {"only-light": light, "only-dark": dark}
            kinds = twins if light != dark else {"": light}
            picture["files"] = {kind: write(svg, app) for kind, svg in kinds.items()}
            picture["size"] = size_of(light)
            return picture
    size = get_image_size(source)
    picture["size"] = dict(zip(("width", "height"), size, strict=True)) if size else {}
    # Sphinx copies what the builder knows of.
    name = app.env.images[image["uri"]][1]
    app.builder.images[image["uri"]] = name
    picture["files"] = {"": name}
    return picture


def compacted(svg: str, app: Sphinx) -> list[str]:
    """Return a figure of Matplotlib made small, and the color of its text and lines.

    Both are kept: computing them again would import PyTorch, half the time of a build.

    Raises:
        ValueError: If Matplotlib has not drawn it.
    """

    def make() -> str:
        from nn_tutorial.plotting.style import INK
        from nn_tutorial.plotting.svg import compact_svg

        return json.dumps([compact_svg(svg), INK])

    return json.loads(cached_text(app, "pictures", ["small, and its ink", svg], make))


def write(svg: str, app: Sphinx) -> str:
    """Write a file named by its content beside the other images of the site."""
    folder = Path(app.outdir, app.builder.imagedir)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{hashlib.sha256(svg.encode()).hexdigest()[:16]}.svg"
    (folder / name).write_text(svg, encoding="utf8", newline="\n")
    return name


def size_of(svg: str) -> dict[str, int]:
    """Return width and height in CSS pixels of an SVG whose size is in points."""
    sizes = re.findall(r' (width|height)="([\d.]+)pt"', svg.partition(">")[0])
    return {side: round(float(points) * 96 / 72) for side, points in sizes}


def visit_picture(translator: HTML5Translator, node: Picture) -> None:
    """Write one ``img`` for each file of a picture."""
    ids = node["ids"]
    for kind, name in node["files"].items():
        image = translator.emptytag(
            nodes.Element(ids=ids, classes=[kind] if kind else []),
            "img",
            "\n",
            src=f"{translator.builder.imgpath}/{name}",
            alt=node["alt"],
            loading="lazy",
            decoding="async",
            **node["size"],
        )
        translator.body.append(image)
        ids = []
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_node(Picture, html=(visit_picture, None))
    app.connect("doctree-resolved", place_pictures)
    words = figure_words.TABLE.read_text("utf8")
    app.add_config_value("figure_words", words, "env", str)  # or pages stay as they are
    return metadata(__file__)
