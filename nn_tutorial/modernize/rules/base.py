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

from ..program import Binding, Program

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
    return sorted(found, key=lambda finding: (finding.start, finding.rule))


def left(
    program: Program, rule: str, node: cst.CSTNode, reason: str, **words: str
) -> Finding:
    """Return a finding that is left to the reader, with the reason."""
    start, end = program.start(node), program.end(node)
    return Finding(rule, start, reason=reason, words=words, end=end)


def replaced(program: Program, rule: str, node: cst.CSTNode, text: str) -> Finding:
    """Return a finding that is rewritten by putting ``text`` in place of ``node``."""
    start, end = program.start(node), program.end(node)
    return Finding(rule, start, [(start, end, text)])


def has_star(call: cst.Call) -> bool:
    """Say whether a call has arguments of the kind ``*x`` or ``**x``."""
    return any(arg.star for arg in call.args)


def cut_argument(program: Program, call: cst.Call, arg: cst.Arg) -> list[Edit] | None:
    """Return the edits that take one argument out, or ``None`` if a comment is hit."""
    source, place = program.source, list(call.args).index(arg)
    start, end = program.start(arg), program.end(arg)
    if place:
        start = program.end(call.args[place - 1])
    elif len(call.args) > 1:
        end = program.start(call.args[1])
    elif isinstance(arg.comma, cst.Comma):
        end = source.index(",", end) + 1
    return None if "#" in source[start:end] else [(start, end, "")]


def outer_end(program: Program, node: cst.BaseExpression) -> int:
    """Return the offset behind an expression and the parentheses around it."""
    end = program.end(node)
    for _ in node.rpar:
        end = program.source.index(")", end) + 1
    return end


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
    parent = program.parent.get(node)
    if isinstance(parent, cst.Attribute):
        return node is parent.attr or is_binding(program, parent)
    if isinstance(parent, (cst.FunctionDef, cst.ClassDef)):
        return node is parent.name
    if isinstance(parent, cst.Arg):
        return node is parent.keyword
    return isinstance(
        parent,
        (
            cst.ImportAlias,
            cst.ImportFrom,
            cst.AsName,
            cst.Param,
            cst.AssignTarget,
            cst.NameItem,
        ),
    )


def references(program: Program, dotted: str) -> Iterator[cst.CSTNode]:
    """Give every place where the program uses what ``dotted`` names."""
    for node in program.all(cst.Name, cst.Attribute):
        if program.dotted(node) == dotted and not is_binding(program, node):
            parent = program.parent.get(node)
            # "autograd.variable.Variable" is one place, not three.
            longer = isinstance(parent, cst.Attribute) and parent.value is node
            if not (longer and program.dotted(parent) == dotted):
                yield node


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


def removed_line(program: Program, rule: str, line: cst.CSTNode) -> Finding:
    """Take a line out; a comment behind it stays."""
    start, end = program.start(line), program.end(line)
    cell_start, cell_end = program.cell_span(line)
    rest = re.compile(r"[ \t]*(\r\n|\r|\n|\Z)?").match(program.source, end, cell_end)
    assert rest is not None
    if rest[1] is None:
        return Finding(rule, start, [(start, rest.end(), "")])
    first = line_start(program, line)
    if not rest[1] and first > cell_start:  # the last line of its cell
        before = re.compile(r"\r\n|\r|\n").search(program.source, first - 2)
        first = before.start() if before and before.end() == first else first - 1
    return Finding(rule, start, [(first, rest.end(), "")])


def alias_end(program: Program, alias: cst.ImportAlias) -> int:
    """Return the offset behind ``x as y`` of an import."""
    return program.end(alias.asname.name if alias.asname else alias.name)


def quoted(program: Program, text: str) -> str:
    """Return ``text`` in the quotes the program uses more often."""
    single = program.source.count("'") > program.source.count('"')
    return f"'{text}'" if single else f'"{text}"'
