"""Optimizers, schedulers and functions with a backward of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from ..program import Program, keyword, literal, method, operands
from .base import Finding, left, line_end, line_start, replaced, rewritten, rule

__all__ = ["legacy_function", "scheduler", "step_between"]


@rule
def scheduler(program: Program) -> Iterator[Finding]:
    """``get_lr()``, and ``scheduler.step()`` before ``optimizer.step()``."""
    for call in program.all(cst.Call):
        match call.func:
            case cst.Attribute(value=owner, attr=cst.Name(value="get_lr") as name):
                if _is_scheduler(program, owner):
                    yield replaced(program, "scheduler-get-lr", name, "get_last_lr")
    for loop in program.all(cst.For, cst.While):
        body = loop.body.body
        for place, statement in enumerate(body):
            if _steps_scheduler(program, statement):
                before = any(_steps_optimizer(program, s) for s in body[:place])
                after = any(_steps_optimizer(program, s) for s in body[place + 1 :])
                if after and not before:
                    yield left(program, "scheduler-order", statement, "order")
                break


def _is_scheduler(program: Program, node: cst.BaseExpression) -> bool:
    values = program.values(node)
    return bool(values) and all(
        program.called(value).startswith("torch.optim.lr_scheduler.")
        for value in values
    )


def _steps_scheduler(program: Program, statement: cst.CSTNode) -> bool:
    on_plateau = ["torch.optim.lr_scheduler.ReduceLROnPlateau"]
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call() as call), *_]):
            match call.func:
                case cst.Attribute(value=owner, attr=cst.Name(value="step")):
                    known = _is_scheduler(program, owner)
                    return known and not program.comes_from(owner, on_plateau)
    return False


def _steps_optimizer(program: Program, node: cst.CSTNode, depth: int = 2) -> bool:
    for item in program.inside(node):
        if not isinstance(item, cst.Call):
            continue
        if method(item) == "step" and isinstance(item.func, cst.Attribute):
            owner = item.func.value
            made = {program.called(value) for value in program.values(owner)}
            if any(name.startswith("torch.optim.") for name in made):
                if not _is_scheduler(program, owner):
                    return True
            elif "optim" in program.text(owner).lower():
                return True
        elif depth and any(
            _steps_optimizer(program, function.body, depth - 1)
            for function in program.functions_called(item)
        ):
            return True
    return False


@rule
def step_between(program: Program) -> Iterator[Finding]:
    """Two backwards through one graph, and an optimizer's step between them."""
    blocks: list[cst.Module | cst.IndentedBlock] = [program.module]
    for block in blocks + list(program.all(cst.IndentedBlock)):
        kept = stepped = False
        # Values computed since the first backward; all others hang on its graph.
        fresh: set[str] = set()
        bound: set[str] = set()
        for part in _parts(block.body):
            if isinstance(part, cst.Assign):
                names = {program.text(t.target) for t in part.targets}
                bound |= names
                if _is_new(program, part.value, bound - fresh):
                    fresh |= names
            call = part.value if isinstance(part, cst.Expr) else None
            if not isinstance(call, cst.Call) or not isinstance(
                call.func, cst.Attribute
            ):
                continue
            owner = program.text(call.func.value)
            if method(call) == "backward":
                if kept and stepped and owner not in fresh:
                    yield left(program, "step-between", call, "order")
                again = keyword(call, "retain_graph")
                again = again or keyword(call, "retain_variables")
                kept = again is not None and literal(again.value) is True
                stepped, fresh = False, set()
            elif method(call) == "step" and "sched" not in owner.lower():
                stepped = True


_PASSES_ON = {"log", "exp", "mean", "sum", "sqrt", "abs"}


def _is_new(program: Program, node: cst.BaseExpression, old: set[str]) -> bool:
    """Say whether an expression uses no value of ``old`` but as a network's input."""
    for part in operands(node):
        if isinstance(part, cst.Name) and part.value in old:
            return False
        if isinstance(part, cst.Call):
            last = program.text(part.func).rpartition(".")[2]
            passes = program.called(part).startswith("torch.") or last in _PASSES_ON
            if passes and not all(_is_new(program, a.value, old) for a in part.args):
                return False
    return True


def _parts(statements: Sequence[cst.CSTNode]) -> Iterator[cst.BaseSmallStatement]:
    """Give the simple statements of a block, those under a ``with`` as well."""
    for statement in statements:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        elif isinstance(statement, cst.With):
            yield from _parts(statement.body.body)


_LEGACY = {"forward", "backward"}


@rule
def legacy_function(program: Program) -> Iterator[Finding]:
    """An ``autograd.Function`` without static methods."""
    for owner in program.all(cst.ClassDef):
        bases = {program.dotted(base.value) for base in owner.bases}
        methods = [m for m in owner.body.body if isinstance(m, cst.FunctionDef)]
        old = [m for m in methods if not m.decorators and m.name.value in _LEGACY]
        instance = any(m.name.value == "forward" for m in old)
        if "torch.autograd.Function" not in bases or not instance:
            continue
        made = [c for c in program.all(cst.Call) if program.only_class(c.func) is owner]
        # The instance was only a place for what forward() keeps: ctx is one as well.
        simple = len(old) == len(methods) and not any(call.args for call in made)
        edits = [(program.end(c.func), program.end(c), ".apply") for c in made]
        for item in old:
            at = line_start(program, item)
            indent = program.source[at : program.start(item)]
            simple = simple and not indent.strip()
            edits.append((at, at, f"{indent}@staticmethod{line_end(program, at)}"))
        if simple and made:
            yield rewritten(program, "legacy-function", old[0].name, *edits)
            continue
        for node in (old[0].name, *made):
            yield left(program, "legacy-function", node, "structure")
