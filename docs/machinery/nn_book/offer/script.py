"""Make one script of a chapter: its cells, its text as comments, PEP 723 on top.

``uv run chapter.py`` installs what the first lines name and runs it; any Python does,
once the same is installed.
"""

import ast
import io
import math
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from nn_book.source.bilingual import columns
from nn_book.source.variables import names_of

PACKAGE = "nn_tutorial"
WIDTH = 88
# What a chapter imports, and the extra of the package that brings it.
EXTRAS = {
    "torchvision": "mnist",
    "nn_tutorial.mnist": "mnist",
    "safetensors": "saving",
    "nn_tutorial.modernize": "modernize",
}
METADATA = """\
# /// script
# requires-python = ">=3.11"
# dependencies = [{dependencies}]
# ///"""
# Without an address the wheel is looked for where the site and the zip have it.
BESIDE = """\
# /// script
# requires-python = ">=3.11"
# dependencies = ["{package}"]
#
# [tool.uv.sources]
# nn_tutorial = {{ path = "{wheel}" }}
# ///"""
HEADER = {
    "zh": """\
本章的全部代码和文字。运行：uv run {name}
或者先安装 {requirement}，再运行 python {name}
在两个 CPU 核上大约要 {minutes} 分钟。{figures}
文字 CC BY 4.0，代码 MIT。""",
    "en": """\
All code and text of this chapter. Run it with: uv run {name}
Or install {requirement} first, then: python {name}
It takes about {minutes} min on two CPU cores.{figures}
Text CC BY 4.0, code MIT.""",
}
FIGURES = {
    "zh": "图保存在文件夹 {} 里。",
    "en": " Figures go to the folder {}.",
}
SAVE = {
    "zh": "把所有的图存成 PNG，有窗口系统就再显示出来。",
    "en": "Save all figures as PNG; show them too if there is a window system.",
}
SAVE_CODE = """\
from pathlib import Path

folder = Path("{folder}")
folder.mkdir(exist_ok=True)
for number in plt.get_fignums():
    plt.figure(number).savefig(folder / f"figure-{{number:02}}.png", dpi=150)
print(f"{{len(plt.get_fignums())}} PNG: {{folder.resolve()}}")
if plt.get_backend().lower() not in ("agg", "cairo", "pdf", "ps", "svg", "template"):
    plt.show()"""
STAY = 'plt.rcParams["figure.max_open_warning"] = 0'
FIGURES_STAY = {"zh": "图都留到最后", "en": "all figures stay until the end"}
HINTS = {"zh": "练习的提示用中文", "en": "hints of the exercises"}
MEANT_TO_FAIL = {"zh": "这里本来就会出错", "en": "this is meant to fail"}


class ScriptError(Exception):
    """Something in a chapter that a script cannot hold."""


@dataclass(frozen=True)
class Cell:
    """A cell that the reader sees, in one language."""

    code: bool
    source: str
    tags: tuple[str, ...] = ()
    shows_result: bool = False  # whether the page shows the value of its last line
    solution: bool = False  # whether it is part of the solution of an exercise

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None for a cell that shows a mistake in the syntax."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None


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
        ScriptError: If a cell does something that only a notebook can do.
    """
    code = [cell.tree for cell in cells if cell.code and cell.tree]
    draws = any("plt" in names_of(node)[0] for tree in code for node in tree.body)
    package = requirement(imported(code))
    folder = f"{name.removesuffix('.py')}-figures"
    header = HEADER[lang].format(
        name=name,
        requirement=f"{package} @ {address}" if address else f'"{wheel}"',
        minutes=max(1, math.ceil(seconds / 60)),
        figures=FIGURES[lang].format(folder) if draws else "",
    )
    if address:
        top = METADATA.format(dependencies=f'"{package} @ {address}"')
    else:
        top = BESIDE.format(package=package, wheel=wheel)
    parts = [top, comment(header)]
    start = ["import os"] + ["import matplotlib.pyplot as plt"] * draws
    parts.append("\n\n".join(start))
    hints = f'os.environ.setdefault("NN_TUTORIAL_LANG", "{lang}")  # {HINTS[lang]}'
    if draws:
        hints += f"\n{STAY}  # {FIGURES_STAY[lang]}"
    parts.append(hints)
    statements = [node for tree in code for node in tree.body]
    taken = any("error" in names_of(node)[1] for node in statements)
    error = "_error" if taken else "error"
    for cell in cells:
        if not cell.code:
            parts.append(f"# %% [markdown]\n{comment(cell.source)}")
        elif text := code_of(cell, lang, error):
            parts.append(f"# %%\n{text}")
    if draws:
        parts.append(f"# %%\n{comment(SAVE[lang])}\n{SAVE_CODE.format(folder=folder)}")
    script = "\n\n".join(filter(None, parts)) + "\n"
    ast.parse(script)
    return script


def imported(trees: list[ast.Module]) -> set[str]:
    """Return the names of all modules that some code imports."""
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def requirement(modules: set[str]) -> str:
    """Return the package with the extras that the modules need, as pip writes it."""
    extras = sorted(
        {
            extra
            for module in modules
            for name, extra in EXTRAS.items()
            if f"{module}.".startswith(f"{name}.")
        }
    )
    return f"{PACKAGE}[{','.join(extras)}]" if extras else PACKAGE


def code_of(cell: Cell, lang: str, error: str) -> str:
    """Return the code of a cell as the script has it, or "" if nothing is left."""
    fails = "raises-exception" in cell.tags
    if cell.tree is None:
        if not fails:
            raise ScriptError(f"not valid Python: {cell.source.splitlines()[0]!r}")
        lines = [f"    {line!r}" for line in cell.source.splitlines(keepends=True)]
        code = "\n".join(["exec(", *lines, ")"])
    else:
        code = edited(cell.source, cell.tree, cell.shows_result)
    if not fails or not code:
        return code
    message = f"{{type({error}).__name__}}: {{{error}}}"
    return (
        f"try:\n{indented(code)}\n"
        f"except Exception as {error}:  # {MEANT_TO_FAIL[lang]}\n"
        f'    print(f"{message}")'
    )


def edited(source: str, tree: ast.Module, shows_result: bool) -> str:
    """Return code without ``plt.show()``, and with the result that a cell shows."""
    lines = source.splitlines()
    edits: dict[ast.stmt, list[str]] = {}
    for block in blocks_of(tree):
        shown = [s for s in block if ast.unparse(s) == "plt.show()"]
        keeps = len(shown) == len(block) and block is not tree.body
        edits |= {s: ["pass"] if keeps else [] for s in shown}
        if shown and len({s.lineno for s in block}) < len(block):
            raise ScriptError(f"one statement a line, please: {source}")
    last = tree.body[-1] if tree.body else None
    if shows_result and isinstance(last, ast.Expr) and last not in edits:
        edits[last] = printed(lines, last)
    for statement in sorted(edits, key=lambda s: -s.lineno):
        first, end = statement.lineno - 1, statement.end_lineno or 0
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        new_lines = edits[statement]
        around = lines[first - 1 : first] + lines[end : end + 1]
        if not new_lines and not any(around):
            end += 1  # of the blank lines around it one is enough
        lines[first:end] = [indent + line for line in new_lines[:1]] + new_lines[1:]
    code = "\n".join(lines).strip("\n")
    return code if ast.parse(code).body else ""


def printed(lines: list[str], value: ast.Expr) -> list[str]:
    """Return the lines of an expression, with print() around it."""
    end = value.end_lineno or value.lineno
    new = lines[value.lineno - 1 : end]
    # Python counts columns in bytes.
    text = new[-1].encode()[: value.end_col_offset].decode()
    new[-1] = f"{text}){new[-1][len(text) :]}"
    new[0] = f"print({new[0]}"
    return new


def blocks_of(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """Yield every list of statements in a tree."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block


def indented(code: str) -> str:
    """Return code four spaces further in; the inside of a long string stays."""
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if tokenize.tok_name[token.type] in ("STRING", "FSTRING_MIDDLE"):
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    return "\n".join(
        line if number in inside or not line else f"    {line}"
        for number, line in enumerate(code.splitlines(), 1)
    )


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
