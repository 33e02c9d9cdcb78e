"""Arguments that have another name, another place or another default."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import (
    LOSS_FUNCTIONS,
    Program,
    keyword,
    literal,
    method,
    operands,
    positional,
)  # fmt: skip
from .base import (
    Finding,
    cut_argument,
    has_star,
    left,
    outer_end,
    quoted,
    replaced,
    rule,
)  # fmt: skip


@rule
def softmax_dim(program: Program) -> Iterator[Finding]:
    """``F.softmax(x)`` without ``dim``."""
    functions = {
        f"torch.nn.functional.{n}" for n in ("softmax", "log_softmax", "softmin")
    }
    layers = {f"torch.nn.{name}" for name in ("Softmax", "LogSoftmax", "Softmin")}
    for call in program.all(cst.Call):
        name = program.called(call)
        if name in layers and not call.args:
            yield left(program, "softmax-dim", call, "dimensions-unknown")
        if name not in functions or len(call.args) != 1 or has_star(call):
            continue
        dimensions = program.dimensions(call.args[0].value)
        # What PyTorch guesses for so many dimensions; for three the guess, the first
        # one, is hardly what was meant.
        dim = {1: 0, 2: 1, 4: 1}.get(dimensions or 0)
        if dim is None and dimensions is None:
            dim = _dimension_asked_next(program, call)
        if dim is None:
            yield left(program, "softmax-dim", call, "dimensions-unknown")
        else:
            end = outer_end(program, call.args[0].value)
            edits = [(end, end, f", dim={dim}")]
            yield Finding("softmax-dim", program.start(call), edits)


def _dimension_asked_next(program: Program, call: cst.Call) -> int | None:
    """Return 1 if the largest entry along dimension 1 is asked for at once."""
    arg = program.parent[call]
    outer = program.parent[arg]
    if isinstance(arg, cst.Arg) and isinstance(outer, cst.Call):
        plain = positional(outer)
        if program.called(outer) in {"torch.max", "torch.argmax"} and len(plain) == 2:
            return 1 if literal(plain[1].value) == 1 else None
    elif isinstance(arg, cst.Attribute) and arg.attr.value in {"max", "argmax"}:
        outer = program.parent[arg]
        if isinstance(outer, cst.Call) and len(outer.args) == 1:
            return 1 if literal(outer.args[0].value) == 1 else None
    return None


@rule
def size_average(program: Program) -> Iterator[Finding]:
    """``size_average`` and ``reduce`` have become ``reduction``."""
    for call in program.all(cst.Call):
        name = program.called(call)
        layer = name.startswith("torch.nn.") and name.endswith(("Loss", "Loss2d"))
        given = [keyword(call, key) for key in ("size_average", "reduce")]
        found = [arg for arg in given if arg is not None]
        if not found or not (layer or name in LOSS_FUNCTIONS):
            continue
        values = [True if arg is None else literal(arg.value) for arg in given]
        known = all(value is None or isinstance(value, bool) for value in values)
        if not known or keyword(call, "reduction"):
            yield left(program, "size-average", found[0], "argument-unclear")
            continue
        average, reduce = (value is not False for value in values)
        reduction = ("mean" if average else "sum") if reduce else "none"
        found.sort(key=program.start)
        edits = [
            (
                program.start(found[0]),
                program.end(found[0]),
                f"reduction={quoted(program, reduction)}",
            )
        ]
        for arg in found[1:]:
            cut = cut_argument(program, call, arg)
            edits += cut or []
        if len(edits) == len(found):
            yield Finding("size-average", program.start(found[0]), edits)
        else:
            yield left(program, "size-average", found[0], "comment-inside")


# Rule, what is called or where its name begins, the argument, its name today if any.
_KEYWORDS = (
    ("retain-variables", ".backward", "retain_variables", "retain_graph"),
    ("scheduler-verbose", "torch.optim.lr_scheduler.", "verbose", ""),
    ("tsne-iterations", "sklearn.manifold.TSNE", "n_iter", "max_iter"),
)


@rule
def keywords_gone(program: Program) -> Iterator[Finding]:
    """Keyword arguments that have another name or are no more."""
    for call in program.all(cst.Call):
        names = program.called(call), f".{method(call)}"
        for habit, callee, old, new in _KEYWORDS:
            arg = keyword(call, old)
            if (
                arg is None
                or arg.keyword is None
                or not any(name.startswith(callee) for name in names)
            ):
                continue
            cut = None if new else cut_argument(program, call, arg)
            if new:
                yield replaced(program, habit, arg.keyword, new)
            elif cut is None:
                yield left(program, habit, arg, "comment-inside")
            else:
                yield Finding(habit, program.start(arg), cut)
        if program.called(call) == "torch.utils.data.TensorDataset":
            yield from _tensor_dataset(program, call)


def _tensor_dataset(program: Program, call: cst.Call) -> Iterator[Finding]:
    names = [arg.keyword.value if arg.keyword else "" for arg in call.args]
    if names == ["data_tensor", "target_tensor"]:
        edits = [
            (program.start(arg), program.start(arg.value), "") for arg in call.args
        ]
        yield Finding("tensor-dataset", program.start(call), edits)
    elif set(names) & {"data_tensor", "target_tensor"}:
        yield left(program, "tensor-dataset", call, "structure")


PRETRAINED = set(NAMES["pretrained"])


@rule
def pretrained(program: Program) -> Iterator[Finding]:
    """``pretrained=True`` has become ``weights=...``."""
    for call in program.all(cst.Call):
        module, _, name = program.called(call).rpartition(".")
        by_name = _is_model_by_name(program, call.func)
        if not module.startswith("torchvision.models") and not by_name:
            continue
        arg = keyword(call, "pretrained")
        if arg is None and name in PRETRAINED and positional(call):
            first = positional(call)[0]
            if isinstance(literal(first.value), bool):
                arg = first
        if arg is None:
            continue
        wanted = literal(arg.value)
        known = name in PRETRAINED or by_name
        if not isinstance(wanted, bool) or not known:
            yield left(program, "pretrained-argument", arg, "argument-unclear")
            continue
        weights = quoted(program, "IMAGENET1K_V1") if wanted else "None"
        yield replaced(program, "pretrained-argument", arg, f"weights={weights}")


def _is_model_by_name(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a call is ``models.__dict__[arch](...)``."""
    return (
        isinstance(node, cst.Subscript)
        and isinstance(node.value, cst.Attribute)
        and node.value.attr.value == "__dict__"
        and program.dotted(node.value.value) == "torchvision.models"
    )


@rule
def dropout_training(program: Program) -> Iterator[Finding]:
    """``F.dropout(x)`` that never stops dropping."""
    for call in program.all(cst.Call):
        if program.called(call) == "torch.nn.functional.dropout":
            plain = len(positional(call)) < 3 and not has_star(call)
            if plain and not keyword(call, "training"):
                yield left(program, "dropout-training", call, "choose")


@rule
def later_arguments(program: Program) -> Iterator[Finding]:
    """Arguments in another place, and a misspelled attribute."""
    for call in program.all(cst.Call):
        yield from _factor_in_front(program, call)
    for node in program.all(cst.Attribute):
        misspelled = node.attr.value == "require_grad" and program.is_torch
        if misspelled and isinstance(program.parent[node], cst.AssignTarget):
            yield left(program, "require-grad", node, "choose")


# How many tensors follow the number, and what it is called now.
_FACTORS = {"add": (1, "alpha"), "sub": (1, "alpha")}
_FACTORS |= {"addcmul": (2, "value"), "addcdiv": (2, "value")}


def _factor_in_front(program: Program, call: cst.Call) -> Iterator[Finding]:
    """``x.add_(0.1, y)`` is ``x.add_(y, alpha=0.1)``."""
    tensors, key = _FACTORS.get(method(call).removesuffix("_"), (0, ""))
    function = program.called(call).startswith("torch.")
    args = call.args[1:] if function else call.args
    plain = len(positional(call)) == len(call.args) and not any(a.star for a in args)
    if not key or len(args) != tensors + 1 or not plain or not program.is_torch:
        return
    if program.called(call) and not function:
        return
    # FloatFunctional().add(x, y) takes two tensors; nothing else takes three.
    if tensors == 1 and not _is_factor(args[0].value):
        return
    start, end = program.start(args[0]), outer_end(program, args[-1].value)
    if "#" in program.source[start:end]:
        yield left(program, "add-number", call, "comment-inside")
        return
    behind = program.source[program.start(args[1]) : end]
    new = f"{behind}, {key}={program.text(args[0].value)}"
    yield Finding("add-number", program.start(call), [(start, end, new)])


def _is_factor(node: cst.BaseExpression) -> bool:
    """Say whether an argument looks like a number: 0.1, -lr, 1 - beta, group["lr"]."""
    if isinstance(node, cst.Subscript):
        index = node.slice[0].slice
        return isinstance(index, cst.Index) and isinstance(
            index.value, cst.SimpleString
        )
    if isinstance(node, cst.BinaryOperation):
        return any(isinstance(part, cst.BaseNumber) for part in operands(node))
    return isinstance(node, (cst.BaseNumber, cst.UnaryOperation))
