"""What stands around the text of every page, in the reader's language.

The frame is sphinx-book-theme's with the components in ``docs/theme``; here they get
what only the book knows. Words of the interface are in ``docs/theme/locale``.
"""

import re
from functools import partial
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import urlencode

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.typing import ExtensionMetadata

from nn_book import DOCS, TAGS
from nn_book.render.cells import Solution
from nn_book.render.front_page import front_page_entries
from nn_book.source.bilingual import language_of, metadata
from nn_book.source.course import FOLDER, MOVED_SECTIONS, number_of

# Each language's name as its readers write it.
NAMES = {"zh": "中文", "en": "English"}
LOCALES = {"zh": "zh_CN", "en": "en_US"}  # as Open Graph writes them
HEAD = DOCS / "theme" / "head.js"  # before the first paint

# Per minute, what people read of their own language: Trauzettel-Klosinski & Dietz
# (2012), Investigative Ophthalmology & Visual Science 53(9), 5452-5461. Nobody has
# measured how fast code is read; a line gets as long as half a sentence.
HAN_PER_MINUTE = 255
WORDS_PER_MINUTE = 228
CODE_LINES_PER_MINUTE = 15


def add_to_context(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Tell the templates of the page, and of the way to the other language.

    The switch is a relative link to the same page, so that it works on any host, in
    any folder and from a disk. Absolute addresses (for search engines) need to know
    where the site is published: ``html_baseurl``.
    """
    here = language_of(app.config)
    there = "en" if here == "zh" else "zh"
    context["default_mode"] = "light"  # without scripts
    context["head_script"] = HEAD.read_text(encoding="utf8")
    context["twin"] = {
        "language": there,
        "tag": TAGS[there],
        "name": NAMES[there],
        "url": f"{context['content_root']}../{there}/{pagename}.html",
    }
    number = number_of(Path(app.srcdir), pagename)
    if number is not None:
        context["chapter"] = _("Chapter %s") % number
        if doctree:
            context["minutes"] = _("about %s min to read") % reading_minutes(doctree)
    moved = MOVED_SECTIONS.get(pagename.removeprefix(FOLDER))
    context["moved_sections"] = f"{moved}.html" if moved else None
    context["with_numbers"] = partial(with_numbers, app, pagename)

    said = _("Search the whole book, in Chinese or in English.")  # it has no text
    if doctree:
        said = front_page_entries(app).get(pagename) or description_of(doctree)
    title = re.sub("<.*?>", "", context.get("title") or _("Search"))
    tags = {
        "description": said,
        "og:type": "website" if number is None else "article",
        "og:site_name": context["docstitle"],
        "og:title": unescape(title),
        "og:description": said,
        "og:locale": LOCALES[here],
        "og:locale:alternate": LOCALES[there],
    }
    context["alternates"] = {}
    if app.config.repository:
        context["mistake_url"] = mistake_url(app, pagename, here)
        context["sources"] = sources(app, pagename, context["mistake_url"])
    if app.config.html_baseurl:
        root = app.config.html_baseurl.removesuffix(f"{here}/")
        pages = {TAGS[code]: f"{root}{code}/{pagename}.html" for code in TAGS}
        context["alternates"] = {**pages, "x-default": pages["en"]}
        tags |= {
            "og:url": context["pageurl"],
            "og:image": f"{root}card-{here}.png",
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": context["docstitle"],
            "twitter:card": "summary_large_image",
        }
    context["tags_for_sharing"] = {name: tag for name, tag in tags.items() if tag}


def sources(app: Sphinx, pagename: str, mistake: str) -> list[tuple[str, str]]:
    """Return where a page lies on GitHub and what a reader can do there."""
    repository = f"https://github.com/{app.config.repository}"
    links = [(_("Repository"), repository)]
    if pagename in app.env.found_docs:
        file = f"main/docs/{pagename}.md"
        links.append((_("Show source"), f"{repository}/blob/{file}?plain=1"))
        links.append((_("Suggest an edit"), f"{repository}/edit/{file}"))
    return [*links, (_("Report a mistake on this page"), mistake)]


def mistake_url(app: Sphinx, pagename: str, language: str) -> str:
    """Return the address of the form for mistakes, with page and language filled in."""
    page = f"{app.config.html_baseurl or language + '/'}{pagename}.html"
    fields = {"template": "mistake.yml", "page": page, "language": language}
    repository = f"https://github.com/{app.config.repository}"
    return f"{repository}/issues/new?{urlencode(fields)}"


def reading_minutes(doctree: nodes.document) -> int:
    """Return how long a page takes to read, rounded to 5 minutes.

    Text and code of the page count; the solutions, which are folded away, do not, nor
    do formulas and what the code prints.
    """
    unread = (Solution, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)
    # By identity, from above: when pages are written, not every node knows its parent.
    left_out = {
        id(part)
        for kind in unread
        for node in doctree.findall(kind)
        for part in node.findall()
        if kind is Solution or isinstance(part, nodes.Text)
    }
    texts = doctree.findall(nodes.Text)
    text = " ".join(text for text in texts if id(text) not in left_out)
    lines = [
        line
        for cell in doctree.findall(nodes.container)
        if cell.get("nb_element") == "cell_code_source" and id(cell) not in left_out
        for line in cell.astext().splitlines()
        if line.strip()
    ]
    minutes = (
        len(re.findall("[\u3400-\u9fff]", text)) / HAN_PER_MINUTE
        + len(re.findall("[A-Za-z']+", text)) / WORDS_PER_MINUTE
        + len(lines) / CODE_LINES_PER_MINUTE
    )
    return max(5, 5 * round(minutes / 5))


def with_numbers(app: Sphinx, pagename: str, contents: object) -> str:
    """Return the contents of the book, with the numbers of the chapters."""

    def add(link: re.Match[str]) -> str:
        target = pagename if link[2] == "#" else join(dirname(pagename), link[2])
        number = number_of(Path(app.srcdir), normpath(target).removesuffix(".html"))
        shown = f'<span class="number">{number}</span>' if number is not None else ""
        return f"{link[0]}{shown}"

    named = f'<summary aria-label="{_("Show or hide what belongs to it")}">'
    html = str(contents).replace("<summary>", named)
    return re.sub(r'(<a class="[^"]*" href="([^"]*)">)', add, html)


def description_of(doctree: nodes.document) -> str:
    """Return how a page begins, for search engines and shared links.

    Args:
        doctree: The page. What the front page says of it is better.

    Returns:
        Whole sentences of the first paragraph, up to a formula or 160 characters (if
        not even one ends there, its beginning); empty if the page has no paragraph.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        text = paragraph.astext()
        for formula in paragraph.findall(nodes.math):
            text = text.partition(formula.astext())[0]
        text = " ".join(text.split())
        sentences = re.match(r".*(?:[。！？]|[.!?](?=\s|$))", text[:160])
        if sentences or len(text) <= 160:
            return sentences[0] if sentences else text
        return re.sub(r"\W*\w*$", "", text[:159]) + "…"
    return ""


def remove_old_pages(app: Sphinx, exception: Exception | None) -> None:
    """Remove the pages of sources that are gone: Sphinx leaves them in its output."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    names = [*app.env.all_docs, "search", *getattr(app.config, "redirects", {})]
    pages = {out / f"{page}.html" for page in names}
    for path in out.rglob("*.html"):
        if path not in pages and not path.relative_to(out).parts[0].startswith("_"):
            path.unlink()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_config_value("repository", "", "html", str)  # "owner/name" on GitHub
    for part in ("text", "front_page"):
        app.setup_extension(f"nn_book.render.{part}")
    app.connect("html-page-context", add_to_context)
    app.connect("build-finished", remove_old_pages)
    return metadata(__file__)
