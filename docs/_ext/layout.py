"""What stands around the text of every page, in the reader's language.

The layout is our own (``_templates/layout.html`` with ``_static/book.css`` and
``book.js``): one style sheet, one deferred script, system fonts, no request to any
other host, and no interface word that is not in the table below.
"""

import re
from pathlib import Path
from typing import Any

from bilingual import metadata
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

# The language tag of the pages, and the language's name as its readers write it.
TAGS = {"zh": "zh-CN", "en": "en"}
NAMES = {"zh": "中文", "en": "English"}

STYLE = Path(__file__).parents[1] / "_static" / "book.css"
CHAPTER = re.compile(r"(?:^|/)(\d\d)-[^/]+$")  # its pages and links begin with a number

WORDS = {
    "zh": {
        "chapter": "第 {} 章",
        "skip": "跳到正文",
        "contents": "目录",
        "search": "搜索",
        "search_book": "搜索全书",
        "search_needs_script": "搜索要用到 JavaScript，请先在浏览器里打开它。",
        "theme": "深色",
        "copy_code": "复制",
        "copied": "已复制",
        "previous": "上一页",
        "next": "下一页",
        "downloads": "下载本章：",
    },
    "en": {
        "chapter": "Chapter {}",
        "skip": "Skip to the text",
        "contents": "Contents",
        "search": "Search",
        "search_book": "Search the book",
        "search_needs_script": "The search needs JavaScript: please turn it on.",
        "theme": "Dark",
        "copy_code": "Copy",
        "copied": "Copied",
        "previous": "Previous",
        "next": "Next",
        "downloads": "Download it:",
    },
}


def add_to_context(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Give the template the words of this language and the way to the other one.

    The switch is a relative link to the same page, so that it works on any host, in
    any folder and from a disk. Absolute addresses (for search engines) need to know
    where the site is published: ``html_baseurl``.
    """
    here = app.config.language[:2]
    there = "en" if here == "zh" else "zh"
    context["words"] = WORDS[here]
    context["twin"] = {
        "language": there,
        "tag": TAGS[there],
        "name": NAMES[there],
        "url": f"{context['content_root']}../{there}/{pagename}.html",
    }
    number = CHAPTER.search(pagename)
    context["chapter"] = WORDS[here]["chapter"].format(number[1]) if number else ""
    context["contents"] = contents(context, pagename)
    context["description"] = description_of(doctree) if doctree else ""
    if pagename == "404":  # see the template
        context["style"] = STYLE.read_text(encoding="utf8")
    if app.config.html_baseurl:
        root = app.config.html_baseurl.removesuffix(f"{here}/")
        pages = {TAGS[code]: f"{root}{code}/{pagename}.html" for code in TAGS}
        context["alternates"] = {**pages, "x-default": pages["en"]}


def contents(context: dict[str, Any], pagename: str) -> str:
    """Return the contents of the book as HTML, open at this page.

    Chapters are known by their number, so it stands before their titles.
    """

    def complete(link: re.Match[str]) -> str:
        start, target, title = link.groups()
        chapter = CHAPTER.search(pagename if target == "#" else target)
        number = f"<span>{chapter[1]}</span> " if chapter else ""
        current = ' aria-current="page"' if target == "#" else ""
        return f'{start}<a href="{target}"{current}>{number}{title}</a>'

    return re.sub(
        r'(<li class="toctree-l1[^"]*">)<a class="[^"]*" href="([^"]*)">(.*?)</a>',
        complete,
        context["toctree"](
            collapse=True, maxdepth=2, includehidden=True, titles_only=False
        ),
    )


def description_of(doctree: nodes.document) -> str:
    """Return how a page begins, for search engines and shared links.

    Args:
        doctree: The page. A front matter with ``description`` says it better.

    Returns:
        Whole sentences of the first paragraph, up to a formula or 160 characters;
        empty if the page starts in another way.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        text = paragraph.astext()
        for formula in paragraph.findall(nodes.math):
            text = text.partition(formula.astext())[0]
        text = " ".join(text.split())[:160]
        sentences = re.match(r".*(?:[。！？]|[.!?](?=\s|$))", text)
        return sentences[0] if sentences else text
    return ""


def number_by_chapter(app: Sphinx, builder: Builder) -> None:
    """Number figures, tables and formulas 4.1, 4.2, ... in chapter 04.

    Sphinx would count through the whole book, or count the chapters that exist. On
    other pages the count is 1, 2, ...; a figure there has a caption and no number.

    Sphinx compares its own numbers to find out what to write anew, so they stay in
    the saved environment; these here are for what is written now.
    """
    numbers = app.env.toc_fignumbers
    for page, kinds in list(numbers.items()):
        match = CHAPTER.search(page)
        chapter = (int(match[1]),) if match else ()
        numbers[page] = {
            kind: {
                name: (*chapter, place)
                for place, name in enumerate(sorted(names, key=names.get), 1)
            }
            for kind, names in kinds.items()
            if chapter or kind != "figure"
        }


def remove_old_pages(app: Sphinx, exception: Exception | None) -> None:
    """Remove the pages of sources that are gone: Sphinx leaves them in its output."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    pages = {out / f"{page}.html" for page in [*app.env.all_docs, "search"]}
    for path in out.rglob("*.html"):
        if path not in pages and not path.relative_to(out).parts[0].startswith("_"):
            path.unlink()


class SortTerms(SphinxTransform):
    """Put the reader's own word first in the glossary, and mark the other's language.

    An entry has both words in both builds, so that a reader may know either, and so
    that every page links a term by its English name, whatever it calls it:
    ``{term}`激活函数 <activation function>```.
    """

    default_priority = 500

    def apply(self, **kwargs: object) -> None:
        """Sort the words of every entry."""
        here = self.config.language[:2]
        for glossary in self.document.findall(addnodes.glossary):
            for entry in glossary.findall(nodes.definition_list_item):
                terms = [child for child in entry if isinstance(child, nodes.term)]
                spoken = {id(term): _language_of(term.astext()) for term in terms}
                terms.sort(key=lambda term: spoken[id(term)] != here)
                entry[: len(terms)] = terms
                for term in terms:
                    if spoken[id(term)] != here:  # docutils makes it the attribute
                        term["classes"].append(f"language-{TAGS[spoken[id(term)]]}")


def _language_of(text: str) -> str:
    return "zh" if re.search("[\u3400-\u9fff]", text) else "en"


class MarkDocstrings(SphinxTransform):
    """Say of the docstrings in the Chinese reference that they are English.

    A screen reader then reads them as English, and hyphens and quotes look right.
    """

    default_priority = 500

    def apply(self, **kwargs: object) -> None:
        """Mark every paragraph and rubric that autodoc has read from the code."""
        if self.config.language == "en":
            return
        described = list(self.document.findall(addnodes.desc_content))
        modules = [
            node
            for node in self.document.findall(nodes.Element)
            if ":docstring of " in (node.source or "")
        ]
        texts = (nodes.paragraph, nodes.rubric)
        for node in {n for part in described + modules for n in part.findall()}:
            if isinstance(node, texts) and "language-en" not in node["classes"]:
                node["classes"].append("language-en")
            if node == " -- ":  # between a parameter and what it is
                node.parent.replace(node, nodes.Text(" – "))


class BoxTables(SphinxPostTransform):
    """Put tables into a box of their own, which scrolls where a phone is too narrow."""

    default_priority = 400
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Wrap every table of the page."""
        for table in list(self.document.findall(nodes.table)):
            box = nodes.container("", classes=["scroll"])
            table.parent.replace(table, box)
            box += table


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("html-page-context", add_to_context)
    app.connect("build-finished", remove_old_pages)
    app.connect("write-started", number_by_chapter)
    app.add_transform(SortTerms)
    app.add_transform(MarkDocstrings)
    app.add_post_transform(BoxTables)
    return metadata(__file__)
