"""Refuse what a reader of one language, or of the code, would stumble over.

    nox -s lint              one line per problem, "file:line: what is wrong"
    nox -s lint -- accept    rewrite pairs.lock, after both texts were read
    nox -s lint -- rules     every rule and its reason
    nox -s lint -- first-uses    where each term and idiom is used and introduced

Every rule is one function, whose docstring says why it is there. The lock holds a
checksum of each pair of texts (what stands in one language between two places that
both share), so that nobody changes one language and forgets the other.
"""

import argparse
import ast
import difflib
import io
import json
import re
import sys
import tokenize
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nn_book import DOCS
from nn_book.render.layout import NEEDS
from nn_book.source.course import NAMED
from nn_book.source.first_uses import table as first_uses
from nn_book.source.reader import (
    COMMENT,
    LANGUAGES,
    THING,
    UNKNOWN,
    Cell,
    Item,
    Page,
    Prose,
    Reading,
    read_pages,
)

LOCK = "pairs.lock"
VOCABULARY = tomllib.loads((DOCS / "vocabulary.toml").read_text(encoding="utf8"))
NAMES = {"zh": "Chinese", "en": "English"}
HAN = "\u3400-\u4dbf\u4e00-\u9fff"
CHINESE = re.compile(f"[{HAN}\u3000-\u303f\uff01-\uff60]")  # with its punctuation
COMMANDS = ("check", "accept", "rules", "first-uses")
ACCEPT = "compare both, then run 'nox -s lint -- accept'"


@dataclass(frozen=True, order=True)
class Problem:
    """Something to be mended."""

    line: int
    message: str


# -- Rules: the two languages ---------------------------------------------------


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
    runs: list[list[tuple[int, str]]] = [[]]
    for line in page.lines:
        comment = line.block.verbatim and COMMENT.fullmatch(line.text)
        if comment:
            runs[-1].append((line.number, comment["lang"]))
        elif runs[-1]:
            runs.append([])
    for run in filter(None, runs):
        for lang in set(LANGUAGES) - {lang for _, lang in run}:
            other = run[0][1]
            yield Problem(run[0][0], f"a '# {other}:' comment without '# {lang}:'")


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


def text_in_one_language(page: Page) -> Iterator[Problem]:
    """What one reader is told, the other is told, too."""
    for pair in page.pairs:
        for lang, other in (LANGUAGES, LANGUAGES[::-1]):
            number, text = (pair.lines[lang] or pair.lines[other])[0]
            if not pair.lines[other] and not COMMENT.fullmatch(text):
                message = f"{NAMES[lang]} without {NAMES[other]}"
                yield Problem(number, f"{message}: {text.strip()[:40]!r}")


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
    if different_outline(page):
        return
    for here, there in (LANGUAGES, LANGUAGES[::-1]):
        known = {
            (item.section, item.what)
            for item in page.readings[there].items
            if item.inline
        }
        for item in page.readings[here].items:
            if item.inline and (item.section, item.what) not in known:
                yield Problem(
                    item.line,
                    f"only in the {NAMES[here]} text of this section: {item.what}",
                )


def different_numbers(page: Page) -> Iterator[Problem]:
    """A number that was typed twice was changed once."""
    if different_outline(page):
        return
    found = {lang: typed_numbers(page.readings[lang]) for lang in LANGUAGES}
    for here, there in (LANGUAGES, LANGUAGES[::-1]):
        known = {(section, number) for _, section, number in found[there]}
        for line, section, number in found[here]:
            if (section, number) not in known:
                message = f"only in the {NAMES[here]} text of this section"
                yield Problem(line, f"{message}: the number {number}")


# -- Rules: structure -----------------------------------------------------------


def heading_without_label(page: Page) -> Iterator[Problem]:
    """A link to a heading must survive a change of its words."""
    for line, _ in page.readings["zh"].headings:
        above = [
            entry
            for entry in page.lines[: line - 1]
            if entry.kind != "mark" and "zh" in entry.languages and entry.text.strip()
        ]
        label = above and re.fullmatch(r"\(.+\)=\s*", above[-1].text)
        if not label or above[-1].languages != LANGUAGES:
            yield Problem(line, "a heading without (label)= above it, in '% all'")


def skipped_level(page: Page) -> Iterator[Problem]:
    """Headings are the outline that a screen reader reads."""
    before = 0
    for line, level in page.readings["zh"].headings:
        if level > before + 1:
            yield Problem(line, f"a heading of level {level} below level {before}")
        before = level


def picture_without_alt(page: Page) -> Iterator[Problem]:
    """A picture is also for those who cannot see it."""
    for lang in LANGUAGES:
        for line, name, described in page.readings[lang].pictures:
            if not described:
                yield Problem(line, f"{{{name}}} without :alt: in {NAMES[lang]}")


def caption_without_cell(page: Page) -> Iterator[Problem]:
    """A caption belongs to the code cell directly above it."""
    before = None
    for line in page.lines:
        if line.opens == "caption" and before != "code-cell":
            yield Problem(line.number, "a caption stands directly below its code cell")
        if line.kind == "close":
            before = line.block.directive
        elif line.kind != "mark" and line.text.strip():
            before = None


# -- Rules: prose ---------------------------------------------------------------


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


def forbidden_word(page: Page) -> Iterator[Problem]:
    """Nothing is obvious to everybody."""
    for line, text in prose_lines(page):
        for found in re.finditer(r"(?i)\b(obviously|simply)\b|显然|众所周知", text):
            yield Problem(line, f"not in this book: {found[0]!r}")


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


# -- Rules: code ----------------------------------------------------------------


def long_line(page: Page) -> Iterator[Problem]:
    """Code of a chapter fits a tablet."""
    for cell in page.cells:
        for number, text in cell.lines:
            comment = COMMENT.fullmatch(text)
            shown = comment["indent"] + comment["text"] if comment else text
            if page.chapter and not cell.hidden and width(shown) > 72:
                yield Problem(number, f"{width(shown)} columns of code, 72 fit")


def not_plain_python(page: Page) -> Iterator[Problem]:
    """What a reader copies runs in any Python, not only in a notebook."""
    for cell in page.cells:
        if cell.hidden or cell.tree:
            continue
        for number, text in cell.lines:
            if re.match(r"\s*[%!?]|.*\?$", text):
                yield Problem(number, f"only a notebook understands {text.strip()!r}")
                break
        else:
            if "raises-exception" not in cell.tags:
                yield Problem(cell.line, "this cell is not valid Python")


def old_habit(page: Page) -> Iterator[Problem]:
    """Old code is shown in the chapter on it, which says what is wrong with it."""
    pattern = re.compile(r"\bVariable\b|\.data\[0\]|\bF\.(?:sigmoid|tanh)\b")
    for cell in page.cells:
        for number, text in cell.lines:
            found = pattern.search(text)
            if found and not page.name.startswith("chapters/old-code"):
                yield Problem(
                    number, f"old PyTorch outside the chapter on old code: {found[0]}"
                )


def no_provenance(page: Page) -> Iterator[Problem]:
    """A chapter ends with what the run says of itself."""
    if not page.chapter or not page.cells:
        return
    last = page.cells[-1]
    nodes = ast.walk(last.tree) if last.tree else []
    called = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    if "provenance" not in [name.split(".")[-1] for name in called]:
        yield Problem(last.line, "the last code cell of a chapter calls provenance()")


def no_prerequisites(page: Page) -> Iterator[Problem]:
    """A reader learns at the head of a chapter what to read before it."""
    number = page.order.get(page.name.removeprefix("chapters/").removesuffix(".md"))
    if number is None:
        return
    for lang in LANGUAGES:
        head = [prose for prose in page.readings[lang].prose if prose.section == 1]
        needs = [prose for prose in head if NEEDS[lang].match(joined(prose))]
        if not needs:
            message = (
                f"the head of the {NAMES[lang]} chapter says not what to read first"
            )
            yield Problem(page.readings[lang].headings[0][0], message)
        for prose in needs:
            source = " ".join(page.lines[line - 1].text for line, _ in prose.lines)
            # The first sentence: later ones may point forward.
            first = re.split(r"[。；.]", source)[0]
            for named in NAMED.finditer(first):
                if page.order.get(named["slug"], number) >= number:
                    message = f"{named[0]} does not come before this chapter"
                    yield Problem(prose.lines[0][0], message)


def needs_hidden_cell(page: Page) -> Iterator[Problem]:
    """Hidden cells are not in the downloads: what is shown must run without them."""
    hidden: dict[str, int] = {}  # name -> line of the hidden cell that defines it
    shown: set[str] = set()
    for cell in page.cells:
        for statement in cell.statements:
            if cell.hidden:
                known = shown if statement.imports else set()
                hidden |= dict.fromkeys(statement.defined - known, cell.line)
                continue
            for name in sorted(statement.used & hidden.keys()):
                message = f"{name} comes from the hidden cell in line {hidden[name]}"
                yield Problem(statement.line, message)
            shown |= statement.used | statement.defined
            hidden = {name: hidden[name] for name in hidden.keys() - shown}


def notebook_only(page: Page) -> Iterator[Problem]:
    """A script knows neither the notebook nor the tool that builds the book."""
    for cell in page.cells:
        defined: set[str] = set()
        for statement in cell.statements:
            defined |= statement.defined
            for name in sorted(statement.used & {"display", "get_ipython"} - defined):
                if not cell.hidden:
                    yield Problem(statement.line, f"only a notebook has {name}()")
        for number, text in cell.lines:
            found = re.match(r"\s*(?:import|from) (myst_nb|IPython)\b", text)
            if found and not cell.hidden:
                yield Problem(number, f"only hidden cells use {found[1]}")


# The first rules make sure that both languages can be read at all. Where one of them
# finds a fault, what the others would say of the page is only its consequence.
Rule = Callable[[Page], Iterator[Problem]]
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
    text_in_one_language,
    different_blocks,
    different_references,
    different_numbers,
    heading_without_label,
    skipped_level,
    picture_without_alt,
    caption_without_cell,
    broken_line_in_chinese,
    open_emphasis,
    forbidden_word,
    exclamation,
    given_up_word,
    half_width_punctuation,
    missing_space,
    typed_result,
    long_line,
    not_plain_python,
    old_habit,
    no_provenance,
    no_prerequisites,
    needs_hidden_cell,
    notebook_only,
)


# -- What the rules share -------------------------------------------------------


def prose_lines(page: Page) -> Iterator[tuple[int, str]]:
    """Yield every line of prose of both languages, with its number."""
    for lang in LANGUAGES:
        for prose in page.readings[lang].prose:
            yield from prose.lines


def joined(prose: Prose) -> str:
    """Return a paragraph as one line."""
    return " ".join(text for _, text in prose.lines)


def different_outline(page: Page) -> bool:
    """Whether the sections of the two languages cannot be compared one by one."""
    zh, en = (page.readings[lang].headings for lang in LANGUAGES)
    return len(zh) != len(en)


def visible(text: str) -> str:
    """Return a text for a message: what is no text becomes an ellipsis."""
    return text.replace(THING, "`…`").replace(UNKNOWN, "…")


def words(text: str) -> list[str]:
    """Return the Latin words of a text; a single letter is a symbol."""
    return re.findall("[A-Za-z]{2,}", text)


def width(text: str) -> int:
    """Return the number of columns of a line of code; Han takes two."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def listed(items: list[Item]) -> str:
    """Return the items as a sentence holds them."""
    return ", ".join(item.what for item in items) or "nothing"


def typed_numbers(reading: Reading) -> list[tuple[int, int, str]]:
    """Return line, section and digits of every number of two digits or more."""
    return [
        (line, prose.section, found.replace(",", ""))
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


# -- The lock -------------------------------------------------------------------


def changed_alone(page: Page, lock: dict[str, str]) -> Iterator[Problem]:
    """Compare the texts of a page with those that somebody has read together."""
    entries = lock.items()
    known = [texts for entry, texts in entries if entry.startswith(f"{page.name}#")]
    old = {
        lang: [texts.split()[place] for texts in known]
        for place, lang in enumerate(LANGUAGES)
    }
    news = [pair for pair in page.pairs if pair.locked() not in known]
    for pair in news:
        same = [lang for lang in LANGUAGES if pair.checksum(lang) in old[lang]]
        changed = [lang for lang in LANGUAGES if lang not in same]
        if len(changed) == 1:
            lines = pair.lines[changed[0]] or pair.lines[same[0]]
            message = f"{NAMES[changed[0]]} changed here, {NAMES[same[0]]} did not"
        else:
            lines = pair.lines["zh"] or pair.lines["en"]
            message = "new or changed texts"
        yield Problem(lines[0][0], f"{message}: {ACCEPT}")
    current = {pair.locked() for pair in page.pairs}
    if not news and set(known) - current:
        yield Problem(1, f"the lock has texts that are gone: {ACCEPT}")


def read_lock(docs: Path) -> dict[str, str]:
    """Return the entries of the lock; none before the first time."""
    path = docs / LOCK
    return json.loads(path.read_text(encoding="utf8")) if path.exists() else {}


def accept(docs: Path) -> None:
    """Write down that the texts of all pages were read together."""
    entries = {
        f"{page.name}#{pair.key}": pair.locked()
        for page in read_pages(docs)
        for pair in page.pairs
    }
    text = json.dumps(entries, indent=0, ensure_ascii=False)
    (docs / LOCK).write_text(text + "\n", encoding="utf8")


# -- The command ----------------------------------------------------------------


def problems(docs: Path) -> list[str]:
    """Return what is wrong with the book, as lines "file:line: message"."""
    lock = read_lock(docs)
    book = read_pages(docs)
    found = []
    for page in book:
        on_page = {problem for rule in FIRST_RULES for problem in rule(page)}
        if not on_page:
            on_page = {problem for rule in RULES for problem in rule(page)}
            on_page |= set(changed_alone(page, lock))
        for problem in sorted(on_page):
            found.append(f"{page.name}:{problem.line}: {problem.message}")
    names = {page.name for page in book}
    for name in sorted({entry.partition("#")[0] for entry in lock} - names):
        found.append(f"{LOCK}:1: {name} is gone: run 'nox -s lint -- accept'")
    return found


def main(arguments: list[str] | None = None, docs: Path = DOCS) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="check")
    command = parser.parse_args(arguments).command
    if command == "rules":
        for rule in (*FIRST_RULES, *RULES):
            print(f"{rule.__name__.replace('_', ' ')}: {rule.__doc__}")
        return 0
    if command == "first-uses":
        print(first_uses(docs))
        return 0
    if command == "accept":
        accept(docs)
    found = problems(docs)
    for problem in found:
        print(f"{docs.name}/{problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
