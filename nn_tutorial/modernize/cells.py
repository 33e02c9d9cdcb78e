"""Cells of Python in Markdown and in notebooks, and their way back."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterator

from .catalog import Text

__all__ = [
    "Cell",
    "DocumentError",
    "indented",
    "markdown_cells",
    "notebook_cells",
    "source_json",
]

_NEW_LINE = re.compile(r"\r\n|\r|\n")


class DocumentError(Exception):
    """A file that cannot be read or written.

    Args:
        zh: What is wrong, in Chinese.
        en: The same in English.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


@dataclasses.dataclass
class Cell:
    """One piece of Python in a document.

    Attributes:
        text: The Python.
        first_line: Number of its first line, counted from 1 in the file, or in the cell
            if the document is a notebook.
        number: Which code cell of the notebook it is, from 1; 0 in other documents.
        start: Where it begins in the text of the document.
        end: Where it ends there.
        indent: What stands before each of its lines in the document.
    """

    text: str
    first_line: int
    number: int
    start: int
    end: int
    indent: str = ""

    @functools.cached_property
    def line_starts(self) -> list[int]:
        """The offset of every line."""
        return [0, *(match.end() for match in _NEW_LINE.finditer(self.text))]


# -- Markdown --------------------------------------------------------------------------

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^`\r\n]*)$")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_PYTHON_NAMES = {"python", "python3", "py", "ipython", "ipython3", "code-cell"}


def _is_python(info: str) -> bool:
    words = info.strip().split()
    first = words[0].lower() if words else ""
    if first.startswith("{"):
        name, *argument = [word.strip("{}.") for word in words]
        if name in {"code-block", "code", "sourcecode"}:
            return argument[:1] in (["python"], ["py"], ["ipython3"])
        return name in _PYTHON_NAMES
    return first.partition("{")[0] in _PYTHON_NAMES


def markdown_cells(text: str) -> Iterator[Cell]:
    """Find the fenced blocks of Python."""
    lines = [m for m in _LINE.finditer(text) if m.end() > m.start()]
    fence, cell_start, first_line, indent, python = "", 0, 0, "", False
    for number, line in enumerate(lines, start=1):
        words = line[0].rstrip("\r\n")
        if fence:
            stripped = words.strip()
            closes = stripped.startswith(fence) and not stripped.strip(fence[0])
            if closes:
                if python:
                    yield from _markdown_cell(
                        text[cell_start : line.start()], cell_start, first_line, indent
                    )
                fence = ""
            continue
        match = _FENCE.match(words)
        if match is None:
            continue
        info = match["info"]
        python = _is_python(info)
        if not python and info.strip().startswith("{"):
            continue  # the body of a directive is Markdown again
        fence, indent = match["fence"], match["indent"]
        cell_start, first_line = line.end(), number + 1


def _markdown_cell(block: str, start: int, line: int, indent: str) -> Iterator[Cell]:
    lines = [m[0] for m in _LINE.finditer(block) if m[0]]
    # The options of a MyST directive stand before its code.
    options = 0
    if lines and lines[0].strip() == "---":
        options = next(
            (n + 1 for n, item in enumerate(lines) if n and item.strip() == "---"), 0
        )
    while options < len(lines) and re.match(r"[ \t]*:[\w-]+:", lines[options]):
        options += 1
    start += sum(map(len, lines[:options]))
    body = lines[options:]
    old = "".join(body)
    text = "".join(item.removeprefix(indent) for item in body)
    if indented(text, indent) == old:
        yield Cell(text, line + options, 0, start, start + len(old), indent)


def indented(text: str, indent: str) -> str:
    """Return ``text`` with ``indent`` before every line that is not blank."""
    if not indent:
        return text
    return "".join(
        indent + m[0] if m[0].strip() else m[0] for m in _LINE.finditer(text) if m[0]
    )


# -- Notebooks -------------------------------------------------------------------------

_SPACE = re.compile(r"[ \t\r\n]*")


def notebook_cells(text: str) -> list[Cell]:
    """Find the sources of the code cells, with their places in the JSON."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
            raise DocumentError(
                "不是第 4 版的笔记本：用 Jupyter 打开并另存一次",
                "no notebook of format 4: open it in Jupyter and save it once",
            )
        language = _language(content)
        if language != "python":
            raise DocumentError(
                f"笔记本的语言是 {language}",
                f"the language of the notebook is {language}",
            )
        return list(_code_cells(text))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"不是 JSON：{error}", f"not JSON: {error}") from error


def _language(content: dict[str, object]) -> str:
    metadata = content.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        found = part.get(name) if isinstance(part, dict) else None
        if isinstance(found, str):
            return found.lower()
    return "python"


def _members(text: str, start: int) -> Iterator[tuple[object, int, int]]:
    """Give key (or ``None``) and span of every member of the object or list there."""
    decoder = json.JSONDecoder()
    closing = {"{": "}", "[": "]"}[text[start]]
    position = _skip(text, start + 1)
    while text[position] != closing:
        key: object = None
        if closing == "}":
            key, position = decoder.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)  # the colon
        _, end = decoder.raw_decode(text, position)
        yield key, position, end
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None
    return match.end()


def _code_cells(text: str) -> Iterator[Cell]:
    number = 0
    # If a key comes twice, JSON keeps the last.
    top = {key: (start, end) for key, start, end in _members(text, _skip(text, 0))}
    for _, start, end in _members(text, top["cells"][0]):
        cell = json.loads(text[start:end])
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        number += 1
        source = cell.get("source")
        if isinstance(source, list) and all(isinstance(item, str) for item in source):
            source = "".join(source)
        if isinstance(source, str):
            spans = {key: (first, last) for key, first, last in _members(text, start)}
            yield Cell(source, 1, number, *spans["source"])


def source_json(old: str, text: str) -> str:
    """Return ``text`` as JSON in the manner of the source it replaces."""
    ascii_only = old.isascii() and "\\u" in old
    known = {}
    if old.startswith("["):
        spans = [(start, end) for _, start, end in _members(old, 0)]
        known = {json.loads(old[a:b]): old[a:b] for a, b in spans}
        if spans:
            opening, closing = old[: spans[0][0]], old[spans[-1][1] :]
            comma = old[spans[0][1] : spans[1][0]] if len(spans) > 1 else ", "
            if len(spans) == 1 and "\n" in opening:
                comma = "," + opening[1:]
            lines = [m[0] for m in re.finditer(r"[^\n]*\n|[^\n]+\Z", text)]
            return (
                opening
                + comma.join(
                    known.get(line, json.dumps(line, ensure_ascii=ascii_only))
                    for line in lines or [""]
                )
                + closing
            )
    return json.dumps(text, ensure_ascii=ascii_only)
