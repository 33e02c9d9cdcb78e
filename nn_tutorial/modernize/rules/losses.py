"""Numbers taken out of a loss, and losses kept with their graph."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ..program import Program, method, operands
from .base import Finding, behind, index_of, is_data, left, rewritten, rule
from .evaluation import is_model_call, under_no_grad

__all__ = ["data_index", "loss_graph"]


@rule
def data_index(program: Program) -> Iterator[Finding]:
    """``loss.data[0]`` is ``loss.item()``."""
    for node in program.all(cst.Subscript) if program.is_torch else ():
        if index_of(node) != 0:
            continue
        tensor = _first_of_data(node) or _first_of_sum(program, node)
        if tensor is None:
            continue
        if program.is_one_number(tensor):
            edit = (program.outer_end(tensor), program.end(node), ".item()")
            yield rewritten(program, "data-index", node, edit)
        elif _is_one_of_many(program, tensor) or (
            re.search(r"loss|cost", program.text(tensor).lower())
            and not any(program.values(tensor))
        ):
            yield left(program, "data-index", node, "not-one-number")


def _is_one_of_many(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a name runs through the elements of a tensor in a loop."""
    bindings = program.reaching(node)
    return bool(bindings) and all(
        isinstance(b.node, cst.For)
        and isinstance(b.node.target, cst.Name)
        and any(c.kind == "parameter" for c in program.reaching(b.value))
        for b in bindings
    )


def _first_of_sum(program: Program, node: cst.Subscript) -> cst.Name | None:
    """Return ``total`` of ``total[0]`` where numbers of losses were added up."""
    if not isinstance(node.value, cst.Name):
        return None
    sums = [
        any(is_data(part) for part in operands(b.value))
        for b in program.lookup(node.value.value, node)
        if b.kind == "augmented" and b.value is not None
    ]
    return node.value if sums and all(sums) else None


def _first_of_data(node: cst.Subscript) -> cst.BaseExpression | None:
    """Return ``x`` of ``x.data[0]``, ``x.data.cpu().numpy()[0]`` and their like."""
    value, data = node.value, False
    while True:
        match value:
            case cst.Attribute(attr=cst.Name(value="data")):
                data, value = True, value.value
            case cst.Call(func=cst.Attribute(value=inner), args=[]):
                if method(value) not in {"cpu", "numpy", "detach"}:
                    break
                value = inner
            case _:
                break
    return value if data else None


@rule
def loss_graph(program: Program) -> Iterator[Finding]:
    """A loss kept as a tensor keeps its graph alive."""
    if not program.is_torch:
        return
    for call in program.all(cst.Call):
        match call:
            case cst.Call(
                func=cst.Attribute(
                    value=cst.Name() as holder, attr=cst.Name(value="append")
                ),
                args=[cst.Arg(value=kept)],
            ):
                yield from _kept_loss(program, call, kept, holder)
    for statement in program.all(cst.AugAssign):
        match statement:
            case cst.AugAssign(target=cst.Name() as holder, operator=cst.AddAssign()):
                if not program.goes_backward(holder):
                    yield from _kept_loss(program, statement, statement.value, holder)


def _kept_loss(
    program: Program, node: cst.CSTNode, kept: cst.BaseExpression, holder: cst.Name
) -> Iterator[Finding]:
    names = [
        name
        for name in operands(kept)
        if isinstance(name, cst.Name)
        and (program.goes_backward(name) or _is_evaluated(program, name))
        and not any(_is_taken_out(b.value) for b in program.reaching(name))
    ]
    if not names or under_no_grad(program, node):
        return
    if _number_suffices(program, holder, set()):
        edits = [behind(program, name, ".item()") for name in names]
        yield rewritten(program, "loss-graph", node, *edits)
    elif any(map(program.goes_backward, names)):
        yield Finding("loss-graph", program.start(node), reason="used-as-tensor")


def _is_evaluated(program: Program, name: cst.Name) -> bool:
    """Say whether a name holds the loss of a network that nobody trains here."""
    function = program.enclosing(name, cst.FunctionDef)
    calls = program.calls_of(function) if function is not None else []
    if calls and all(under_no_grad(program, call) for call in calls):
        return False
    losses = [binding.value for binding in program.reaching(name)]
    return bool(losses) and all(
        isinstance(loss, cst.Call)
        and program.is_one_number(loss)
        and any(
            isinstance(value, cst.Call) and is_model_call(program, value)
            for arg in loss.args
            for value in program.values(arg.value)
        )
        for loss in losses
    )


def _is_taken_out(value: cst.CSTNode | None) -> bool:
    """Say whether an expression gives a number or a tensor without a graph."""
    match value:
        case cst.Call(func=cst.Name(value=name)):
            return name in {"float", "int"}
        case cst.Call():
            return method(value) in {"item", "detach", "numpy"}
    return isinstance(value, cst.Subscript) or is_data(value)


_SHOWN_BY = {"print", "len", "float", "round", "str", "format"}
_SHOWING_METHODS = {"append", "format", "plot", "scatter", "semilogy", "write"}
_PASSED_THROUGH = (
    cst.Arg, cst.BinaryOperation, cst.Subscript, cst.SubscriptElement, cst.Index,
    cst.Slice, cst.Tuple, cst.List, cst.Element, cst.ComparisonTarget,
)  # fmt: skip


def _number_suffices(program: Program, holder: cst.CSTNode, seen: set[str]) -> bool:
    """Say whether every use of a name would be as well served by Python numbers."""
    if not isinstance(holder, cst.Name):
        return False
    if holder.value in seen:
        return True
    if program.is_used_elsewhere(holder.value):
        return False
    seen.add(holder.value)
    bindings = program.lookup(holder.value, holder)
    for name in program.names.get(holder.value, ()):
        parent = program.parent[name]
        of_other = isinstance(parent, cst.Attribute) and name is parent.attr
        if of_other or program.lookup(name.value, name) is not bindings:
            continue
        if not _number_suffices_here(program, name, seen):
            return False
    return bool(bindings) and all(b.kind in {"assign", "augmented"} for b in bindings)


def _number_suffices_here(program: Program, name: cst.Name, seen: set[str]) -> bool:
    node: cst.CSTNode = name
    for parent in program.ancestors(name):
        match parent:
            case cst.Attribute():
                # holder.append(...) is fine, holder.item() or holder.data is not.
                return parent.attr.value == "append" and node is name
            case cst.Call() if isinstance(node, cst.Arg):
                function = parent.func
                if isinstance(function, cst.Name) and function.value in _SHOWN_BY:
                    return True
                if program.dotted(function).startswith(("matplotlib.", "numpy.")):
                    return True
                if method(parent) == "append" and isinstance(function, cst.Attribute):
                    return _number_suffices(program, function.value, seen)
                return method(parent) in _SHOWING_METHODS
            case (
                cst.FormattedStringExpression() | cst.AssignTarget() | cst.Comparison()
            ):
                return True
            case cst.AugAssign():
                target = parent.target
                return node is target or _number_suffices(program, target, seen)
            case cst.Assign():
                targets = [target.target for target in parent.targets]
                return all(_number_suffices(program, item, seen) for item in targets)
            case _ if not isinstance(parent, _PASSED_THROUGH):
                return False
        node = parent
    return False
