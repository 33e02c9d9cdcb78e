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
    rewritten,
    rule,
    uses,
)  # fmt: skip
from .needs import Needs, torch_needed

__all__ = [
    "MNIST_LIKE",
    "RENAMED",
    "SUCCESSORS",
    "is_called",
    "mnist_module",
    "renamed",
    "successors",
]

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
        old = program.dotted(node)
        habit, new = RENAMED.get(old, ("", ""))
        if not habit or is_binding(program, node):
            continue
        if habit == "functional-sigmoid" and not is_called(program, node):
            continue  # F.sigmoid and torch.sigmoid are two objects
        module, _, name = new.rpartition(".")
        if module == old.rpartition(".")[0]:
            yield replaced(program, habit, node.attr, name)
            continue
        needs: Needs | None = set() if program.is_free(name) else None
        taken = name
        if module == "torch":
            taken, torch = "torch", torch_needed(program)
            needs = None if torch is None else torch[1]
            name = "" if torch is None else f"{torch[0]}.{name}"
        if needs is None:
            yield left(program, habit, node, "name-taken", name=taken)
        else:
            finding = replaced(program, habit, node, name)
            finding.needs = needs
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
    old = own[0].dotted if own else ""
    habit, new = RENAMED.get(old, ("", ""))
    module, _, new_name = new.rpartition(".")
    if not habit:
        return
    unseen = alias.asname is None and program.is_used_elsewhere(name)
    if module == old.rpartition(".")[0] and len(bindings) == 1 and not unseen:
        places: list[cst.CSTNode] = [alias.name]
        places += uses(program, name, bindings) if alias.asname is None else []
        edits = [(*program.span(node), new_name) for node in places]
        yield rewritten(program, habit, alias, *edits)
    elif module != "torch":  # F.sigmoid by name needs no change at all
        yield left(program, habit, alias, "imported-by-name")


def is_called(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a node is what a call calls."""
    return getattr(program.parent[node], "func", None) is node


SUCCESSORS: dict[str, tuple[str, str]] = {
    name: (rule, instead) for name, (rule, instead) in NAMES["successors"].items()
}


@rule
def successors(program: Program) -> Iterator[Finding]:
    """Modules and functions that are no more, or have had a successor since."""
    found: list[tuple[cst.CSTNode, str, str]] = [
        (call, "torch.fft(...)", "removed-name") for call in program.calls("torch.fft")
    ]
    gone = {old for old, (habit, _) in SUCCESSORS.items() if habit == "removed-name"}
    for node in program.all(cst.Attribute):
        if program.dotted(node) in gone and not is_binding(program, node):
            found.append((node, program.dotted(node), "removed-name"))
    for name in SUCCESSORS.keys() - gone:
        for call in program.calls(name):
            if not keyword(call, "use_reentrant"):
                found.append((call, name, SUCCESSORS[name][0]))
    for statement in program.all(cst.Import, cst.ImportFrom):
        imported = [f"{name}." for name in _imported(program, statement)]
        for old in gone:
            if any(name.startswith(f"{old}.") for name in imported):
                found.append((statement, old, "removed-name"))
    for place, name, habit in found:
        instead = SUCCESSORS[name][1] if name in SUCCESSORS else "torch.fft.fft"
        yield left(program, habit, place, "structure", name=name, instead=instead)


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


MNIST_LIKE = set(NAMES["mnist_like"])


@rule
def mnist_module(program: Program) -> Iterator[Finding]:
    """``from torchvision.datasets import mnist`` imports a file, not the data set."""
    for statement, alias, name, bindings in imported_names(program):
        if [b.dotted for b in bindings] != ["torchvision.datasets.mnist"]:
            continue
        places = uses(program, name, bindings)
        owners = [program.parent[node] for node in places]
        parents = [owner for owner in owners if isinstance(owner, cst.Attribute)]
        used = {parent.attr.value for parent in parents}
        free = all(
            b.dotted == f"torchvision.datasets.{item}"
            for item in used
            if not program.is_free(item)
            for b in program.lookup(item, statement)
        )
        simple = len(parents) == len(places) and not program.is_used_elsewhere(name)
        if not used or not simple or not used <= MNIST_LIKE or not free:
            yield left(program, "mnist-module", alias, "structure")
            continue
        start, end = program.start(alias.name), alias_end(program, alias)
        edits = [(start, end, ", ".join(sorted(used)))]
        edits += [(program.start(p), program.start(p.attr), "") for p in parents]
        yield rewritten(program, "mnist-module", alias, *edits)
