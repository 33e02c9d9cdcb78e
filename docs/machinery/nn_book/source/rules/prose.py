"""Rules for the words of a page."""

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise

from nn_book import DOCS
from nn_book.source.bilingual import LANGUAGES
from nn_book.source.reader import EATEN, THING, Page
from nn_book.source.rules import Problem, Rule, prose_lines, visible

VOCABULARY = tomllib.loads((DOCS / "vocabulary.toml").read_text(encoding="utf8"))
HAN = "\u3400-\u4dbf\u4e00-\u9fff"
CHINESE = re.compile(f"[{HAN}\u3000-\u303f\uff01-\uff60]")  # with its punctuation


def broken_line_in_chinese(page: Page) -> Iterator[Problem]:
    """The line break would show as a space between two characters."""
    for prose in page.readings["zh"].prose:
        for (_, above), (line, below) in pairwise(prose.lines):
            if CHINESE.search(above[-1:]) and CHINESE.match(below):
                yield Problem(line, "a Chinese paragraph is one line: join this line")


def open_emphasis(page: Page) -> Iterator[Problem]:
    """CommonMark shows the stars where punctuation touches them from inside."""
    for line, text in prose_lines(page):
        if found := re.search(r"\S*\*\S+|\S+\*\S*", text):
            yield Problem(line, f"emphasis that stays open: {visible(found[0])!r}")


def eaten_underscore(page: Page) -> Iterator[Problem]:
    """Markdown shows __init__ as a bold init, unless it stands in backticks."""
    for line, text in prose_lines(page):
        if found := re.search(rf"{EATEN}\S*", text):
            message = "Markdown eats the underscores: write `code`, or stars, around"
            yield Problem(line, f"{message} {visible(found[0][1:])!r}")


def given_up_word(page: Page) -> Iterator[Problem]:
    """One concept has one word, the one that the field uses: see vocabulary.toml."""
    for lang in LANGUAGES:
        for prose in page.readings[lang].prose:
            for line, text in prose.lines:
                for phrase in VOCABULARY["right"]["phrases"]:
                    text = text.replace(phrase, "")
                for pattern, better in VOCABULARY[lang].items():
                    edge = r"\b" if lang == "en" else ""
                    for found in re.finditer(f"(?i){edge}({pattern}){edge}", text):
                        yield Problem(line, f"{found[0]!r}: write {better!r}")


def exclamation(page: Page) -> Iterator[Problem]:
    """The reader decides what is exciting."""
    for line, text in prose_lines(page):
        if re.search("[!！]", text):
            yield Problem(line, "an exclamation mark")


def half_width_punctuation(page: Page) -> Iterator[Problem]:
    """Chinese text has Chinese punctuation."""
    for line, text in prose_lines(page):
        if found := re.search(f"[{HAN}][,.:;?!()]", text):
            yield Problem(line, f"half-width punctuation in Chinese: {found[0]!r}")


def missing_space(page: Page) -> Iterator[Problem]:
    """Han and Latin characters, digits, code and formulas stand apart."""
    latin = f"A-Za-z0-9{THING}"
    pattern = re.compile(f"[{HAN}][{latin}]|[{latin}][{HAN}]")
    for line, text in prose_lines(page):
        if found := pattern.search(text):
            around = text[max(found.start() - 4, 0) : found.end() + 4]
            yield Problem(line, f"no space between Han and Latin: {visible(around)!r}")


def typed_result(page: Page) -> Iterator[Problem]:
    """A number with this many digits came from a run, and must come from each run."""
    decimal = re.compile(r"(?<![\w./:])\d{1,3}\.\d+(?: ?%)?(?![\w/])")
    for line, text in prose_lines(page):
        for found in decimal.findall(text):
            decimals = found.rstrip(" %").partition(".")[2]
            digits = re.sub(r"\D", "", found).lstrip("0")
            if found.endswith("%") or (len(decimals) > 2 and len(digits) > 2):
                yield Problem(line, f"a typed result, glue it from the run: {found}")


RULES: tuple[Rule, ...] = (
    broken_line_in_chinese,
    open_emphasis,
    eaten_underscore,
    given_up_word,
    exclamation,
    half_width_punctuation,
    missing_space,
    typed_result,
)
