"""Files as the tool sees them: cells of Python, and everything between them.

A ``.py`` file is one cell, a notebook or a Markdown file has many. A document can put
changed cells back in their place; all other bytes stay what they were, be it the
encoding, a byte order mark, line endings, or the layout of a notebook's JSON.
"""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import functools
import json
import os
import re
import stat
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from .catalog import Text

__all__ = ["Cell", "Document", "DocumentError", "read_document", "write_document"]

SUFFIXES = {".py": "python", ".ipynb": "notebook", ".md": "markdown"}
MAX_BYTES = 64 * 2**20  # a notebook may hold many pictures
MAX_CODE = 2**20  # characters; the text of all of Shakespeare has five times as many

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
_ASCII = bytes(range(128))
_BLANK_LINE = re.compile(rb"^[ \t\f]*(?:#.*)?$")


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


@dataclasses.dataclass
class Document:
    """A file and the cells of Python in it."""

    kind: Literal["python", "notebook", "markdown"]
    text: str
    cells: list[Cell]
    encoding: str = "utf-8"
    mark: bytes = b""
    is_undeclared: bool = False

    def with_cells(self, texts: Sequence[str]) -> str:
        """Return the text of the document with other texts in its cells."""
        parts, position = [], 0
        for cell, text in zip(self.cells, texts, strict=True):
            parts.append(self.text[position : cell.start])
            old = self.text[cell.start : cell.end]
            if text == cell.text:
                parts.append(old)
            elif self.kind == "notebook":
                parts.append(_source_json(old, text))
            else:
                parts.append(_indented(text, cell.indent))
            position = cell.end
        return "".join([*parts, self.text[position:]])

    def to_bytes(self, text: str) -> bytes:
        """Return ``text`` as the bytes of the file."""
        return self.mark + text.encode(self.encoding)


def read_document(path: Path) -> Document:
    """Read a ``.py``, ``.ipynb`` or ``.md`` file.

    Raises:
        DocumentError: If the file cannot be read; the message says why.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise DocumentError(
            "只看 .py、.ipynb 和 .md 文件",
            "only .py, .ipynb and .md files are looked at",
        )
    return parse_document(_read_bytes(path), kind)


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            if path.exists():
                raise DocumentError("不是普通文件", "this is no plain file")
            raise DocumentError("没有这个文件", "there is no such file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentError(
                f"文件太大：{size / 2**20:.0f} MiB，最多看 {MAX_BYTES // 2**20} MiB",
                f"too large: {size / 2**20:.0f} MiB, the limit is "
                f"{MAX_BYTES // 2**20} MiB",
            )
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"读不了：{error.strerror}", f"cannot be read: {error.strerror}"
        ) from error


def parse_document(data: bytes, kind: str) -> Document:
    """Find the cells of Python in the bytes of a file.

    Raises:
        DocumentError: If the bytes are no text, or no notebook.
    """
    mark, encoding, declared = b"", "utf-8", False
    if data.startswith(codecs.BOM_UTF8):
        mark, data = codecs.BOM_UTF8, data[len(codecs.BOM_UTF8) :]
    elif kind == "python":
        encoding, declared = _declared_encoding(data)
    text, encoding, undeclared = _decoded(data, encoding, declared=declared)
    if kind == "python":
        document = Document("python", text, [Cell(text, 1, 0, 0, len(text))])
        document.is_undeclared = undeclared
    elif kind == "notebook":
        document = Document("notebook", text, _notebook_cells(text))
    else:
        document = Document("markdown", text, list(_markdown_cells(text)))
    document.encoding, document.mark = encoding, mark
    if sum(len(cell.text) for cell in document.cells) > MAX_CODE:
        raise DocumentError(
            f"代码太长：超过 {MAX_CODE} 个字符",
            f"too much code: more than {MAX_CODE} characters",
        )
    return document


# -- Encodings -------------------------------------------------------------------------


def _declared_encoding(data: bytes) -> tuple[str, bool]:
    """Return the encoding that a comment of the first two lines declares (PEP 263)."""
    for line in re.split(rb"\r\n|\r|\n", data[:2000])[:2]:
        match = _CODING.match(line)
        if match:
            name = match[1].decode("ascii")
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # unicode_escape has one
                    holds_ascii = _ASCII.decode(name) == _ASCII.decode("ascii")
            except (LookupError, ValueError) as error:
                raise DocumentError(
                    f"没有 {name} 这种文字编码", f"there is no text encoding {name}"
                ) from error
            if not holds_ascii:  # utf-16, say: Python reads no program in it
                raise DocumentError(
                    f"Python 不读 {name} 编码的程序",
                    f"Python reads no program in {name}",
                )
            return codecs.lookup(name).name, True
        if not _BLANK_LINE.match(line):
            break
    return "utf-8", False


def _decoded(data: bytes, encoding: str, *, declared: bool) -> tuple[str, str, bool]:
    """Return the text, its encoding, and whether that encoding goes undeclared."""
    choices = [encoding] if declared else [encoding, "gb18030"]
    for choice in choices:
        with contextlib.suppress(ValueError):
            text = data.decode(choice)
            # Only what can be given back byte by byte is touched.
            if text.encode(choice) == data:
                return text, choice, choice != encoding
    names = " / ".join(["GBK" if c == "gb18030" else c.upper() for c in choices])
    raise DocumentError(
        f"内容不是 {names} 编码的文字", f"the content is not text in {names}"
    )


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


def _markdown_cells(text: str) -> Iterator[Cell]:
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
    if _indented(text, indent) == old:
        yield Cell(text, line + options, 0, start, start + len(old), indent)


def _indented(text: str, indent: str) -> str:
    """Return ``text`` with ``indent`` before every line that is not blank."""
    if not indent:
        return text
    return "".join(
        indent + m[0] if m[0].strip() else m[0] for m in _LINE.finditer(text) if m[0]
    )


# -- Notebooks -------------------------------------------------------------------------

_SPACE = re.compile(r"[ \t\r\n]*")


def _notebook_cells(text: str) -> list[Cell]:
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


def _source_json(old: str, text: str) -> str:
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


# -- Writing ---------------------------------------------------------------------------


def write_document(path: Path, old: bytes, new: bytes) -> None:
    """Replace a file in one step: it holds the old bytes or the new, never a part.

    Permissions are kept, and a symbolic link stays one.

    Args:
        path: The file.
        old: The bytes that were read; if the file holds others by now, it is left.
        new: The bytes to write.

    Raises:
        DocumentError: If the file cannot be replaced; it is unchanged then.
    """
    target = path.resolve()
    temporary = None
    try:
        status = target.stat()
        if not os.access(target, os.W_OK):
            raise DocumentError("文件不可写", "the file may not be written")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):
                os.chown(temporary, status.st_uid, status.st_gid)
        temporary.chmod(stat.S_IMODE(status.st_mode))
        if target.read_bytes() != old:
            raise DocumentError(
                "读后文件被别人改过，没有写", "changed meanwhile, so it was not written"
            )
        temporary.replace(target)
        temporary = None
    except OSError as error:
        raise DocumentError(
            f"写不了：{error.strerror}", f"cannot be written: {error.strerror}"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
