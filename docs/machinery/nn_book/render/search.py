"""What the search of the site knows: every section and every term, with its text.

The pages' own script searches (``theme/static/search.js``), since Sphinx's search
finds pages and not sections, and no Chinese at all (sphinx#14229). The book is small
enough for its whole text, which is fetched when a reader begins to search; as a script,
so that a book on a disk can be searched, too.

Besides, a row of a table with an error message and a link says which section explains
that message.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book import DOCS
from nn_book.render.cached_text import cached_text
from nn_book.source.bilingual import metadata

# What readers call a thing, and what the book calls it.
SYNONYMS = tomllib.loads((DOCS / "search_synonyms.toml").read_text("utf8"))
# What a reader of a page does not read as its text.
NOT_READ = "style, script, svg, button, nav, a.headerlink, p.chapter"
HEADINGS = re.compile("^h[1-6]$")
LOOKS = re.compile(r"</?(?:span|m[a-z]+)\b[^>]*>")  # half of all tags, and no text
BLOCKS = ["p", "li", "div", "td", "pre", "br"]  # a space stands between their texts
MESSAGE = re.compile(r"\w+(?:Error|Warning): ")


@dataclass
class Part:
    """A section, a term of the glossary or a name of the reference."""

    anchor: str
    kind: str  # "h1", "h2", ..., "dt", or "message"
    title: str
    text: str = ""


def text_of(tag: Tag) -> str:
    """Return the text of an element in one line, without signs that nobody sees."""
    return " ".join(re.sub("[\u2061-\u2064]", "", tag.get_text()).split())


def read_parts(page: Tag) -> list[Part]:
    """Return the parts of a page, each with the text that no smaller part has.

    Args:
        page: The text of a page. It is taken apart: nothing of it is left afterwards.
    """
    for tag in page.select(NOT_READ):
        tag.decompose()
    for tag in page.find_all(BLOCKS):
        tag.insert_after(" ")
    parts: list[Part] = []
    # From the end: what a smaller part has is gone when the larger one is read.
    for tag in reversed(page.find_all(["section", "dd"])):
        if tag.name == "section":
            if heading := tag.find(HEADINGS, recursive=False):
                title = text_of(heading.extract())
                parts.append(Part(str(tag["id"]), heading.name, title, text_of(tag)))
            tag.extract()
        elif terms := terms_of(tag):
            # A term and its translation: one place, by the name that both have.
            named = [str(t["id"]) for t in terms if not str(t["id"])[5:].isdigit()]
            for term in terms:
                anchor = named[0] if named else str(term["id"])
                title = text_of(term.extract())
                parts.append(Part(anchor, "dt", title, text_of(tag)))
            tag.extract()
    return [part for part in reversed(parts) if part.title]


def terms_of(definition: Tag) -> list[Tag]:
    """Return the terms that stand above a definition, the last one first."""
    before = definition.find_previous_siblings(True)
    return [t for t in takewhile(lambda t: t.name == "dt", before) if t.get("id")]


def messages(page: Tag) -> Iterator[Part]:
    """Yield the messages in the tables of a page, each with the place it leads to."""
    for row in page.find_all("tr"):
        code, link = row.find("code"), row.select_one('a[href^="#"]')
        if code and link and MESSAGE.match(text_of(code)):
            yield Part(str(link["href"])[1:], "message", text_of(code))


def read_page(body: str) -> str:
    """Return the parts of a page, and then its messages, as JSON."""
    page = BeautifulSoup(LOOKS.sub("", body), "html.parser")
    linked = list(messages(page))
    return json.dumps([astuple(part) for part in [*read_parts(page), *linked]])


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write all parts of all pages as one script, in the order of the book."""
    if exception is not None or app.builder.name != "html":
        return
    pages = [
        [name, app.env.titles[name].astext()] for name in sorted(app.env.found_docs)
    ]
    code, entries = Path(__file__).read_text(encoding="utf8"), []
    for number, (name, _) in enumerate(pages):
        html = Path(app.outdir, f"{name}.html").read_text(encoding="utf8")
        body = html.partition('<article class="bd-article">')[2]
        body = body.partition("</article>")[0]
        read = cached_text(app, "search", [code, body], partial(read_page, body))
        entries += [[number, *part] for part in json.loads(read)]
    data = {"pages": pages, "parts": entries, "synonyms": SYNONYMS}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path = Path(app.outdir, "_static", "search-data.js")
    path.write_text(f"search.data = {text};\n", encoding="utf8", newline="\n")


def replace_sphinx_search(app: Sphinx) -> None:
    """Keep Sphinx from writing its own index; the page itself is of our theme."""
    if app.builder.format == "html":
        setattr(app.builder, "search", False)  # noqa: B010  (of these builders only)
        app.config.html_additional_pages.setdefault("search", "search.html")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("builder-inited", replace_sphinx_search)
    app.connect("build-finished", write_data, priority=800)
    return metadata(__file__)
