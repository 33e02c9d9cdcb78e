"""Make one script of a chapter: its cells, its text as comments, no package needed."""

import ast
import io
import re
import sys
import tokenize
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nn_book.offer.embedding import Embedded, Import, embed, import_block, imports_of
from nn_book.source.variables import names_of

PACKAGE = "nn_tutorial"
# Packages that come with matplotlib, or are asked for only inside a notebook.
IMPLIED = {"IPython", "contourpy", "cycler", "matplotlib_inline"}
WIDTH = 88

HEADER = {
    "zh": """\
本章的全部代码和文字，可以单独运行。
需要 {packages}；练习不批改，批改要用本书的包。
文字 CC BY 4.0，代码 MIT。""",
    "en": """\
All code and text of this chapter, to be run alone.
It needs {packages}; exercises are not checked, that takes the package.
Text CC BY 4.0, code MIT.""",
}
FROM_PACKAGE = {"zh": "取自 nn_tutorial", "en": "From nn_tutorial"}
FIGURES_STAY = {"zh": "图都留到最后", "en": "all figures stay until the end"}
MEANT_TO_FAIL = {"zh": "这里本来就会出错", "en": "this is meant to fail"}
SHOW = {
    "zh": "一起显示所有的图；没有窗口系统就不显示。",
    "en": "Show all figures, unless there is no window system.",
}
SHOW_CODE = """\
if plt.get_backend().lower() not in ("agg", "cairo", "pdf", "ps", "svg", "template"):
    plt.show()"""


class ScriptError(Exception):
    """Something in a chapter that a script cannot hold."""


@dataclass(frozen=True)
class Cell:
    """A cell that the reader sees, in one language."""

    code: bool
    source: str
    tags: tuple[str, ...] = ()
    shows_result: bool = False  # whether the page shows the value of its last line

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None for a cell that shows a mistake in the syntax."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None


def make_script(cells: list[Cell], lang: str, package: Path) -> str:
    """Return the script of a chapter.

    Args:
        cells: What the reader sees; text as plain Markdown.
        lang: "zh" or "en".
        package: The folder of ``nn_tutorial``.

    Raises:
        ScriptError: If a cell does something that only a notebook can do.
        EmbeddingError: If something of the package cannot be written into the script.
    """
    chapter = Chapter(cells)
    embedded = embed(chapter.wanted, package, chapter.taken)
    imports = embedded.imports
    if "plt" in chapter.taken:
        imports = [*imports, Import("matplotlib.pyplot", "", "plt")]
    packages = sorted(third_party(imports) | third_party(chapter.imports))
    listed = ("、" if lang == "zh" else ", ").join(packages)
    header = HEADER[lang].format(packages=listed)

    parts = [comment(header), import_block(imports)]
    if "plt" in chapter.taken:
        stay = 'plt.rcParams["figure.max_open_warning"] = 0'
        parts.append(f"{stay}  # {FIGURES_STAY[lang]}")
    if embedded.code:
        parts.append(f"# %% {FROM_PACKAGE[lang]}")
        parts.append("\n\n\n".join(embedded.code))
    for cell in cells:
        if not cell.code:
            parts.append(f"# %% [markdown]\n{comment(cell.source)}")
        elif code := chapter.code_of(cell, embedded, lang):
            parts.append(f"# %%\n{code}")
    if "plt" in chapter.taken:
        parts.append(f"# %%\n{comment(SHOW[lang])}\n{SHOW_CODE}")
    script = "\n\n".join(filter(None, parts)) + "\n"
    ast.parse(script)
    return script


class Chapter:
    """What the code of a chapter imports and defines, and what becomes of its cells."""

    def __init__(self, cells: list[Cell]) -> None:
        self.imports: list[Import] = []
        self.wanted: dict[str, list[str]] = {}  # of the package: names by module
        self.taken: dict[str, str] = {}  # what each name stands for, see `embed`
        defined: set[str] = set()
        for cell in cells:
            for statement in cell.tree.body if cell.code and cell.tree else []:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    for found in imports_of(statement):
                        self.note(found)
                else:
                    defined |= names_of(statement)[1]
        self.taken |= dict.fromkeys(defined, "")
        self.error = "error" if "error" not in defined else "_error"

    def note(self, found: Import) -> None:
        """Note one imported name.

        Raises:
            ScriptError: If the package is imported in another way than
                ``from nn_tutorial.module import name``.
        """
        self.taken[found.name] = found.origin
        package, _, module = found.module.partition(".")
        if package != PACKAGE:
            self.imports.append(found)
        elif not module or not found.attribute:
            message = f"write 'from {PACKAGE}.module import name', not"
            raise ScriptError(f"{message} an import of {found.origin}")
        elif module != "exercises":
            names = self.wanted.setdefault(module, [])
            if found.attribute not in names:
                names.append(found.attribute)

    def code_of(self, cell: Cell, embedded: Embedded, lang: str) -> str:
        """Return the code of a cell as the script has it, or "" if nothing is left."""
        fails = "raises-exception" in cell.tags
        if cell.tree is None:
            if not fails:
                raise ScriptError(f"not valid Python: {cell.source.splitlines()[0]!r}")
            lines = [f"    {line!r}" for line in cell.source.splitlines(keepends=True)]
            code = "\n".join(["exec(", *lines, ")"])
        else:
            code = self.edited(cell.source, cell.tree, embedded, cell.shows_result)
        if not fails or not code:
            return code
        message = f"{{type({self.error}).__name__}}: {{{self.error}}}"
        return (
            f"try:\n{indented(code)}\n"
            f"except Exception as {self.error}:  # {MEANT_TO_FAIL[lang]}\n"
            f'    print(f"{message}")'
        )

    def edited(
        self, source: str, tree: ast.Module, embedded: Embedded, shows_result: bool
    ) -> str:
        """Return code without what needs the package or a notebook."""
        lines = source.splitlines()
        edits: dict[ast.stmt, list[str]] = {}
        for block in blocks_of(tree):
            found = {s: self.replacement(s, embedded) for s in block}
            new = {s: lines for s, lines in found.items() if lines is not None}
            emptied = len(new) == len(block) and not any(new.values())
            if emptied and block is not tree.body:
                new[block[0]] = ["pass"]
            if new and len({s.lineno for s in block}) < len(block):
                raise ScriptError(f"one statement a line, please: {source}")
            edits |= new
        last = tree.body[-1]
        if shows_result and isinstance(last, ast.Expr) and last not in edits:
            edits[last] = printed(lines, last)
        for statement in sorted(edits, key=lambda s: -s.lineno):
            first, end = statement.lineno - 1, statement.end_lineno
            indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
            new_lines = edits[statement]
            around = lines[first - 1 : first] + lines[end : end + 1]
            around = lines[first - 1 : first] + lines[end : end + 1]
            if not new_lines and not any(around):
                end += 1  # of the blank lines around it one is enough
            lines[first:end] = [indent + line for line in new_lines[:1]] + new_lines[1:]
        code = "\n".join(lines).strip("\n")
        return code if ast.parse(code).body else ""

    def replacement(self, statement: ast.stmt, embedded: Embedded) -> list[str] | None:
        """Return the lines that replace a statement, or None if it stays.

        Raises:
            ScriptError: If the result of a check is used for something.
        """
        if isinstance(statement, ast.ImportFrom) and statement.module:
            package, _, module = statement.module.partition(".")
            if package != PACKAGE:
                return None
            new_names = embedded.new_names
            pairs = [
                (found.name, new_names.get((module, found.attribute), found.name))
                for found in imports_of(statement)
            ]
            return [f"{name} = {new}" for name, new in pairs if name != new]
        if isinstance(statement, ast.Expr):
            if ast.unparse(statement.value) == "plt.show()":
                return []
            if self.is_check(statement.value):
                return []
        if not hasattr(statement, "body") and any(
            map(self.is_check, ast.walk(statement))
        ):
            message = "a check stands on a line of its own in a chapter"
            raise ScriptError(f"{message}: {ast.unparse(statement)}")
        return None

    def is_check(self, node: ast.AST) -> bool:
        """Whether this is a call that checks the answer to an exercise."""
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and self.taken.get(node.func.id) == f"{PACKAGE}.exercises.check"
        )


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


def third_party(imports: list[Import]) -> set[str]:
    """Return the packages that have to be installed for some imports."""
    roots = {found.module.partition(".")[0] for found in imports}
    return roots - IMPLIED - set(sys.stdlib_module_names)


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
    start = re.match(r"(?:> ?)*\s*(?:(?:[-*]|\d+\.)\s+)?", line)[0]
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


def columns(text: str) -> int:
    """Return the number of columns of a text; a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
