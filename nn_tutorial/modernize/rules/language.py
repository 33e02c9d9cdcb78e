"""Classes and names of Python 2."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..program import COMPREHENSIONS, Program, method
from .base import Finding, is_binding, left, replaced, rewritten, rule

__all__ = ["python_2", "super_arguments"]


@rule
def super_arguments(program: Program) -> Iterator[Finding]:
    """``super(Net, self)`` is ``super()``."""
    kinds = (cst.FunctionDef, cst.Lambda, cst.ClassDef, *COMPREHENSIONS)
    for call in program.all(cst.Call) if program.is_torch else ():
        match call:
            case cst.Call(
                func=cst.Name(value="super"),
                args=[cst.Arg(value=cst.Name() as named), cst.Arg(value=instance)],
            ):
                around = program.enclosing(call, *kinds)
            case _:
                continue
        if not isinstance(around, cst.FunctionDef):
            continue
        owner = program.enclosing(around, cst.ClassDef, cst.FunctionDef)
        first = [*around.params.posonly_params, *around.params.params][:1]
        # A decorator may put another class in the place of this one.
        if not isinstance(owner, cst.ClassDef) or owner.decorators or not first:
            continue
        own = named.value == owner.name.value or _is_stranger(program, named, owner)
        if own and program.text(instance) == first[0].name.value:
            edit = (program.start(call.args[0]), program.end(call) - 1, "")
            yield rewritten(program, "super-arguments", call, edit)


def _is_stranger(program: Program, named: cst.Name, owner: cst.ClassDef) -> bool:
    """Say whether a class is surely none of the parents, so that Python refuses it."""
    other = program.only_class(named)
    open_classes, seen = [owner], set()
    while open_classes:
        item = open_classes.pop()
        if item is other or other is None:
            return False
        seen.add(item)
        for base in item.bases:
            if program.dotted(base.value).startswith("torch."):
                continue
            parent = program.only_class(base.value)
            if parent is None:
                return False
            if parent not in seen:
                open_classes.append(parent)
    return True


_RENAMED = {"xrange": "range", "raw_input": "input"}
_METHODS = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys"}


@rule
def python_2(program: Program) -> Iterator[Finding]:
    """Names that Python 3 has not."""
    for node in program.all(cst.Name):
        if program.lookup(node.value, node) or is_binding(program, node):
            continue
        if node.value in _RENAMED and program.is_free(_RENAMED[node.value]):
            yield replaced(program, "python-2", node, _RENAMED[node.value])
        elif node.value in {"unicode", "basestring", "unichr"}:
            yield left(program, "python-2", node, "structure")
    for node in program.names.get("print", ()):
        if not program.lookup("print", node):
            yield from _statement(program, node)
    for call in program.all(cst.Call):
        match call:
            case cst.Call(func=cst.Attribute(attr=name), args=[]):
                if name.value in _METHODS and not program.called(call):
                    yield replaced(program, "python-2", name, _METHODS[name.value])
            case cst.Call(args=[_]) if method(call) == "has_key":
                yield left(program, "python-2", call, "structure")


def _statement(program: Program, name: cst.Name) -> Iterator[Finding]:
    """Find statements of Python 2 that are expressions of Python 3 to the parser."""
    outer = program.parent[name]
    match outer:
        case cst.BinaryOperation(left=inner) | cst.Subscript(value=inner):
            if inner is name:  # print >>f, x; print -1; print [1, 2]
                yield left(program, "python-2", outer, "structure")
        case cst.Call():
            pair = program.parent[program.parent[outer]]
            match pair:  # print ("loss"), loss
                case cst.Tuple(elements=[cst.Element(value=first), _, *_]):
                    if first is outer and isinstance(program.parent[pair], cst.Expr):
                        yield left(program, "python-2", pair, "structure")
