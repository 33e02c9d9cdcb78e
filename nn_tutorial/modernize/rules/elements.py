"""Elements of tensors: as keys, as numbers, with one index too many."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ..program import Program, keyword, method
from .base import Finding, behind, index_of, is_data, left, replaced, rewritten, rule

__all__ = [
    "array_to_number",
    "is_dictionary",
    "is_element",
    "one_index_too_many",
    "tensor_key",
]

_HOLDS_WORDS = re.compile(
    r"(?:2word|to_word|2char|index2|idx2|ix_?to|_to_ix|vocab|2label)", re.IGNORECASE
)


@rule
def tensor_key(program: Program) -> Iterator[Finding]:
    """An element of a tensor as the key of a dictionary."""
    for node in program.all(cst.Subscript) if program.is_torch else ():
        match node.slice:
            case [cst.SubscriptElement(slice=cst.Index(value=key))]:
                known = is_dictionary(program, node.value)
                values = program.values(key) if known else []
                if values and all(is_element(program, value) for value in values):
                    edit = behind(program, key, ".item()")
                    yield rewritten(program, "tensor-key", node, edit)


def is_dictionary(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value is a dictionary, by what it is made of or by its name."""
    if _HOLDS_WORDS.search(program.text(node)):
        return True
    values = program.values(node)
    return bool(values) and all(isinstance(v, (cst.Dict, cst.DictComp)) for v in values)


def is_element(program: Program, node: cst.BaseExpression | None) -> bool:
    """Say whether a value is an element of what ``topk`` or ``max`` give."""
    depth = 0
    while True:
        match node:
            case cst.Attribute(value=inner, attr=cst.Name(value="data")):
                node = inner
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index())]):
                depth, node = depth + 1, node.value
            case _:
                break
    bindings = program.reaching(node) if depth else []
    return bool(bindings) and all(
        b.kind == "unpack"
        and (method(b.value) or program.called(b.value).rpartition(".")[2])
        in {"topk", "max", "sort", "min"}
        for b in bindings
    )


_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?([a-zA-Z%])")


@rule
def array_to_number(program: Program) -> Iterator[Finding]:
    """``"%.2f" % w.numpy()``: an array of one element where a number is wanted."""
    wanted: list[cst.BaseExpression] = []
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
        pairs = zip(kinds, values, strict=False)
        wanted += [value for kind, value in pairs if kind in "dfegFEG"]
    for call in program.all(cst.Call):
        match call:
            case cst.Call(func=cst.Name(value="float" | "int" | "round"), args=[arg]):
                wanted.append(arg.value)
    for value in wanted if program.is_torch else ():
        match value:
            case cst.Call(func=cst.Attribute(value=owner, attr=name), args=[]):
                known = program.is_one_number(owner) or program.called(value)
                if name.value == "numpy" and not known:
                    yield replaced(program, "array-to-number", name, "item")


@rule
def one_index_too_many(program: Program) -> Iterator[Finding]:
    """``torch.max(out, 1)[1].data[0][0]``: the dimension asked for is gone."""
    for node in program.all(cst.Subscript):
        inner = node.value
        if not isinstance(inner, cst.Subscript) or not is_element(program, node):
            continue
        name = inner.value
        if isinstance(name, cst.Attribute) and is_data(name):
            name = name.value
        made = [b.value for b in program.bindings_of(name)]
        if not made or not all(
            isinstance(call, cst.Call)
            and program.called(call) == "torch.max"
            and len(call.args) == 2
            and not keyword(call, "keepdim")
            for call in made
        ):
            continue
        if index_of(inner) == index_of(node) == 0 and _is_one_entry(program, node):
            # Right whether a dimension is gone or not.
            edit = (program.outer_end(inner.value), program.end(node), ".flatten()[0]")
            yield rewritten(program, "data-index", node, edit)
        else:
            yield left(program, "data-index", node, "not-one-number")


def _is_one_entry(program: Program, node: cst.Subscript) -> bool:
    """Say whether one number is wanted: a key, an argument of ``int``, ``.item()``."""
    outer = program.parent[node]
    if isinstance(outer, cst.Attribute):
        return outer.attr.value == "item"
    if isinstance(outer, cst.Index):
        holder = program.enclosing(outer, cst.Subscript)
        return holder is not None and is_dictionary(program, holder.value)
    call = program.parent[outer] if isinstance(outer, cst.Arg) else None
    return isinstance(call, cst.Call) and program.text(call.func) in {"int", "float"}
