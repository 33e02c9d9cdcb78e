"""What a rule is, what it finds, and the small pieces that many rules share.

A rule rewrites a line only if the program means the same afterwards as it does today,
or, where today's program stops with an error, what its text says beyond doubt.
Everything else it leaves to the reader, with the reason. Each rewrite is a list of
small edits of the source, so that everything between them stays as it is.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator

import libcst as cst

from ..program import Binding, Program, literal

__all__ = [
    "Edit",
    "Finding",
    "Rule",
    "alias_end",
    "behind",
    "find_habits",
    "has_star",
    "imported_names",
    "index_of",
    "is_binding",
    "is_data",
    "left",
    "line_end",
    "line_start",
    "quoted",
    "replaced",
    "rewritten",
    "rule",
    "uses",
    "without_argument",
]

Edit = tuple[int, int, str]


@dataclasses.dataclass
class Finding:
    """One place where a habit stands.

    Attributes:
        rule: The id of the habit in ``catalog.HABITS``.
        start: Offset of the place in the source.
        edits: What rewrites it, each ``(start, end, new text)``; empty if it is left.
        reason: Why it is left, a key of ``catalog.REASONS``; ``""`` if it is rewritten.
        needs: What the rewritten program needs besides: ``"torch"`` and ``"device"`` by
            that name, and the statements that must come under ``torch.no_grad()``.
        words: What the texts of the catalogue leave open.
        end: Offset behind the place; 0: where the edits or the line end.
    """

    rule: str
    start: int
    edits: list[Edit] = dataclasses.field(default_factory=list)
    reason: str = ""
    needs: set[str | cst.CSTNode] = dataclasses.field(default_factory=set)
    words: dict[str, str] = dataclasses.field(default_factory=dict)
    end: int = 0


Rule = Callable[[Program], Iterator[Finding]]
_RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    """Add a function to the rules."""
    _RULES.append(function)
    return function


def find_habits(program: Program) -> list[Finding]:
    """Return every old habit of a program, in the order of its source."""
    found = [finding for rule in _RULES for finding in rule(program)]
    for finding in found:
        if any("#" in program.source[start:end] for start, end, _ in finding.edits):
            finding.end = max(end for _, end, _ in finding.edits)
            finding.reason = "comment-inside"
            finding.edits, finding.needs = [], set()
    return sorted(found, key=lambda finding: (finding.start, finding.rule))


# -- Small pieces of many rules --------------------------------------------------------


def left(
    program: Program, rule: str, node: cst.CSTNode, reason: str, **words: str
) -> Finding:
    """Return a finding that is left to the reader, with the reason."""
    start, end = program.span(node)
    return Finding(rule, start, reason=reason, words=words, end=end)


def rewritten(program: Program, rule: str, node: cst.CSTNode, *edits: Edit) -> Finding:
    """Return a finding that is rewritten; a comment in what goes is never lost."""
    return Finding(rule, program.start(node), list(edits))


def replaced(program: Program, rule: str, node: cst.CSTNode, text: str) -> Finding:
    """Return a finding that is rewritten by putting ``text`` in place of ``node``."""
    return rewritten(program, rule, node, (*program.span(node), text))


def behind(program: Program, node: cst.BaseExpression, text: str) -> Edit:
    """Return the edit that puts ``text`` behind a value and its parentheses."""
    end = program.outer_end(node)
    return end, end, text


def has_star(call: cst.Call) -> bool:
    """Say whether a call has arguments of the kind ``*x`` or ``**x``."""
    return any(arg.star for arg in call.args)


def without_argument(program: Program, call: cst.Call, arg: cst.Arg) -> Edit:
    """Return the edit that takes one argument out."""
    place = list(call.args).index(arg)
    start, end = program.span(arg)
    if place:
        start = program.end(call.args[place - 1])
    elif len(call.args) > 1:
        end = program.start(call.args[1])
    elif isinstance(arg.comma, cst.Comma):
        end = program.source.index(",", end) + 1
    return start, end, ""


def line_start(program: Program, node: cst.CSTNode) -> int:
    """Return the offset of the line in which ``node`` begins."""
    start = program.start(node)
    source = program.source
    return max(source.rfind("\n", 0, start), source.rfind("\r", 0, start)) + 1


def line_end(program: Program, position: int) -> str:
    """Return the line ending used at a place of the source."""
    match = re.compile(r"\r\n|\r|\n").search(program.source, position)
    return match[0] if match else program.module.default_newline


def is_binding(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a name stands there to be bound, or is only a word of the syntax."""
    match parent := program.parent.get(node):
        case cst.Attribute():
            return node is parent.attr or is_binding(program, parent)
        case cst.FunctionDef() | cst.ClassDef():
            return node is parent.name
        case cst.Arg():
            return node is parent.keyword
        case cst.ImportAlias() | cst.ImportFrom() | cst.AsName() | cst.Param():
            return True
        case cst.AssignTarget() | cst.NameItem():
            return True
    return False


def imported_names(
    program: Program,
) -> Iterator[tuple[cst.ImportFrom, cst.ImportAlias, str, list[Binding]]]:
    """Give statement, clause, name and bindings of the name for ``from ... import``."""
    for statement in program.all(cst.ImportFrom):
        if not isinstance(statement.names, cst.ImportStar):
            for alias in statement.names:
                name = alias.evaluated_alias or alias.evaluated_name
                yield statement, alias, name, program.lookup(name, statement)


def uses(program: Program, name: str, bindings: list[Binding]) -> list[cst.Name]:
    """Return every place where a name is used, not bound, with these bindings."""
    return [
        node
        for node in program.names.get(name, ())
        if not is_binding(program, node) and program.lookup(name, node) is bindings
    ]


def alias_end(program: Program, alias: cst.ImportAlias) -> int:
    """Return the offset behind ``x as y`` of an import."""
    return program.end(alias.asname.name if alias.asname else alias.name)


def quoted(program: Program, text: str) -> str:
    """Return ``text`` in the quotes the program uses more often."""
    single = program.source.count("'") > program.source.count('"')
    return f"'{text}'" if single else f'"{text}"'


def index_of(node: cst.CSTNode | None) -> object:
    """Return the number by which something is indexed, ``...`` if there is none."""
    match node:
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=value))]):
            return literal(value) if isinstance(value, cst.Integer) else ...
    return ...


def is_data(node: cst.CSTNode | None) -> bool:
    """Say whether a node is ``x.data``."""
    return isinstance(node, cst.Attribute) and node.attr.value == "data"
