"""What the names of a program mean, and which bindings can reach a place."""

from __future__ import annotations

import bisect
import functools

import libcst as cst

from ..catalog import NAMES
from .memory import remembered
from .tree import Binding, Scope, Tree, is_own_attribute

__all__ = ["COMPREHENSIONS", "Names"]

USUAL_NAMES: dict[str, str] = NAMES["usual"]
SAME_AS: dict[str, str] = NAMES["same_as"]
COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)

# Compound statements that bind names beside their block.
_BINDING_HEADS = (
    cst.With, cst.Try, cst.TryStar, cst.ExceptHandler, cst.ExceptStarHandler,
    cst.Finally, cst.Match, cst.MatchCase,
)  # fmt: skip


class Names(Tree):
    """A tree whose names can be looked up."""

    @functools.cached_property
    def names(self) -> dict[str, list[cst.Name]]:
        """Every place where a name stands, by the name."""
        found: dict[str, list[cst.Name]] = {}
        for node in self.all(cst.Name):
            found.setdefault(node.value, []).append(node)
        return found

    @functools.cached_property
    def attributes(self) -> dict[str, list[cst.Attribute]]:
        """Every ``x.something``, by the text of ``x``."""
        found: dict[str, list[cst.Attribute]] = {}
        for node in self.all(cst.Attribute):
            found.setdefault(self.text(node.value), []).append(node)
        return found

    def lookup(self, name: str, node: cst.CSTNode) -> list[Binding]:
        """Return every binding of ``name`` that ``node`` can see; none: unbound."""
        scope = self._scope_with(name, node)
        return [] if scope is None else scope.bindings[name]

    def _scope_with(self, name: str, node: cst.CSTNode) -> Scope | None:
        scope: Scope | None = self.scope_of[node]
        nearest = True
        while scope is not None:
            # A method does not see the names of its class.
            visible = nearest or not isinstance(scope.node, cst.ClassDef)
            outer = nearest and name in scope.outer_names
            if visible and name in scope.bindings and not outer:
                break
            nearest, scope = False, scope.parent
        return scope

    @remembered
    def _imported(self, name: str, scope: Scope) -> str:
        """Return the dotted name that all bindings of a name give it, or ``""``."""
        names = {binding.dotted for binding in scope.bindings[name]}
        return names.pop() if len(names) == 1 else ""

    def only_class(self, node: cst.BaseExpression) -> cst.ClassDef | None:
        """Return the class of the program that a name surely stands for."""
        if isinstance(node, cst.Name):
            match self.lookup(node.value, node):
                case [Binding(node=cst.ClassDef() as found)]:
                    return found
        return None

    def is_free(self, name: str) -> bool:
        """Say whether no scope of the program binds ``name``."""
        return all(name not in scope.bindings for scope in self.scopes)

    def is_used_elsewhere(self, name: str) -> bool:
        """Say whether a name may be used where no rule looks, in another file, say."""
        return name in self.unseen or "*" in self.unseen

    @remembered
    def dotted(self, node: cst.CSTNode | None) -> str:
        """Return the full dotted name an expression stands for, or ``""``."""
        name = ""
        if isinstance(node, cst.Attribute):
            base = self.dotted(node.value)
            name = f"{base}.{node.attr.value}" if base else ""
        elif isinstance(node, cst.Name):
            scope = self._scope_with(node.value, node)
            if scope is not None:
                name = self._imported(node.value, scope)
            elif all(s.startswith(("torch", "numpy")) for s in self.star_imports):
                name = USUAL_NAMES.get(node.value, "")
        return SAME_AS.get(name, name)

    def called(self, node: cst.CSTNode | None) -> str:
        """Return the full dotted name of what ``node`` calls, or ``""``."""
        return self.dotted(node.func) if isinstance(node, cst.Call) else ""

    def calls(self, *names: str) -> list[cst.Call]:
        """Return every call of what has one of these full dotted names."""
        return [call for name in names for call in self._calls.get(name, ())]

    @functools.cached_property
    def _calls(self) -> dict[str, list[cst.Call]]:
        found: dict[str, list[cst.Call]] = {}
        for call in self.all(cst.Call):
            found.setdefault(self.called(call), []).append(call)
        return found

    @functools.cached_property
    def is_torch(self) -> bool:
        """Whether a program is about PyTorch; a piece without imports may be."""
        dotted = self.star_imports + [
            binding.dotted
            for scope in self.scopes
            for bindings in scope.bindings.values()
            for binding in bindings
        ]
        known = {name.partition(".")[0] for name in dotted} & {"torch", "torchvision"}
        return bool(known) or not any(self.all(cst.Import, cst.ImportFrom))

    # -- Which binding reaches a place -----------------------------------------------

    def reaching(self, node: cst.CSTNode | None) -> list[Binding]:
        """Return the bindings that can have given a name its value where it stands.

        Straight-line code gives the last one above; where branches or loops make that
        uncertain, all bindings of the scope are returned.
        """
        if not isinstance(node, cst.Name):
            return []
        name, scope = node.value, self.scope_of[node]
        if name not in scope.bindings or name in scope.outer_names:
            return self.lookup(name, node)
        for whole in self.ancestors(node):
            if whole is scope.node:
                break
            if isinstance(whole, COMPREHENSIONS):
                held = self._bound_in(whole, scope, name)
                own = [b for b in held if isinstance(b.node, cst.CompFor)]
                if own:  # the loop of a comprehension binds for itself only
                    return own[:1]
        everywhere, is_plain = self._outside_comprehensions(scope, name)
        found = self._last_above(node, scope, everywhere) if is_plain else []
        return found or everywhere

    def _last_above(
        self, node: cst.Name, scope: Scope, everywhere: list[Binding]
    ) -> list[Binding]:
        """Return what straight-line code gives a name; none where it is uncertain."""
        held = functools.partial(self._bound_in, scope=scope, name=node.value)
        statement: cst.CSTNode = node
        while statement in self.parent:
            block = self.parent[statement]
            if isinstance(block, (cst.IndentedBlock, cst.Module)):
                earlier = self._last_before(block, statement, scope, node.value)
                if earlier is not None:
                    simple = isinstance(earlier, cst.SimpleStatementLine)
                    return held(earlier)[-1:] if simple else []
                if block is scope.node:
                    return []
            elif isinstance(block, (cst.For, cst.While)):
                if inside := held(block):  # the value may come from the round before
                    return [b for b in inside if b.node is block]
            elif block is scope.node:
                return [b for b in everywhere if b.kind == "parameter"]
            elif isinstance(block, _BINDING_HEADS) and len(held(block)) > len(
                held(statement)
            ):  # bound by the head of a with or by another part of a try
                return []
            statement = block
        return []

    def _bound_in(self, node: cst.CSTNode, scope: Scope, name: str) -> list[Binding]:
        return self._held.get((node, scope, name), [])

    @remembered
    def _outside_comprehensions(
        self, scope: Scope, name: str
    ) -> tuple[list[Binding], bool]:
        """Return the bindings of a name, and whether none is by ``:=``."""
        found = [b for b in scope.bindings[name] if not isinstance(b.node, cst.CompFor)]
        return found, not any(isinstance(b.node, cst.NamedExpr) for b in found)

    def _last_before(
        self, block: cst.CSTNode, statement: cst.CSTNode, scope: Scope, name: str
    ) -> cst.CSTNode | None:
        """Return the last statement of a block before another that binds a name."""
        order, places = self._statements_that_bind(block, scope, name)
        before = bisect.bisect_left(order, self._place[statement])
        return places[order[before - 1]] if before else None

    @remembered
    def _statements_that_bind(
        self, block: cst.CSTNode, scope: Scope, name: str
    ) -> tuple[list[int], dict[int, cst.CSTNode]]:
        places: dict[int, cst.CSTNode] = {}
        for binding in self._bound_in(block, scope, name):
            node = binding.node
            while node is not block and self.parent.get(node) is not block:
                node = self.parent[node]
            if node is not block and not isinstance(binding.node, cst.CompFor):
                places[self._place[node]] = node
        return sorted(places), places

    def bindings_of(self, node: cst.BaseExpression) -> list[Binding]:
        """Return what a name or an attribute of ``self`` can be bound to."""
        if is_own_attribute(node):
            owner = self.enclosing(node, cst.ClassDef)
            if owner is not None:
                return self.attributes_of.get(owner, {}).get(node.attr.value, [])
        return self.reaching(node)
