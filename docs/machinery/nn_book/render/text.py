"""What the text of a page gets beside what MyST makes of it.

Words in the other language are marked as such: a screen reader then speaks them right,
and hyphens and quotes look right. Figures, tables and formulas are numbered by chapter,
and code gets only the marks that have a look.
"""

import re
from pathlib import Path

from docutils import nodes
from pygments.formatters import HtmlFormatter
from pygments.token import _TokenType
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.transforms import SphinxTransform
from sphinx.util.typing import ExtensionMetadata

from nn_book import DOCS, TAGS
from nn_book.source.bilingual import language_of, metadata
from nn_book.source.course import FOLDER, NEEDS, number_of

STYLE = DOCS / "theme" / "static" / "frame.css"
ENGLISH = f"language-{TAGS['en']}"  # docutils makes the attribute of it


class SortTerms(SphinxTransform):
    """Put the reader's own word first in the glossary, and mark the other's language.

    An entry has both words in both builds, so that a reader may know either, and so
    that every page links a term by its English name, whatever it calls it:
    ``{term}`激活函数 <activation function>```.
    """

    default_priority = 500

    def apply(self, **kwargs: object) -> None:
        """Sort the words of every entry."""
        here = language_of(self.config)
        for glossary in self.document.findall(addnodes.glossary):
            for entry in glossary.findall(nodes.definition_list_item):
                terms = [child for child in entry if isinstance(child, nodes.term)]
                spoken = {id(term): spoken_in(term.astext()) for term in terms}
                terms.sort(key=lambda term: spoken[id(term)] != here)
                entry[: len(terms)] = terms
                for term in terms:
                    if spoken[id(term)] != here:
                        term["classes"].append(f"language-{TAGS[spoken[id(term)]]}")


def spoken_in(text: str) -> str:
    """Return the language of a term."""
    return "zh" if re.search("[\u3400-\u9fff]", text) else "en"


class MarkDocstrings(SphinxTransform):
    """Say of the docstrings in the Chinese reference that they are English."""

    default_priority = 500

    def apply(self, **kwargs: object) -> None:
        """Mark every paragraph and rubric that autodoc has read from the code."""
        if language_of(self.config) == "en":
            return
        for node in list(self.document.findall(is_from_docstring)):
            for part in list(node.findall()):
                if isinstance(part, nodes.paragraph | nodes.rubric):
                    if ENGLISH not in part["classes"]:
                        part["classes"].append(ENGLISH)
                # Between a parameter and what it is.
                elif isinstance(part, nodes.Text) and part == " -- " and part.parent:
                    part.parent.replace(part, nodes.Text(" – "))


def is_from_docstring(node: nodes.Node) -> bool:
    """Say whether autodoc has made a part of a page."""
    described = isinstance(node, addnodes.desc_content)
    return described or ":docstring of " in (getattr(node, "source", None) or "")


class MarkEnglish(SphinxTransform):
    """Say of the English words beside a Chinese term, in parentheses, what they are."""

    default_priority = 500
    words = re.compile(r"(?<=（)([A-Za-z][A-Za-z '-]+)(?=[），；])")

    def apply(self, **kwargs: object) -> None:
        """Mark the words in every paragraph and caption of a Chinese page."""
        if language_of(self.config) == "en":
            return
        for text in list(self.document.findall(nodes.Text)):
            pieces = self.words.split(text)
            if len(pieces) > 1 and isinstance(text.parent, nodes.paragraph):
                parts: list[nodes.Node] = [nodes.Text(piece) for piece in pieces]
                for place in range(1, len(parts), 2):
                    parts[place] = nodes.inline("", pieces[place], classes=[ENGLISH])
                text.parent.replace(text, parts)


class MarkPrerequisites(SphinxTransform):
    """Mark what a chapter says is to be read first.

    The text is the author's (the lint sees to it that it is there); here it gets the
    same look on every page.
    """

    default_priority = 500

    def apply(self, **kwargs: object) -> None:
        """Change the paragraph at the head of a chapter."""
        if not self.env.docname.startswith(FOLDER):
            return
        begins = NEEDS[language_of(self.config)]
        section = next(self.document.findall(nodes.section), nodes.section())
        for part in section.children:
            if isinstance(part, nodes.paragraph) and begins.match(part.astext()):
                part["classes"].append("needs")


def number_by_chapter(app: Sphinx, builder: Builder) -> None:
    """Number figures, tables and formulas 4.1, 4.2, ... in chapter 4.

    Sphinx would count through the whole book, or count the chapters that exist. On
    other pages the count is 1, 2, ...; a figure there has a caption and no number.

    Sphinx compares its own numbers to find out what to write anew, so they stay in
    the saved environment; these here are for what is written now.
    """
    numbers = app.env.toc_fignumbers
    for page, kinds in list(numbers.items()):
        number = number_of(Path(app.srcdir), page)
        chapter = () if number is None else (number,)
        numbers[page] = {
            kind: {
                name: (*chapter, place)
                for place, name in enumerate(sorted(names, key=names.__getitem__), 1)
            }
            for kind, names in kinds.items()
            if chapter or kind != "figure"
        }


class Highlighted(HtmlFormatter[str]):
    """Code with a mark around what frame.css colors, and none around the rest.

    Plain names and punctuation are most of what Pygments marks: without these marks the
    longest chapter has little more than half as many elements to lay out.
    """

    looks = frozenset(
        re.findall(
            r"\.([a-z]+\d?)\b",
            " ".join(re.findall(r"(?m)^\.highlight .*(?={)", STYLE.read_text("utf8"))),
        )
    )

    def _get_css_classes(self, ttype: _TokenType) -> str:
        classes: str = super()._get_css_classes(ttype)  # type: ignore[misc]
        is_terminal = "-" in classes  # colors of IPython
        return classes if is_terminal or self.looks & set(classes.split()) else ""


def mark_only_what_has_a_look(app: Sphinx) -> None:
    """Let HTML builders write code as `Highlighted` does."""
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.highlighter.formatter = Highlighted


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    for transform in (SortTerms, MarkDocstrings, MarkEnglish, MarkPrerequisites):
        app.add_transform(transform)
    app.connect("write-started", number_by_chapter)
    app.connect("builder-inited", mark_only_what_has_a_look)
    return metadata(__file__)
