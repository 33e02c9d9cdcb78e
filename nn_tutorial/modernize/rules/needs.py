"""What rewritten programs need besides: imports, a device, ``torch.no_grad()``."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from ..program import Program
from .base import Edit, line_end, line_start

DEVICE_LINE = (
    'device = {torch}.device("cuda" if {torch}.cuda.is_available() else "cpu")'
)


def torch_needed(program: Program) -> tuple[str, set[str | cst.CSTNode]] | None:
    """Return the name for ``torch`` and what that needs; ``None`` if it is taken."""
    name = torch_name(program)
    if name:
        return name, set()
    if not program.is_free("torch"):
        return None
    # A piece of a post imports nothing, and then "torch" is understood.
    return "torch", {"torch"} if _first_import(program) is not None else set()


def torch_name(program: Program) -> str:
    """Return the name under which the whole program sees ``torch``; ``""``: none."""
    for name, bindings in program.root.bindings.items():
        if bindings and all(binding.dotted == "torch" for binding in bindings):
            return name
    return ""


def _first_import(program: Program) -> cst.SimpleStatementLine | None:
    for statement in program.module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for part in statement.body:
                if isinstance(part, (cst.Import, cst.ImportFrom)) and not (
                    isinstance(part, cst.ImportFrom)
                    and isinstance(part.module, cst.Name)
                    and part.module.value == "__future__"
                ):
                    return statement
    return None


def last_import_of_torch(program: Program) -> cst.SimpleStatementLine | None:
    """Return the last import of the run of imports that brings in ``torch``."""
    name = torch_name(program)
    binders = {binding.node for binding in program.root.bindings.get(name, ())}
    found, seen_torch = None, False
    for statement in program.module.body:
        if isinstance(statement, cst.SimpleStatementLine) and any(
            isinstance(part, (cst.Import, cst.ImportFrom)) for part in statement.body
        ):
            found = statement
            if name:
                here = bool(binders.intersection(statement.body))
            else:  # torch itself will be imported at the top
                here = "torch" in program.text(statement)
            seen_torch = seen_torch or here
        elif seen_torch:
            break
    return found if seen_torch else None


def needed_edits(program: Program, needs: Iterable[str | cst.CSTNode]) -> list[Edit]:
    """Return the edits that bring in imports, the device and ``torch.no_grad()``."""
    needs = set(needs)
    torch = torch_name(program) or "torch"
    edits: list[Edit] = []
    if "torch" in needs:
        first = _first_import(program)
        assert first is not None
        start = program.start(first)
        edits.append((start, start, f"import torch{line_end(program, start)}"))
    if "device" in needs:
        last = last_import_of_torch(program)
        assert last is not None
        match = re.compile(r"[^\r\n]*").match(program.source, program.end(last))
        assert match is not None
        newline = line_end(program, match.end())
        line = newline + newline + DEVICE_LINE.format(torch=torch)
        edits.append((match.end(), match.end(), line))
    for node in needs:
        if isinstance(node, cst.FunctionDef):
            head = node.decorators[0] if node.decorators else node
            start = line_start(program, head)
            indent = program.source[start : program.start(head)]
            line = f"{indent}@{torch}.no_grad(){line_end(program, start)}"
            edits.append((start, start, line))
        elif isinstance(node, cst.CSTNode):
            edits += _indented_under(program, node, f"with {torch}.no_grad():")
    return edits


def _indented_under(program: Program, node: cst.CSTNode, head: str) -> list[Edit]:
    """Return the edits that put a statement into a block of its own."""
    source = program.source
    start, end = line_start(program, node), program.end(node)
    indent = source[start : program.start(node)]
    unit = program.module.default_indent
    body = getattr(node, "body", None)
    if isinstance(body, cst.IndentedBlock) and body.body:
        first = program.start(body.body[0])
        inner = source[line_start(program, body.body[0]) : first]
        if inner.startswith(indent) and inner.isspace():
            unit = inner[len(indent) :]
    edits = [(start, start, f"{indent}{head}{line_end(program, start)}")]
    kinds = (cst.SimpleString, cst.FormattedString)
    strings = [(program.start(s), program.end(s)) for s in program.all(*kinds)]
    for match in re.finditer(
        r"(?:\A|(?<=[\r\n]))([^\S\r\n]*)(?=[^\s])", source[start:end]
    ):
        line = start + match.start()
        if any(first < line < last for first, last in strings):
            continue
        shared = len(indent) if source.startswith(indent, line) else 0
        edits.append((line + shared, line + shared, unit))
    return edits
