"""Files as the tool sees them: cells of Python, and everything between them.

A ``.py`` file is one cell, a notebook or a Markdown file has many. A document can put
changed cells back in their place; all other bytes stay what they were, be it the
encoding, a byte order mark, line endings, or the layout of a notebook's JSON.
"""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import os
import re
import stat
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from .cells import (
    Cell,
    DocumentError,
    indented,
    markdown_cells,
    notebook_cells,
    source_json,
)  # fmt: skip

__all__ = ["Cell", "Document", "DocumentError", "read_document", "write_document"]

SUFFIXES = {".py": "python", ".ipynb": "notebook", ".md": "markdown"}
MAX_BYTES = 64 * 2**20  # a notebook may hold many pictures
MAX_CODE = 2**20  # characters; the text of all of Shakespeare has five times as many

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
_ASCII = bytes(range(128))
_BLANK_LINE = re.compile(rb"^[ \t\f]*(?:#.*)?$")


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
                parts.append(source_json(old, text))
            else:
                parts.append(indented(text, cell.indent))
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
        document = Document("notebook", text, notebook_cells(text))
    else:
        document = Document("markdown", text, list(markdown_cells(text)))
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
