"""Arguments that have another name, another place or another default."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import (
    LOSS_FUNCTIONS,
    Program,
    children,
    keyword,
    literal,
    method,
    operands,
    positional,
)  # fmt: skip
from .base import (
    Finding,
    behind,
    has_star,
    left,
    quoted,
    replaced,
    rewritten,
    rule,
    without_argument,
)  # fmt: skip

__all__ = [
    "PRETRAINED",
    "dropout_training",
    "factor_in_front",
    "keywords_gone",
    "pretrained",
    "require_grad",
    "size_average",
    "softmax_dim",
    "tensor_range",
]


@rule
def softmax_dim(program: Program) -> Iterator[Finding]:
    """``F.softmax(x)`` without ``dim``."""
    for name in ("Softmax", "LogSoftmax", "Softmin"):
        for call in program.calls(f"torch.nn.{name}"):
            if not call.args:
                yield left(program, "softmax-dim", call, "dimensions-unknown")
    for name in ("softmax", "log_softmax", "softmin"):
        for call in program.calls(f"torch.nn.functional.{name}"):
            if len(call.args) != 1 or has_star(call):
                continue
            dimensions = program.dimensions(call.args[0].value)
            # What PyTorch guesses for so many dimensions; for three the guess, the
            # first one, is hardly what was meant.
            dim = {1: 0, 2: 1, 4: 1}.get(dimensions or 0)
            if dim is None and dimensions is None:
                dim = _dimension_asked_next(program, call)
            if dim is None:
                yield left(program, "softmax-dim", call, "dimensions-unknown")
            else:
                edit = behind(program, call.args[0].value, f", dim={dim}")
                yield rewritten(program, "softmax-dim", call, edit)


def _dimension_asked_next(program: Program, call: cst.Call) -> int | None:
    """Return 1 if the largest entry along dimension 1 is asked for at once."""
    outer = program.parent[program.parent[call]]
    match outer:  # torch.max(F.softmax(x), 1) or F.softmax(x).max(1)
        case cst.Call(args=[cst.Arg(keyword=None), cst.Arg(keyword=None, value=asked)]):
            known = program.called(outer) in {"torch.max", "torch.argmax"}
        case cst.Call(func=cst.Attribute(), args=[cst.Arg(value=asked)]):
            known = method(outer) in {"max", "argmax"}
        case _:
            return None
    return 1 if known and literal(asked) == 1 else None


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
        first, *others = sorted(found, key=program.start)
        text = f"reduction={quoted(program, reduction)}"
        edits = [without_argument(program, call, arg) for arg in others]
        edits.append((*program.span(first), text))
        yield rewritten(program, "size-average", first, *edits)


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
            if arg is None or not any(name.startswith(callee) for name in names):
                continue
            if new and arg.keyword is not None:
                yield replaced(program, habit, arg.keyword, new)
            else:
                cut = without_argument(program, call, arg)
                yield rewritten(program, habit, arg, cut)
    for call in program.calls("torch.utils.data.TensorDataset"):
        keys = [arg.keyword.value if arg.keyword else "" for arg in call.args]
        if keys == ["data_tensor", "target_tensor"]:
            args = [(program.start(a), program.start(a.value), "") for a in call.args]
            yield rewritten(program, "tensor-dataset", call, *args)
        elif set(keys) & {"data_tensor", "target_tensor"}:
            yield left(program, "tensor-dataset", call, "structure")


PRETRAINED = set(NAMES["pretrained"])


@rule
def pretrained(program: Program) -> Iterator[Finding]:
    """``pretrained=True`` has become ``weights=...``."""
    for call in program.all(cst.Call):
        module, _, name = program.called(call).rpartition(".")
        by_name = False
        match call.func:  # models.__dict__[arch](...)
            case cst.Subscript(value=cst.Attribute(attr=cst.Name(value="__dict__"))):
                owner = next(children(call.func.value))
                by_name = program.dotted(owner) == "torchvision.models"
        if not module.startswith("torchvision.models") and not by_name:
            continue
        arg = keyword(call, "pretrained")
        if arg is None and name in PRETRAINED and positional(call):
            first = positional(call)[0]
            arg = first if isinstance(literal(first.value), bool) else None
        if arg is None:
            continue
        wanted = literal(arg.value)
        if isinstance(wanted, bool) and (name in PRETRAINED or by_name):
            weights = quoted(program, "IMAGENET1K_V1") if wanted else "None"
            text = f"weights={weights}"
            yield replaced(program, "pretrained-argument", arg, text)
        else:
            yield left(program, "pretrained-argument", arg, "argument-unclear")


@rule
def dropout_training(program: Program) -> Iterator[Finding]:
    """``F.dropout(x)`` that never stops dropping."""
    for call in program.calls("torch.nn.functional.dropout"):
        plain = len(positional(call)) < 3 and not has_star(call)
        if plain and not keyword(call, "training"):
            yield left(program, "dropout-training", call, "choose")


@rule
def tensor_range(program: Program) -> Iterator[Finding]:
    """``torch.range`` includes its end."""
    for call in program.calls("torch.range"):
        yield left(program, "tensor-range", call, "choose")


@rule
def require_grad(program: Program) -> Iterator[Finding]:
    """A misspelled attribute."""
    for node in program.all(cst.Attribute):
        misspelled = node.attr.value == "require_grad" and program.is_torch
        if misspelled and isinstance(program.parent[node], cst.AssignTarget):
            yield left(program, "require-grad", node, "choose")


# How many tensors follow the number, and what it is called now.
_FACTORS = {
    "add": (1, "alpha"), "sub": (1, "alpha"), "addcmul": (2, "value"),
    "addcdiv": (2, "value"),
}  # fmt: skip


@rule
def factor_in_front(program: Program) -> Iterator[Finding]:
    """``x.add_(0.1, y)`` is ``x.add_(y, alpha=0.1)``."""
    for call in program.all(cst.Call) if program.is_torch else ():
        tensors, key = _FACTORS.get(method(call).removesuffix("_"), (0, ""))
        name = program.called(call)
        args = call.args[1:] if name.startswith("torch.") else call.args
        if not key or len(args) != tensors + 1 or (name and args is call.args):
            continue
        if len(positional(call)) < len(call.args) or has_star(call):
            continue
        # FloatFunctional().add(x, y) takes two tensors; nothing else takes three.
        if tensors == 1 and not _is_factor(args[0].value):
            continue
        start, end = program.start(args[0]), program.outer_end(args[-1].value)
        tail = program.source[program.start(args[1]) : end]
        new = f"{tail}, {key}={program.text(args[0].value)}"
        yield rewritten(program, "add-number", call, (start, end, new))


def _is_factor(node: cst.BaseExpression) -> bool:
    """Say whether an argument looks like a number: 0.1, -lr, 1 - beta, group["lr"]."""
    match node:
        case cst.BaseNumber() | cst.UnaryOperation():
            return True
        case cst.BinaryOperation():
            return any(isinstance(part, cst.BaseNumber) for part in operands(node))
        case cst.Subscript(
            slice=[cst.SubscriptElement(slice=cst.Index(value=key)), *_]
        ):
            return isinstance(key, cst.SimpleString)
    return False
