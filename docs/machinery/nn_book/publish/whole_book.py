"""What readers take along: the book of one language in one file, and its notebooks.

Everything is made from the built pages, so it shows what they show. `read_book` hands
the pages over as print needs them: without what only a screen with scripts can do.
``epub.py`` and ``pdf.py`` bind them; `write_zip` packs the site itself, to be opened
from a disk; `write_notebooks` lays out what Colab and Binder open.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

from bs4 import BeautifulSoup, Tag

import nn_book

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
CAMEL = {
    name.lower(): name
    for name in (
        *("viewBox", "preserveAspectRatio", "clipPath", "clipPathUnits"),
        *("linearGradient", "radialGradient", "gradientUnits", "gradientTransform"),
        *("patternUnits", "patternTransform", "markerUnits", "markerWidth"),
        *("markerHeight", "refX", "refY", "textPath", "textLength", "lengthAdjust"),
    )
}


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
    def sections(self) -> Iterator[tuple[str, str]]:
        """Id and heading of every section of level 2."""
        for section in self.main.select("section > section[id]"):
            if section.h2 and section.h2.parent is section:
                yield attribute(section, "id"), text_of(section.h2)


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
            elif alone := link.find_parent(
                class_="own-page"
            ):  # see nn_book.render.demos
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
    description = front.select_one("meta[name=description]")
    canonical = front.select_one("link[rel=canonical]")
    address = attribute(canonical, "href").removesuffix("index.html")
    tag = attribute(front.html, "lang")
    book = Book(
        folder,
        language=tag[:2],
        tag=tag,
        title=text_of(front.select_one(".logo__title")),
        description=attribute(description, "content"),
        about="\n".join(
            map(text_of, front.select("footer .about p:not(:has(.mistake))"))
        ),
        address=address,
    )
    links = front.select(".bd-docs-nav li.toctree-l1 > a")
    hrefs = [attribute(link, "href").partition("#")[0] for link in links]
    names = [href.removesuffix(".html") for href in hrefs]
    numbers = dict(zip(names, (text_of(link.span) for link in links), strict=True))
    for name in dict.fromkeys(["index", *filter(None, names)]):
        if name.startswith("pieces/"):  # what only a screen can do
            continue
        soup = front if name == "index" else parse(folder / f"{name}.html")
        main = simplified(soup.article or soup)
        title = text_of(main.h1)
        book.pages.append(Page(name, title, numbers.get(name, ""), main))
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
    for drawing in main.select("svg"):
        for tag in [drawing, *drawing.find_all(True)]:
            tag.name = CAMEL.get(tag.name, tag.name)
            tag.attrs = {CAMEL.get(key, key): tag[key] for key in tag.attrs}
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

    def switch(link: re.Match[str]) -> str:
        start, rest, tag = link.groups()
        twin = re.search(rf'<link rel="alternate" hreflang="{tag}" href="[^"]*"', html)
        return start + (twin[0].partition(tag + '" ')[2] if twin else "hidden") + rest

    switches = r'(<a class="[^"]*\blanguage" )href="[^"]*"([^>]* hreflang="([^"]*)")'
    html = re.sub(switches, switch, html)
    if "whole-book" not in html:
        return html
    menu = r'(?s)<button[^>]*popovertarget="menu-downloads".*?</div>'
    return re.sub(menu, "", html)


# -- Notebooks for Colab and Binder ---------------------------------------------------

# conda-forge offers a PyTorch without CUDA under a name of its own, and Binder has no
# GPU. pip then finds everything there but the package of the book.
ENVIRONMENT = """\
name: nn_tutorial
channels:
  - conda-forge
dependencies:
  - python=3.12
  - pytorch-cpu
  - torchvision
  - numpy
  - matplotlib
  - safetensors
  - scikit-learn
  - libcst
  - pip
  - pip:
      - {requirement}
"""
ABOUT = """\
# Notebooks · 笔记本

The notebooks of the book in [{repository}](https://github.com/{repository}), made by \
its publishing workflow and replaced each time it runs: what Colab and Binder open.

[{repository}](https://github.com/{repository}) 这本书的笔记本，由发布流程生成，\
每次发布都会整个换掉；Colab 和 Binder 打开的就是这里的文件。
"""


def wheel_name() -> str:
    """Return the name of the wheel of this version of the package."""
    return f"nn_tutorial-{metadata.version('nn_tutorial')}-py3-none-any.whl"


def write_wheel(folder: Path) -> Path:
    """Build the wheel of the package from this clone and return its path.

    Raises:
        BookError: If it cannot be built; the message is that of the build.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    command += ["-d", str(folder)]
    clone = Path(nn_book.__file__).parents[3]
    done = subprocess.run(command, cwd=clone, capture_output=True, encoding="utf8")
    path = folder / wheel_name()
    if done.returncode or not path.exists():
        raise BookError(f"no wheel of nn_tutorial:\n{done.stdout}{done.stderr}")
    return path


def checked_repository(repository: str) -> str:
    """Return "owner/name", or "".

    Raises:
        BookError: If that is not the name of a repository.
    """
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        message = f"NN_TUTORIAL_REPOSITORY is {repository!r}"
        raise BookError(f"{message}: write owner/name, as GitHub does")
    return repository


def write_notebooks(site: Path, folder: Path, repository: str, address: str) -> None:
    """Lay out the branch ``notebooks``: ``zh/``, ``en/``, and what Binder needs.

    Args:
        site: The built site; its pages link to these files on GitHub.
        folder: Where to write; what lies there is replaced.
        repository: "owner/name" on GitHub.
        address: Where the wheel of the package is published.
    """
    environment = ENVIRONMENT.format(requirement=f"nn_tutorial[all] @ {address}")
    shutil.rmtree(folder, ignore_errors=True)
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        for notebook in sorted((site / language / "chapters").glob("*.ipynb")):
            shutil.copy(notebook, folder / language)
    (folder / "binder").mkdir()
    for name, text in (
        ("binder/environment.yml", environment),
        ("README.md", ABOUT.format(repository=repository)),
    ):
        (folder / name).write_text(text, encoding="utf8", newline="\n")
