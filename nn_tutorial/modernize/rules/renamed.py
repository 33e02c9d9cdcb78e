"""Functions, modules and data sets that have another name today."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import Binding, Program, keyword
from .base import (
    Finding,
    alias_end,
    imported_names,
    is_binding,
    left,
    replaced,
    rule,
    uses,
)  # fmt: skip
from .data import MNIST_LIKE
from .needs import torch_needed

RENAMED: dict[str, tuple[str, str]] = {
    **{old: (rule, new) for old, (rule, new) in NAMES["renamed"].items()},
    **{
        f"torch.nn.init.{name}": ("init-underscore", f"torch.nn.init.{name}_")
        for name in NAMES["initializers"]
    },
}


@rule
def renamed(program: Program) -> Iterator[Finding]:
    """Functions that have another name today."""
    for node in program.all(cst.Attribute):
        rule, new = RENAMED.get(program.dotted(node), ("", ""))
        if not rule or is_binding(program, node):
            continue
        parent = program.parent[node]
        if rule == "functional-sigmoid" and getattr(parent, "func", None) is not node:
            continue  # not called: F.sigmoid and torch.sigmoid are two objects
        old_module = program.dotted(node).rpartition(".")[0]
        module, _, name = new.rpartition(".")
        if module == old_module:
            yield replaced(program, rule, node.attr, name)
            continue
        needs: set[str | cst.CSTNode] = set()
        taken = "" if program.is_free(name) else name
        if module == "torch":
            torch = torch_needed(program)
            taken = "torch" if torch is None else ""
            if torch is not None:
                name, needs = f"{torch[0]}.{name}", torch[1]
        if taken:
            finding = left(program, rule, node, "name-taken", name=taken)
        else:
            finding = replaced(program, rule, node, name)
            finding.needs = needs
        finding.start = program.start(node)
        yield finding
    for statement, alias, name, bindings in imported_names(program):
        own = [b for b in bindings if b.node is statement]
        yield from _renamed_import(program, alias, name, bindings, own)


def _renamed_import(
    program: Program,
    alias: cst.ImportAlias,
    name: str,
    bindings: list[Binding],
    own: list[Binding],
) -> Iterator[Finding]:
    """Rename an imported function where it is imported and wherever it is used."""
    rule, new = RENAMED.get(own[0].dotted if own else "", ("", ""))
    if not rule:
        return
    old_module = own[0].dotted.rpartition(".")[0]
    module, _, new_name = new.rpartition(".")
    unseen = alias.asname is None and program.is_used_elsewhere(name)
    if module != old_module or len(bindings) != 1 or unseen:
        if module != "torch":  # F.sigmoid by name needs no change at all
            yield left(program, rule, alias, "imported-by-name")
        return
    places = [alias.name]
    if alias.asname is None:
        places += uses(program, name, bindings)
    edits = [(program.start(node), program.end(node), new_name) for node in places]
    yield Finding(rule, program.start(alias), edits)


SUCCESSORS: dict[str, tuple[str, str]] = {
    name: (rule, instead) for name, (rule, instead) in NAMES["successors"].items()
}
_STILL_THERE = {"later-name", "quiet-name"}


@rule
def successors(program: Program) -> Iterator[Finding]:
    """Modules and functions that are no more, or have had a successor since."""
    for node in program.all(cst.Attribute):
        name = program.dotted(node)
        rule, instead = SUCCESSORS.get(name, ("", ""))
        if rule == "removed-name" and not is_binding(program, node):
            yield _succeeded(program, rule, node, name, instead)
    for call in program.all(cst.Call):
        name = program.called(call)
        rule, instead = SUCCESSORS.get(name, ("", ""))
        if name == "torch.fft":  # a module now
            yield _succeeded(
                program, "removed-name", call, "torch.fft(...)", "torch.fft.fft"
            )
        elif rule in _STILL_THERE and not keyword(call, "use_reentrant"):
            yield _succeeded(program, rule, call, name, instead)
    for statement in program.all(cst.Import, cst.ImportFrom):
        imported = _imported(program, statement)
        for old, (rule, instead) in SUCCESSORS.items():
            if rule == "removed-name" and any(
                (name + ".").startswith(old + ".") for name in imported
            ):
                yield _succeeded(program, rule, statement, old, instead)


def _succeeded(
    program: Program, rule: str, node: cst.CSTNode, name: str, instead: str
) -> Finding:
    return left(program, rule, node, "structure", name=name, instead=instead)


def _imported(program: Program, node: cst.CSTNode) -> list[str]:
    """Return the full dotted names of what a statement imports."""
    if isinstance(node, cst.Import):
        return [alias.evaluated_name for alias in node.names]
    if not isinstance(node, cst.ImportFrom) or node.relative or node.module is None:
        return []
    module = program.text(node.module)
    if isinstance(node.names, cst.ImportStar):
        return [module]
    return [f"{module}.{alias.evaluated_name}" for alias in node.names]


@rule
def mnist_module(program: Program) -> Iterator[Finding]:
    """``from torchvision.datasets import mnist`` imports a file, not the data set."""
    for statement, alias, name, bindings in imported_names(program):
        if [b.dotted for b in bindings] != ["torchvision.datasets.mnist"]:
            continue
        used_at = uses(program, name, bindings)
        owners = [program.parent[node] for node in used_at]
        parents = [owner for owner in owners if isinstance(owner, cst.Attribute)]
        used = {parent.attr.value for parent in parents}
        free = all(
            b.dotted == f"torchvision.datasets.{item}"
            for item in used
            if not program.is_free(item)
            for b in program.lookup(item, statement)
        )
        simple = len(parents) == len(used_at) and not program.is_used_elsewhere(name)
        if not used or not simple or not used <= MNIST_LIKE or not free:
            yield left(program, "mnist-module", alias, "structure")
            continue
        start, end = program.start(alias.name), alias_end(program, alias)
        edits = [(start, end, ", ".join(sorted(used)))]
        edits += [
            (program.start(node), program.start(parent.attr), "")
            for node, parent in zip(used_at, parents, strict=True)
        ]
        yield Finding("mnist-module", program.start(alias), edits)
