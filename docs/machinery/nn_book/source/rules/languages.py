"""Rules that keep the two languages of a page equal."""

import difflib
import io
import re
import tokenize
from collections.abc import Callable, Iterator

from nn_book.source.bilingual import COMMENT, LANGUAGES
from nn_book.source.reader import Cell, Item, Page, Reading
from nn_book.source.rules import NAMES, Problem, Rule
from nn_book.source.rules.prose import CHINESE


def unknown_mark(page: Page) -> Iterator[Problem]:
    """A line with % that is no mark would show in both languages, or vanish."""
    for line in page.lines:
        checked = not line.block.verbatim or line.block.directive == "math"
        if checked and line.kind != "mark" and re.match(r"\s*%", line.text):
            mark = line.text.strip()
            message = f"unknown language mark {mark!r}, not % zh, % en or % all"
            yield Problem(line.number, message)


def choice_in_a_choice(page: Page) -> Iterator[Problem]:
    """A language chosen inside the other one is shown to nobody."""
    for line in page.lines:
        if line.kind == "mark" and not line.languages:
            yield Problem(line.number, "this language is chosen inside the other one")


def open_fence(page: Page) -> Iterator[Problem]:
    """A fence that is never closed swallows the rest of the page."""
    fences = []
    for line in page.lines:
        if line.kind == "open":
            fences.append(line)
        elif line.kind == "close" and fences:
            fences.pop()
    for line in fences:
        yield Problem(line.number, f"never closed: {line.text.strip()}")


def cell_in_one_language(page: Page) -> Iterator[Problem]:
    """Code is shared: one execution serves both languages."""
    for line in page.lines:
        if line.opens == "code-cell" and len(line.languages) < 2:
            yield Problem(
                line.number, "a code cell in one language: put '% all' above it"
            )
        if line.kind == "mark" and line.block.directive == "code-cell":
            yield Problem(
                line.number,
                "a language mark in a code cell: write '# zh:' and '# en:' comments",
            )


def unpaired_comment(page: Page) -> Iterator[Problem]:
    """Each comment stands in both languages, so that each page has it."""
    runs: list[list[tuple[int, str, str]]] = [[]]
    for line in page.lines:
        comment = line.block.verbatim and COMMENT.fullmatch(line.text)
        if comment:
            runs[-1].append((line.number, comment["lang"], comment["indent"]))
        elif runs[-1]:
            runs.append([])
    for run in filter(None, runs):
        number, other, indent = run[0]
        for lang in set(LANGUAGES) - {lang for _, lang, _ in run}:
            yield Problem(number, f"a '# {other}:' comment without '# {lang}:'")
        for line_number, _, other_indent in run:
            if other_indent != indent:
                yield Problem(line_number, "paired comments are indented alike")


def misplaced_comment(page: Page) -> Iterator[Problem]:
    """A language comment is a line of its own, and other comments need no language."""
    for cell in page.cells:
        for (row, column), text in comments(cell):
            number = cell.lines[row - 1][0]
            alone = not cell.lines[row - 1][1][:column].strip()
            if re.match(r"#\s*(zh|en)\s*[:：]", text):
                if not alone:
                    message = "a language comment stands on a line of its own"
                    yield Problem(number, f"{message}: {text}")
                elif not COMMENT.fullmatch(text):
                    lang = text.lstrip("# ")[:2]
                    yield Problem(number, f"write '# {lang}: ' for {text!r}")
            elif not cell.hidden and len(words(text)) > 2:
                message = "a comment in words has a '# zh:' and a '# en:' line"
                yield Problem(number, f"{message}: {text}")


def chinese_in_english(page: Page) -> Iterator[Problem]:
    """The English page is for somebody who reads no Chinese."""
    for line in page.lines:
        comment = line.block.verbatim and COMMENT.fullmatch(line.text)
        printed = line.block.verbatim and re.search(r"""["']zh: """, line.text)
        # The glossary has its terms in both languages on both pages.
        term = line.block.directive == "glossary" and not line.text.startswith(" ")
        for_chinese = printed or term or (comment and comment["lang"] == "zh")
        if "en" not in line.languages or for_chinese:
            continue
        if found := CHINESE.search(line.text):
            yield Problem(line.number, f"Chinese in the English page: {found[0]!r}")


def english_in_chinese(page: Page) -> Iterator[Problem]:
    """The Chinese page is for somebody who reads no English."""
    for prose in page.readings["zh"].prose:
        text = " ".join(text for _, text in prose.lines)
        if not CHINESE.search(text) and len(words(prose.own_words)) > 5:
            message = "an English paragraph in the Chinese page"
            yield Problem(prose.lines[0][0], f"{message}: {text.strip()[:40]!r}")


def different_blocks(page: Page) -> Iterator[Problem]:
    """Headings, labels, directives, tables, lists and formulas are the same in both."""
    zh, en = (
        [item for item in page.readings[lang].items if not item.inline]
        for lang in LANGUAGES
    )
    differences = difflib.SequenceMatcher(
        None, [item.what for item in zh], [item.what for item in en], autojunk=False
    )
    for kind, z1, z2, e1, e2 in differences.get_opcodes():
        if kind != "equal":
            line = zh[z1].line if z1 < z2 else en[e1].line
            yield Problem(
                line,
                f"the languages differ: {listed(zh[z1:z2])} in Chinese, "
                f"{listed(en[e1:e2])} in English",
            )


def different_references(page: Page) -> Iterator[Problem]:
    """Roles, glued numbers, links, formulas and footnotes of a section are the same."""
    return only_in_one(page, lambda reading: [it for it in reading.items if it.inline])


def different_numbers(page: Page) -> Iterator[Problem]:
    """A number that was typed twice was changed once."""
    return only_in_one(page, typed_numbers)


# These make sure that both languages can be read at all.
FIRST_RULES: tuple[Rule, ...] = (
    unknown_mark,
    choice_in_a_choice,
    open_fence,
    cell_in_one_language,
)
RULES: tuple[Rule, ...] = (
    unpaired_comment,
    misplaced_comment,
    chinese_in_english,
    english_in_chinese,
    different_blocks,
    different_references,
    different_numbers,
)


# -- What they share ------------------------------------------------------------


def only_in_one(
    page: Page, items_of: Callable[[Reading], list[Item]]
) -> Iterator[Problem]:
    """Name the items of a section that the same section of the other language lacks."""
    found = {lang: items_of(reading) for lang, reading in page.readings.items()}
    if len({len(reading.headings) for reading in page.readings.values()}) > 1:
        return  # the sections cannot be compared one by one
    for here, there in (LANGUAGES, LANGUAGES[::-1]):
        known = {(item.section, item.what) for item in found[there]}
        for item in found[here]:
            if (item.section, item.what) not in known:
                message = f"only in the {NAMES[here]} text of this section"
                yield Problem(item.line, f"{message}: {item.what}")


def words(text: str) -> list[str]:
    """Return the Latin words of a text; a single letter is a symbol."""
    return re.findall("[A-Za-z]{2,}", text)


def listed(items: list[Item]) -> str:
    """Return the items as a sentence holds them."""
    return ", ".join(item.what for item in items) or "nothing"


def typed_numbers(reading: Reading) -> list[Item]:
    """Return every number of two digits or more."""
    return [
        Item(line, f"the number {found.replace(',', '')}", prose.section)
        for prose in reading.prose
        for line, text in prose.lines
        for found in re.findall(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?", text)
        if len(re.findall(r"\d", found)) > 1
    ]


def comments(cell: Cell) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the comments of a cell, each with its row (from 1) and column."""
    if cell.tree:
        for token in tokenize.generate_tokens(io.StringIO(cell.code).readline):
            if token.type == tokenize.COMMENT:
                yield token.start, token.string
