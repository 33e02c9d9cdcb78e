"""Numbers taken out of a loss, and losses kept with their graph."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ..program import Program, keyword, literal, method, operands
from .base import Finding, left, outer_end, rule
from .evaluation import is_model_call, under_no_grad
from .kinds import is_dictionary, is_element


@rule
def data_index(program: Program) -> Iterator[Finding]:
    """``loss.data[0]`` is ``loss.item()``."""
    if not program.is_torch:
        return
    for node in program.all(cst.Subscript):
        tensor = _first_of_data(node) or _first_of_sum(program, node)
        if tensor is None:
            continue
        start = outer_end(program, tensor)
        if program.is_one_number(tensor):
            end = program.end(node)
            if "#" in program.source[program.end(tensor) : end]:
                yield left(program, "data-index", node, "comment-inside")
            else:
                edits = [(start, end, ".item()")]
                yield Finding("data-index", program.start(node), edits)
        elif _is_one_of_many(program, tensor) or (
            re.search(r"loss|cost", program.text(tensor).lower())
            and not any(program.values(tensor))
        ):
            yield left(program, "data-index", node, "not-one-number")


def _is_one_of_many(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a name runs through the elements of a tensor in a loop."""
    bindings = program.reaching(node) if isinstance(node, cst.Name) else []
    return bool(bindings) and all(
        b.kind == "for"
        and isinstance(b.node, cst.For)
        and isinstance(b.node.target, cst.Name)
        and isinstance(b.value, cst.Name)
        and any(c.kind == "parameter" for c in program.reaching(b.value))
        for b in bindings
    )


def _first_of_sum(program: Program, node: cst.Subscript) -> cst.Name | None:
    """Return ``total`` of ``total[0]`` where numbers of losses were added up."""
    index = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(index, cst.Index) or literal(index.value) != 0:
        return None
    if not isinstance(node.value, cst.Name):
        return None
    sums = [
        any(
            isinstance(part, cst.Attribute) and part.attr.value == "data"
            for part in operands(b.value)
        )
        for b in program.lookup(node.value.value, node)
        if b.kind == "augmented" and b.value is not None
    ]
    return node.value if sums and all(sums) else None


def _first_of_data(node: cst.Subscript) -> cst.BaseExpression | None:
    """Return ``x`` of ``x.data[0]``, ``x.data.cpu().numpy()[0]`` and their like."""
    index = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(index, cst.Index) or literal(index.value) != 0:
        return None
    value, data = node.value, False
    while True:
        if isinstance(value, cst.Attribute) and value.attr.value == "data":
            data, value = True, value.value
        elif (
            isinstance(value, cst.Call)
            and isinstance(value.func, cst.Attribute)
            and value.func.attr.value in {"cpu", "numpy", "detach"}
            and not value.args
        ):
            value = value.func.value
        else:
            return value if data and isinstance(index.value, cst.Integer) else None


@rule
def loss_graph(program: Program) -> Iterator[Finding]:
    """A loss kept as a tensor keeps its graph alive."""
    if not program.is_torch:
        return
    for call in program.all(cst.Call):
        if (
            method(call) == "append"
            and len(call.args) == 1
            and isinstance(call.func, cst.Attribute)
            and isinstance(call.func.value, cst.Name)
        ):
            kept = call.args[0].value
            yield from _kept_loss(program, call, kept, call.func.value)
    for statement in program.all(cst.AugAssign):
        if (
            isinstance(statement.operator, cst.AddAssign)
            and isinstance(statement.target, cst.Name)
            and not program.goes_backward(statement.target)
        ):
            yield from _kept_loss(program, statement, statement.value, statement.target)


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
    start = program.start(node)
    if _number_suffices(program, holder, set()):
        edits = [(program.end(name), program.end(name), ".item()") for name in names]
        yield Finding("loss-graph", start, edits)
    elif any(map(program.goes_backward, names)):
        yield Finding("loss-graph", start, reason="used-as-tensor")


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
    if isinstance(value, cst.Call):
        if isinstance(value.func, cst.Name):
            return value.func.value in {"float", "int"}
        return method(value) in {"item", "detach", "numpy"}
    if isinstance(value, cst.Subscript):
        return True
    return isinstance(value, cst.Attribute) and value.attr.value == "data"


_SHOWN_BY = {"print", "len", "float", "round", "str", "format"}
_SHOWING_METHODS = {"append", "format", "plot", "scatter", "semilogy", "write"}


def _number_suffices(program: Program, holder: cst.Name, seen: set[str]) -> bool:
    """Say whether every use of a name would be as well served by Python numbers."""
    if holder.value in seen:
        return True
    if program.is_used_elsewhere(holder.value):
        return False
    seen.add(holder.value)
    bindings = program.lookup(holder.value, holder)
    for name in program.names.get(holder.value, ()):
        parent = program.parent[name]
        if (
            isinstance(parent, cst.Attribute) and name is parent.attr
        ) or program.lookup(name.value, name) is not bindings:
            continue
        if not _number_suffices_here(program, name, seen):
            return False
    return bool(bindings) and all(b.kind in {"assign", "augmented"} for b in bindings)


def _number_suffices_here(program: Program, name: cst.Name, seen: set[str]) -> bool:
    node: cst.CSTNode = name
    for parent in program.ancestors(name):
        if isinstance(parent, cst.Attribute):
            # holder.append(...) is fine, holder.item() or holder.data is not.
            return parent.attr.value == "append" and node is name
        if isinstance(parent, cst.Call) and isinstance(node, cst.Arg):
            function = parent.func
            if isinstance(function, cst.Name) and function.value in _SHOWN_BY:
                return True
            if program.dotted(function).startswith(("matplotlib.", "numpy.")):
                return True
            if method(parent) == "append" and isinstance(function, cst.Attribute):
                target = function.value
                return isinstance(target, cst.Name) and _number_suffices(
                    program, target, seen
                )
            return method(parent) in _SHOWING_METHODS
        if isinstance(
            parent, (cst.FormattedStringExpression, cst.AssignTarget, cst.Comparison)
        ):
            return True
        if isinstance(parent, cst.AugAssign):
            return node is parent.target or (
                isinstance(parent.target, cst.Name)
                and _number_suffices(program, parent.target, seen)
            )
        if isinstance(parent, cst.Assign):
            targets = [target.target for target in parent.targets]
            return all(
                isinstance(target, cst.Name) and _number_suffices(program, target, seen)
                for target in targets
            )
        if not isinstance(
            parent,
            (
                cst.Arg,
                cst.BinaryOperation,
                cst.Subscript,
                cst.SubscriptElement,
                cst.Index,
                cst.Slice,
                cst.Tuple,
                cst.List,
                cst.Element,
                cst.ComparisonTarget,
            ),
        ):
            return False
        node = parent
    return False


@rule
def one_index_too_many(program: Program) -> Iterator[Finding]:
    """``torch.max(out, 1)[1].data[0][0]``: the dimension asked for is gone."""
    for node in program.all(cst.Subscript):
        inner = node.value
        if not isinstance(inner, cst.Subscript) or not is_element(program, node):
            continue
        name: cst.BaseExpression = inner.value
        if isinstance(name, cst.Attribute) and name.attr.value == "data":
            name = name.value
        made = [b.value for b in program.bindings_of(name)]
        reduced = [
            isinstance(call, cst.Call)
            and program.called(call) == "torch.max"
            and not keyword(call, "keepdim")
            and len(call.args) == 2
            for call in made
        ]
        if not reduced or not all(reduced):
            continue
        places = [part.slice[0].slice for part in (inner, node)]
        first = all(isinstance(p, cst.Index) and literal(p.value) == 0 for p in places)
        if first and _is_one_entry(program, node):
            # Right whether a dimension is gone or not.
            start, end = outer_end(program, inner.value), program.end(node)
            edits = [(start, end, ".flatten()[0]")]
            yield Finding("data-index", program.start(node), edits)
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
