"""Kinds of values: whole numbers, truth values, elements of tensors."""

from __future__ import annotations

import re
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
from .base import Finding, left, outer_end, replaced, rule


@rule
def tensor_range(program: Program) -> Iterator[Finding]:
    """``torch.range`` includes its end."""
    for call in program.all(cst.Call):
        if program.called(call) == "torch.range":
            yield left(program, "tensor-range", call, "choose")


_SIZE_KEYWORDS = set(NAMES["size_keywords"])


@rule
def float_size(program: Program) -> Iterator[Finding]:
    """``nn.Linear(n / 2, 10)``: a size that has become a float."""
    for call in program.all(cst.Call):
        module, _, layer = program.called(call).rpartition(".")
        count = NAMES["size_arguments"].get(layer, 0) if module == "torch.nn" else 0
        for place, arg in enumerate(call.args if count else ()):
            key = arg.keyword.value if arg.keyword else ""
            if (place < count if not key else key in _SIZE_KEYWORDS) and not arg.star:
                edits = [
                    (program.start(operator), program.end(operator), "//")
                    for operator in _divisions(arg.value)
                ]
                if edits:
                    yield Finding("float-size", program.start(arg.value), edits)


def _divisions(node: cst.CSTNode) -> Iterator[cst.Divide]:
    """Give the ``/`` of an expression of whole numbers, none if a float is in it."""
    parts = [node]
    found = []
    while parts:
        item = parts.pop()
        if isinstance(item, cst.Float):
            return
        if isinstance(item, (cst.BinaryOperation, cst.Tuple, cst.Element)):
            if isinstance(item, cst.BinaryOperation) and isinstance(
                item.operator, cst.Divide
            ):
                found.append(item.operator)
            parts.extend(children(item))
    yield from found


@rule
def integer_division(program: Program) -> Iterator[Finding]:
    """``/`` between whole numbers of a tensor, used as an index or in place."""
    for statement in program.all(cst.AugAssign):
        if isinstance(statement.operator, cst.DivideAssign) and _is_whole(
            program, statement.target
        ):
            yield left(program, "integer-division", statement, "choose")
    for index in program.all(cst.Index):
        for value in program.values(index.value):
            if (
                isinstance(value, cst.BinaryOperation)
                and isinstance(value.operator, cst.Divide)
                and _is_whole(program, value.left)
            ):
                yield left(program, "integer-division", value, "choose")


def _is_whole(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value is surely a tensor of whole numbers."""
    values = program.values(node)
    for value in values:
        if isinstance(value, cst.Subscript):  # torch.max(x, 1)[1]
            index = value.slice[0].slice
            inner = value.value
            name = program.called(inner).rpartition(".")[2] or (
                method(inner) if isinstance(inner, cst.Call) else ""
            )
            if not isinstance(index, cst.Index) or literal(index.value) != 1:
                return False
            if name not in {"max", "min", "topk", "sort"}:
                return False
        elif isinstance(value, cst.Call):
            name = program.called(value)
            whole = name in {
                "torch.LongTensor",
                "torch.IntTensor",
                "torch.argmax",
                "torch.randint",
                "torch.randperm",
            } or method(value) in {"argmax", "int", "long"}
            counted = name == "torch.arange" and all(
                isinstance(arg.value, cst.Integer) and arg.keyword is None
                for arg in value.args
            )
            if not whole and not counted:
                return False
        else:
            return False
    return bool(values)


_MASKED_METHODS = set(NAMES["masked_methods"])


@rule
def masks(program: Program) -> Iterator[Finding]:
    """Masks of bytes, and ``1 - mask``."""
    if not program.is_torch:
        return
    for call in program.all(cst.Call):
        name, plain = program.called(call), positional(call)
        place = 1 if name == "torch.masked_select" else 0
        if name not in {"torch.masked_select", "torch.where"} and (
            name or method(call) not in _MASKED_METHODS
        ):
            continue
        mask = plain[place].value if len(plain) > place else None
        if isinstance(mask, cst.Call) and method(mask) == "byte" and not mask.args:
            assert isinstance(mask.func, cst.Attribute)
            yield replaced(program, "byte-mask", mask.func.attr, "bool")
        elif mask is not None and program.comes_from(mask, ["torch.ByteTensor"]):
            end = outer_end(program, mask)
            yield Finding("byte-mask", program.start(mask), [(end, end, ".bool()")])
    for node in program.all(cst.BinaryOperation):
        mask = node.right
        if (
            isinstance(node.operator, cst.Subtract)
            and literal(node.left) == 1
            and isinstance(mask, cst.Comparison)
        ):
            sides = [mask.left, *(item.comparator for item in mask.comparisons)]
            if any(_is_tensor(program, side) for side in sides):
                yield left(program, "bool-minus", node, "choose")


def _is_tensor(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value surely is a tensor."""
    if program.has_graph(node):
        return True
    values = program.values(node)
    return bool(values) and all(
        program.called(value) in FRESH_TENSORS
        or (isinstance(value, cst.Attribute) and value.attr.value == "data")
        for value in values
    )


@rule
def arange_integer(program: Program) -> Iterator[Finding]:
    """``torch.arange(3)`` is a tensor of integers, which has no gradient."""
    for call in program.all(cst.Call):
        if program.called(call) != "torch.arange" or keyword(call, "dtype"):
            continue
        whole = [literal(arg.value) for arg in positional(call)]
        if not whole or not all(isinstance(number, int) for number in whole):
            continue
        if _needs_floats(program, call):
            end = program.end(call)
            edits = [(end, end, ".float()")]
            yield Finding("arange-integer", program.start(call), edits)


def _needs_floats(program: Program, call: cst.Call) -> bool:
    node: cst.CSTNode = call
    for outer in program.ancestors(call):
        if isinstance(outer, cst.Call) and isinstance(node, cst.Arg):
            if program.called(outer) != "torch.autograd.Variable":
                return program.is_network(outer.func)
            asked = keyword(outer, "requires_grad")
            if asked is not None and literal(asked.value) is True:
                return True
        elif isinstance(outer, cst.Call) and method(outer) in _WANT_FLOATS:
            return True
        elif isinstance(outer, cst.Assign):
            return _goes_into_network(program, outer)
        elif not isinstance(outer, (cst.Call, cst.Arg, cst.Attribute)) or (
            isinstance(outer, cst.Attribute)
            and outer.attr.value not in _KEEP_KIND | _WANT_FLOATS
        ):
            return False
        node = outer
    return False


_WANT_FLOATS = {"requires_grad_", "normal_", "uniform_"}
_KEEP_KIND = {"view", "reshape", "unsqueeze", "cuda", "detach", "clone"}


def _goes_into_network(program: Program, statement: cst.Assign) -> bool:
    """Say whether a network is given what a statement binds."""
    for call in program.all(cst.Call):
        for arg in call.args[:1]:
            if isinstance(arg.value, cst.Name) and program.is_network(call.func):
                bindings = program.reaching(arg.value)
                if [b.node for b in bindings] == [statement]:
                    return True
    return False


_HOLDS_WORDS = re.compile(
    r"(?:2word|to_word|2char|index2|idx2|ix_?to|_to_ix|vocab|2label)", re.IGNORECASE
)


@rule
def tensor_key(program: Program) -> Iterator[Finding]:
    """An element of a tensor as the key of a dictionary."""
    if not program.is_torch:
        return
    for node in program.all(cst.Subscript):
        part = node.slice[0].slice if len(node.slice) == 1 else None
        if not isinstance(part, cst.Index) or not is_dictionary(program, node.value):
            continue
        values = program.values(part.value)
        if values and all(is_element(program, value) for value in values):
            end = outer_end(program, part.value)
            yield Finding("tensor-key", program.start(node), [(end, end, ".item()")])


def is_dictionary(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value is a dictionary, by what it is made of or by its name."""
    if _HOLDS_WORDS.search(program.text(node)):
        return True
    values = program.values(node)
    return bool(values) and all(
        isinstance(value, (cst.Dict, cst.DictComp)) for value in values
    )


def is_element(program: Program, node: cst.BaseExpression | None) -> bool:
    """Say whether a value is an element of what ``topk`` or ``max`` give."""
    depth = 0
    while isinstance(node, cst.Subscript) or (
        isinstance(node, cst.Attribute) and node.attr.value == "data"
    ):
        if isinstance(node, cst.Attribute):
            node = node.value
            continue
        index = node.slice[0].slice
        if len(node.slice) != 1 or not isinstance(index, cst.Index):
            return False
        depth, node = depth + 1, node.value
    if not depth or not isinstance(node, cst.Name):
        return False
    bindings = program.reaching(node)
    return bool(bindings) and all(
        b.kind == "unpack"
        and isinstance(b.value, cst.Call)
        and (method(b.value) or program.called(b.value).rpartition(".")[2])
        in {"topk", "max", "sort", "min"}
        for b in bindings
    )


_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?([a-zA-Z%])")


@rule
def array_to_number(program: Program) -> Iterator[Finding]:
    """``"%.2f" % w.numpy()``: an array of one element where a number is wanted."""
    if not program.is_torch:
        return
    for node in program.all(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Modulo) or not isinstance(
            node.left, (cst.SimpleString, cst.ConcatenatedString)
        ):
            continue
        kinds = [k for k in _CONVERSION.findall(program.text(node.left)) if k != "%"]
        right = node.right
        values = [right]
        if isinstance(right, cst.Tuple):
            values = [item.value for item in right.elements]
        for kind, value in zip(kinds, values, strict=False):
            if kind in "dfegFEG":
                yield from _from_array(program, value)
    for call in program.all(cst.Call):
        name = call.func.value if isinstance(call.func, cst.Name) else ""
        if name in {"float", "int", "round"} and len(call.args) == 1:
            yield from _from_array(program, call.args[0].value)


def _from_array(program: Program, node: cst.BaseExpression) -> Iterator[Finding]:
    if not isinstance(node, cst.Call) or method(node) != "numpy" or node.args:
        return
    assert isinstance(node.func, cst.Attribute)
    if not program.is_one_number(node.func.value) and not program.called(node):
        yield replaced(program, "array-to-number", node.func.attr, "item")
