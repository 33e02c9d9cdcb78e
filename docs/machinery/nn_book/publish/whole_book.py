"""The whole book of one language: its pages as print needs them, and the zip.

Everything is made from the built pages, so it shows what they show. `read_book` hands
the pages over without what only a screen with scripts can do; ``epub.py`` and
``pdf.py`` bind them. `write_zip` packs the site itself, to be opened from a disk.
"""

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

from bs4 import BeautifulSoup, Tag

NAME = "pytorch-neural-networks"  # of every file that holds the whole book
FOLDER = "download"  # of these files, in site/
LANGUAGES = ("zh", "en")
AUTHOR = {"zh": "nn_tutorial 作者", "en": "The nn_tutorial authors"}
CONTENTS = {"zh": "目录", "en": "Contents"}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of files in archives: equal books, equal files

# What a reader of paper, or of an e-book without scripts, has no use for. A film stays
# at its last frame, as on a page without scripts.
SCREEN_ONLY = (
    "script, style, .minutes, .cards img, .start, .headerlink, .only-dark, "
    ".toctree-wrapper, .nn-film-controls, .nn-film-label, [data-frames][display=none]"
)
# HTML knows these names in any case and the parser writes them small; XML does not.
CAMEL = ["viewBox", "preserveAspectRatio", "clipPath", "linearGradient"]
SVG_NAMES = {name.lower(): name for name in CAMEL}


class BookError(Exception):
    """The whole book, or a part of it, cannot be written."""


@dataclass
class Page:
    """One page of the book, as it can be printed."""

    name: str  # without its ending, such as "chapters/net"
    title: str
    number: str  # of a chapter, such as "4"; else empty
    main: Tag  # what the page says; belongs to this object

    @property
    def label(self) -> str:
        """How the contents name the page, such as "4 A network"."""
        return f"{self.number} {self.title}".strip()

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Id and heading of every section of level 2."""
        return [
            (attribute(section, "id"), text_of(section.h2))
            for section in self.main.select("section > section[id]:has(> h2)")
        ]


@dataclass
class Book:
    """All pages of one language, in the order of the contents."""

    folder: Path  # where the built pages lie
    language: str  # "zh" or "en"
    tag: str  # the same for HTML, such as "zh-CN"
    title: str
    description: str
    about: str  # what stands below each page: rights, and what it was built from
    address: str  # of this language on the web, with a slash; empty if unpublished
    pages: list[Page] = field(default_factory=list)

    def relink(self, page: Page, inside: Callable[[str, str], str]) -> None:
        """Let the links of a page lead to where their targets are in print.

        A link to anything but a page of the book leads to the published site; where
        there is none, its words stay.

        Args:
            page: The page whose links change.
            inside: Returns the new address of a page of the book, from its name and
                the fragment ("" for none).
        """
        names = {known.name for known in self.pages}
        for link in page.main.select("a[href]"):
            href = attribute(link, "href")
            if re.match(r"[a-z][a-z0-9+.-]*:|//", href):
                continue
            path, fragment = urldefrag(urljoin(f"{page.name}.html", href))
            name = unquote(path).removesuffix(".html")
            if name in names:
                link["href"] = inside(name, fragment)
            elif self.address:
                link["href"] = urljoin(self.address, path)
            elif alone := link.find_parent(class_="own-page"):  # of a demo
                alone.extract()
            else:
                link.unwrap()
            for name in ("download", "title"):
                link.attrs.pop(name, None)


# -- Reading the built pages ----------------------------------------------------------


def read_book(folder: Path) -> Book:
    """Read one language of the built site.

    Args:
        folder: ``site/zh`` or ``site/en``; what lies in it stays as it is.

    Raises:
        BookError: If there is no built book in the folder.
    """
    index = folder / "index.html"
    if not index.exists():
        raise BookError(f"no book in {folder}/: build it first, with `nox -s docs`")
    front = parse(index)
    tag = attribute(front.html, "lang")
    about = front.select("footer .about p:not(:has(.mistake))")
    canonical = attribute(front.select_one("link[rel=canonical]"), "href")
    book = Book(
        folder,
        language=tag[:2],
        tag=tag,
        title=text_of(front.select_one(".logo__title")),
        description=attribute(front.select_one("meta[name=description]"), "content"),
        about="\n".join(map(text_of, about)),
        address=canonical.removesuffix("index.html"),
    )
    chapters = {"index": ""}
    for link in front.select(".bd-docs-nav li.toctree-l1 > a"):
        name = attribute(link, "href").partition("#")[0].removesuffix(".html")
        chapters.setdefault(name or "index", text_of(link.span))
    for name, number in chapters.items():
        if not name.startswith("pieces/"):  # what only a screen can do
            soup = parse(folder / f"{name}.html")
            main = simplified(soup.article or soup)
            book.pages.append(Page(name, text_of(main.h1), number, main))
    return book


def parse(path: Path) -> BeautifulSoup:
    """Parse an HTML file."""
    return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")


def attribute(tag: Tag | None, name: str) -> str:
    """Return an attribute of an element; "" where there is none, or no element."""
    return str(tag.get(name, "")) if tag else ""


def text_of(tag: Tag | None) -> str:
    """Return the text of an element in one line; "" for no element."""
    return " ".join(tag.get_text().split()) if tag else ""


def simplified(main: Tag) -> Tag:
    """Take from a page what needs a screen and scripts; return it."""
    for part in main.select(SCREEN_ONLY):
        part.decompose()
    for label in main.select("p.chapter"):
        if not label.get_text(strip=True):
            label.decompose()
    for picture in main.select("img"):
        for name in ("loading", "decoding"):
            picture.attrs.pop(name, None)
    for tag in main.select("svg, svg *"):
        tag.name = SVG_NAMES.get(tag.name, tag.name)
        tag.attrs = {SVG_NAMES.get(key, key): tag[key] for key in tag.attrs}
    return main


# -- The site in a zip ----------------------------------------------------------------


def file_name(language: str, ending: str) -> str:
    """Return the name of the file that holds the book of a language."""
    return f"{NAME}-{language}.{ending}"


def write_zip(folder: Path, path: Path) -> None:
    """Pack the site of one language, so that it can be unpacked and opened anywhere.

    The switch to the other language leads to the web, or is gone where no address is
    known; so are the links to the whole book, which the reader holds already.

    Args:
        folder: ``site/zh`` or ``site/en``.
        path: The zip file to write; it holds one folder of the same name.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            name = file.relative_to(folder).as_posix()
            if name == "404.html":  # only a web server has a use for it
                continue
            data = file.read_bytes()
            if file.suffix == ".html":
                data = for_disk(data.decode("utf8")).encode()
            add(archive, f"{path.stem}/{name}", data)


def add(archive: zipfile.ZipFile, name: str, data: str | bytes) -> None:
    """Add a file to an archive, without the date at which that happens."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = archive.compression
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def for_disk(html: str) -> str:
    """Take out of a page its links to files beside the folder of its language."""
    alternate = r'<link rel="alternate" hreflang="([^"]*)" (href="[^"]*")'
    on_the_web = dict(re.findall(alternate, html))
    html = re.sub(
        r'(<a class="[^"]*\blanguage" )href="[^"]*"([^>]* hreflang="([^"]*)")',
        lambda link: link[1] + on_the_web.get(link[3], "hidden") + link[2],
        html,
    )
    menu = r'(?s)<button[^>]*popovertarget="menu-downloads".*?</div>'
    return re.sub(menu, "", html) if "whole-book" in html else html
