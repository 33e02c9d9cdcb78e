"""Classes and names of Python 2."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..program import COMPREHENSIONS, Program, method
from .base import Finding, is_binding, left, replaced, rule


@rule
def super_arguments(program: Program) -> Iterator[Finding]:
    """``super(Net, self)`` is ``super()``."""
    if not program.is_torch:
        return
    for call in program.all(cst.Call):
        if not isinstance(call.func, cst.Name) or call.func.value != "super":
            continue
        method = program.enclosing(
            call, cst.FunctionDef, cst.Lambda, cst.ClassDef, *COMPREHENSIONS
        )
        if len(call.args) != 2 or not isinstance(method, cst.FunctionDef):
            continue
        owner = program.enclosing(method, cst.ClassDef, cst.FunctionDef)
        first = [*method.params.posonly_params, *method.params.params][:1]
        named, instance = (arg.value for arg in call.args)
        if (
            not isinstance(owner, cst.ClassDef)
            or owner.decorators  # may put another class in its place
            or not first
            or program.text(instance) != first[0].name.value
            or not isinstance(named, cst.Name)
            or not (
                named.value == owner.name.value or _is_stranger(program, named, owner)
            )
        ):
            continue
        start, end = program.start(call.args[0]), program.end(call) - 1
        if "#" in program.source[start:end]:
            yield left(program, "super-arguments", call, "comment-inside")
        else:
            edits = [(start, end, "")]
            yield Finding("super-arguments", program.start(call), edits)


def _is_stranger(program: Program, named: cst.Name, owner: cst.ClassDef) -> bool:
    """Say whether a class is surely none of the parents, so that Python refuses it."""
    bindings = program.lookup(named.value, named)
    if len(bindings) != 1 or not isinstance(bindings[0].node, cst.ClassDef):
        return False
    open_classes, seen = [owner], set()
    while open_classes:
        item = open_classes.pop()
        if item is bindings[0].node:
            return False
        seen.add(item)
        for base in item.bases:
            if program.dotted(base.value).startswith("torch."):
                continue
            parents = (
                program.lookup(base.value.value, base)
                if isinstance(base.value, cst.Name)
                else []
            )
            if len(parents) != 1 or not isinstance(parents[0].node, cst.ClassDef):
                return False
            if parents[0].node not in seen:
                open_classes.append(parents[0].node)
    return True


@rule
def python_2(program: Program) -> Iterator[Finding]:
    """Names that Python 3 has not."""
    renamed = {"xrange": "range", "raw_input": "input"}
    for node in program.all(cst.Name):
        if program.lookup(node.value, node) or is_binding(program, node):
            continue
        if node.value in renamed and program.is_free(renamed[node.value]):
            yield replaced(program, "python-2", node, renamed[node.value])
        elif node.value in {"unicode", "basestring", "unichr"}:
            yield left(program, "python-2", node, "structure")
    # "print >>f, x", "print -1" and "print [1, 2]" are Python 3 to the parser.
    for operation in program.all(cst.BinaryOperation):
        if _is_print(program, operation.left):
            yield left(program, "python-2", operation, "structure")
    for subscript in program.all(cst.Subscript):
        if _is_print(program, subscript.value):
            yield left(program, "python-2", subscript, "structure")
    for pair in program.all(cst.Tuple):  # print ("loss"), loss
        first = pair.elements[0].value if len(pair.elements) > 1 else None
        if isinstance(program.parent[pair], cst.Expr) and (
            isinstance(first, cst.Call) and _is_print(program, first.func)
        ):
            yield left(program, "python-2", pair, "structure")
    methods = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys"}
    for call in program.all(cst.Call):
        if method(call) in methods and not call.args and not program.called(call):
            assert isinstance(call.func, cst.Attribute)
            new = methods[method(call)]
            yield replaced(program, "python-2", call.func.attr, new)
        elif method(call) == "has_key" and len(call.args) == 1:
            yield left(program, "python-2", call, "structure")


def _is_print(program: Program, node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and (
        node.value == "print" and not program.lookup("print", node)
    )
