"""``Variable``, and what is left empty once it is gone."""

from __future__ import annotations

import functools
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
    left,
    references,
    removed_line,
    rule,
)  # fmt: skip
from .evaluation import volatile_argument

_VARIABLE = "torch.autograd.Variable"


@rule
def variable(program: Program) -> Iterator[Finding]:
    """``Variable(x)`` is ``x``, and ``volatile=True`` is ``torch.no_grad()``."""
    calls = [
        call for call in program.all(cst.Call) if program.called(call) == _VARIABLE
    ]
    emptied: set[cst.CSTNode] = set()
    for call in calls:
        volatile = keyword(call, "volatile")
        if volatile is not None and literal(volatile.value) is not False:
            yield volatile_argument(program, call, volatile)
            continue
        finding = _unwrapped_variable(program, call)
        line = _line_left_empty(program, call, finding)
        if line is None:
            yield finding
        elif line not in emptied:
            emptied.add(line)
            yield removed_line(program, "variable", line)
    functions = {call.func for call in calls}
    for node in references(program, _VARIABLE):
        inner = isinstance(program.parent[node], cst.Attribute)
        if node not in functions and not inner:
            yield left(program, "variable", node, "structure")
    yield from _unused_imports(program, "variable", _VARIABLE)
    for node in program.all(cst.Attribute):
        if node.attr.value == "volatile" and program.is_torch:
            yield left(program, "volatile", node, "structure")


def _unwrapped_variable(program: Program, call: cst.Call) -> Finding:
    refuse = functools.partial(left, program, "variable", call)
    named = {a.keyword.value if a.keyword else "": a for a in call.args}
    tensor = named.pop("", None) or named.pop("data", None)
    asked = named.pop("requires_grad", None)
    named.pop("volatile", None)
    if tensor is None or named or has_star(call) or len(positional(call)) > 1:
        return refuse("argument-unclear")
    value = tensor.value
    if isinstance(value, (cst.List, cst.BaseNumber)) or program.called(
        value
    ).startswith("numpy."):
        return refuse("structure")  # not a tensor: refused then, refused now
    if program.has_graph(value):
        return refuse("cuts-graph")

    wanted = literal(asked.value) if asked is not None else False
    if asked is not None and wanted not in (True, False):
        suffix = f".detach().requires_grad_({program.text(asked.value)})"
    elif wanted:
        fresh = program.is_plain(value) and _is_fresh(program, value)
        suffix = ".requires_grad_()" if fresh else ".detach().requires_grad_()"
    else:
        same = program.is_plain(value) and not _is_changed_alone(program, call, value)
        suffix = "" if same else ".detach()"

    start, end = program.start(call), program.end(call)
    first, last = program.start(value), program.end(value)
    source = program.source
    if "#" in source[start:first] + source[last:end]:
        return refuse("comment-inside")
    atom = isinstance(
        value, (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Tuple)
    )
    one_line = not re.search(r"[\r\n]", source[start:end])
    touches = source[end : end + 1]
    bare = atom and one_line and not (touches.isalnum() or touches == "_")
    opening, closing = ("", suffix) if bare else ("(", ")" + suffix)
    return Finding("variable", start, [(start, first, opening), (last, end, closing)])


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


def _line_left_empty(
    program: Program, call: cst.Call, finding: Finding
) -> cst.SimpleStatementLine | None:
    """Return the line of ``x = Variable(x)``, which would become ``x = x``."""
    statement = program.enclosing(call, cst.Assign)
    if statement is None or len(statement.targets) > 1:
        return None
    target, value = statement.targets[0].target, statement.value
    pairs: list[tuple[cst.BaseExpression, cst.BaseExpression]] = [(target, value)]
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
        names = [item.value for item in target.elements]
        wrapped = [item.value for item in value.elements]
        pairs = (
            list(zip(names, wrapped, strict=False))
            if len(names) == len(wrapped)
            else []
        )
    for name, inner in pairs:
        plain = (
            isinstance(inner, cst.Call)
            and program.called(inner) == _VARIABLE
            and len(inner.args) == 1
            and isinstance(name, cst.Name)
            and program.text(inner.args[0].value) == name.value
            and program.is_plain(inner.args[0].value)
        )
        if not plain:
            return None
    line = program.parent[statement]
    block = program.parent[line]
    if (
        not pairs
        or not finding.edits
        or not isinstance(line, cst.SimpleStatementLine)
        or len(line.body) > 1
        or len(getattr(block, "body", ())) < 2
        or program.is_alone_in_cell(line)
        or re.search(r"[\r\n]", program.text(line))
    ):
        return None
    return line


def _is_fresh(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether nobody else holds the tensor an expression makes."""
    while isinstance(node, cst.Call):
        if program.called(node).startswith("torch."):
            return program.called(node) != "torch.from_numpy"
        if not isinstance(node.func, cst.Attribute):
            return False
        node = node.func.value
    return False


def _unused_imports(program: Program, rule: str, dotted: str) -> Iterator[Finding]:
    """Take the import of a name out once nothing uses it."""
    if any(True for _ in references(program, dotted)):
        return
    for statement, alias, name, bindings in imported_names(program):
        own = any(b.node is statement and b.dotted == dotted for b in bindings)
        if own and not program.is_used_elsewhere(name):
            yield _removed_import(program, rule, statement, alias)


def _removed_import(
    program: Program, rule: str, statement: cst.ImportFrom, alias: cst.ImportAlias
) -> Finding:
    assert not isinstance(statement.names, cst.ImportStar)
    names, source = list(statement.names), program.source
    place, start = names.index(alias), program.start(statement)
    if len(names) > 1:
        if place:
            cut = (alias_end(program, names[place - 1]), alias_end(program, alias))
        else:
            cut = (program.start(alias), program.start(names[1]))
        if "#" in source[slice(*cut)]:
            return left(program, rule, statement, "comment-inside")
        return Finding(rule, start, [(*cut, "")])
    line = program.parent[statement]
    block = program.parent[line]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1:
        return left(program, rule, statement, "structure")
    if len(getattr(block, "body", ())) < 2 or program.is_alone_in_cell(line):
        return left(program, rule, statement, "only-statement")
    return removed_line(program, rule, line)
