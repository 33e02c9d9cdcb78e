"""What stands around the text of every page, in the reader's language.

The frame is sphinx-book-theme's with the components in ``docs/theme``; here they get
what only the book knows. Words of the interface are in ``docs/theme/locale``.
"""

import re
from functools import partial
from html import unescape
from itertools import islice
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import urlencode

from docutils import nodes
from pygments.formatters import HtmlFormatter
from pygments.token import _TokenType
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.transforms import SphinxTransform
from sphinx.util.typing import ExtensionMetadata

from nn_book import DOCS
from nn_book.render.cells import Solution
from nn_book.source.bilingual import language_of, metadata
from nn_book.source.course import FOLDER, MOVED_SECTIONS, NEEDS, number_of

# The language tag of the pages, and the language's name as its readers write it.
TAGS = {"zh": "zh-CN", "en": "en"}
NAMES = {"zh": "中文", "en": "English"}
LOCALES = {"zh": "zh_CN", "en": "en_US"}  # as Open Graph writes them

STYLE = DOCS / "theme" / "static" / "frame.css"

# Per minute, what people read of their own language: Trauzettel-Klosinski & Dietz
# (2012), Investigative Ophthalmology & Visual Science 53(9), 5452-5461. Nobody has
# measured how fast code is read; a line gets as long as half a sentence.
HAN_PER_MINUTE = 255
WORDS_PER_MINUTE = 228
CODE_LINES_PER_MINUTE = 15

HEAD = DOCS / "theme" / "head.js"  # before the first paint


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
    left_out = {
        id(part)
        for kind in unread
        for node in doctree.findall(kind)
        for part in node.findall()
        if kind is Solution or isinstance(part, nodes.Text)
    }
    texts = [text for text in doctree.findall(nodes.Text) if id(text) not in left_out]
    text = " ".join(texts)
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


def front_page_entries(app: Sphinx) -> dict[str, str]:
    """Return what the list on the front page says of each page it links to.

    An entry is a link, a colon, and a sentence that can stand alone.
    """
    entries = {}
    for item in app.env.get_doctree(app.config.root_doc).findall(nodes.list_item):
        link = next(iter(item.findall(addnodes.pending_xref)), None)
        if link is not None and link["reftype"] == "doc":
            said = item.astext().removeprefix(link.astext())
            said = re.sub(r"^[：:]\s*", "", " ".join(said.split()))
            page = link["reftarget"].removeprefix("/")
            entries[page] = said[:1].upper() + said[1:]
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


def with_numbers(app: Sphinx, pagename: str, contents: object) -> str:
    """Return the contents of the book, with the numbers of the chapters."""

    def add(link: re.Match[str]) -> str:
        target = pagename if link[2] == "#" else join(dirname(pagename), link[2])
        page = normpath(target).removesuffix(".html")
        number = number_of(Path(app.srcdir), page)
        return (
            link[0]
            if number is None
            else f'{link[0]}<span class="number">{number}</span>'
        )

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
    names = [*app.env.all_docs, "search", *getattr(app.config, "redirects", {})]
    pages = {out / f"{page}.html" for page in names}
    for path in out.rglob("*.html"):
        if path not in pages and not path.relative_to(out).parts[0].startswith("_"):
            path.unlink()


class Highlighted(HtmlFormatter):
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
        classes = super()._get_css_classes(ttype)
        is_terminal = "-" in classes  # colors of IPython
        return classes if is_terminal or self.looks & set(classes.split()) else ""


def mark_only_what_has_a_look(app: Sphinx) -> None:
    """Let HTML builders write code as `Highlighted` does."""
    if app.builder.format == "html":
        app.builder.highlighter.formatter = Highlighted


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
        # By identity: equal texts at different places are different nodes.
        found = {id(n): n for part in described + modules for n in part.findall()}
        for node in found.values():
            if isinstance(node, texts) and "language-en" not in node["classes"]:
                node["classes"].append("language-en")
            if node == " -- ":  # between a parameter and what it is
                node.parent.replace(node, nodes.Text(" – "))


class MarkEnglish(SphinxTransform):
    """Say of the English words beside a Chinese term, in parentheses, what they are.

    A screen reader then reads （overfitting） as English and does not spell it.
    """

    default_priority = 500
    words = re.compile(r"(?<=（)([A-Za-z][A-Za-z '-]+)(?=[），；])")

    def apply(self, **kwargs: object) -> None:
        """Mark the words in every paragraph and caption of a Chinese page."""
        if self.config.language == "en":
            return
        for text in list(self.document.findall(nodes.Text)):
            parts = self.words.split(text)
            if len(parts) > 1 and isinstance(text.parent, nodes.paragraph):
                parts[1::2] = [
                    nodes.inline("", word, classes=["language-en"])
                    for word in parts[1::2]
                ]
                parts[::2] = [nodes.Text(part) for part in parts[::2]]
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
        lang = language_of(self.config)
        section = next(iter(self.document.findall(nodes.section)), nodes.section())
        for paragraph in section.children:
            if isinstance(paragraph, nodes.paragraph) and NEEDS[lang].match(
                paragraph.astext()
            ):
                paragraph["classes"].append("needs")


def show_cards(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the lists of pages into cards, each with the first picture of its page.

    The picture is one that the chapter draws, so it is always the one of today.
    """
    lists = (app.config.root_doc, "pieces/index")
    if app.builder.format != "html" or docname not in lists:
        return
    for cards in doctree.findall(nodes.bullet_list):
        links = [next(iter(item.findall(nodes.reference)), {}) for item in cards]
        pages = [
            normpath(join(dirname(docname), link.get("refuri", ""))).removesuffix(
                ".html"
            )
            for link in links
        ]
        if not app.env.found_docs.issuperset(pages):
            continue
        cards["classes"].append("cards")
        for item, page in zip(cards, pages, strict=True):
            pictures = app.env.get_doctree(page).findall(nodes.image)
            for picture in islice(pictures, 1):
                item.insert(0, picture.deepcopy())
                item[0]["ids"], item[0]["names"] = [], []
            number = number_of(Path(app.srcdir), page)
            if number is not None:
                label = nodes.inline("", _("Chapter %s") % number, classes=["number"])
                item.insert(len(item) - 1, nodes.paragraph("", "", label))
            # The name stands on a line of its own, without the colon after it.
            name, rest, *_more = item[-1]
            said = re.sub(r"^[：:]\s*", "", rest)
            item[-1][:2] = [nodes.Text(said[:1].upper() + said[1:])]
            item.insert(len(item) - 1, nodes.paragraph("", "", name, classes=["name"]))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_config_value("repository", "", "html", str)  # "owner/name" on GitHub
    app.connect("env-get-outdated", pages_that_the_front_page_describes)
    app.connect("html-page-context", add_to_context)
    app.connect("doctree-resolved", show_cards, priority=400)  # before pictures.py
    app.connect("build-finished", remove_old_pages)
    app.connect("write-started", number_by_chapter)
    app.connect("builder-inited", mark_only_what_has_a_look)
    app.add_transform(SortTerms)
    app.add_transform(MarkDocstrings)
    app.add_transform(MarkEnglish)
    app.add_transform(MarkPrerequisites)
    return metadata(__file__)
