"""Make one script of a chapter: its cells, its text as comments, PEP 723 on top.

``uv run chapter.py`` installs what the first lines name and runs it; any Python does,
once the same is installed. Its frame is ``templates/script.py.jinja``. LibCST edits the
code, since it keeps every comment and blank line.
"""

import ast
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst import matchers as m

from nn_book.offer import OfferError
from nn_book.source.bilingual import columns
from nn_book.templating import fill

PACKAGE = "nn_tutorial"
WIDTH = 88
# What a chapter imports, and the extra of the package that brings it.
EXTRAS = {
    "torchvision": "mnist",
    "nn_tutorial.mnist": "mnist",
    "safetensors": "saving",
    "nn_tutorial.modernize": "modernize",
}
HINTS = {"zh": "练习的提示用中文", "en": "hints of the exercises"}
WORDS = {
    "zh": {
        "header": """\
本章的全部代码和文字。运行：uv run {name}
或者先安装 {requirement}，再运行 python {name}
在两个 CPU 核上大约要 {minutes} 分钟。{figures}
文字 CC BY 4.0，代码 MIT。""",
        "figures": "图保存在文件夹 {} 里。",
        "hints": HINTS["zh"],
        "stay": "图都留到最后",
        "save": "把所有的图存成 PNG，有窗口系统就再显示出来。",
        "fails": "这里本来就会出错",
    },
    "en": {
        "header": """\
All code and text of this chapter. Run it with: uv run {name}
Or install {requirement} first, then: python {name}
It takes about {minutes} min on two CPU cores.{figures}
Text CC BY 4.0, code MIT.""",
        "figures": " Figures go to the folder {}.",
        "hints": HINTS["en"],
        "stay": "all figures stay until the end",
        "save": "Save all figures as PNG; show them too if there is a window system.",
        "fails": "this is meant to fail",
    },
}
SHOW = m.Expr(m.Call(m.Attribute(m.Name("plt"), m.Name("show"))))
# An own name: Python deletes it after the clause.
MEANT_TO_FAIL = """\
try:
    pass
except Exception as _error:  # {}
    print(f"{{type(_error).__name__}}: {{_error}}")
"""


@dataclass(frozen=True)
class Cell:
    """A cell that the reader sees, in one language."""

    code: bool
    source: str
    tags: tuple[str, ...] = ()
    shows_result: bool = False  # whether the page shows the value of its last line
    solution: bool = False  # whether it is part of the solution of an exercise

    @property
    def fails(self) -> bool:
        """Whether the cell is meant to fail."""
        return "raises-exception" in self.tags


def make_script(
    cells: list[Cell],
    lang: str,
    *,
    name: str,
    seconds: float,
    address: str = "",
    wheel: str = "",
) -> str:
    """Return the script of a chapter.

    Args:
        cells: What the reader sees; text as plain Markdown.
        lang: "zh" or "en".
        name: Name of its file.
        seconds: How long its execution took in this build.
        address: Where the wheel of the package is published, or "".
        wheel: Where it lies as seen from the script; used without an address.

    Raises:
        OfferError: If a cell does something that only a notebook can do.
    """
    words = WORDS[lang]
    modules = imported(cells)
    package = requirement(modules)
    draws = "matplotlib.pyplot" in modules
    folder = f"{name.removesuffix('.py')}-figures" if draws else ""
    header = words["header"].format(
        name=name,
        requirement=f"{package} @ {address}" if address else f'"{wheel}"',
        minutes=max(1, math.ceil(seconds / 60)),
        figures=words["figures"].format(folder) if draws else "",
    )
    parts, section = [], ""
    for cell in cells:
        if not cell.code:
            parts.append(f"# %% [markdown]\n{comment(cell.source)}")
            if titles := re.findall(r"(?m)^## (.+)", cell.source):
                section = titles[-1]
        elif code := code_of(cell, words["fails"]):
            # Training takes its time in silence: the terminal shows how far it is.
            parts.append(f"# %%\n{announced(section)}{code}")
            section = ""
    script = fill(
        "script.py.jinja",
        lang=lang,
        words=words,
        package=package,
        address=address,
        wheel=wheel,
        header=comment(header),
        folder=folder,
        cells=parts,
    )
    ast.parse(script)
    return script


def imported(cells: Iterable[Cell]) -> set[str]:
    """Return what the cells import, such as "torch" or "nn_tutorial.mnist.batches"."""
    found: set[str] = set()
    for cell in cells:
        try:
            tree = ast.parse(cell.source if cell.code else "")
        except SyntaxError:  # shown as a mistake
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def requirement(modules: set[str]) -> str:
    """Return the package with the extras that the modules need, as pip writes it."""
    extras = {
        extra
        for name, extra in EXTRAS.items()
        if any(f"{module}.".startswith(f"{name}.") for module in modules)
    }
    return f"{PACKAGE}[{','.join(sorted(extras))}]" if extras else PACKAGE


def code_of(cell: Cell, why: str) -> str:
    """Return the code of a cell as the script has it, or "" if nothing is left.

    Args:
        cell: A cell of code.
        why: A comment for a cell that is meant to fail.

    Raises:
        OfferError: If the cell is no Python, or hides a ``plt.show()`` in a line.
    """
    try:
        code = cst.parse_module(cell.source)
    except cst.ParserSyntaxError:
        lines = cell.source.splitlines(keepends=True)
        if not cell.fails:
            raise OfferError(f"not valid Python: {lines[0].rstrip()!r}") from None
        strings = "".join(f"    {line!r}\n" for line in lines)
        code = cst.parse_module(f"exec(\n{strings})\n")
    if cell.shows_result:
        code = with_result(code)
    # The script shows all figures at its end.
    code = replaced(code, m.SimpleStatementLine([SHOW]), cst.RemovalSentinel.REMOVE)
    if m.findall(code, SHOW):
        raise OfferError(f"one statement a line, please: {cell.source}")
    if code.body and cell.fails:
        code = in_try(code, why)
    return code.code.strip("\n") if code.body else ""


def announced(section: str) -> str:
    """Return the line that prints the title of a section, or "" without a title."""
    title = section.replace("`", "").replace("*", "")
    return f"print({f'-- {title}'!r})\n" if title else ""


def with_result(code: cst.Module) -> cst.Module:
    """Return code that prints the value of its last line, as a notebook shows it."""
    line: Any = code.body[-1]
    if not m.matches(line, m.SimpleStatementLine([m.ZeroOrMore(), m.Expr()])):
        return code
    printed = cst.Call(cst.Name("print"), [cst.Arg(line.body[-1].value)])
    return code.with_deep_changes(line.body[-1], value=printed)


def in_try(code: cst.Module, why: str) -> cst.Module:
    """Return code that prints the exception that it is meant to raise."""
    first: Any = code.body[0]
    first = first.with_changes(leading_lines=[*code.header, *first.leading_lines])
    body = cst.IndentedBlock([first, *code.body[1:]], footer=code.footer)
    frame = cst.parse_module(MEANT_TO_FAIL.format(why))
    frame = frame.with_deep_changes(frame.body[0], body=body)
    blank = m.EmptyLine(indent=True, comment=None)
    return replaced(frame, blank, cst.EmptyLine(indent=False))


def replaced(code: cst.Module, what: Any, new: Any) -> cst.Module:
    """Return code in which everything that matches is something else."""
    return cst.ensure_type(m.replace(code, what, new), cst.Module)


# -- Comments -------------------------------------------------------------------


def comment(text: str) -> str:
    """Return Markdown as comments of at most 88 columns, where it can be broken."""
    lines: list[str] = []
    fixed = False  # inside code or a formula
    for line in text.splitlines():
        edge = re.match(r"\s*(```|\$\$)", line)
        lines += [line] if fixed or edge or line.startswith("|") else wrapped(line)
        if edge:
            fixed = not fixed
    return "\n".join(f"# {line}".rstrip() for line in lines)


def wrapped(line: str) -> list[str]:
    """Break a line between words, or between Chinese characters."""
    found = re.match(r"(?:> ?)*\s*(?:(?:[-*]|\d+\.)\s+)?", line)
    start = found[0] if found else ""
    further = "".join(char if char == ">" else " " for char in start)
    wide = r"\u2e80-\u9fff\uff00-\uffef"
    pieces = re.findall(rf"\s+|[（《“]*(?:[^\s{wide}]+|[{wide}])", line[len(start) :])
    lines = [start]
    for piece in pieces:
        # A line does not start with a closing mark.
        fits = columns(lines[-1] + piece) <= WIDTH - 2 or piece in "，。；：！？、）》”"
        if fits:
            lines[-1] += piece
        else:
            lines.append(further + piece.strip())
    return [line.rstrip() for line in lines]
