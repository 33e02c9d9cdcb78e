"""Losses whose target has another shape than it needs today."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ..program import FRESH_TENSORS, Program, method, positional
from .base import Finding, behind, left, rewritten, rule
from .needs import torch_needed

__all__ = ["bce_shape", "class_target"]

_CLASS_LOSSES = {
    "torch.nn.CrossEntropyLoss", "torch.nn.NLLLoss",
    "torch.nn.functional.cross_entropy", "torch.nn.functional.nll_loss",
}  # fmt: skip


def _loss_names(program: Program, call: cst.Call) -> set[str]:
    """Return the losses of PyTorch that a call may compute."""
    name = program.called(call)
    if name:
        return {name}
    return {program.called(value) for value in program.values(call.func)}


@rule
def class_target(program: Program) -> Iterator[Finding]:
    """``criterion(output, target[i])``: one target, which has no dimension today."""
    for call in program.all(cst.Call):
        plain = positional(call)
        names = _loss_names(program, call)
        if len(plain) < 2 or not names or not names <= _CLASS_LOSSES:
            continue
        target = plain[1].value
        part = (
            target.slice[0].slice
            if isinstance(target, cst.Subscript) and len(target.slice) == 1
            else None
        )
        counted = isinstance(part, cst.Index) and _counts(program, part.value, call)
        if not counted and not _runs_through_tensor(program, target):
            continue
        torch = torch_needed(program)
        if torch is None:
            yield left(program, "class-target", target, "name-taken", name="torch")
            continue
        start, end = program.start(target), program.end(target)
        edits = [(start, start, f"{torch[0]}.atleast_1d("), (end, end, ")")]
        yield Finding("class-target", start, edits, needs=torch[1])


_OLDER = re.compile(r"\bVariable\(|\bvolatile=|\.data\[0\]")


def _counts(program: Program, node: cst.BaseExpression, call: cst.Call) -> bool:
    """Say whether an index counts the steps of a loop in which a network is run."""
    bindings = program.reaching(node) if isinstance(node, cst.Name) else []
    for binding in bindings:
        loop, counted = binding.node, binding.value
        called = counted.func if isinstance(counted, cst.Call) else None
        name = called.value if isinstance(called, cst.Name) else ""
        if not isinstance(loop, cst.For) or name not in {"range", "enumerate"}:
            return False
        index = program.text(node)
        pair = (index + ",", "(" + index)
        if name == "enumerate" and not program.text(loop.target).startswith(pair):
            return False
    if not bindings:
        return False
    if _OLDER.search(program.source):  # no loss took a single output then
        return True
    step = re.compile(rf"\[{re.escape(program.text(node))}\]")
    return any(
        isinstance(item, cst.Call)
        and item is not call
        and not method(item)
        and any(step.search(program.text(arg)) for arg in item.args)
        for item in program.inside(bindings[0].node)
    )


def _runs_through_tensor(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a loop such as ``for x, y in zip(xs, ys)`` binds an element."""
    bindings = program.reaching(node) if isinstance(node, cst.Name) else []
    for binding in bindings:
        loop, iterated = binding.node, binding.value
        if not isinstance(loop, cst.For) or iterated is None:
            return False
        target: cst.BaseExpression = loop.target
        while isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Name):
            parts = [arg.value for arg in iterated.args]
            if not isinstance(target, cst.Tuple) or not parts:
                return False
            names = [program.text(item.value) for item in target.elements]
            called = iterated.func.value
            if called == "enumerate" and len(names) == 2:
                target, iterated = target.elements[1].value, parts[0]
            elif called == "zip" and program.text(node) in names:
                place = names.index(program.text(node))
                if place >= len(parts):
                    return False
                target, iterated = target.elements[place].value, parts[place]
            else:
                return False
        values = [_innermost(program, value) for value in program.values(iterated)]
        if not values or any(program.called(v) not in FRESH_TENSORS for v in values):
            return False
    return bool(bindings)


_TARGET_MAKERS = {
    "torch.ones", "torch.zeros", "torch.rand", "torch.FloatTensor", "torch.empty",
}  # fmt: skip


@rule
def bce_shape(program: Program) -> Iterator[Finding]:
    """``BCELoss`` of outputs (N, 1) and targets (N,)."""
    losses = {"torch.nn.BCELoss", "torch.nn.functional.binary_cross_entropy"}
    for call in program.all(cst.Call):
        plain = positional(call)
        names = _loss_names(program, call)
        if len(plain) < 2 or not names or not names <= losses:
            continue
        output, target = plain[0].value, plain[1].value
        made = [_innermost(program, value) for value in program.values(target)]
        flat = made and all(program.dimensions(value) == 1 for value in made)
        known = flat and all(program.called(v) in _TARGET_MAKERS for v in made)
        if not known or not _gives_column(program, output):
            continue
        same = ".unsqueeze(1)"
        if isinstance(output, (cst.Name, cst.Attribute)):
            same = f".view_as({program.text(output)})"
        yield rewritten(program, "bce-shape", target, behind(program, target, same))


def _innermost(
    program: Program, node: cst.BaseExpression | None
) -> cst.BaseExpression | None:
    """Return what is within ``Variable(...)``, ``.cuda()`` and ``.fill_(...)``."""
    while isinstance(node, cst.Call):
        if program.called(node) == "torch.autograd.Variable" and node.args:
            node = node.args[0].value
        elif method(node) in {"cuda", "to", "fill_", "detach", "float"} and isinstance(
            node.func, cst.Attribute
        ):
            if program.called(node):
                break
            node = node.func.value
        elif _only_wraps(program, node):
            node = node.args[0].value
        else:
            break
    return node


def _only_wraps(program: Program, call: cst.Call) -> bool:
    """Say whether a function of the program gives back its argument, moved perhaps."""
    functions = program.functions_called(call)
    if len(functions) != 1 or len(call.args) != 1 or not functions[0].params.params:
        return False
    name = functions[0].params.params[0].name.value
    results = [_innermost(program, value) for value in program.returns(functions[0])]
    return bool(results) and all(
        isinstance(item, cst.Name) and item.value == name for item in results
    )


_FLATTENS = re.compile(r"squeeze|(?:view|reshape)\(-1\)|mean\(|sum\(|\[:, 0\]")


def _gives_column(program: Program, output: cst.BaseExpression) -> bool:
    """Say whether a network gives rows of one number, as far as the text tells."""
    values = program.values(output)
    for value in values:
        if not isinstance(value, cst.Call):
            return False
        functions = program.functions_called(value)
        if not functions and not program.is_network(value.func):
            return False
        if any(_FLATTENS.search(program.text(function)) for function in functions):
            return False
        if not functions and program.dimensions(value) != 2:
            networks = program.values(value.func)
            if not all(_is_plain_stack(program, network) for network in networks):
                return False
    return bool(values)


def _is_plain_stack(program: Program, network: cst.BaseExpression | None) -> bool:
    """Say whether a network is a ``Sequential`` that begins with a ``Linear``."""
    if program.called(network) != "torch.nn.Sequential":
        return False
    assert isinstance(network, cst.Call)
    return bool(network.args) and (
        program.called(network.args[0].value) == "torch.nn.Linear"
    )
