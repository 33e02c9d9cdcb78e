"""Kinds of values: whole numbers, floats, truth values."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import (
    FRESH_TENSORS,
    Program,
    children,
    keyword,
    literal,
    method,
    positional,
)  # fmt: skip
from .base import Finding, behind, index_of, is_data, left, replaced, rewritten, rule

__all__ = [
    "arange_integer",
    "bool_minus",
    "byte_mask",
    "float_size",
    "integer_division",
]

_SIZE_KEYWORDS = set(NAMES["size_keywords"])


@rule
def float_size(program: Program) -> Iterator[Finding]:
    """``nn.Linear(n / 2, 10)``: a size that has become a float."""
    for layer, count in NAMES["size_arguments"].items():
        for call in program.calls(f"torch.nn.{layer}"):
            for place, arg in enumerate(call.args):
                key = arg.keyword.value if arg.keyword else ""
                is_size = key in _SIZE_KEYWORDS or (not key and place < count)
                slashes = _divisions(arg.value) if is_size and not arg.star else []
                if slashes:
                    edits = [(*program.span(slash), "//") for slash in slashes]
                    yield rewritten(program, "float-size", arg.value, *edits)


def _divisions(node: cst.CSTNode) -> list[cst.Divide]:
    """Return the ``/`` of an expression of whole numbers, none if a float is in it."""
    parts, found = [node], []
    while parts:
        item = parts.pop()
        if isinstance(item, cst.Float):
            return []
        if isinstance(item, (cst.BinaryOperation, cst.Tuple, cst.Element)):
            parts.extend(children(item))
        elif isinstance(item, cst.Divide):
            found.append(item)
    return found


@rule
def integer_division(program: Program) -> Iterator[Finding]:
    """``/`` between whole numbers of a tensor, used as an index or in place."""
    for node in program.all(cst.AugAssign):
        divides = isinstance(node.operator, cst.DivideAssign)
        if divides and _is_whole(program, node.target):
            yield left(program, "integer-division", node, "choose")
    for index in program.all(cst.Index):
        for value in program.values(index.value):
            match value:
                case cst.BinaryOperation(operator=cst.Divide()):
                    if _is_whole(program, value.left):
                        yield left(program, "integer-division", value, "choose")


_WHOLE = {
    "torch.LongTensor", "torch.IntTensor", "torch.argmax", "torch.randint",
    "torch.randperm",
}  # fmt: skip


def _is_whole(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value is surely a tensor of whole numbers."""
    values = program.values(node)
    return bool(values) and all(_makes_whole(program, value) for value in values)


def _makes_whole(program: Program, value: cst.BaseExpression | None) -> bool:
    if isinstance(value, cst.Subscript):  # torch.max(x, 1)[1]
        name = program.called(value.value).rpartition(".")[2] or method(value.value)
        return index_of(value) == 1 and name in {"max", "min", "topk", "sort"}
    if program.called(value) == "torch.arange" and isinstance(value, cst.Call):
        return all(
            isinstance(arg.value, cst.Integer) and arg.keyword is None
            for arg in value.args
        )
    return program.called(value) in _WHOLE or method(value) in {"argmax", "int", "long"}


_MASKED_METHODS = set(NAMES["masked_methods"])


@rule
def byte_mask(program: Program) -> Iterator[Finding]:
    """Masks of bytes."""
    for call in program.all(cst.Call) if program.is_torch else ():
        name, plain = program.called(call), positional(call)
        place = 1 if name == "torch.masked_select" else 0
        takes = name in {"torch.masked_select", "torch.where"} or (
            not name and method(call) in _MASKED_METHODS
        )
        mask = plain[place].value if takes and len(plain) > place else None
        match mask:
            case None:
                continue
            case cst.Call(func=cst.Attribute(attr=kind), args=[]) if (
                kind.value == "byte"
            ):
                yield replaced(program, "byte-mask", kind, "bool")
            case _ if program.comes_from(mask, ["torch.ByteTensor"]):
                edit = behind(program, mask, ".bool()")
                yield rewritten(program, "byte-mask", mask, edit)


@rule
def bool_minus(program: Program) -> Iterator[Finding]:
    """``1 - mask``."""
    for node in program.all(cst.BinaryOperation) if program.is_torch else ():
        match node:
            case cst.BinaryOperation(operator=cst.Subtract(), right=cst.Comparison()):
                assert isinstance(node.right, cst.Comparison)
                others = [item.comparator for item in node.right.comparisons]
                sides = [node.right.left, *others]
                known = any(_is_tensor(program, side) for side in sides)
                if literal(node.left) == 1 and known:
                    yield left(program, "bool-minus", node, "choose")


def _is_tensor(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value surely is a tensor."""
    values = program.values(node)
    return program.has_graph(node) or (
        bool(values)
        and all(program.called(v) in FRESH_TENSORS or is_data(v) for v in values)
    )


@rule
def arange_integer(program: Program) -> Iterator[Finding]:
    """``torch.arange(3)`` is a tensor of integers, which has no gradient."""
    for call in program.calls("torch.arange"):
        whole = [literal(arg.value) for arg in positional(call)]
        if keyword(call, "dtype") or not whole:
            continue
        if all(isinstance(n, int) for n in whole) and _needs_floats(program, call):
            end = program.end(call)
            yield rewritten(program, "arange-integer", call, (end, end, ".float()"))


_WANT_FLOATS = {"requires_grad_", "normal_", "uniform_"}
_KEEP_KIND = {"view", "reshape", "unsqueeze", "cuda", "detach", "clone"}


def _needs_floats(program: Program, call: cst.Call) -> bool:
    node: cst.CSTNode = call
    for outer in program.ancestors(call):
        match outer:
            case cst.Call() if isinstance(node, cst.Arg):
                if program.called(outer) != "torch.autograd.Variable":
                    return program.is_network(outer.func)
                asked = keyword(outer, "requires_grad")
                if asked is not None and literal(asked.value) is True:
                    return True
            case cst.Call():
                if method(outer) in _WANT_FLOATS:
                    return True
            case cst.Attribute(attr=cst.Name(value=name)):
                if name not in _KEEP_KIND | _WANT_FLOATS:
                    return False
            case cst.Assign():
                return _goes_into_network(program, outer)
            case cst.Arg():
                pass
            case _:
                return False
        node = outer
    return False


def _goes_into_network(program: Program, statement: cst.Assign) -> bool:
    """Say whether a network is given what a statement binds."""
    return any(
        [b.node for b in program.reaching(arg.value)] == [statement]
        and program.is_network(call.func)
        for call in program.all(cst.Call)
        for arg in call.args[:1]
    )
