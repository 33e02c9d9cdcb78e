"""The book of one language as a PDF: the built pages, printed by Chromium.

    python -m nn_book.publish.pdf    both languages, into site/download/

Chromium is what draws the pages on a screen, so figures, formulas and code look the
same on paper. It prints twice: on the first pass the table of contents learns on which
page everything is. Headings become bookmarks, links stay links, fonts are embedded.
"""

import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pikepdf
from markupsafe import Markup
from playwright.sync_api import Browser, Error, sync_playwright
from playwright.sync_api import Page as Tab

from nn_book import DOCS
from nn_book.publish.whole_book import (
    AUTHOR,
    CONTENTS,
    FOLDER,
    LANGUAGES,
    Book,
    BookError,
    Page,
    attribute,
    file_name,
    read_book,
    text_of,
)
from nn_book.source.course import TITLES
from nn_book.templating import fill

SITE = DOCS.parent / "site"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Noto draws a radical and the character of the same shape with one glyph, and Chromium
# notes the radical: a search for the character would not find it. Most radicals have
# their character in Unicode's tables; these do not, or another one.
RADICALS = str.maketrans(
    "⺰⻅⻆⻈⻉⻋⻐⻓⻔⻙⻚⻛⻜⻠⻢⻥⻦⻧⻨⻪⻬⻮⻰⼾",
    "纟见角讠贝车钅长门韦页风飞饣马鱼鸟卤麦黾齐齿龙户",
)
# Without a font for them all Chinese characters look the same: an empty box.
SAME_PICTURE = """
() => {
  const draw = (character) => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    context.font = "40px " + getComputedStyle(document.body).fontFamily;
    context.fillText(character, 5, 50);
    return canvas.toDataURL();
  };
  return draw("学") === draw("图");
}
"""


def print_book(book: Book, path: Path, browser: Browser) -> None:
    """Print a book into a PDF.

    Args:
        book: The pages; they are changed.
        path: The file to write.
        browser: A running Chromium.

    Raises:
        BookError: If the machine has no Chinese font.
    """
    for page in book.pages:
        prepare(book, page)
    print_html(as_html(book, book.pages, {}), path, browser)
    print_html(as_html(book, book.pages, page_numbers(path)), path, browser)
    finish(book, path)


def page_numbers(path: Path) -> dict[str, int]:
    """Return the page on which each target of a link stands; the first one is 1."""
    with pikepdf.open(path) as pdf:
        sheets: dict[object, int] = {
            page.objgen: number for number, page in enumerate(pdf.pages, 1)
        }
        return {
            unquote(str(name).removeprefix("/")): sheets[target[0].objgen]
            for name, target in pdf.Root.Dests.items()
        }


def finish(book: Book, path: Path) -> None:
    """Say who wrote the book, show its bookmarks, and pack the file.

    Chromium writes what a screen reader needs as tens of thousands of loose objects;
    packed, the file is less than half as large.
    """
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.docinfo["/Author"] = pikepdf.String(AUTHOR[book.language])
        pdf.docinfo["/Subject"] = pikepdf.String(book.description)
        with pdf.open_outline() as outline:
            # Chromium loses a space where a line ends, and says some words twice.
            for bookmark, title in zip(walk(outline.root), headings(book), strict=True):
                bookmark.title = title
        for font in pdf.objects:
            if isinstance(font, pikepdf.Dictionary) and "/ToUnicode" in font:
                characters = font.ToUnicode
                characters.write(with_characters(characters.read_bytes()))
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def walk(bookmarks: Iterable[pikepdf.OutlineItem]) -> Iterator[pikepdf.OutlineItem]:
    """Yield bookmarks and those below them, in the order of the book."""
    for bookmark in bookmarks:
        yield bookmark
        yield from walk(bookmark.children)


def headings(book: Book) -> Iterator[str]:
    """Yield the text of every heading, in the order of the book."""
    yield CONTENTS[book.language]
    for page in book.pages:
        yield from map(text_of, page.main.find_all(re.compile("h[1-6]")))


def with_characters(cmap: bytes) -> bytes:
    """Return a table of what glyphs mean with characters in the place of radicals.

    Args:
        cmap: Lines such as ``<03> <2F00>``, for one glyph, or ``<03> <05> <2F00>``, for
            glyphs that mean one character and those that follow it.
    """

    def character(radical: int) -> bytes:
        meant = unicodedata.normalize("NFKC", chr(radical).translate(RADICALS))
        return b"<%04X>" % ord(meant)

    def line(found: re.Match[bytes]) -> bytes:
        first, last, radical = found.groups()
        start = int(radical, 16)
        if not last:
            return b"<%s> %s" % (first, character(start))
        end = start + int(last, 16) - int(first, 16)
        values = b" ".join(map(character, range(start, end + 1)))
        return b"<%s> <%s> [%s]" % (first, last, values)

    pattern = rb"^<(\w+)>(?: <(\w+)>)? <(2[EF][0-9A-F]{2})>$"
    return re.sub(pattern, line, cmap, flags=re.MULTILINE)


def print_html(text: str, path: Path, browser: Browser) -> None:
    """Print one HTML file into a PDF; see `print_book`."""
    with opened(text, browser) as tab:
        if tab.evaluate(SAME_PICTURE):
            message = "no Chinese font on this machine: install one, such as Noto Sans"
            raise BookError(f"{message} CJK (Debian: fonts-noto-cjk)")
        tab.pdf(path=path, prefer_css_page_size=True, outline=True, tagged=True)


def prepare(book: Book, page: Page) -> None:
    """Make a page fit to stand in one file with all others."""
    main = page.main
    book.relink(page, lambda name, fragment: f"#{place(name, fragment)}")
    for tag in main.select("[id]"):
        if not tag.find_parent("svg"):
            tag["id"] = place(page.name, attribute(tag, "id"))
    for picture in main.select("img"):
        source = (book.folder / page.name).parent / unquote(attribute(picture, "src"))
        picture["src"] = source.resolve().as_uri()
    for solution in main.select("details"):
        solution["open"] = ""
    for label in main.select("p.chapter"):  # a bookmark has it, too
        label.name, label.attrs = "span", {"class": "chapter"}
        label.string = text_of(label) + " "
        if main.h1:
            main.h1.insert(0, label.extract())


def place(name: str, fragment: str) -> str:
    """Return the id, in the whole book, of a page or of a place on it."""
    return f"{name}--{fragment}" if fragment else name


def as_html(book: Book, pages: list[Page], numbers: dict[str, int]) -> str:
    """Return the cover of the book and pages of it as one HTML file.

    Args:
        book: The book; its first page has the picture of the cover.
        pages: What follows the cover, prepared; with them come the contents.
        numbers: On which page each target of a link stands, as far as it is known.
    """
    sheets = (book.folder / "_static" / "book.css", DOCS / "pdf.css")
    drawing = book.pages[0].main.select_one("figure :is(svg, img)")
    return fill(
        "book.html",
        book=book,
        pages=[(page, running_head(book, page)) for page in pages],
        numbers=numbers,
        contents=CONTENTS[book.language],
        drawing=Markup(drawing or ""),
        styles=Markup("".join(sheet.read_text("utf8") for sheet in sheets)),
    )


def running_head(book: Book, page: Page) -> str:
    """Return what stands above the text of a page, as a CSS string."""
    chapter = TITLES[book.language].format(page.number).capitalize()
    title = f"{chapter}  {page.title}" if page.number else page.title
    return title.replace("\\", "\\\\").replace('"', '\\"')


# -- Chromium -------------------------------------------------------------------------


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium that CHROMIUM names, an installed one, or Playwright's own.

    Raises:
        BookError: If there is none.
    """
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, CHROMIUMS)]
    arguments = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # root has none
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=next(filter(None, found), None), args=arguments
            )
        except Error as error:
            message = f"no Chromium: {error.message.splitlines()[0]}"
            hint = "install Chromium or Chrome, or let CHROMIUM name its program"
            raise BookError(f"{message}\n{hint}") from None
        yield browser
        browser.close()


@contextmanager
def opened(text: str, browser: Browser, **options: Any) -> Iterator[Tab]:
    """Open HTML in a tab of its own, from a file: only so it may show other files."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "book.html")
        source.write_text(text, encoding="utf8")
        tab = browser.new_page(**options)
        tab.goto(source.as_uri())
        yield tab
        tab.close()


# -- The site -------------------------------------------------------------------------


def link_from_front_page(site: Path, language: str) -> None:
    """Put a link to the PDF on the front page, behind the one to the EPUB.

    Raises:
        BookError: If the front page has no link to the EPUB.
    """
    path = site / language / "index.html"
    text = path.read_text(encoding="utf8")
    name = file_name(language, "pdf")
    if name in text:
        return
    epub = file_name(language, "epub")
    link = rf'(<a class="[^"]*" href="[^"]*){re.escape(epub)}" download>.*?</a>'
    found = re.search(link, text)
    if found is None:
        raise BookError(f"{path} has no link to {epub}, beside which the PDF's goes")
    link = f'\n{found[1]}{name}" download>PDF</a>'
    text = text[: found.end()] + link + text[found.end() :]
    path.write_text(text, encoding="utf8", newline="\n")


def main() -> None:
    """Print the book of each language."""
    try:
        with chromium() as browser:
            for language in LANGUAGES:
                path = SITE / FOLDER / file_name(language, "pdf")
                path.parent.mkdir(exist_ok=True)
                print_book(read_book(SITE / language), path, browser)
                link_from_front_page(SITE, language)
                size = path.stat().st_size / 1e6
                print(f"{path.relative_to(DOCS.parent)}: {size:.1f} MB")
    except BookError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
