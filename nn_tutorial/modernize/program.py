"""What a Python program says about its names, read from a syntax tree.

The names are collected in one walk of our own: libcst's ``ScopeProvider`` alone takes
more than three times as long as parsing, at each pass, and knows places, not values.

The rules ask questions such as "does this name hold one number?" or
"did this tensor come out of a network?". They are answered here from the text alone;
nothing is imported or run. An answer is ``True`` only when every way the value can
have come about says so: when in doubt, the rule leaves the line to the reader.

Needs libcst, whose tree keeps every byte of the source.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import tomllib
import typing
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, CodeSpan
from libcst.metadata.span_provider import SpanProvidingCodegenState

__all__ = ["Binding", "Program", "Scope", "is_followed"]

Node = TypeVar("Node", bound=cst.CSTNode)

NAMES = tomllib.loads(
    Path(__file__).with_name("names.toml").read_text(encoding="utf-8")
)
USUAL_NAMES: dict[str, str] = NAMES["usual"]
SAME_AS: dict[str, str] = NAMES["same_as"]
LOSS_FUNCTIONS = {f"torch.nn.functional.{name}" for name in NAMES["losses"]}
SAME_SHAPE_METHODS = set(NAMES["same_shape_methods"])
ELEMENTWISE = set(NAMES["elementwise"])
SAME_DIMENSIONS = {f"torch.nn.{name}" for name in NAMES["same_dimensions"]}
FRESH_TENSORS = {f"torch.{name}" for name in NAMES["makers"]}

BindingKind = Literal[
    "import", "assign", "unpack", "augmented", "for", "parameter", "define", "other"
]


@dataclasses.dataclass(eq=False)
class Binding:
    """One place that gives a name its value.

    Attributes:
        kind: How the name is bound.
        node: The statement or clause that binds it.
        value: The expression it is bound to, where there is one.
        dotted: The full dotted name, for an import.
    """

    kind: BindingKind
    node: cst.CSTNode
    value: cst.BaseExpression | None = None
    dotted: str = ""


@dataclasses.dataclass(eq=False)
class Scope:
    """The names of one module, class or function."""

    node: cst.CSTNode
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = dataclasses.field(default_factory=dict)
    outer_names: set[str] = dataclasses.field(default_factory=set)


COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)

# Compound statements that bind names beside their block.
_BINDING_HEADS = (
    cst.With, cst.Try, cst.TryStar, cst.ExceptHandler, cst.ExceptStarHandler,
    cst.Finally, cst.Match, cst.MatchCase,
)  # fmt: skip

_BINDING_TYPES = {
    cst.FunctionDef, cst.ClassDef, cst.Lambda, cst.Param, cst.Global, cst.Nonlocal,
    cst.Import, cst.ImportFrom, cst.Assign, cst.AnnAssign, cst.AugAssign, cst.NamedExpr,
    cst.For, cst.CompFor, cst.AsName, cst.MatchAs, cst.MatchStar,
}  # fmt: skip

_SKIPPED_FIELDS = {
    "lpar", "rpar", "comma", "semicolon", "equal", "dot", "colon", "leading_lines",
    "lines_after_decorators", "header", "footer", "trailing_whitespace", "asynchronous",
    "lbracket", "rbracket", "lbrace", "rbrace", "newline", "comment",
}  # fmt: skip


@functools.cache
def _child_fields(node_type: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(node_type)
        if field.name not in _SKIPPED_FIELDS and not field.name.startswith("whitespace")
    )


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Give the parts of a node, whitespace and punctuation left out."""
    for name in _child_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, cst.CSTNode))


def literal(node: cst.CSTNode | None) -> object:
    """Return the value of ``True``, ``False``, ``None`` or a number, else ``...``."""
    if isinstance(node, cst.Name):
        return {"True": True, "False": False, "None": None}.get(node.value, ...)
    if isinstance(node, (cst.Integer, cst.Float)):
        return node.evaluated_value
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        value = literal(node.expression)
        return -value if isinstance(value, (int, float)) else ...
    return ...


def operands(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Give the parts of a sum, difference, product or quotient."""
    if isinstance(node, cst.BinaryOperation):
        yield from operands(node.left)
        yield from operands(node.right)
    elif isinstance(node, cst.UnaryOperation):
        yield from operands(node.expression)
    else:
        yield node


class _Positions(ByteSpanPositionProvider):
    """Where every node stands, in characters, and the source the tree gives back."""

    code = ""

    def walk(self, module: cst.Module) -> None:
        state = SpanProvidingCodegenState(
            default_indent=module.default_indent,
            default_newline=module.default_newline,
            provider=self,
        )
        module._codegen(state)
        self.code = "".join(state.tokens)

    @property
    def spans(self) -> dict[cst.CSTNode, CodeSpan]:
        return typing.cast("dict[cst.CSTNode, CodeSpan]", self._computed)


class Program:
    """One parsed program and what is known about its names.

    Args:
        source: Python that the parser accepts.
        cells: The span of every cell of a notebook in ``source``; one for a file.
        unseen: Words that stand beside ``source``, where names may be used, too;
            ``"*"`` stands for all.

    Raises:
        libcst.ParserSyntaxError: If ``source`` is not Python.
        RecursionError: If ``source`` is nested too deeply to be followed.
    """

    def __init__(
        self,
        source: str,
        cells: Sequence[tuple[int, int]],
        unseen: Collection[str] = (),
    ) -> None:
        self.source = source
        self.cells = cells
        self.unseen = unseen
        self.module = cst.parse_module(source)
        self._dotted: dict[cst.CSTNode, str] = {}
        self._texts: dict[cst.CSTNode, str] = {}
        self._imported: dict[int, str] = {}
        # What binds a name within a node, and how often the scope has it at all.
        self._held: dict[tuple[cst.CSTNode, Scope, str], list[Binding]] = {}
        self._place: dict[cst.CSTNode, int] = {}
        self._outside: dict[tuple[Scope, str], tuple[list[Binding], bool]] = {}
        self._binders: dict[
            tuple[cst.CSTNode, Scope, str], tuple[list[int], dict[int, cst.CSTNode]]
        ] = {}
        self.parent: dict[cst.CSTNode, cst.CSTNode] = {}
        self.scope_of: dict[cst.CSTNode, Scope] = {}
        self.nodes: dict[type[cst.CSTNode], list[cst.CSTNode]] = {}
        self.attributes_of: dict[cst.CSTNode, dict[str, list[Binding]]] = {}
        self.star_imports: list[str] = []
        self.root = Scope(self.module)
        self._collect(self.module, self.root)
        self.scopes = set(self.scope_of.values())
        self._asking: set[tuple[str, cst.CSTNode]] = set()

    # -- The walk that collects everything -------------------------------------------

    def _collect(self, node: cst.CSTNode, scope: Scope) -> None:
        self.scope_of[node] = scope
        self.nodes.setdefault(type(node), []).append(node)
        inner = scope
        if type(node) not in _BINDING_TYPES:
            pass  # most nodes by far
        elif isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._bind(scope, node.name.value, Binding("define", node))
            inner = Scope(node, scope)
        elif isinstance(node, cst.Lambda):
            inner = Scope(node, scope)
        elif isinstance(node, cst.Param):
            self._bind(scope, node.name.value, Binding("parameter", node))
        elif isinstance(node, (cst.Global, cst.Nonlocal)):
            scope.outer_names.update(item.name.value for item in node.names)
        elif isinstance(node, cst.Import):
            self._bind_import(node, scope)
        elif isinstance(node, cst.ImportFrom):
            self._bind_import_from(node, scope)
        elif isinstance(node, cst.Assign):
            for target in node.targets:
                self._bind_target(target.target, node, node.value, scope, "assign")
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            self._bind_target(node.target, node, node.value, scope, "assign")
        elif isinstance(node, cst.AugAssign):
            self._bind_target(node.target, node, node.value, scope, "augmented")
        elif isinstance(node, cst.NamedExpr):
            self._bind_target(node.target, node, node.value, scope, "assign")
        elif isinstance(node, (cst.For, cst.CompFor)):
            self._bind_target(node.target, node, node.iter, scope, "for")
        elif isinstance(node, cst.AsName) and not isinstance(
            self.parent[node], cst.ImportAlias
        ):
            self._bind_target(node.name, node, None, scope, "other")
        elif isinstance(node, (cst.MatchAs, cst.MatchStar)) and node.name is not None:
            self._bind(scope, node.name.value, Binding("other", node))
        for place, child in enumerate(children(node)):
            self.parent[child] = node
            self._place[child] = place
            self._collect(child, inner)

    def _bind(self, scope: Scope, name: str, binding: Binding) -> None:
        scopes = [scope]
        while name in scopes[0].outer_names and scopes[-1].parent is not None:
            scopes.append(scopes[-1].parent)
        nodes = [binding.node, *self.ancestors(binding.node)]
        for scope in scopes:
            scope.bindings.setdefault(name, []).append(binding)
            for node in nodes:
                self._held.setdefault((node, scope, name), []).append(binding)

    def _bind_import(self, node: cst.Import, scope: Scope) -> None:
        for alias in node.names:
            dotted = alias.evaluated_name
            if alias.evaluated_alias:
                name = alias.evaluated_alias
            else:  # "import torch.nn" binds torch
                name = dotted = dotted.partition(".")[0]
            self._bind(scope, name, Binding("import", node, dotted=dotted))

    def _bind_import_from(self, node: cst.ImportFrom, scope: Scope) -> None:
        source = "." * len(node.relative) + _dotted_text(node.module)
        if isinstance(node.names, cst.ImportStar):
            self.star_imports.append(source)
            return
        for alias in node.names:
            name = alias.evaluated_alias or alias.evaluated_name
            dotted = f"{source}.{alias.evaluated_name}"
            self._bind(scope, name, Binding("import", node, dotted=dotted))

    def _bind_target(
        self,
        target: cst.BaseExpression,
        node: cst.CSTNode,
        value: cst.BaseExpression | None,
        scope: Scope,
        kind: BindingKind,
    ) -> None:
        if isinstance(target, cst.Name):
            self._bind(scope, target.value, Binding(kind, node, value))
        elif isinstance(target, (cst.Tuple, cst.List)):
            values: list[cst.BaseExpression | None] = [value] * len(target.elements)
            part: BindingKind = "unpack" if kind == "assign" else kind
            if (
                kind == "assign"
                and isinstance(value, (cst.Tuple, cst.List))
                and len(value.elements) == len(target.elements)
            ):  # a, b = 1, 2
                values, part = [item.value for item in value.elements], "assign"
            for item, item_value in zip(target.elements, values, strict=True):
                self._bind_target(item.value, node, item_value, scope, part)
        elif isinstance(target, cst.StarredElement):
            self._bind_target(target.value, node, None, scope, "other")
        elif isinstance(target, cst.Attribute) and _is_name(target.value, "self"):
            owner = scope
            while owner.parent is not None:
                if isinstance(owner.node, cst.ClassDef):
                    attributes = self.attributes_of.setdefault(owner.node, {})
                    found = attributes.setdefault(target.attr.value, [])
                    found.append(Binding(kind, node, value))
                    break
                owner = owner.parent

    # -- Where things stand ----------------------------------------------------------

    @functools.cached_property
    def _spans(self) -> dict[cst.CSTNode, CodeSpan]:
        positions = _Positions()
        positions.walk(self.module)
        if positions.code != self.source:
            msg = "the parser does not give this source back unchanged"
            raise ValueError(msg)
        return positions.spans

    def start(self, node: cst.CSTNode) -> int:
        """Return the offset in ``source`` of the first character of ``node``."""
        return self._spans[node].start

    def end(self, node: cst.CSTNode) -> int:
        """Return the offset in ``source`` behind the last character of ``node``."""
        span = self._spans[node]
        return span.start + span.length

    def text(self, node: cst.CSTNode) -> str:
        """Return the source of ``node``, without parentheses around it."""
        if node not in self._texts:
            self._texts[node] = self.source[self.start(node) : self.end(node)].strip()
        return self._texts[node]

    @functools.cached_property
    def string_spans(self) -> list[tuple[int, int]]:
        """The spans of all strings of the program, with their quotes."""
        kinds = (cst.SimpleString, cst.FormattedString)
        return [(self.start(node), self.end(node)) for node in self.all(*kinds)]

    def cell_span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return where the cell that ``node`` stands in begins and ends."""
        place = bisect.bisect_right(self.cells, (self.start(node), len(self.source)))
        return self.cells[max(place - 1, 0)]

    def is_alone_in_cell(self, node: cst.CSTNode) -> bool:
        """Say whether nothing but ``node`` stands in its cell."""
        start, end = self.cell_span(node)
        rest = self.source[start : self.start(node)] + self.source[self.end(node) : end]
        return not rest.strip()

    def all(self, *types: type[Node]) -> Iterator[Node]:
        """Give every node of the types asked for, in the order of the source."""
        for node_type in types:
            for node in self.nodes.get(node_type, ()):
                assert isinstance(node, node_type)
                yield node

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

    def inside(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Give ``node`` and everything in it."""
        stack = [node]
        while stack:
            item = stack.pop()
            yield item
            stack.extend(children(item))

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Give the nodes around ``node``, from the nearest to the module."""
        while node in self.parent:
            node = self.parent[node]
            yield node

    @typing.overload
    def enclosing(self, node: cst.CSTNode, kind: type[Node], /) -> Node | None: ...

    @typing.overload
    def enclosing(
        self, node: cst.CSTNode, *kinds: type[cst.CSTNode]
    ) -> cst.CSTNode | None: ...

    def enclosing(
        self, node: cst.CSTNode, *kinds: type[cst.CSTNode]
    ) -> cst.CSTNode | None:
        """Return the nearest node around ``node`` that is of one of the kinds."""
        for outer in self.ancestors(node):
            if isinstance(outer, kinds):
                return outer
        return None

    # -- What names mean -------------------------------------------------------------

    def lookup(self, name: str, node: cst.CSTNode) -> list[Binding]:
        """Return every binding of ``name`` that ``node`` can see; none: unbound."""
        scope: Scope | None = self.scope_of[node]
        nearest = True
        while scope is not None:
            # A method does not see the names of its class.
            visible = nearest or not isinstance(scope.node, cst.ClassDef)
            outer = nearest and name in scope.outer_names
            if visible and name in scope.bindings and not outer:
                return scope.bindings[name]
            nearest, scope = False, scope.parent
        return []

    def is_free(self, name: str) -> bool:
        """Say whether no scope of the program binds ``name``."""
        return all(name not in scope.bindings for scope in self.scopes)

    def is_used_elsewhere(self, name: str) -> bool:
        """Say whether a name may be used where no rule looks, in another file, say."""
        return name in self.unseen or "*" in self.unseen

    def dotted(self, node: cst.CSTNode | None) -> str:
        """Return the full dotted name an expression stands for, or ``""``."""
        if node is None:
            return ""
        if node not in self._dotted:
            self._dotted[node] = self._dotted_name(node)
        return self._dotted[node]

    def _dotted_name(self, node: cst.CSTNode) -> str:
        if isinstance(node, cst.Attribute):
            base = self.dotted(node.value)
            return self._canonical(f"{base}.{node.attr.value}") if base else ""
        if not isinstance(node, cst.Name):
            return ""
        bindings = self.lookup(node.value, node)
        if not bindings:
            usual = USUAL_NAMES.get(node.value, "")
            foreign = any(
                not source.startswith(("torch", "numpy"))
                for source in self.star_imports
            )
            return "" if foreign else usual
        key = id(bindings)  # a name bound thousands of times is used as often
        if key not in self._imported:
            names = {binding.dotted for binding in bindings}
            self._imported[key] = names.pop() if len(names) == 1 else ""
        return self._canonical(self._imported[key])

    @staticmethod
    def _canonical(dotted: str) -> str:
        return SAME_AS.get(dotted, dotted)

    def called(self, node: cst.CSTNode | None) -> str:
        """Return the full dotted name of what ``node`` calls, or ``""``."""
        return self.dotted(node.func) if isinstance(node, cst.Call) else ""

    def imports(self, root: str) -> bool:
        """Say whether the program imports from the package ``root``."""
        return any(
            (binding.dotted + ".").startswith(root + ".")
            for scope in self.scopes
            for bindings in scope.bindings.values()
            for binding in bindings
        ) or any(source.partition(".")[0] == root for source in self.star_imports)

    # -- Where a value comes from ----------------------------------------------------

    def reaching(self, name: cst.Name) -> list[Binding]:
        """Return the bindings that can have given ``name`` its value where it stands.

        Straight-line code gives the last one above; where branches or loops make that
        uncertain, all bindings of the scope are returned.
        """
        everywhere = self.lookup(name.value, name)
        scope = self.scope_of[name]
        if name.value not in scope.bindings or name.value in scope.outer_names:
            return everywhere
        held = functools.partial(self._bound_in, scope=scope, name=name.value)
        for whole in self.ancestors(name):
            if whole is scope.node:
                break
            if isinstance(whole, COMPREHENSIONS):
                own = [b for b in held(whole) if isinstance(b.node, cst.CompFor)]
                if own:  # the loop of a comprehension binds for itself only
                    return own[:1]
        everywhere, is_plain = self._outside_comprehensions(scope, name.value)
        if not is_plain:
            return everywhere
        statement: cst.CSTNode = name
        while statement in self.parent:
            block = self.parent[statement]
            if isinstance(block, (cst.IndentedBlock, cst.Module)):
                earlier = self._last_before(block, statement, scope, name.value)
                if earlier is not None:
                    simple = isinstance(earlier, cst.SimpleStatementLine)
                    return held(earlier)[-1:] if simple else everywhere
                if block is scope.node:
                    return everywhere
            elif isinstance(block, (cst.For, cst.While)):
                inside = held(block)
                own = [b for b in inside if b.node is block]
                if own or inside:  # the value may come from the round before
                    return own or everywhere
            elif block is scope.node:
                own = [b for b in everywhere if b.kind == "parameter"]
                return own or everywhere
            elif isinstance(block, _BINDING_HEADS) and len(held(block)) > len(
                held(statement)
            ):  # bound by the head of a with or by another part of a try
                return everywhere
            statement = block
        return everywhere

    def _bound_in(self, node: cst.CSTNode, scope: Scope, name: str) -> list[Binding]:
        return self._held.get((node, scope, name), [])

    def _outside_comprehensions(
        self, scope: Scope, name: str
    ) -> tuple[list[Binding], bool]:
        """Return the bindings of a name, and whether none is by ``:=``."""
        if (scope, name) not in self._outside:
            found = [
                b for b in scope.bindings[name] if not isinstance(b.node, cst.CompFor)
            ]
            plain = not any(isinstance(b.node, cst.NamedExpr) for b in found)
            self._outside[scope, name] = found, plain
        return self._outside[scope, name]

    def _last_before(
        self, block: cst.CSTNode, statement: cst.CSTNode, scope: Scope, name: str
    ) -> cst.CSTNode | None:
        """Return the last statement of a block before another that binds a name."""
        key = (block, scope, name)
        if key not in self._binders:
            places: dict[int, cst.CSTNode] = {}
            for binding in self._bound_in(*key):
                node = binding.node
                while node is not block and self.parent.get(node) is not block:
                    node = self.parent[node]
                if node is not block and not isinstance(binding.node, cst.CompFor):
                    places[self._place[node]] = node
            self._binders[key] = sorted(places), places
        order, places = self._binders[key]
        before = bisect.bisect_left(order, self._place[statement])
        return places[order[before - 1]] if before else None

    def _within(self, node: cst.CSTNode, outer: cst.CSTNode) -> bool:
        return node is outer or outer in self.ancestors(node)

    def bindings_of(self, node: cst.BaseExpression) -> list[Binding]:
        """Return what a name or an attribute of ``self`` can be bound to."""
        if isinstance(node, cst.Name):
            return self.reaching(node)
        if isinstance(node, cst.Attribute) and _is_name(node.value, "self"):
            owner = self.enclosing(node, cst.ClassDef)
            if owner is not None:
                return self.attributes_of.get(owner, {}).get(node.attr.value, [])
        return []

    def values(self, node: cst.BaseExpression) -> list[cst.BaseExpression | None]:
        """Return the expressions a value can come from; ``None`` stands for unknown.

        Names are followed to what they are bound to, and what only moves or wraps a
        value (``.cuda()``, ``.to(...)``, ``.eval()``, ``DataParallel``) is taken off.
        """
        found: list[cst.BaseExpression | None] = []
        seen: set[cst.CSTNode] = set()
        stack: list[cst.BaseExpression | None] = [node]
        while stack:
            item = stack.pop()
            if item is None:
                found.append(None)
                continue
            if item in seen:
                continue
            seen.add(item)
            item = self._unwrap(item)
            if isinstance(item, cst.Name) or (
                isinstance(item, cst.Attribute) and _is_name(item.value, "self")
            ):
                bindings = self.bindings_of(item)
                if not bindings:
                    found.append(None)
                for binding in bindings:
                    known = binding.kind == "assign" and binding.value not in seen
                    if known:
                        stack.append(binding.value)
                    elif binding.kind != "assign":
                        found.append(None)
            else:
                found.append(item)
        return found

    @functools.cached_property
    def _saves(self) -> list[tuple[str, cst.BaseExpression]]:
        return [
            (self._path(call.args[1].value), call.args[0].value)
            for call in self.all(cst.Call)
            if self.called(call) == "torch.save"
            and len([arg for arg in call.args if arg.keyword is None]) > 1
        ]

    def saved_as(self, path: cst.BaseExpression) -> list[cst.BaseExpression]:
        """Return what the program itself saves under a path with ``torch.save``."""
        wanted = self._path(path)
        return [saved for place, saved in self._saves if place == wanted]

    def _path(self, node: cst.BaseExpression) -> str:
        values = self.values(node)
        value = values[0] if len(values) == 1 and values[0] is not None else node
        if isinstance(value, cst.SimpleString):
            return repr(value.raw_value)
        return self.text(value)

    def _unwrap(self, node: cst.BaseExpression) -> cst.BaseExpression:
        while isinstance(node, cst.Call):
            name = self.called(node)
            loads = name == "torch.load" and node.args
            saved = self.saved_as(node.args[0].value) if loads else []
            if name == "torch.nn.DataParallel" and node.args:
                node = node.args[0].value
            elif len(saved) == 1:  # what is loaded is what was saved
                node = saved[0]
            elif isinstance(node.func, cst.Attribute) and node.func.attr.value in {
                "cuda", "cpu", "to", "double", "float", "half", "train", "eval",
            }:  # fmt: skip
                node = node.func.value
            else:
                break
        return node

    def comes_from(self, node: cst.BaseExpression, names: Iterable[str]) -> bool:
        """Say whether a value is surely the result of calling one of ``names``."""
        wanted = set(names)
        values = self.values(node)
        return bool(values) and all(self.called(value) in wanted for value in values)

    def class_of(self, node: cst.BaseExpression) -> cst.ClassDef | None:
        """Return the class of the program that a value is an instance of."""
        classes = set()
        for value in self.values(node):
            if not isinstance(value, cst.Call) or not isinstance(value.func, cst.Name):
                return None
            bindings = self.lookup(value.func.value, value)
            if len(bindings) != 1 or not isinstance(bindings[0].node, cst.ClassDef):
                return None
            classes.add(bindings[0].node)
        return classes.pop() if len(classes) == 1 else None

    def is_module_class(self, node: cst.ClassDef) -> bool:
        """Say whether a class of the program is an ``nn.Module``."""
        for base in node.bases:
            if self.dotted(base.value) in {"torch.nn.Module", "torch.nn.Sequential"}:
                return True
            if isinstance(base.value, cst.Name):
                for binding in self.lookup(base.value.value, base):
                    inner = binding.node
                    if isinstance(inner, cst.ClassDef) and inner is not node:
                        return self.is_module_class(inner)
        return False

    def is_network(self, node: cst.BaseExpression) -> bool:
        """Say whether a value is surely an ``nn.Module``."""
        values = self.values(node)
        if not values:
            return False
        for value in values:
            name = self.called(value)
            if name.startswith("torch.nn.") and not name.startswith(
                ("torch.nn.functional", "torch.nn.init", "torch.nn.utils")
            ):
                last = name.rpartition(".")[2]
                if last[:1].isupper() and last != "Parameter":
                    continue
            if name.startswith("torchvision.models."):
                continue
            if value is not None:
                owner = self.class_of(value)
                if owner is not None and self.is_module_class(owner):
                    continue
            return False
        return True

    def functions_called(self, call: cst.Call) -> list[cst.FunctionDef]:
        """Return the functions of the program that a call can run.

        A call of a network runs its ``forward``.
        """
        if isinstance(call.func, cst.Name):
            bindings = self.lookup(call.func.value, call)
            functions = [
                b.node for b in bindings if isinstance(b.node, cst.FunctionDef)
            ]
            if functions:
                return functions
        if isinstance(call.func, cst.Attribute) and _is_name(call.func.value, "self"):
            owner = self.enclosing(call, cst.ClassDef)
            methods = [] if owner is None else self.methods(owner, call.func.attr.value)
            if methods:
                return methods
        owner = self.class_of(call.func)
        return [] if owner is None else self.methods(owner, "forward")

    def methods(self, owner: cst.ClassDef, name: str) -> list[cst.FunctionDef]:
        """Return the methods of a class that have this name."""
        body = owner.body.body
        return [
            item
            for item in body
            if isinstance(item, cst.FunctionDef) and item.name.value == name
        ]

    @functools.cached_property
    def _call_sites(self) -> dict[cst.CSTNode, list[cst.Call]]:
        sites: dict[cst.CSTNode, list[cst.Call]] = {}
        for call in self.all(cst.Call):
            for function in self.functions_called(call):
                sites.setdefault(function, []).append(call)
        return sites

    def calls_of(self, function: cst.FunctionDef) -> list[cst.Call]:
        """Return the calls of a function that the program holds."""
        return self._call_sites.get(function, [])

    def arguments_for(self, parameter: cst.Param) -> list[cst.BaseExpression]:
        """Return what the program passes for a parameter; empty when not certain."""
        function = self.enclosing(parameter, cst.FunctionDef)
        if function is None or self._is_passed_on(function):
            return []
        if self.is_used_elsewhere(function.name.value):
            return []
        names = [item.name.value for item in function.params.params]
        if parameter.name.value not in names or parameter.default is not None:
            return []
        position = names.index(parameter.name.value)
        found = []
        for call in self._call_sites.get(function, []):
            shift = 1 if names[0] == "self" else 0
            plain = [arg for arg in call.args if arg.keyword is None]
            keywords = {
                arg.keyword.value: arg.value
                for arg in call.args
                if arg.keyword is not None
            }
            if any(arg.star for arg in call.args):
                return []
            if position - shift < len(plain):
                found.append(plain[position - shift].value)
            elif parameter.name.value in keywords:
                found.append(keywords[parameter.name.value])
            else:
                return []
        return found

    def _is_passed_on(self, function: cst.FunctionDef) -> bool:
        """Say whether a function is used other than by calling it."""
        if function.name.value == "forward":
            return False
        return any(
            isinstance(self.parent[name], cst.Arg)
            for name in self.names.get(function.name.value, ())
        )

    def returns(self, function: cst.FunctionDef) -> list[cst.BaseExpression | None]:
        """Return what a function gives back, one entry a ``return``."""
        return [
            item.value
            for item in self.inside(function.body)
            if isinstance(item, cst.Return)
            and self.enclosing(item, cst.FunctionDef, cst.Lambda) is function
        ]

    def _once(self, question: str, node: cst.CSTNode) -> bool:
        """Say whether ``question`` is not being asked of ``node`` already."""
        key = (question, node)
        if key in self._asking:
            return False
        self._asking.add(key)
        return True

    # -- Does it hold one number? ----------------------------------------------------

    def is_loss_call(self, call: cst.Call) -> bool:
        """Say whether a call is one of a loss of PyTorch that averages or sums."""
        name = self.called(call)
        if name in LOSS_FUNCTIONS:
            return not self._keeps_every_loss(call)
        values = self.values(call.func)
        for value in values:
            made = self.called(value)
            if not (made.startswith("torch.nn.") and made.endswith(("Loss", "Loss2d"))):
                return False
            if isinstance(value, cst.Call) and self._keeps_every_loss(value):
                return False
        return bool(values)

    def _keeps_every_loss(self, call: cst.Call) -> bool:
        for arg in call.args:
            keyword = arg.keyword.value if arg.keyword is not None else ""
            if keyword == "reduce" and literal(arg.value) is not True:
                return True
            if keyword == "reduction":
                text = isinstance(arg.value, cst.SimpleString) and arg.value.raw_value
                if text not in {"mean", "sum", "batchmean"}:
                    return True
        return False

    @functools.cached_property
    def _losses(self) -> set[str]:
        """The callables whose results are asked for ``backward()`` without argument.

        Only a tensor of one number can be asked so, which proves what they return.
        """
        proven: set[str] = set()
        for call in self.all(cst.Call):
            if self._is_bare_backward(call):
                assert isinstance(call.func, cst.Attribute)
                for binding in self.bindings_of(call.func.value):
                    if binding.kind == "assign" and binding.value is not None:
                        proven.update(
                            self.text(part.func)
                            for part in operands(binding.value)
                            if isinstance(part, cst.Call)
                        )
        return proven

    def _is_bare_backward(self, call: cst.Call) -> bool:
        return (
            isinstance(call.func, cst.Attribute)
            and call.func.attr.value == "backward"
            and not any(
                arg.keyword is None or arg.keyword.value == "gradient"
                for arg in call.args
            )
        )

    def goes_backward(self, node: cst.BaseExpression) -> bool:
        """Say whether the scope asks this very name for ``backward()``."""
        return (self.scope_of[node], self.text(node)) in self._go_backward

    @functools.cached_property
    def _go_backward(self) -> set[tuple[Scope, str]]:
        return {
            (self.scope_of[call], self.text(call.func.value))
            for call in self.all(cst.Call)
            if self._is_bare_backward(call) and isinstance(call.func, cst.Attribute)
        }

    def is_one_number(self, node: cst.BaseExpression | None) -> bool:
        """Say whether a value is surely a tensor of one element, or a number."""
        if node is None or not self._once("number", node):
            return node is not None  # a name bound to itself adds nothing
        try:
            return self._is_one_number(node)
        finally:
            self._asking.discard(("number", node))

    def _is_one_number(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, (cst.Integer, cst.Float)):
            return True
        if isinstance(node, cst.BinaryOperation):
            return self.is_one_number(node.left) and self.is_one_number(node.right)
        if isinstance(node, cst.UnaryOperation):
            return self.is_one_number(node.expression)
        if isinstance(node, cst.Attribute) and node.attr.value == "data":
            return self.is_one_number(node.value)
        if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Attribute):
            return self.is_one_number(node.value)
        if isinstance(node, cst.Name) or (
            isinstance(node, cst.Attribute) and _is_name(node.value, "self")
        ):
            if self.goes_backward(node):
                return True
            bindings = self.bindings_of(node)
            return bool(bindings) and all(
                b.kind in {"assign", "augmented"} and self.is_one_number(b.value)
                for b in bindings
            )
        if isinstance(node, cst.Call):
            return self._call_gives_one_number(node)
        return False

    def _call_gives_one_number(self, call: cst.Call) -> bool:
        if self.is_loss_call(call):
            return True
        name = self.called(call)
        if name in {"torch.sum", "torch.mean"}:
            return len(call.args) == 1
        if name == "torch.autograd.Variable" and call.args:
            return self.is_one_number(call.args[0].value)
        function = call.func.value if isinstance(call.func, cst.Name) else ""
        if function in {"float", "int", "len"} and not self.lookup(function, call):
            return True
        if isinstance(call.func, cst.Attribute):
            method = call.func.attr.value
            if method in {"sum", "mean", "prod", "norm", "std", "var", "item"}:
                return not call.args and not name
            if method in SAME_SHAPE_METHODS and not name:
                return self.is_one_number(call.func.value)
        functions = self.functions_called(call)
        if functions:
            results = [value for f in functions for value in self.returns(f)]
            if results and all(self.is_one_number(value) for value in results):
                return True
        unknown = not any(self.values(call.func))
        return unknown and self.text(call.func) in self._losses

    # -- Does a gradient hang on it? -------------------------------------------------

    def is_plain(self, node: cst.BaseExpression | None) -> bool:
        """Say whether a value is surely data: no graph hangs on it."""
        if node is None or not self._once("plain", node):
            return node is not None
        try:
            return self._is_plain(node)
        finally:
            self._asking.discard(("plain", node))

    def _is_plain(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, (cst.BaseNumber, cst.BaseString)) or _is_constant(node):
            return True
        if isinstance(node, (cst.Tuple, cst.List)):
            return all(self.is_plain(item.value) for item in node.elements)
        if isinstance(node, cst.BinaryOperation):
            return self.is_plain(node.left) and self.is_plain(node.right)
        if isinstance(node, cst.Comparison):
            return True
        if isinstance(node, cst.UnaryOperation):
            return self.is_plain(node.expression)
        if isinstance(node, cst.Subscript):
            return self.is_plain(node.value) or self._is_data_set(node.value)
        if isinstance(node, cst.Attribute):
            if node.attr.value in {"data", "shape"} or self._is_data_set(node.value):
                return True
            if self.dotted(node).startswith(("torch.", "numpy.")):  # a dtype, say
                return True
            if not _is_name(node.value, "self"):
                return self.is_plain(node.value)
        if isinstance(node, (cst.Name, cst.Attribute)):
            bindings = self.bindings_of(node)
            return bool(bindings) and all(map(self._binds_plain, bindings))
        if isinstance(node, cst.Call):
            return self._call_is_plain(node)
        return False

    def _binds_plain(self, binding: Binding) -> bool:
        if binding.kind in {"assign", "augmented", "unpack"}:
            return self.is_plain(binding.value)
        if binding.kind == "for" and binding.value is not None:
            return self._is_loader(binding.value) or self.is_plain(binding.value)
        if binding.kind == "parameter" and isinstance(binding.node, cst.Param):
            arguments = self.arguments_for(binding.node)
            return bool(arguments) and all(map(self.is_plain, arguments))
        return False

    def _is_data_set(self, node: cst.BaseExpression) -> bool:
        values = self.values(node)
        return bool(values) and all(
            self.called(value).startswith("torchvision.datasets.") for value in values
        )

    def _is_loader(self, node: cst.BaseExpression) -> bool:
        """Say whether a loop over ``node`` is one over batches of data."""
        if isinstance(node, cst.Call):
            if self.called(node) == "torch.utils.data.DataLoader":
                return True
            name = node.func.value if isinstance(node.func, cst.Name) else ""
            if name in {"enumerate", "iter", "tqdm", "zip", "range", "next"}:
                return all(self._is_loader(arg.value) for arg in node.args) or (
                    name in {"enumerate", "range"}
                    and bool(node.args)
                    and (name == "range" or self._is_loader(node.args[0].value))
                )
            return False
        if self.comes_from(node, ["torch.utils.data.DataLoader"]):
            return True
        # A loader handed in as a parameter, or made in a file not seen here, tells
        # what it is by its name only.
        name = self.text(node).rpartition(".")[2].lower()
        values = self.values(node)
        return not any(values) and name.endswith(("loader", "data", "iter", "_dl"))

    def _call_is_plain(self, call: cst.Call) -> bool:
        name = self.called(call)
        keywords = {arg.keyword.value for arg in call.args if arg.keyword is not None}
        if name == "torch.autograd.Variable":
            return "requires_grad" not in keywords and len(call.args) > len(keywords)
        if "requires_grad" in keywords or name == "torch.nn.Parameter":
            return False
        if name in FRESH_TENSORS or name.startswith("numpy."):
            return True
        if isinstance(call.func, cst.Name) and not self.lookup(call.func.value, call):
            if call.func.value in {"len", "int", "float"}:
                return True
            if call.func.value in {"next", "iter"} and call.args:
                argument = call.args[0].value
                return self._is_loader(argument) or self.is_plain(argument)
            return False
        if name.startswith("torch.") and name.count(".") == 1:
            return all(self.is_plain(arg.value) for arg in call.args)
        if isinstance(call.func, cst.Attribute) and not name:
            method = call.func.attr.value
            if method in {"detach", "item", "numpy", "size"}:
                return True
            if method == "requires_grad_":
                return False
            if method == "next" and not call.args:
                return self._is_loader(call.func.value) or self.is_plain(
                    call.func.value
                )
            return self.is_plain(call.func.value) and all(
                self.is_plain(arg.value) for arg in call.args
            )
        return False

    def has_graph(self, node: cst.BaseExpression | None) -> bool:
        """Say whether a value surely came out of a network or a loss."""
        if node is None or not self._once("graph", node):
            return False
        try:
            if isinstance(node, cst.Name):
                return any(
                    b.kind in {"assign", "unpack", "augmented"}
                    and self.has_graph(b.value)
                    for b in self.bindings_of(node)
                )
            if isinstance(node, cst.BinaryOperation):
                return self.has_graph(node.left) or self.has_graph(node.right)
            if isinstance(node, cst.Call):
                if self.called(node) == "torch.autograd.Variable":
                    return False
                if self.is_loss_call(node) or self.is_network(node.func):
                    return True
                if isinstance(node.func, cst.Attribute):
                    method = node.func.attr.value
                    stops = method in {"detach", "item", "numpy"}
                    if not stops and self.has_graph(node.func.value):
                        return True
                return self.called(node).startswith("torch.") and any(
                    self.has_graph(arg.value) for arg in node.args
                )
            return False
        finally:
            self._asking.discard(("graph", node))

    # -- How many dimensions has it? -------------------------------------------------

    def dimensions(self, node: cst.BaseExpression | None) -> int | None:
        """Return how many dimensions a tensor surely has, or ``None``."""
        if node is None or not self._once("dimensions", node):
            return None
        try:
            return self._dimensions(node)
        finally:
            self._asking.discard(("dimensions", node))

    def _agreed(self, counts: Iterable[int | None]) -> int | None:
        found = set(counts)
        return found.pop() if len(found) == 1 else None

    def _dimensions(self, node: cst.BaseExpression) -> int | None:
        if isinstance(node, (cst.Integer, cst.Float)):
            return 0
        if isinstance(node, cst.BinaryOperation):
            sides = [self.dimensions(node.left), self.dimensions(node.right)]
            return None if None in sides else max(filter(None, sides), default=0)
        if isinstance(node, cst.UnaryOperation):
            return self.dimensions(node.expression)
        if isinstance(node, cst.Attribute) and node.attr.value == "data":
            return self.dimensions(node.value)
        if isinstance(node, cst.Name):
            counts = []
            for binding in self.reaching(node):
                if binding.kind == "assign":
                    counts.append(self.dimensions(binding.value))
                elif isinstance(binding.node, cst.Param):
                    arguments = self.arguments_for(binding.node)
                    counts.append(self._agreed(map(self.dimensions, arguments)))
                else:
                    counts.append(None)
            return self._agreed(counts)
        if isinstance(node, cst.Call):
            return self._call_dimensions(node)
        return None

    def _call_dimensions(self, call: cst.Call) -> int | None:
        if any(arg.star for arg in call.args):
            return None
        plain = [arg.value for arg in call.args if arg.keyword is None]
        first = plain[0] if plain else None
        name = self.called(call)
        last = name.rpartition(".")[2]
        if name in {"torch.linspace", "torch.arange", "torch.range", "torch.randperm"}:
            return 1
        if name == "torch.normal" or name == "torch.autograd.Variable":
            return self.dimensions(first)
        if name in FRESH_TENSORS and last in {"randn", "rand", "ones", "zeros"}:
            if isinstance(first, (cst.Tuple, cst.List)):
                return len(first.elements) if len(plain) == 1 else None
            return len(plain) if first is not None else None
        if name == "torch.unsqueeze":
            count = self.dimensions(first)
            return None if count is None else count + 1
        if name == "torch.cat" and isinstance(first, (cst.Tuple, cst.List)):
            parts = [self.dimensions(item.value) for item in first.elements]
            return self._agreed(parts)
        if name in {f"torch.{last}", f"torch.nn.functional.{last}"} and (
            last in ELEMENTWISE or last in {"max_pool2d", "avg_pool2d"}
        ):
            return self.dimensions(first)
        if isinstance(call.func, cst.Attribute) and not name:
            method = call.func.attr.value
            if method in {"view", "reshape"} and first is not None:
                if len(plain) > 1:
                    return len(plain)
                if isinstance(first, cst.Tuple):
                    return len(first.elements)
                return 1 if literal(first) == -1 else None
            if method == "unsqueeze":
                count = self.dimensions(call.func.value)
                return None if count is None else count + 1
            if method in SAME_SHAPE_METHODS:
                return self.dimensions(call.func.value)
        counts: list[int | None] = []
        for value in self.values(call.func):
            if self._keeps_dimensions(value):
                counts.append(self.dimensions(first))
            else:
                results = [
                    self.dimensions(result)
                    for function in self.functions_called(call)
                    for result in self.returns(function)
                ]
                counts.append(self._agreed(results))
        return self._agreed(counts)

    def _keeps_dimensions(self, layer: cst.BaseExpression | None) -> bool:
        name = self.called(layer)
        if name == "torch.nn.Sequential" and isinstance(layer, cst.Call):
            return bool(layer.args) and all(
                self._keeps_dimensions(arg.value) and not arg.star for arg in layer.args
            )
        return name in SAME_DIMENSIONS


def is_followed(source: str) -> bool:
    """Say whether the parser can read a source and give it back unchanged."""
    try:
        return cst.parse_module(source).code == source
    except (cst.ParserSyntaxError, RecursionError):
        return False


def _is_name(node: cst.CSTNode | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _is_constant(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value in {"True", "False", "None"}


def _dotted_text(node: cst.CSTNode | None) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted_text(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""
