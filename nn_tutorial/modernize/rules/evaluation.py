"""Evaluations: ``volatile``, ``torch.no_grad()`` and ``model.eval()``."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import libcst as cst

from ..program import Program, keyword, literal, method
from .base import Finding, cut_argument, left, rule
from .needs import torch_needed


def volatile_argument(program: Program, call: cst.Call, arg: cst.Arg) -> Finding:
    """Put the evaluation around ``Variable(x, volatile=True)`` under ``no_grad``."""
    refuse = functools.partial(left, program, "volatile", arg)
    if literal(arg.value) is not True or keyword(call, "requires_grad"):
        return refuse("argument-unclear")
    cut = cut_argument(program, call, arg)
    torch = torch_needed(program)
    if cut is None:
        return refuse("comment-inside")
    if torch is None:
        return refuse("name-taken", name="torch")
    finding = Finding("volatile", program.start(arg), cut)
    if not under_no_grad(program, call):
        evaluation = _evaluation_around(program, call)
        if evaluation is None:
            return refuse("evaluation-unclear")
        finding.needs = {evaluation, *torch[1]}
    return finding


_NO_GRAD = {"torch.no_grad", "torch.inference_mode", "torch.set_grad_enabled"}


def under_no_grad(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a place is under ``torch.no_grad()`` or a relative of it."""
    for outer in program.ancestors(node):
        if isinstance(outer, cst.With) and any(
            program.called(item.item) in _NO_GRAD for item in outer.items
        ):
            return True
        if isinstance(outer, cst.FunctionDef):
            return any(
                (program.called(d.decorator) or program.dotted(d.decorator)) in _NO_GRAD
                for d in outer.decorators
            )
    return False


def _evaluation_around(program: Program, node: cst.CSTNode) -> cst.CSTNode | None:
    """Return the smallest loop, branch or function around ``node`` without training."""
    branch: cst.CSTNode | None = None
    for outer in program.ancestors(node):
        if isinstance(outer, (cst.Lambda, cst.ClassDef)):
            return None
        if isinstance(outer, (cst.For, cst.While, cst.FunctionDef)):
            if outer is node or not _trains(program, outer):
                return outer
            break
        if isinstance(outer, cst.If) and not isinstance(
            program.parent[outer], (cst.If, cst.Else)
        ):
            branch = branch or outer
    if branch is None and _is_asked_at_once(program, node):
        branch = program.enclosing(node, cst.SimpleStatementLine)
    return branch if branch is not None and not _trains(program, branch) else None


def _is_asked_at_once(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a volatile input goes into a network where it is made."""
    for outer in program.ancestors(node):
        if isinstance(outer, cst.SimpleStatementLine):
            return False
        if not isinstance(outer, cst.Call) or program.called(outer):
            continue
        if isinstance(outer.func, cst.Name) or program.is_network(outer.func):
            return True
    return False


def _trains(program: Program, node: cst.CSTNode, depth: int = 3) -> bool:
    """Say whether a piece of the program may need its gradients."""
    for item in program.inside(node):
        if isinstance(item, (cst.Yield, cst.Await)):
            return True  # what runs in between is not seen
        if not isinstance(item, cst.Call):
            continue
        if method(item) in {"backward", "step"} or program.called(item) in {
            "torch.autograd.grad",
            "torch.autograd.backward",
        }:
            return True
        for function in program.functions_called(item):
            if depth and _trains(program, function.body, depth - 1):
                return True
    if isinstance(node, (cst.FunctionDef, cst.IndentedBlock)):
        return False
    # A loss computed here and asked for its gradient further down.
    for call in program.all(cst.Call):
        if method(call) == "backward" and isinstance(call.func, cst.Attribute):
            roots = [
                n for n in program.inside(call.func.value) if isinstance(n, cst.Name)
            ]
            for root in roots:
                for binding in program.reaching(root):
                    if node in program.ancestors(binding.node):
                        return True
    return False


@rule
def missing_eval(program: Program) -> Iterator[Finding]:
    """An evaluation without ``model.eval()``."""
    calls = list(program.all(cst.Call))
    layers = ("torch.nn.Dropout", "torch.nn.BatchNorm", "torchvision.models.")
    if not any(program.called(call).startswith(layers) for call in calls):
        return
    if not any(method(call) == "backward" for call in calls):
        return
    if any(method(call) in {"eval", "train"} and _switches(call) for call in calls):
        return
    for loop in program.all(cst.For):
        if isinstance(loop.iter, cst.Call) and program.text(loop.iter.func) == "range":
            continue
        if _trains(program, loop) or program.enclosing(loop, cst.ClassDef):
            continue
        for node in program.inside(loop):
            if isinstance(node, cst.Call) and is_model_call(program, node):
                yield left(program, "missing-eval", node, "structure")
                return


def _switches(call: cst.Call) -> bool:
    """Say whether ``.eval()`` or ``.train(False)`` can be what is called."""
    return method(call) == "eval" or bool(call.args)


def is_model_call(program: Program, call: cst.Call) -> bool:
    """Say whether a network, or what goes by the name of one, is called."""
    if program.is_network(call.func):
        return True
    unknown = not any(program.values(call.func))
    return unknown and program.text(call.func) in {"model", "net", "network", "cnn"}


@rule
def no_grad_data(program: Program) -> Iterator[Finding]:
    """``torch.no_grad()`` around only the lines that move the data."""
    moves = {"cuda", "cpu", "to"}
    for block in program.all(cst.With):
        names = {program.called(item.item) for item in block.items}
        if "torch.no_grad" not in names:
            continue
        moved: set[str] = set()
        only_moves = True
        for statement in block.body.body:
            parts = (
                statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
            )
            for part in parts:
                value = part.value if isinstance(part, cst.Assign) else None
                value = _innermost_moved(program, value)
                if value is None or not isinstance(part, cst.Assign):
                    only_moves = False
                else:
                    moved.update(program.text(t.target) for t in part.targets)
            only_moves = only_moves and bool(parts)
        if not only_moves or not moved:
            continue
        outer = program.parent[block]
        for call in program.inside(outer):
            if (
                isinstance(call, cst.Call)
                and program.start(call) > program.end(block)
                and any(program.text(arg.value) in moved for arg in call.args)
                and method(call) not in moves
                and (program.is_network(call.func) or _is_called_model(program, call))
                and not under_no_grad(program, call)
                and not _goes_backward_later(program, outer, block)
            ):
                yield left(program, "no-grad-data", call, "structure")
                break


def _innermost_moved(
    program: Program, node: cst.CSTNode | None
) -> cst.BaseExpression | None:
    """Return ``x`` of ``x.cuda()``, ``Variable(x)`` or ``Variable(x.cuda())``."""
    found = None
    while isinstance(node, cst.Call):
        if program.called(node) == "torch.autograd.Variable" and node.args:
            node = found = node.args[0].value
        elif method(node) in {"cuda", "cpu", "to"} and isinstance(
            node.func, cst.Attribute
        ):
            node = found = node.func.value
        else:
            return None
    return found


def _is_called_model(program: Program, call: cst.Call) -> bool:
    return program.text(call.func) in {"model", "net", "network", "cnn"}


def _goes_backward_later(
    program: Program, node: cst.CSTNode, block: cst.CSTNode
) -> bool:
    """Say whether something in ``node``, in the cell of ``block``, goes backward."""
    start, end = program.cell_span(block)
    return any(
        isinstance(item, cst.Call)
        and method(item) == "backward"
        and start <= program.start(item) < end
        for item in program.inside(node)
    )
