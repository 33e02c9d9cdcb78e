"""What stands around the text of every page, in the reader's language.

The layout is our own (``_templates/layout.html`` with ``_static/book.css`` and
``book.js``): one style sheet, one deferred script, system fonts, no request to any
other host, and no interface word that is not in the table below.
"""

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

# The language tag of the pages, and the language's name as its readers write it.
TAGS = {"zh": "zh-CN", "en": "en"}
NAMES = {"zh": "中文", "en": "English"}

WORDS = {
    "zh": {
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
        "downloads": "下载本页：",
        "index": "索引",
    },
    "en": {
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
        "downloads": "Download this page:",
        "index": "Index",
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
    context["description"] = description_of(doctree) if doctree else ""
    if app.config.html_baseurl:
        root = app.config.html_baseurl.removesuffix(f"{here}/")
        pages = {TAGS[code]: f"{root}{code}/{pagename}.html" for code in TAGS}
        context["alternates"] = {**pages, "x-default": pages["en"]}


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
    app.add_transform(SortTerms)
    app.add_post_transform(BoxTables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
