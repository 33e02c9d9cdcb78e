"""Data sets, loaders and files: what is loaded, and how."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import Program, keyword, method, positional
from .base import Edit, Finding, behind, has_star, left, replaced, rewritten, rule
from .renamed import MNIST_LIKE, is_called

__all__ = ["iterator_next", "load_model", "mnist_attributes", "normalize_channels"]

_DATA_SETS = {
    f"torchvision.datasets.{name}" for name in (*MNIST_LIKE, "CIFAR10", "CIFAR100")
}


@rule
def mnist_attributes(program: Program) -> Iterator[Finding]:
    """``train_data`` and ``train_labels`` are called ``data`` and ``targets``."""
    for node in program.all(cst.Attribute):
        new = NAMES["mnist_attributes"].get(node.attr.value)
        if new and _is_data_set(program, node.value):
            yield replaced(program, "mnist-attributes", node.attr, new)


def _is_data_set(program: Program, node: cst.BaseExpression) -> bool:
    if not isinstance(node, cst.Attribute) or node.attr.value != "dataset":
        return program.comes_from(node, _DATA_SETS)
    loaders = program.values(node.value)
    return bool(loaders) and all(
        isinstance(loader, cst.Call)
        and program.called(loader) == "torch.utils.data.DataLoader"
        and bool(positional(loader))
        and _is_data_set(program, positional(loader)[0].value)
        for loader in loaders
    )


@rule
def iterator_next(program: Program) -> Iterator[Finding]:
    """``it.next()`` is ``next(it)``."""
    for call in program.all(cst.Call):
        match call:
            case cst.Call(
                func=cst.Attribute(value=iterator, attr=cst.Name(value="next")), args=[]
            ):
                values = program.values(iterator)
            case _:
                continue
        if not values or not all(map(_makes_iterator, values)):
            continue
        if program.is_free("next"):
            (start, end), inner = program.span(call), program.outer_end(iterator)
            edits = (start, start, "next("), (inner, end, ")")
            yield rewritten(program, "iterator-next", call, *edits)
        else:
            yield left(program, "iterator-next", call, "name-taken", name="next")


def _makes_iterator(value: cst.BaseExpression | None) -> bool:
    match value:
        case cst.Call(func=cst.Name(value="iter")):
            return True
    return method(value) == "__iter__"


# -- Files -----------------------------------------------------------------------------

_MODEL_METHODS = {
    "children", "eval", "forward", "modules", "named_parameters", "parameters",
    "state_dict", "train", "zero_grad",
}  # fmt: skip


@rule
def load_model(program: Program) -> Iterator[Finding]:
    """``torch.load`` of a whole model."""
    for call in program.calls("torch.load"):
        if not positional(call) or has_star(call) or keyword(call, "weights_only"):
            continue
        saved = program.saved_as(positional(call)[0].value)
        used = _is_used_as_model(program, call)
        whole = bool(saved) and all(
            program.is_network(item) or _holds_network(program, item) for item in saved
        )
        own = saved and not any(isinstance(s, (cst.Dict, cst.Call)) for s in saved)
        if whole or (own and used):
            edit = behind(program, call.args[-1].value, ", weights_only=False")
            yield rewritten(program, "load-model", call, edit)
        elif not saved and (used or _is_used_as_array(program, call)):
            yield left(program, "load-model", call, "origin-unknown")


def _holds_network(program: Program, saved: cst.BaseExpression) -> bool:
    """Say whether a dictionary that is saved has a whole network in it."""
    values = program.values(saved)
    return bool(values) and all(
        isinstance(value, cst.Dict)
        and any(
            isinstance(item, cst.DictElement) and program.is_network(item.value)
            for item in value.elements
        )
        for value in values
    )


def _is_used_as_model(program: Program, call: cst.Call) -> bool:
    outer = program.parent[call]
    if isinstance(outer, cst.Attribute):
        return outer.attr.value in _MODEL_METHODS
    if not isinstance(outer, cst.Assign):
        return is_called(program, call)
    targets = {program.text(target.target) for target in outer.targets}
    return any(
        program.text(other.func) in targets
        or (
            isinstance(other.func, cst.Attribute)
            and method(other) in _MODEL_METHODS
            and program.text(other.func.value) in targets
        )
        for other in program.all(cst.Call)
    )


def _is_used_as_array(program: Program, call: cst.Call) -> bool:
    """Say whether what is loaded is given to ``torch.from_numpy``."""
    statement = program.enclosing(call, cst.Assign)
    return statement is not None and any(
        [b.node for b in program.reaching(item)] == [statement]
        for other in program.calls("torch.from_numpy")
        for arg in other.args
        for item in program.inside(arg.value)
    )


# -- Images ----------------------------------------------------------------------------

_GRAY = {f"torchvision.datasets.{name}" for name in MNIST_LIKE}
_MAKES_COLORS = {"torchvision.transforms.Grayscale", "torchvision.transforms.Lambda"}


@rule
def normalize_channels(program: Program) -> Iterator[Finding]:
    """Three means and deviations for the one channel of a gray image."""
    pipelines: dict[cst.CSTNode, list[bool]] = {}
    for call in program.all(cst.Call):
        arg, plain = keyword(call, "transform"), positional(call)
        name = program.called(call)
        if arg is None and name in _GRAY and len(plain) > 2:
            arg = plain[2]
        if arg is None or not name.startswith("torchvision.datasets."):
            continue
        for value in program.values(arg.value):
            if value is not None:
                pipelines.setdefault(value, []).append(name in _GRAY)
    for pipeline, is_gray in pipelines.items():
        steps = list(program.inside(pipeline))
        names = {program.called(step) for step in steps}
        if not all(is_gray) or names & _MAKES_COLORS:
            continue
        for step in steps:
            if program.called(step) == "torchvision.transforms.Normalize":
                assert isinstance(step, cst.Call)
                yield from _three_channels(program, step)


def _three_channels(program: Program, call: cst.Call) -> Iterator[Finding]:
    edits: list[Edit | None] = []
    for arg in call.args:
        value = arg.value
        if not isinstance(value, (cst.Tuple, cst.List)) or len(value.elements) != 3:
            continue
        first, *others = [program.text(item.value) for item in value.elements]
        new = f"({first},)" if isinstance(value, cst.Tuple) else f"[{first}]"
        start, end = program.start(value), program.outer_end(value)
        if value.lpar:  # the brackets of a tuple are not part of its place
            start = program.source.rindex("(", 0, start + 1)
        edits.append((start, end, new) if others == [first, first] else None)
    sure = [edit for edit in edits if edit is not None]
    if edits and len(sure) == len(edits):
        yield rewritten(program, "normalize-channels", call, *sure)
    elif edits:
        yield left(program, "normalize-channels", call, "choose")
