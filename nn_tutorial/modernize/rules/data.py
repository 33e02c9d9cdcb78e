"""Data sets, loaders and files: what is loaded, and how."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import Program, keyword, method, positional
from .base import Edit, Finding, has_star, left, outer_end, replaced, rule

MNIST_LIKE = set(NAMES["mnist_like"])
_DATA_SETS = [
    f"torchvision.datasets.{name}" for name in (*MNIST_LIKE, "CIFAR10", "CIFAR100")
]


@rule
def mnist_attributes(program: Program) -> Iterator[Finding]:
    """``train_data`` and ``train_labels`` are called ``data`` and ``targets``."""
    for node in program.all(cst.Attribute):
        new = NAMES["mnist_attributes"].get(node.attr.value)
        if new and _is_data_set(program, node.value):
            yield replaced(program, "mnist-attributes", node.attr, new)


def _is_data_set(program: Program, node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Attribute) and node.attr.value == "dataset":
        loaders = program.values(node.value)
        return bool(loaders) and all(
            isinstance(loader, cst.Call)
            and program.called(loader) == "torch.utils.data.DataLoader"
            and bool(positional(loader))
            and _is_data_set(program, positional(loader)[0].value)
            for loader in loaders
        )
    return program.comes_from(node, _DATA_SETS)


@rule
def iterator_next(program: Program) -> Iterator[Finding]:
    """``it.next()`` is ``next(it)``."""
    for call in program.all(cst.Call):
        if method(call) != "next" or call.args:
            continue
        assert isinstance(call.func, cst.Attribute)
        iterator = call.func.value
        values = program.values(iterator)
        sure = values and all(
            isinstance(value, cst.Call)
            and (
                (isinstance(value.func, cst.Name) and value.func.value == "iter")
                or method(value) == "__iter__"
            )
            for value in values
        )
        if not sure:
            continue
        if not program.is_free("next"):
            yield left(program, "iterator-next", call, "name-taken", name="next")
            continue
        start, end = program.start(call), program.end(call)
        inner = outer_end(program, iterator)
        if "#" in program.source[inner:end]:
            yield left(program, "iterator-next", call, "comment-inside")
        else:
            edits = [(start, start, "next("), (inner, end, ")")]
            yield Finding("iterator-next", start, edits)


_MODEL_METHODS = {
    "children", "eval", "forward", "modules", "named_parameters", "parameters",
    "state_dict", "train", "zero_grad",
}  # fmt: skip


@rule
def load_model(program: Program) -> Iterator[Finding]:
    """``torch.load`` of a whole model."""
    for call in program.all(cst.Call):
        if program.called(call) != "torch.load" or not positional(call):
            continue
        if has_star(call) or keyword(call, "weights_only"):
            continue
        saved = program.saved_as(positional(call)[0].value)
        used = _is_used_as_model(program, call)
        whole = bool(saved) and all(
            program.is_network(item) or _holds_network(program, item) for item in saved
        )
        own = bool(saved) and not any(
            isinstance(item, (cst.Dict, cst.Call)) for item in saved
        )
        if whole or (own and used):
            end = outer_end(program, call.args[-1].value)
            edits = [(end, end, ", weights_only=False")]
            yield Finding("load-model", program.start(call), edits)
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
    if isinstance(outer, cst.Call) and outer.func is call:
        return True
    if not isinstance(outer, cst.Assign):
        return False
    targets = {program.text(target.target) for target in outer.targets}
    for other in program.all(cst.Call):
        if program.text(other.func) in targets:
            return True
        if (
            method(other) in _MODEL_METHODS
            and isinstance(other.func, cst.Attribute)
            and program.text(other.func.value) in targets
        ):
            return True
    return False


def _is_used_as_array(program: Program, call: cst.Call) -> bool:
    """Say whether what is loaded is given to ``torch.from_numpy``."""
    statement = program.enclosing(call, cst.Assign)
    return statement is not None and any(
        isinstance(item, cst.Name)
        and [b.node for b in program.reaching(item)] == [statement]
        for other in program.all(cst.Call)
        if program.called(other) == "torch.from_numpy"
        for arg in other.args
        for item in program.inside(arg.value)
    )


_GRAY = {f"torchvision.datasets.{name}" for name in MNIST_LIKE}
_MAKES_COLORS = {"torchvision.transforms.Grayscale", "torchvision.transforms.Lambda"}


@rule
def normalize_channels(program: Program) -> Iterator[Finding]:
    """Three means and deviations for the one channel of a gray image."""
    pipelines: dict[cst.CSTNode, list[bool]] = {}
    for call in program.all(cst.Call):
        arg = keyword(call, "transform")
        plain = positional(call)
        name = program.called(call)
        if not name.startswith("torchvision.datasets."):
            continue
        if arg is None and name in _GRAY and len(plain) > 2:
            arg = plain[2]
        for value in program.values(arg.value) if arg is not None else ():
            if value is not None:
                pipelines.setdefault(value, []).append(name in _GRAY)
    for pipeline, is_gray in pipelines.items():
        steps = [n for n in program.inside(pipeline) if isinstance(n, cst.Call)]
        if not all(is_gray) or any(program.called(s) in _MAKES_COLORS for s in steps):
            continue
        for call in steps:
            if program.called(call) == "torchvision.transforms.Normalize":
                yield from _three_channels(program, call)


def _three_channels(program: Program, call: cst.Call) -> Iterator[Finding]:
    edits: list[Edit] = []
    triples = 0
    for arg in call.args:
        value = arg.value
        if not isinstance(value, (cst.Tuple, cst.List)) or len(value.elements) != 3:
            continue
        triples += 1
        first, *others = [program.text(item.value) for item in value.elements]
        if others == [first, first]:
            new = f"({first},)" if isinstance(value, cst.Tuple) else f"[{first}]"
            edits.append((program.start(value), program.end(value), new))
            if value.lpar:  # the brackets of a tuple are not part of its place
                opening = program.source.rindex("(", 0, program.start(value) + 1)
                closing = outer_end(program, value)
                edits[-1] = (opening, closing, new)
    if triples and len(edits) == triples:
        yield Finding("normalize-channels", program.start(call), edits)
    elif triples:
        yield left(program, "normalize-channels", call, "choose")
