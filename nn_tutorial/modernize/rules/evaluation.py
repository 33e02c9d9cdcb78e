"""Evaluations: ``volatile``, ``torch.no_grad()`` and ``model.eval()``."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..program import Program, keyword, literal, method
from .base import Finding, left, rewritten, rule, without_argument
from .needs import torch_needed

__all__ = [
    "is_model_call",
    "missing_eval",
    "no_grad_data",
    "under_no_grad",
    "volatile_argument",
]


def volatile_argument(program: Program, call: cst.Call, arg: cst.Arg) -> Finding:
    """Put the evaluation around ``Variable(x, volatile=True)`` under ``no_grad``."""
    if literal(arg.value) is not True or keyword(call, "requires_grad"):
        return left(program, "volatile", arg, "argument-unclear")
    torch = torch_needed(program)
    if torch is None:
        return left(program, "volatile", arg, "name-taken", name="torch")
    cut = without_argument(program, call, arg)
    finding = rewritten(program, "volatile", arg, cut)
    if not under_no_grad(program, call):
        evaluation = _evaluation_around(program, call)
        if evaluation is None:
            return left(program, "volatile", arg, "evaluation-unclear")
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
            heads = [item.decorator for item in outer.decorators]
            return any(
                (program.called(h) or program.dotted(h)) in _NO_GRAD for h in heads
            )
    return False


def _evaluation_around(program: Program, node: cst.CSTNode) -> cst.CSTNode | None:
    """Return the smallest loop, branch or function around ``node`` without training."""
    branch: cst.CSTNode | None = None
    for outer in program.ancestors(node):
        if isinstance(outer, (cst.Lambda, cst.ClassDef)):
            return None
        if isinstance(outer, (cst.For, cst.While, cst.FunctionDef)):
            if not _trains(program, outer):
                return outer
            break
        first = not isinstance(program.parent.get(outer), (cst.If, cst.Else))
        if isinstance(outer, cst.If) and first:
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
    gradients = {"torch.autograd.grad", "torch.autograd.backward"}
    for item in program.inside(node):
        if isinstance(item, (cst.Yield, cst.Await)):
            return True  # what runs in between is not seen
        if isinstance(item, cst.Call):
            if method(item) in {"backward", "step"}:
                return True
            if program.called(item) in gradients:
                return True
            functions = program.functions_called(item) if depth else []
            if any(_trains(program, f.body, depth - 1) for f in functions):
                return True
    if isinstance(node, (cst.FunctionDef, cst.IndentedBlock)):
        return False
    # A loss computed here and asked for its gradient further down.
    return any(
        node in program.ancestors(binding.node)
        for call in program.all(cst.Call)
        if method(call) == "backward" and isinstance(call.func, cst.Attribute)
        for root in program.inside(call.func.value)
        for binding in program.reaching(root)
    )


@rule
def missing_eval(program: Program) -> Iterator[Finding]:
    """An evaluation without ``model.eval()``."""
    calls = list(program.all(cst.Call))
    layers = ("torch.nn.Dropout", "torch.nn.BatchNorm", "torchvision.models.")
    called = {method(call) for call in calls if method(call) != "train" or call.args}
    if "backward" not in called or called & {"eval", "train"}:  # .train(False)
        return
    if not any(program.called(call).startswith(layers) for call in calls):
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


def is_model_call(program: Program, call: cst.Call) -> bool:
    """Say whether a network is called, or something unknown by the name of one."""
    unknown = not any(program.values(call.func))
    named = program.text(call.func) in {"model", "net", "network", "cnn"}
    return program.is_network(call.func) or (unknown and named)


@rule
def no_grad_data(program: Program) -> Iterator[Finding]:
    """``torch.no_grad()`` around only the lines that move the data."""
    for block in program.all(cst.With):
        names = {program.called(item.item) for item in block.items}
        moved = _moved(program, block) if "torch.no_grad" in names else set()
        outer = program.parent[block]
        if not moved or _goes_backward_later(program, outer, block):
            continue
        for call in program.inside(outer):
            if (
                isinstance(call, cst.Call)
                and program.start(call) > program.end(block)
                and any(program.text(arg.value) in moved for arg in call.args)
                and method(call) not in _MOVES
                and is_model_call(program, call)
                and not under_no_grad(program, call)
            ):
                yield left(program, "no-grad-data", call, "structure")
                break


_MOVES = {"cuda", "cpu", "to"}


def _moved(program: Program, block: cst.With) -> set[str]:
    """Return what a block binds, if all it does is to move data."""
    moved: set[str] = set()
    for statement in block.body.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            return set()
        for part in statement.body:
            if not isinstance(part, cst.Assign) or not _is_move(program, part.value):
                return set()
            moved.update(program.text(target.target) for target in part.targets)
    return moved


def _is_move(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value is ``Variable(x.cuda())`` or a part of that."""
    outermost = node
    while isinstance(node, cst.Call):
        if program.called(node) == "torch.autograd.Variable" and node.args:
            node = node.args[0].value
        elif method(node) in _MOVES and isinstance(node.func, cst.Attribute):
            node = node.func.value
        else:
            return False
    return node is not outermost


def _goes_backward_later(
    program: Program, node: cst.CSTNode, block: cst.CSTNode
) -> bool:
    """Say whether something in ``node``, in the cell of ``block``, goes backward."""
    start, end = program.cell_span(block)
    return any(
        method(item) == "backward" and start <= program.start(item) < end
        for item in program.inside(node)
    )
