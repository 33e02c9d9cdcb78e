"""Say where each term and each idiom is first used, and where it is introduced.

    nox -s lint -- first-uses

A term is introduced where a chapter first links it with {term}, and used wherever its
words stand. An idiom is an entry of idioms.toml: how it looks in a cell, and the label
of the section that explains it. "!" marks what is used before it is introduced.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nn_book.source.bilingual import LANGUAGES
from nn_book.source.course import FOLDER
from nn_book.source.reader import Cell, Page, read_pages, target

IDIOMS = "idioms.toml"
GLOSSARY = re.compile(r"(?ms)^```\{glossary\}\n(.*?)^```")
LINK = re.compile(r"\{term\}`([^`]+)`")
HIDDEN = {"remove-cell", "remove-input"}


@dataclass(frozen=True, order=True)
class Place:
    """A line of a chapter."""

    chapter: int
    line: int
    slug: str

    def __str__(self) -> str:
        return f"{self.chapter} {self.slug}:{self.line}"


@dataclass(frozen=True)
class Row:
    """What the table says of a term, or (by line, not by chapter) of an idiom."""

    name: str
    used: Place | None
    introduced: Place | None
    by_line: bool

    @property
    def early(self) -> bool:
        """Whether it is used before it is introduced."""
        if self.used is None or self.introduced is None:
            return self.used is not None
        earlier = self.used.chapter < self.introduced.chapter
        return earlier or (self.by_line and self.used < self.introduced)

    def __str__(self) -> str:
        mark = "!" if self.early else " "
        return f"{mark} {self.name:36} {self.used or '-'!s:28} {self.introduced or '-'}"


def chapters(docs: Path) -> list[tuple[int, str, Page]]:
    """Return number, name and page of each chapter, in the order of the course."""
    book = []
    for page in read_pages(docs):
        slug = page.name.removeprefix(FOLDER).removesuffix(".md")
        if page.chapter and slug in page.order:
            book.append((page.order[slug], slug, page))
    return sorted(book, key=lambda entry: entry[0])


# -- Terms --------------------------------------------------------------------------


def terms(docs: Path) -> list[tuple[str, ...]]:
    """Return the terms of the glossary, each in Chinese and in English."""
    text = (docs / "glossary.md").read_text(encoding="utf8")
    pairs = re.compile(r"(?m)^(\S.*)\n(\S.*)\n% zh$")
    return [pair for block in GLOSSARY.findall(text) for pair in pairs.findall(block)]


def words_of(names: list[str], lang: str) -> re.Pattern[str]:
    """Match the words of all terms, a longer one before a shorter one in it."""
    names = sorted((n for n in names if len(n) > 1), key=len, reverse=True)  # not 轮
    either = "|".join(map(re.escape, names)) or r"(?!)"
    return re.compile(f"({either})" if lang == "zh" else rf"(?i)\b({either})(?:e?s)?\b")


def term_rows(docs: Path) -> Iterator[Row]:
    """Yield a row for each language of each term."""
    book, glossary = chapters(docs), terms(docs)
    owner = {name.lower(): n for n, pair in enumerate(glossary) for name in pair}
    introduced: dict[int | None, Place] = {}
    for number, slug, page in book:
        for link in LINK.finditer(page.text):
            line = page.text.count("\n", 0, link.start()) + 1
            name = " ".join(target(link[1]).split()).lower()
            introduced.setdefault(owner.get(name), Place(number, line, slug))
    for column, lang in enumerate(LANGUAGES):
        words = words_of([pair[column] for pair in glossary], lang)
        used: dict[str, Place] = {}
        for number, slug, page in book:
            for prose in page.readings[lang].prose:
                place = Place(number, prose.lines[0][0], slug)
                for name in words.findall(prose.own_words):
                    used.setdefault(name.lower(), place)
        for n, pair in enumerate(glossary):
            first = used.get(pair[column].lower())
            yield Row(pair[column], first, introduced.get(n), by_line=False)


# -- Idioms -------------------------------------------------------------------------


def lines_with(cell: Cell, idiom: dict[str, str]) -> Iterator[int]:
    """Yield the lines of a cell in which an idiom stands."""
    if "node" in idiom and cell.tree:
        for node in ast.walk(cell.tree):
            line = getattr(node, "lineno", 0)
            if line and type(node).__name__ == idiom["node"]:
                yield cell.lines[line - 1][0]
    if "code" in idiom:
        for line, text in cell.lines:
            if re.search(idiom["code"], re.sub(r"(^|\s)#.*", "", text)):
                yield line


def idiom_rows(docs: Path) -> Iterator[Row]:
    """Yield a row for each idiom."""
    book = chapters(docs)
    for idiom in tomllib.loads((docs / IDIOMS).read_text(encoding="utf8"))["idiom"]:
        uses = (
            Place(number, line, slug)
            for number, slug, page in book
            for cell in page.cells
            if not HIDDEN & set(cell.tags)
            for line in lines_with(cell, idiom)
        )
        labels = (
            Place(number, line.number, slug)
            for number, slug, page in book
            for line in page.lines
            if line.text == f"({idiom['label']})="
        )
        yield Row(idiom["name"], min(uses, default=None), next(labels, None), True)


def table(docs: Path) -> str:
    """Return the whole table, a line for each term and idiom."""
    head = f"  {'term or idiom':36} {'first used':28} introduced"
    return "\n".join([head, *map(str, term_rows(docs)), *map(str, idiom_rows(docs))])
