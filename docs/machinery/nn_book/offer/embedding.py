"""Write functions of the package into a script, with what they need to run there.

Of each module come the functions, classes and constants that the script asks for and,
again and again, what those use. Text and comments stay as they are. Where two modules,
or a module and the script, use one name for two things, the name in the module gets the
module's name in front.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nn_book.source.variables import local_names, names_of

WIDTH = 88


class EmbeddingError(Exception):
    """Something in the package or in a chapter that cannot be written out."""


@dataclass(frozen=True)
class Import:
    """One name that an import statement brings."""

    module: str
    attribute: str  # empty for "import module"
    name: str

    @property
    def origin(self) -> str:
        """What the name stands for, however it was imported."""
        if self.attribute:
            return f"{self.module}.{self.attribute}"
        return self.module if self.name != self.module.partition(".")[0] else self.name


@dataclass(frozen=True)
class Part:
    """A statement at the top of a module, with the comment above it."""

    node: ast.stmt
    text: str
    used: set[str]
    defined: set[str]


@dataclass
class Embedded:
    """What a script needs instead of the package."""

    imports: list[Import] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    new_names: dict[tuple[str, str], str] = field(default_factory=dict)


class Module:
    """A module of the package."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.imports: dict[str, Import] = {}
        self.parts: list[Part] = []
        source = path.read_text(encoding="utf8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.imports |= {found.name: found for found in imports_of(node)}
            elif not is_docstring(node) and "__all__" not in names_of(node)[1]:
                self.parts.append(Part(node, text_of(node, lines), *names_of(node)))

    def needed(self, names: Iterable[str]) -> list[Part]:
        """Return the statements behind ``names``, and behind what those use.

        Raises:
            EmbeddingError: If the module has no such name.
        """
        wanted = set(names)
        known = set(self.imports).union(*(part.defined for part in self.parts))
        if missing := sorted(wanted - known):
            raise EmbeddingError(f"nn_tutorial.{self.name} has no {missing[0]}")
        chosen: list[Part] = []
        while True:
            mine = wanted & known
            found = [
                part
                for part in self.parts
                # A statement that defines nothing belongs to what it works on.
                if part.defined & mine or (not part.defined and part.used & mine)
            ]
            if len(found) == len(chosen):
                return found
            chosen = found
            wanted = wanted.union(*(part.used for part in chosen))


def embed(
    wanted: dict[str, list[str]], folder: Path, taken: dict[str, str]
) -> Embedded:
    """Collect what a script needs from the modules of the package.

    Args:
        wanted: Names by module, such as ``{"datasets": ["flower"]}``.
        folder: The package.
        taken: What each name stands for in the script: the origin of an import
            ("matplotlib.pyplot"), or "" for what the script defines itself.

    Raises:
        EmbeddingError: If a name is not there, or cannot be renamed.
    """
    taken, embedded = dict(taken), Embedded()
    for module_name, names in wanted.items():
        module = Module(folder / f"{module_name}.py")
        parts = module.needed(names)
        defined = set[str]().union(*(part.defined for part in parts))
        used = set(names).union(*(part.used for part in parts))
        imported = {
            name: found
            for name, found in module.imports.items()
            if name in used or found.module == "__future__"
        }
        origins = {name: found.origin for name, found in imported.items()}
        origins |= {name: f"nn_tutorial.{module.name}.{name}" for name in defined}
        renamed = {
            name: f"_{module.name}_{name.lstrip('_')}"
            for name, origin in origins.items()
            if taken.setdefault(name, origin) != origin
        }
        for name, found in imported.items():
            if found.module.startswith(("nn_tutorial", ".")):
                message = f"nn_tutorial.{module.name} imports {found.module}"
                raise EmbeddingError(f"{message}: a module must stand alone")
            new = renamed.get(name, name)
            embedded.imports.append(Import(found.module, found.attribute, new))
        embedded.code += [rename(part, renamed) for part in parts]
        for name in names:
            embedded.new_names[module.name, name] = renamed.get(name, name)
    return embedded


def imports_of(node: ast.Import | ast.ImportFrom) -> list[Import]:
    """Return the names that an import statement brings."""
    if isinstance(node, ast.Import):
        return [
            Import(alias.name, "", alias.asname or alias.name.partition(".")[0])
            for alias in node.names
        ]
    module = "." * node.level + (node.module or "")
    return [Import(module, a.name, a.asname or a.name) for a in node.names]


def is_docstring(node: ast.stmt) -> bool:
    """Whether a statement is only a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def text_of(node: ast.stmt, lines: list[str]) -> str:
    """Return the source of a statement, with the comments directly above it."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def rename(part: Part, renamed: dict[str, str]) -> str:
    """Return the source of a statement with other global names.

    Raises:
        EmbeddingError: If one of the names also is a local name in it.
    """
    renamed = {
        old: new
        for old, new in renamed.items()
        if old in part.used | part.defined | local_names(part.node)
    }
    if clash := renamed.keys() & local_names(part.node):
        message = f"{sorted(clash)[0]} is a global and a local name in one statement"
        raise EmbeddingError(f"{message}, which starts: {part.text.splitlines()[0]}")
    lines = part.text.split("\n")
    for token in reversed(
        list(tokenize.generate_tokens(io.StringIO(part.text).readline))
    ):
        new = _renamed_token(token, lines, renamed)
        if new != token.string:
            row, column = token.start[0] - 1, token.start[1]
            end_row, end = token.end[0] - 1, token.end[1]
            text = lines[row][:column] + new + lines[end_row][end:]
            lines[row : end_row + 1] = text.split("\n")
    return "\n".join(lines)


def _renamed_token(
    token: tokenize.TokenInfo, lines: list[str], renamed: dict[str, str]
) -> str:
    """Return a token with its new name, unless it is an attribute or a keyword."""
    row, column = token.start[0] - 1, token.start[1]
    if token.type == tokenize.NAME and token.string in renamed:
        is_attribute = lines[row][:column].endswith(".")
        is_keyword = re.match(r"=(?!=)", lines[row][token.end[1] :])
        return token.string if is_attribute or is_keyword else renamed[token.string]
    # Before Python 3.12 an f-string is one token, names and all.
    if token.type == tokenize.STRING and re.match("[rR]?[fF]", token.string):
        return re.sub(
            r"(?<=\{)[^{}]+",
            lambda code: re.sub(
                r"(?<![\w.])[A-Za-z_]\w*",
                lambda name: renamed.get(name[0], name[0]),
                code[0],
            ),
            token.string,
        )
    return token.string


def import_block(imports: Iterable[Import]) -> str:
    """Write import statements: each name once, the standard library first."""
    groups: dict[bool, dict[str, set[str]]] = {True: {}, False: {}}
    future = False
    for found in set(imports):
        standard = found.module.partition(".")[0] in sys.stdlib_module_names
        if found.module == "__future__":
            future = True
        elif found.attribute:
            name = _with_alias(found.attribute, found.name)
            groups[standard].setdefault(f"from {found.module} import", set()).add(name)
        else:
            short = found.name == found.module.partition(".")[0]
            name = found.module if short else _with_alias(found.module, found.name)
            groups[standard].setdefault(f"import {name}", set())
    blocks = [
        "\n".join(
            _statement(start, group[start])
            for start in sorted(group, key=lambda start: (start[:4] == "from", start))
        )
        for group in groups.values()
    ]
    if future:
        blocks.insert(0, "from __future__ import annotations")
    return "\n\n".join(filter(None, blocks))


def _with_alias(name: str, alias: str) -> str:
    return name if name == alias else f"{name} as {alias}"


def _statement(start: str, names: set[str]) -> str:
    if not names:
        return start
    line = f"{start} {', '.join(sorted(names))}"
    if len(line) <= WIDTH:
        return line
    return f"{start} (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")"
