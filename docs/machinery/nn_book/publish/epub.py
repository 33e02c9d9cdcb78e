"""The book of one language as an EPUB, bound from the built pages.

EPUB 3 is a zip of XHTML: `whole_book.read_book` has the pages, so what is left to do
is to write them as XML, to collect their pictures, and to say what is what.
``epub.css`` asks for little, since a reading program knows its screen better.
`nox -s formats` has the result checked by epubcheck.
"""

import mimetypes
import posixpath
import re
import uuid
import zipfile
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

from bs4 import Tag
from markupsafe import Markup

from nn_book import DOCS
from nn_book.publish.whole_book import AUTHOR, CONTENTS, Book, Page, add, attribute
from nn_book.templating import fill

NAMESPACES = {
    "math": "http://www.w3.org/1998/Math/MathML",
    "svg": "http://www.w3.org/2000/svg",
}
COVER = {"zh": "封面", "en": "Cover"}
SUMMARY = {
    "zh": "所有图片都有文字说明，公式是 MathML，全书可以按目录和标题阅读。",
    "en": "Every picture is described in words, formulas are MathML, and contents and "
    "headings lead through the whole book.",
}
MEDIA_TYPES = {**mimetypes.types_map, ".xhtml": "application/xhtml+xml"}


def write_epub(book: Book, path: Path, *, date: str) -> None:
    """Bind a book.

    Args:
        book: The pages; they are changed.
        path: The file to write.
        date: The day of what it was built from, such as "2026-11-21".
    """
    # In the order in which they are read, then what these show.
    files: dict[str, str | bytes] = {
        name: fill(name, book=book, root="", title=title[book.language])
        for name, title in {"cover.xhtml": COVER, "nav.xhtml": CONTENTS}.items()
    }
    properties = {"cover.png": "cover-image", "nav.xhtml": "nav"}
    for page in book.pages:
        name = f"{page.name}.xhtml"
        link_inside(book, page)
        files[name] = fill(
            "page.xhtml",
            book=book,
            root="../" * name.count("/"),
            title=page.title,
            body=Markup(xml(page.main)),
        )
        kinds = {"mathml": page.main.math, "svg": page.main.svg}
        properties[name] = " ".join(kind for kind, found in kinds.items() if found)
    spine = list(files)
    files["epub.css"] = (DOCS / "epub.css").read_bytes()
    files["cover.png"] = (DOCS / "covers" / f"{book.language}.png").read_bytes()
    files |= {
        name: (book.folder / name).read_bytes()
        for page in book.pages
        for picture in page.main.select("img:not([src^='data:'])")
        for name in [unquote(urljoin(page.name, attribute(picture, "src")))]
    }
    items = [
        {
            "id": identifier(name),
            "href": quote(name),
            "media-type": MEDIA_TYPES[posixpath.splitext(name)[1]],
            "properties": properties.get(name) or None,
        }
        for name in sorted(files)
    ]
    # The same in every edition, so that a reading program takes the new for the old.
    own_name = f"pytorch-neural-networks-{book.language}"
    package = fill(
        "package.opf",
        book=book,
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, own_name).urn,
        author=AUTHOR[book.language],
        summary=SUMMARY[book.language],
        date=date,
        items=items,
        spine=map(identifier, spine),
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        add(archive, "mimetype", "application/epub+zip")  # first, and not compressed
        archive.compression = zipfile.ZIP_DEFLATED
        add(archive, "META-INF/container.xml", fill("container.xml"))
        add(archive, "book/package.opf", package)
        for name in sorted(files):
            add(archive, f"book/{name}", files[name])


def link_inside(book: Book, page: Page) -> None:
    """Let the links of a page lead to the files of the EPUB."""
    here = posixpath.dirname(page.name) or "."

    def inside(name: str, fragment: str) -> str:
        path = quote(posixpath.relpath(f"{name}.xhtml", here))
        return f"{path}#{fragment}" if fragment else path

    book.relink(page, inside)


def xml(main: Tag) -> str:
    """Return what a page says, as XML."""
    for kind, namespace in NAMESPACES.items():
        for tag in main(kind):
            tag["xmlns"] = namespace
    text = main.decode_contents(formatter="minimal")
    # What a machine printed may have characters that XML has no way to write.
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}", text)


def identifier(name: str) -> str:
    """Return the name of a file in the manifest: one that XML allows."""
    return "f-" + re.sub(r"[^A-Za-z0-9.]", "-", name)
