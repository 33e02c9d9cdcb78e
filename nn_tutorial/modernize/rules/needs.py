"""What rewritten programs need besides: imports, a device, ``torch.no_grad()``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import libcst as cst

from ..program import Program
from .base import Edit, line_end, line_start

__all__ = [
    "DEVICE_LINE",
    "Needs",
    "last_import_of_torch",
    "needed_edits",
    "torch_name",
    "torch_needed",
]

DEVICE_LINE = (
    'device = {torch}.device("cuda" if {torch}.cuda.is_available() else "cpu")'
)
_IMPORTS = (cst.Import, cst.ImportFrom)
Needs = set[str | cst.CSTNode]


def torch_name(program: Program) -> str:
    """Return the name under which the whole program sees ``torch``; ``""``: none."""
    for name, bindings in program.root.bindings.items():
        if bindings and all(binding.dotted == "torch" for binding in bindings):
            return name
    return ""


def torch_needed(program: Program) -> tuple[str, Needs] | None:
    """Return the name for ``torch`` and what that needs; ``None`` if it is taken."""
    if name := torch_name(program):
        return name, set()
    if not program.is_free("torch"):
        return None
    # A piece of a post imports nothing, and then "torch" is understood.
    return "torch", {"torch"} if any(_imports(program)) else set()


def _imports(program: Program) -> Iterator[cst.SimpleStatementLine]:
    """Give the import statements of the module, but for ``from __future__``."""
    for line in program.module.body:
        if not isinstance(line, cst.SimpleStatementLine):
            continue
        match next((p for p in line.body if isinstance(p, _IMPORTS)), None):
            case None | cst.ImportFrom(module=cst.Name(value="__future__")):
                continue
        yield line


def last_import_of_torch(program: Program) -> cst.SimpleStatementLine | None:
    """Return the last import of the run of imports that brings in ``torch``."""
    name = torch_name(program)
    binders = {binding.node for binding in program.root.bindings.get(name, ())}
    imports, found = set(_imports(program)), None
    for line in program.module.body:
        if isinstance(line, cst.SimpleStatementLine) and line in imports:
            # Where it has no name yet, torch itself will be imported at the top.
            here = binders.intersection(line.body) or (
                not name and "torch" in program.text(line)
            )
            found = line if here or found else None
        elif found:
            break
    return found


def needed_edits(program: Program, needs: Iterable[str | cst.CSTNode]) -> list[Edit]:
    """Return the edits that bring in imports, the device and ``torch.no_grad()``."""
    torch = torch_name(program) or "torch"
    edits: list[Edit] = []
    for need in set(needs):
        if need == "torch":
            start = program.start(next(_imports(program)))
            edits.append((start, start, f"import torch{line_end(program, start)}"))
        elif need == "device":
            last = last_import_of_torch(program)
            assert last is not None
            match = re.compile(r"[^\r\n]*").match(program.source, program.end(last))
            assert match is not None
            line = 2 * line_end(program, match.end()) + DEVICE_LINE.format(torch=torch)
            edits.append((match.end(), match.end(), line))
        elif isinstance(need, cst.FunctionDef):
            head = need.decorators[0] if need.decorators else need
            start = line_start(program, head)
            indent = program.source[start : program.start(head)]
            line = f"{indent}@{torch}.no_grad(){line_end(program, start)}"
            edits.append((start, start, line))
        elif isinstance(need, cst.CSTNode):
            edits += _indented_under(program, need, f"with {torch}.no_grad():")
    return edits


def _indented_under(program: Program, node: cst.CSTNode, head: str) -> list[Edit]:
    """Return the edits that put a statement into a block of its own."""
    source = program.source
    start, end = line_start(program, node), program.end(node)
    indent = source[start : program.start(node)]
    unit = program.module.default_indent
    body = getattr(node, "body", None)
    if isinstance(body, cst.IndentedBlock) and body.body:
        first = body.body[0]
        inner = source[line_start(program, first) : program.start(first)]
        if inner.startswith(indent) and inner.isspace():
            unit = inner[len(indent) :]
    edits = [(start, start, f"{indent}{head}{line_end(program, start)}")]
    strings = [program.span(s) for s in program.all(cst.SimpleString)]
    strings += [program.span(s) for s in program.all(cst.FormattedString)]
    lines = r"(?:\A|(?<=[\r\n]))([^\S\r\n]*)(?=[^\s])"
    for match in re.finditer(lines, source[start:end]):
        line = start + match.start()
        if not any(first < line < last for first, last in strings):
            line += len(indent) if source.startswith(indent, line) else 0
            edits.append((line, line, unit))
    return edits
