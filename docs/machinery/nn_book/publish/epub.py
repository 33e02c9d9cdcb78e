"""The book of one language as an EPUB, bound from the built pages.

EPUB 3 is a zip of XHTML: `whole_book.read_book` has the pages, so what is left to do
is to write them as XML, to collect their pictures, and to say what is what.
``epub.css`` asks for little, since a reading program knows its screen better.
`nox -s formats` has the result checked by epubcheck.
"""

import html
import mimetypes
import posixpath
import re
import uuid
import zipfile
from pathlib import Path
from urllib.parse import quote, urljoin

from bs4 import Tag

from nn_book import DOCS
from nn_book.publish.whole_book import AUTHOR, CONTENTS, Book, Page, add, attribute

NAMESPACES = {
    "math": "http://www.w3.org/1998/Math/MathML",
    "svg": "http://www.w3.org/2000/svg",
}
WORDS = {
    "zh": {
        "cover": "封面",
        "summary": "所有图片都有文字说明，公式是 MathML，全书可以按目录和标题阅读。",
    },
    "en": {
        "cover": "Cover",
        "summary": "Every picture is described in words, formulas are MathML, and "
        "contents and headings lead through the whole book.",
    },
}
CONTAINER = """\
<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
PACKAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" \
xml:lang="{tag}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>{tag}</dc:language>
<dc:creator>{author}</dc:creator>
<dc:publisher>{author}</dc:publisher>
<dc:description>{description}</dc:description>
<dc:rights>{about}</dc:rights>
<meta property="dcterms:modified">{modified}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">{summary}</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
PAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" \
lang="{tag}" xml:lang="{tag}">
<head>
<title>{title}</title>
<link rel="stylesheet" type="text/css" href="{root}epub.css"/>
</head>
<body>
{body}
</body>
</html>
"""


def write_epub(book: Book, path: Path, *, date: str) -> None:
    """Bind a book.

    Args:
        book: The pages; they are changed.
        path: The file to write.
        date: The day of what it was built from, such as "2026-11-21".
    """
    words = WORDS[book.language]
    files: dict[str, bytes] = {"epub.css": (DOCS / "epub.css").read_bytes()}
    properties: dict[str, list[str]] = {}
    bodies = {page.name: bound(book, page, files) for page in book.pages}

    cover = DOCS / "covers" / f"{book.language}.png"
    files["cover.png"] = cover.read_bytes()
    properties["cover.png"] = ["cover-image"]
    picture = f'<img src="cover.png" alt="{words["cover"]}"/>'
    about = "".join(f"<p>{html.escape(line)}</p>\n" for line in book.about.split("\n"))
    frame = f'<section class="cover" epub:type="cover">{picture}{about}</section>'
    texts = {
        "cover.xhtml": xhtml(book, "", words["cover"], frame),
        "nav.xhtml": xhtml(book, "", CONTENTS[book.language], contents(book)),
    }
    properties["nav.xhtml"] = ["nav"]
    for page in book.pages:
        name = f"{page.name}.xhtml"
        body = bodies[page.name]
        properties[name] = [
            {"math": "mathml"}.get(kind, kind) for kind in NAMESPACES if body(kind)
        ]
        texts[name] = xhtml(book, name, page.title, inner_xml(body))
    files |= {name: text.encode() for name, text in texts.items()}

    package = PACKAGE.format(
        manifest="\n".join(
            f'<item id="{identifier(name)}" href="{quote(name)}" '
            f'media-type="{media_type(name)}"'
            + (f' properties="{" ".join(known)}"' if known else "")
            + "/>"
            for name in sorted(files)
            for known in [properties.get(name, [])]
        ),
        spine="\n".join(f'<itemref idref="{identifier(name)}"/>' for name in texts),
        **{key: html.escape(value) for key, value in facts(book, date).items()},
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        add(archive, "mimetype", "application/epub+zip")  # first, and not compressed
        archive.compression = zipfile.ZIP_DEFLATED
        add(archive, "META-INF/container.xml", CONTAINER)
        add(archive, "book/package.opf", package)
        for name in sorted(files):
            add(archive, f"book/{name}", files[name])


def facts(book: Book, date: str) -> dict[str, str]:
    """Return what the package says about the book."""
    words = WORDS[book.language]
    # The same in every edition, so that a reading program takes the new for the old.
    own_name = f"pytorch-neural-networks-{book.language}"
    return {
        "identifier": uuid.uuid5(uuid.NAMESPACE_URL, own_name).urn,
        "title": book.title,
        "tag": book.tag,
        "author": AUTHOR[book.language],
        "description": book.description,
        "about": book.about,
        "summary": words["summary"],
        "modified": f"{date}T00:00:00Z",
    }


def bound(book: Book, page: Page, files: dict[str, bytes]) -> Tag:
    """Make a page fit for XHTML, and collect its pictures in ``files``."""
    main, here = page.main, posixpath.dirname(page.name)
    book.relink(
        page,
        lambda name, fragment: (
            quote(posixpath.relpath(f"{name}.xhtml", here or "."))
            + (f"#{fragment}" if fragment else "")
        ),
    )
    for picture in main.select("img"):
        source = attribute(picture, "src")
        if not source.startswith("data:"):
            name = urljoin(page.name, source)
            files[name] = (book.folder / name).read_bytes()
    for kind, namespace in NAMESPACES.items():
        for tag in main(kind):
            tag["xmlns"] = namespace
    return main


def contents(book: Book) -> str:
    """Return the table of contents: pages and their sections."""
    entries = []
    for page in book.pages:
        name = f"{quote(page.name)}.xhtml"
        label = page.title
        if page.number:
            label = f"{page.number} {page.title}"
        sections = "".join(
            f'<li><a href="{name}#{place}">{html.escape(title)}</a></li>\n'
            for place, title in page.sections
        )
        below = f"\n<ol>\n{sections}</ol>\n" if sections else ""
        title = html.escape(label)
        entries.append(f'<li><a href="{name}">{title}</a>{below}</li>\n')
    title = CONTENTS[book.language]
    return (
        f'<nav epub:type="toc" role="doc-toc">\n<h1>{title}</h1>\n'
        f"<ol>\n{''.join(entries)}</ol>\n</nav>"
    )


def inner_xml(tag: Tag) -> str:
    """Return what stands in an element, as XML."""
    text = tag.decode_contents(formatter="minimal")
    # What a machine printed may have characters that XML has no way to write.
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}", text)


def xhtml(book: Book, name: str, title: str, body: str) -> str:
    """Return a whole file."""
    root = "../" * name.count("/")
    return PAGE.format(tag=book.tag, title=html.escape(title), root=root, body=body)


def identifier(name: str) -> str:
    """Return the name of a file in the manifest: one that XML allows."""
    return "f-" + re.sub(r"[^A-Za-z0-9.]", "-", name)


def media_type(name: str) -> str:
    """Return the media type of a file."""
    types = {**mimetypes.types_map, ".xhtml": "application/xhtml+xml"}
    return types.get(posixpath.splitext(name)[1], "application/octet-stream")
