"""``Variable``, and what is left empty once it is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import Program, keyword, literal, positional
from .base import (
    Finding,
    alias_end,
    has_star,
    imported_names,
    is_binding,
    left,
    line_start,
    rewritten,
    rule,
)  # fmt: skip
from .evaluation import volatile_argument

__all__ = ["variable"]

_VARIABLE = "torch.autograd.Variable"


@rule
def variable(program: Program) -> Iterator[Finding]:
    """``Variable(x)`` is ``x``, and ``volatile=True`` is ``torch.no_grad()``."""
    emptied: set[cst.CSTNode] = set()
    calls = program.calls(_VARIABLE)
    for call in calls:
        volatile = keyword(call, "volatile")
        if volatile is not None and literal(volatile.value) is not False:
            yield volatile_argument(program, call, volatile)
            continue
        finding = _unwrapped_variable(program, call)
        line = _line_left_empty(program, call) if finding.edits else None
        if line is None:
            yield finding
        elif line not in emptied:
            emptied.add(line)
            yield _removed_line(program, line)
    functions = {call.func for call in calls}
    used = list(_references(program))
    for node in used:
        inner = isinstance(program.parent[node], cst.Attribute)
        if node not in functions and not inner:
            yield left(program, "variable", node, "structure")
    if not used:
        yield from _unused_imports(program)
    for node in program.all(cst.Attribute):
        if node.attr.value == "volatile" and program.is_torch:
            yield left(program, "volatile", node, "structure")


def _references(program: Program) -> Iterator[cst.CSTNode]:
    """Give every place where the program uses ``Variable``."""
    for node in program.all(cst.Name, cst.Attribute):
        if program.dotted(node) == _VARIABLE and not is_binding(program, node):
            parent = program.parent.get(node)
            # "autograd.variable.Variable" is one place, not three.
            longer = isinstance(parent, cst.Attribute) and parent.value is node
            if not (longer and program.dotted(parent) == _VARIABLE):
                yield node


def _unwrapped_variable(program: Program, call: cst.Call) -> Finding:
    named = {a.keyword.value if a.keyword else "": a for a in call.args}
    tensor = named.pop("", None) or named.pop("data", None)
    asked = named.pop("requires_grad", None)
    named.pop("volatile", None)
    if tensor is None or named or has_star(call) or len(positional(call)) > 1:
        return left(program, "variable", call, "argument-unclear")
    value = tensor.value
    numbers = isinstance(value, (cst.List, cst.BaseNumber))
    if numbers or program.called(value).startswith("numpy."):
        # Not a tensor: refused then, refused now.
        return left(program, "variable", call, "structure")
    if program.has_graph(value):
        return left(program, "variable", call, "cuts-graph")

    wanted = literal(asked.value) if asked is not None else False
    if asked is not None and wanted not in (True, False):
        suffix = f".detach().requires_grad_({program.text(asked.value)})"
    elif wanted:
        fresh = program.is_plain(value) and _is_fresh(program, value)
        suffix = ".requires_grad_()" if fresh else ".detach().requires_grad_()"
    else:
        same = program.is_plain(value) and not _is_changed_alone(program, call, value)
        suffix = "" if same else ".detach()"

    (start, end), (first, last) = program.span(call), program.span(value)
    atoms = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Tuple)
    one_line = not re.search(r"[\r\n]", program.source[start:end])
    touches = re.match(r"\w", program.source[end : end + 1])
    bare = isinstance(value, atoms) and one_line and not touches
    opening, closing = ("", suffix) if bare else ("(", ")" + suffix)
    edits = (start, first, opening), (last, end, closing)
    return rewritten(program, "variable", call, *edits)


_OWN_METHODS = set(NAMES["own_methods"])


def _is_changed_alone(
    program: Program, call: cst.Call, value: cst.BaseExpression
) -> bool:
    """Say whether a Variable gets something that the tensor in it must not get.

    Both share their numbers, but each has its own shape and its own gradient.
    """
    statement = program.parent[call]
    if _is_fresh(program, value) or not isinstance(statement, cst.Assign):
        return False
    names = {program.text(target.target) for target in statement.targets}
    if program.text(value) in names:  # the old name is gone
        return False
    for node in [n for name in names for n in program.attributes.get(name, ())]:
        parent = program.parent[node]
        if isinstance(parent, cst.AssignTarget) and node.attr.value != "volatile":
            return True
        if node.attr.value in _OWN_METHODS and isinstance(parent, cst.Call):
            return True
    return False


def _is_fresh(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether nobody else holds the tensor an expression makes."""
    while isinstance(node, cst.Call):
        if program.called(node).startswith("torch."):
            return program.called(node) != "torch.from_numpy"
        if not isinstance(node.func, cst.Attribute):
            return False
        node = node.func.value
    return False


def _line_left_empty(program: Program, call: cst.Call) -> cst.CSTNode | None:
    """Return the line of ``x = Variable(x)``, which would become ``x = x``."""
    statement = program.enclosing(call, cst.Assign)
    if statement is None or len(statement.targets) > 1:
        return None
    target, value = statement.targets[0].target, statement.value
    names: list[cst.BaseExpression] = [target]
    wrapped = [value]
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
        names = [item.value for item in target.elements]
        wrapped = [item.value for item in value.elements]
    if len(names) != len(wrapped) or not names:
        return None
    for name, inner in zip(names, wrapped, strict=True):
        match inner:
            case cst.Call(args=[cst.Arg(value=old)]) if isinstance(name, cst.Name):
                same = program.called(inner) == _VARIABLE
                if same and program.text(old) == name.value and program.is_plain(old):
                    continue
        return None
    line = program.parent[statement]
    can_go = _why_line_stays(program, line) == "" and "\n" not in program.text(line)
    return line if can_go and "\r" not in program.text(line) else None


# -- Lines that go ---------------------------------------------------------------------


def _why_line_stays(program: Program, line: cst.CSTNode) -> str:
    """Return why a line cannot be taken out whole, ``""`` if it can."""
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1:
        return "structure"
    alone = len(getattr(program.parent[line], "body", ())) < 2
    return "only-statement" if alone or program.is_alone_in_cell(line) else ""


def _removed_line(program: Program, line: cst.CSTNode) -> Finding:
    """Take a line out; a comment behind it stays."""
    start, end = program.span(line)
    cell_start, cell_end = program.cell_span(line)
    rest = re.compile(r"[ \t]*(\r\n|\r|\n|\Z)?").match(program.source, end, cell_end)
    assert rest is not None
    first = start if rest[1] is None else line_start(program, line)
    if rest[1] == "" and first > cell_start:  # the last line of its cell
        before = re.compile(r"\r\n|\r|\n").search(program.source, first - 2)
        first = before.start() if before and before.end() == first else first - 1
    return rewritten(program, "variable", line, (first, rest.end(), ""))


def _unused_imports(program: Program) -> Iterator[Finding]:
    """Take the import of ``Variable`` out once nothing uses it."""
    for statement, alias, name, bindings in imported_names(program):
        own = any(b.node is statement and b.dotted == _VARIABLE for b in bindings)
        if own and not program.is_used_elsewhere(name):
            yield _removed_import(program, statement, alias)


def _removed_import(
    program: Program, statement: cst.ImportFrom, alias: cst.ImportAlias
) -> Finding:
    assert not isinstance(statement.names, cst.ImportStar)
    names, line = list(statement.names), program.parent[statement]
    if len(names) > 1:
        place = names.index(alias)
        start, end = program.start(alias), program.start(names[1])
        if place:
            start = alias_end(program, names[place - 1])
            end = alias_end(program, alias)
        return rewritten(program, "variable", statement, (start, end, ""))
    if reason := _why_line_stays(program, line):
        return left(program, "variable", statement, reason)
    return _removed_line(program, line)
