"""What keeps a text from being Python at all, and how to repair it.

Works on characters, before there is a syntax tree: which of them are code, which stand
in strings or comments, where a statement begins. Nothing here is certain until the
repaired text has been parsed, so whoever calls this parses it and drops the repair if
that fails.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import re
import typing
import warnings
from collections.abc import Iterator
from typing import Literal

__all__ = ["REPAIRS", "Repair", "is_python", "masked_magics", "repairs"]

# A string, a comment, or a pair of typographic quotes used as if it were a string.
_NOT_CODE = re.compile(
    r"""
    (?P<comment> \#[^\r\n]* )
  | (?P<string>
        \"\"\" (?:\\.|[^\\])*? (?:\"\"\"|\Z)
      | \'\'\' (?:\\.|[^\\])*? (?:\'\'\'|\Z)
      | \" (?:\\\r\n|\\.|[^\"\\\r\n])* (?:\"|(?=[\r\n])|\Z|\\)
      | \' (?:\\\r\n|\\.|[^\'\\\r\n])* (?:\'|(?=[\r\n])|\Z|\\)
    )
  | (?P<quoted> [“”][^“”"\\\r\n]*[“”] | [‘’][^‘’'\\\r\n]*[‘’] )
    """,
    re.VERBOSE | re.DOTALL,
)

# What an input method left behind, and the one ASCII spelling it can have meant.
FULL_WIDTH = {
    "，": ",", "：": ":", "；": ";", "（": "(", "）": ")", "【": "[", "】": "]",
    "［": "[", "］": "]", "｛": "{", "｝": "}", "＝": "=", "＋": "+", "－": "-",
    "＊": "*", "／": "/", "＜": "<", "＞": ">", "％": "%", "＂": '"', "＇": "'",
    "\u3000": " ", "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u200b": "",
    "\ufeff": "",
}  # fmt: skip
_QUOTES = {"“": '"', "”": '"', "‘": "'", "’": "'"}
# Named, but not repaired: each could stand for more than one thing.
_AMBIGUOUS = "。、！？…—～·《》〈〉「」“”‘’｜＆＾＠＃＄．\u2013\u2212"
_FOREIGN = re.compile(f"[{re.escape(''.join(FULL_WIDTH) + _AMBIGUOUS)}]")

_OPENING, _CLOSING = "([{（【［｛", ")]}）】］｝"

Kind = Literal["full-width", "async-argument", "python-2"]
REPAIRS: tuple[Kind, ...] = typing.get_args(Kind)


@dataclasses.dataclass(frozen=True)
class Repair:
    """One place that is not Python.

    Attributes:
        kind: The rule it falls under.
        start: Offset of the place in the text.
        edits: What repairs it, each ``(start, end, replacement)``; empty when only the
            writer can know.
    """

    kind: Kind
    start: int
    edits: tuple[tuple[int, int, str], ...]


# What one pass has parsed is what the next one begins with.
@functools.lru_cache(maxsize=16)
def is_python(text: str) -> SyntaxError | None:
    """Return ``None`` if ``text`` is Python, else the error that says where not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string is a matter of taste
            ast.parse(text)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        # A null character, half a surrogate pair, or nesting beyond the parser.
        return SyntaxError(str(error).partition("\n")[0], ("", 1, 1, ""))
    return None


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Give the spans of ``text`` outside strings and comments."""
    position = 0
    for match in _NOT_CODE.finditer(text):
        if match.start() > position:
            yield position, match.start()
        position = match.end()
    if position < len(text):
        yield position, len(text)


def _without_strings(text: str) -> str:
    """Return ``text`` with strings and comments blanked, every offset unchanged."""

    def blank(match: re.Match[str]) -> str:
        if match["comment"]:
            return " " * len(match[0])
        # A quote keeps its place as an operand; the line ends inside a string are no
        # line ends of the program.
        return '"' * len(match[0])

    return _NOT_CODE.sub(blank, text)


def statements(text: str) -> Iterator[tuple[int, int]]:
    """Give the span of every logical line: no break inside brackets or strings."""
    code = _without_strings(text)
    depth = start = 0
    for match in re.finditer(rf"[{re.escape(_OPENING + _CLOSING)}]|\r\n|\r|\n", code):
        if match[0] in _OPENING:
            depth += 1
        elif match[0] in _CLOSING:
            depth = max(0, depth - 1)
        elif not depth and code[match.start() - 1 : match.start()] != "\\":
            yield start, match.start()
            start = match.end()
    yield start, len(text)


# -- IPython ---------------------------------------------------------------------------

_MAGIC = re.compile(r"[^\S\r\n]*([%!?][^\r\n]*|[\w.]+\?{1,2}[^\S\r\n]*$)")
_MAGIC_VALUE = re.compile(r"[\w., \t]+=[^\S\r\n]*([%!][^\r\n=][^\r\n]*)$")
_TIMED_CELL = {"time", "timeit", "capture", "prun"}


def masked_magics(text: str) -> tuple[str, list[int]] | None:
    """Return ``text`` with its IPython lines hidden, and where they begin.

    A hidden line becomes a zero and a comment of the same length, so that every other
    offset stays as it is. ``None`` is returned for a cell of another language, one that
    begins with ``%%bash``, say.
    """
    found: list[tuple[int, int]] = []
    is_first = True
    for start, end in statements(text):
        line = text[start:end]
        cell_magic = re.match(r"\s*%%(\w*)", line)
        if cell_magic and is_first and cell_magic[1] not in _TIMED_CELL:
            return None
        is_first = is_first and not line.strip()
        match = _MAGIC.fullmatch(line) or _MAGIC_VALUE.fullmatch(line)
        if match:
            found.append((start + match.start(1), start + match.end(1)))
    parts, position = [], 0
    for start, end in found:
        parts += [text[position:start], "0" + "#" * (end - start - 1)]
        position = end
    return "".join([*parts, text[position:]]), [start for start, _ in found]


# -- Repairing -------------------------------------------------------------------------

_ASYNC = re.compile(r"\.(?:cuda|copy_|to)\s*\([^()\n]*?\b(async)\s*=(?!=)")
_PRINT = re.compile(r'print(?=[ \t"])(?![ \t]*(?:[=.(\[,)]|$))([ \t]*)')
_PRINT_ALONE = re.compile(r"print[ \t]*$")
_EXCEPT = re.compile(
    r"except[ \t]+[\w.]+(?:[ \t]*\([\w., \t]*\))?([ \t]*,[ \t]*)\w+[ \t]*:"
)
_RAISE = re.compile(r"raise[ \t]+[\w.]+([ \t]*,[ \t]*)")
_EXCEPT_TUPLE = re.compile(r"except[ \t]*\([\w., \t]*\)([ \t]*,[ \t]*)\w+[ \t]*:")


def repairs(text: str) -> list[Repair]:
    """Return what hinders ``text`` from being Python, as far as it is understood.

    Args:
        text: Source that does not parse; IPython lines are hidden already.

    Returns:
        One entry a place, in order.
    """
    found = [*_full_width(text), *_async_arguments(text), *_python_2(text)]
    return sorted(found, key=lambda repair: repair.start)


def _full_width(text: str) -> Iterator[Repair]:
    for match in _NOT_CODE.finditer(text):
        if match["quoted"]:
            opening, closing = match.start(), match.end() - 1
            edits = tuple((at, at + 1, _QUOTES[text[at]]) for at in (opening, closing))
            yield Repair("full-width", opening, edits)
    for start, end in _code_spans(text):
        for match in _FOREIGN.finditer(text, start, end):
            at, plain = match.start(), FULL_WIDTH.get(match[0])
            edits = () if plain is None else ((at, at + 1, plain),)
            yield Repair("full-width", at, edits)


def _async_arguments(text: str) -> Iterator[Repair]:
    for match in _ASYNC.finditer(_without_strings(text)):
        start, end = match.span(1)
        yield Repair("async-argument", start, ((start, end, "non_blocking"),))


def _python_2(text: str) -> Iterator[Repair]:
    code = _without_strings(text)
    for start, end in statements(text):
        for first, last in _simple_statements(code, start, end):
            line = code[first:last]
            if (match := _PRINT.match(line)) and line[match.end() :][:2] != ">>":
                yield _printed(text, first, match, first + len(line.rstrip()))
            elif _PRINT_ALONE.fullmatch(line):
                stop = first + len("print")
                yield Repair("python-2", first, ((stop, stop, "()"),))
            elif match := (_EXCEPT.match(line) or _EXCEPT_TUPLE.match(line)):
                comma = (first + match.start(1), first + match.end(1), " as ")
                yield Repair("python-2", first, (comma,))
            elif match := _RAISE.match(line):
                # What follows may be one value; a tuple or a traceback is not guessed.
                comma = (first + match.start(1), first + match.end(1), "(")
                stop = first + len(line.rstrip())
                one = not re.search(r",|^\(", code[comma[1] : stop])
                yield Repair(
                    "python-2", first, (comma, (stop, stop, ")")) if one else ()
                )


def _simple_statements(code: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a logical line at its semicolons and behind the colon of a short block."""
    depth = 0
    first = start
    for at in range(start, end):
        char = code[at]
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth == 0 and char in ";:":
            yield _trimmed(code, first, at + (char == ":"))
            first = at + 1
    yield _trimmed(code, first, end)


def _trimmed(code: str, start: int, end: int) -> tuple[int, int]:
    while start < end and code[start].isspace():
        start += 1
    return start, end


def _printed(text: str, start: int, match: re.Match[str], end: int) -> Repair:
    """Turn ``print a, b`` into a call; a comma at the end means no new line."""
    words, opening = start + match.end(1), start + len("print")
    goes_on = text[end - 1] == ","
    closing = (end - 1, end, ', end=" ")') if goes_on else (end, end, ")")
    return Repair("python-2", start, ((opening, words, "("), closing))
