"""The rules: where an old habit stands, and what may be rewritten without risk.

A rule rewrites a line only if the program means the same afterwards as it does today,
or, where today's program stops with an error, what its text says beyond doubt.
Everything else it leaves to the reader, with the reason. Each rewrite is a list of
small edits of the source, so that everything between them stays as it is.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Iterator

import libcst as cst

from .program import (
    COMPREHENSIONS,
    FRESH_TENSORS,
    LOSS_FUNCTIONS,
    NAMES,
    Binding,
    Program,
    children,
    literal,
    operands,
)

__all__ = [
    "Edit", "Finding", "find_habits", "is_torch", "keyword", "left", "method",
    "needed_edits", "outer_end", "positional", "replaced", "rule", "torch_needed",
    "under_no_grad",
]  # fmt: skip

Edit = tuple[int, int, str]

DEVICE_LINE = (
    'device = {torch}.device("cuda" if {torch}.cuda.is_available() else "cpu")'
)


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
    return sorted(found, key=lambda finding: finding.start)


# -- Small pieces of many rules --------------------------------------------------------


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


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """Return the argument that a call gives by this name."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    return None


def positional(call: cst.Call) -> list[cst.Arg]:
    """Return the arguments without a name."""
    return [arg for arg in call.args if arg.keyword is None]


def _has_star(call: cst.Call) -> bool:
    return any(arg.star for arg in call.args)


def _cut_argument(program: Program, call: cst.Call, arg: cst.Arg) -> list[Edit] | None:
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


def method(call: cst.Call) -> str:
    """Return the name of the method a call calls, or ``""``."""
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _torch_name(program: Program) -> str:
    """Return the name under which the whole program sees ``torch``; ``""``: none."""
    for name, bindings in program.root.bindings.items():
        if bindings and all(binding.dotted == "torch" for binding in bindings):
            return name
    return ""


def torch_needed(program: Program) -> tuple[str, set[str | cst.CSTNode]] | None:
    """Return the name for ``torch`` and what that needs; ``None`` if it is taken."""
    name = _torch_name(program)
    if name:
        return name, set()
    if not program.is_free("torch"):
        return None
    # A piece of a post imports nothing, and then "torch" is understood.
    return "torch", {"torch"} if _first_import(program) is not None else set()


def _first_import(program: Program) -> cst.SimpleStatementLine | None:
    for statement in program.module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for part in statement.body:
                if isinstance(part, (cst.Import, cst.ImportFrom)) and not (
                    isinstance(part, cst.ImportFrom)
                    and isinstance(part.module, cst.Name)
                    and part.module.value == "__future__"
                ):
                    return statement
    return None


def _last_import_of_torch(program: Program) -> cst.SimpleStatementLine | None:
    """Return the last import of the run of imports that brings in ``torch``."""
    name = _torch_name(program)
    binders = {binding.node for binding in program.root.bindings.get(name, ())}
    found, seen_torch = None, False
    for statement in program.module.body:
        if isinstance(statement, cst.SimpleStatementLine) and any(
            isinstance(part, (cst.Import, cst.ImportFrom)) for part in statement.body
        ):
            found = statement
            if name:
                here = bool(binders.intersection(statement.body))
            else:  # torch itself will be imported at the top
                here = "torch" in program.text(statement)
            seen_torch = seen_torch or here
        elif seen_torch:
            break
    return found if seen_torch else None


# -- Variable and volatile -------------------------------------------------------------

_VARIABLE = "torch.autograd.Variable"


@rule
def variable(program: Program) -> Iterator[Finding]:
    """``Variable(x)`` is ``x``, and ``volatile=True`` is ``torch.no_grad()``."""
    calls = [
        call for call in program.all(cst.Call) if program.called(call) == _VARIABLE
    ]
    emptied: set[cst.CSTNode] = set()
    for call in calls:
        volatile = keyword(call, "volatile")
        if volatile is not None and literal(volatile.value) is not False:
            yield _volatile_argument(program, call, volatile)
            continue
        finding = _unwrapped_variable(program, call)
        line = _line_left_empty(program, call, finding)
        if line is None:
            yield finding
        elif line not in emptied:
            emptied.add(line)
            yield _removed_line(program, "variable", line)
    functions = {call.func for call in calls}
    for node in _references(program, _VARIABLE):
        inner = isinstance(program.parent[node], cst.Attribute)
        if node not in functions and not inner:
            yield left(program, "variable", node, "structure")
    yield from _unused_imports(program, "variable", _VARIABLE)
    for node in program.all(cst.Attribute):
        if node.attr.value == "volatile" and is_torch(program):
            yield left(program, "volatile", node, "structure")


def _references(program: Program, dotted: str) -> Iterator[cst.CSTNode]:
    """Give every place where the program uses what ``dotted`` names."""
    for node in program.all(cst.Name, cst.Attribute):
        if program.dotted(node) == dotted and not _is_binding(program, node):
            parent = program.parent.get(node)
            # "autograd.variable.Variable" is one place, not three.
            longer = isinstance(parent, cst.Attribute) and parent.value is node
            if not (longer and program.dotted(parent) == dotted):
                yield node


def _is_binding(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a name stands there to be bound, or is only a word of the syntax."""
    parent = program.parent.get(node)
    if isinstance(parent, cst.Attribute):
        return node is parent.attr or _is_binding(program, parent)
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


def _unwrapped_variable(program: Program, call: cst.Call) -> Finding:
    refuse = functools.partial(left, program, "variable", call)
    named = {a.keyword.value if a.keyword else "": a for a in call.args}
    tensor = named.pop("", None) or named.pop("data", None)
    asked = named.pop("requires_grad", None)
    named.pop("volatile", None)
    if tensor is None or named or _has_star(call) or len(positional(call)) > 1:
        return refuse("argument-unclear")
    value = tensor.value
    if isinstance(value, (cst.List, cst.BaseNumber)) or program.called(
        value
    ).startswith("numpy."):
        return refuse("structure")  # not a tensor: refused then, refused now
    if program.has_graph(value):
        return refuse("cuts-graph")

    wanted = literal(asked.value) if asked is not None else False
    if asked is not None and wanted not in (True, False):
        suffix = f".detach().requires_grad_({program.text(asked.value)})"
    elif wanted:
        fresh = program.is_plain(value) and _is_fresh(program, value)
        suffix = ".requires_grad_()" if fresh else ".detach().requires_grad_()"
    else:
        same = program.is_plain(value) and not _is_changed_alone(program, call, value)
        suffix = "" if same else ".detach()"

    start, end = program.start(call), program.end(call)
    first, last = program.start(value), program.end(value)
    source = program.source
    if "#" in source[start:first] + source[last:end]:
        return refuse("comment-inside")
    atom = isinstance(
        value, (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Tuple)
    )
    one_line = not re.search(r"[\r\n]", source[start:end])
    touches = source[end : end + 1]
    bare = atom and one_line and not (touches.isalnum() or touches == "_")
    opening, closing = ("", suffix) if bare else ("(", ")" + suffix)
    return Finding("variable", start, [(start, first, opening), (last, end, closing)])


_OWN_METHODS = set(NAMES["own_methods"])


def _is_changed_alone(
    program: Program, call: cst.Call, value: cst.BaseExpression
) -> bool:
    """Say whether a Variable gets something that the tensor in it must not get.

    Both share their numbers, but each has its own shape and its own gradient.
    """
    statement = program.parent[call]
    if _is_fresh(program, value) or not isinstance(statement, cst.Assign):
        return False
    names = {program.text(target.target) for target in statement.targets}
    if program.text(value) in names:  # the old name is gone
        return False
    for node in [n for name in names for n in program.attributes.get(name, ())]:
        parent = program.parent[node]
        if isinstance(parent, cst.AssignTarget) and node.attr.value != "volatile":
            return True
        if node.attr.value in _OWN_METHODS and isinstance(parent, cst.Call):
            return True
    return False


def _line_left_empty(
    program: Program, call: cst.Call, finding: Finding
) -> cst.SimpleStatementLine | None:
    """Return the line of ``x = Variable(x)``, which would become ``x = x``."""
    statement = program.enclosing(call, cst.Assign)
    if statement is None or len(statement.targets) > 1:
        return None
    target, value = statement.targets[0].target, statement.value
    pairs: list[tuple[cst.BaseExpression, cst.BaseExpression]] = [(target, value)]
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
        names = [item.value for item in target.elements]
        wrapped = [item.value for item in value.elements]
        pairs = (
            list(zip(names, wrapped, strict=False))
            if len(names) == len(wrapped)
            else []
        )
    for name, inner in pairs:
        plain = (
            isinstance(inner, cst.Call)
            and program.called(inner) == _VARIABLE
            and len(inner.args) == 1
            and isinstance(name, cst.Name)
            and program.text(inner.args[0].value) == name.value
            and program.is_plain(inner.args[0].value)
        )
        if not plain:
            return None
    line = program.parent[statement]
    block = program.parent[line]
    if (
        not pairs
        or not finding.edits
        or not isinstance(line, cst.SimpleStatementLine)
        or len(line.body) > 1
        or len(getattr(block, "body", ())) < 2
        or program.is_alone_in_cell(line)
        or re.search(r"[\r\n]", program.text(line))
    ):
        return None
    return line


def _removed_line(program: Program, rule: str, line: cst.CSTNode) -> Finding:
    """Take a line out; a comment behind it stays."""
    start, end = program.start(line), program.end(line)
    cell_start, cell_end = program.cell_span(line)
    rest = re.compile(r"[ \t]*(\r\n|\r|\n|\Z)?").match(program.source, end, cell_end)
    assert rest is not None
    if rest[1] is None:
        return Finding(rule, start, [(start, rest.end(), "")])
    first = _line_start(program, line)
    if not rest[1] and first > cell_start:  # the last line of its cell
        before = re.compile(r"\r\n|\r|\n").search(program.source, first - 2)
        first = before.start() if before and before.end() == first else first - 1
    return Finding(rule, start, [(first, rest.end(), "")])


def _is_fresh(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether nobody else holds the tensor an expression makes."""
    while isinstance(node, cst.Call):
        if program.called(node).startswith("torch."):
            return program.called(node) != "torch.from_numpy"
        if not isinstance(node.func, cst.Attribute):
            return False
        node = node.func.value
    return False


def _imported_names(
    program: Program,
) -> Iterator[tuple[cst.ImportFrom, cst.ImportAlias, str, list[Binding]]]:
    """Give statement, clause, name and bindings of the name for ``from ... import``."""
    for statement in program.all(cst.ImportFrom):
        if not isinstance(statement.names, cst.ImportStar):
            for alias in statement.names:
                name = alias.evaluated_alias or alias.evaluated_name
                yield statement, alias, name, program.lookup(name, statement)


def _uses(program: Program, name: str, bindings: list[Binding]) -> list[cst.Name]:
    """Return every place where a name is used, not bound, with these bindings."""
    return [
        node
        for node in program.names.get(name, ())
        if not _is_binding(program, node) and program.lookup(name, node) is bindings
    ]


def _unused_imports(program: Program, rule: str, dotted: str) -> Iterator[Finding]:
    """Take the import of a name out once nothing uses it."""
    if any(True for _ in _references(program, dotted)):
        return
    for statement, alias, name, bindings in _imported_names(program):
        own = any(b.node is statement and b.dotted == dotted for b in bindings)
        if own and not program.is_used_elsewhere(name):
            yield _removed_import(program, rule, statement, alias)


def _removed_import(
    program: Program, rule: str, statement: cst.ImportFrom, alias: cst.ImportAlias
) -> Finding:
    assert not isinstance(statement.names, cst.ImportStar)
    names, source = list(statement.names), program.source
    place, start = names.index(alias), program.start(statement)
    if len(names) > 1:
        if place:
            cut = (_alias_end(program, names[place - 1]), _alias_end(program, alias))
        else:
            cut = (program.start(alias), program.start(names[1]))
        if "#" in source[slice(*cut)]:
            return left(program, rule, statement, "comment-inside")
        return Finding(rule, start, [(*cut, "")])
    line = program.parent[statement]
    block = program.parent[line]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1:
        return left(program, rule, statement, "structure")
    if len(getattr(block, "body", ())) < 2 or program.is_alone_in_cell(line):
        return left(program, rule, statement, "only-statement")
    return _removed_line(program, rule, line)


def _alias_end(program: Program, alias: cst.ImportAlias) -> int:
    return program.end(alias.asname.name if alias.asname else alias.name)


def _volatile_argument(program: Program, call: cst.Call, arg: cst.Arg) -> Finding:
    refuse = functools.partial(left, program, "volatile", arg)
    if literal(arg.value) is not True or keyword(call, "requires_grad"):
        return refuse("argument-unclear")
    cut = _cut_argument(program, call, arg)
    torch = torch_needed(program)
    if cut is None:
        return refuse("comment-inside")
    if torch is None:
        return refuse("name-taken", name="torch")
    finding = Finding("volatile", program.start(arg), cut)
    if not under_no_grad(program, call):
        evaluation = _evaluation_around(program, call)
        if evaluation is None:
            return refuse("evaluation-unclear")
        finding.needs = {evaluation, *torch[1]}
    return finding


_NO_GRAD = {"torch.no_grad", "torch.inference_mode", "torch.set_grad_enabled"}


def under_no_grad(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a place is under ``torch.no_grad()`` or a relative of it."""
    for outer in program.ancestors(node):
        if isinstance(outer, cst.With) and any(
            program.called(item.item) in _NO_GRAD for item in outer.items
        ):
            return True
        if isinstance(outer, cst.FunctionDef):
            return any(
                (program.called(d.decorator) or program.dotted(d.decorator)) in _NO_GRAD
                for d in outer.decorators
            )
    return False


def _evaluation_around(program: Program, node: cst.CSTNode) -> cst.CSTNode | None:
    """Return the smallest loop, branch or function around ``node`` without training."""
    branch: cst.CSTNode | None = None
    for outer in program.ancestors(node):
        if isinstance(outer, (cst.Lambda, cst.ClassDef)):
            return None
        if isinstance(outer, (cst.For, cst.While, cst.FunctionDef)):
            if outer is node or not _trains(program, outer):
                return outer
            break
        if isinstance(outer, cst.If) and not isinstance(
            program.parent[outer], (cst.If, cst.Else)
        ):
            branch = branch or outer
    if branch is None and _is_asked_at_once(program, node):
        branch = program.enclosing(node, cst.SimpleStatementLine)
    return branch if branch is not None and not _trains(program, branch) else None


def _is_asked_at_once(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a volatile input goes into a network where it is made."""
    for outer in program.ancestors(node):
        if isinstance(outer, cst.SimpleStatementLine):
            return False
        if not isinstance(outer, cst.Call) or program.called(outer):
            continue
        if isinstance(outer.func, cst.Name) or program.is_network(outer.func):
            return True
    return False


def _trains(program: Program, node: cst.CSTNode, depth: int = 3) -> bool:
    """Say whether a piece of the program may need its gradients."""
    for item in program.inside(node):
        if isinstance(item, (cst.Yield, cst.Await)):
            return True  # what runs in between is not seen
        if not isinstance(item, cst.Call):
            continue
        if method(item) in {"backward", "step"} or program.called(item) in {
            "torch.autograd.grad",
            "torch.autograd.backward",
        }:
            return True
        for function in program.functions_called(item):
            if depth and _trains(program, function.body, depth - 1):
                return True
    if isinstance(node, (cst.FunctionDef, cst.IndentedBlock)):
        return False
    # A loss computed here and asked for its gradient further down.
    for call in program.all(cst.Call):
        if method(call) == "backward" and isinstance(call.func, cst.Attribute):
            roots = [
                n for n in program.inside(call.func.value) if isinstance(n, cst.Name)
            ]
            for root in roots:
                for binding in program.reaching(root):
                    if node in program.ancestors(binding.node):
                        return True
    return False


def is_torch(program: Program) -> bool:
    """Say whether a program is about PyTorch; a piece without imports may be."""
    return (
        program.imports("torch")
        or program.imports("torchvision")
        or not (program.nodes.get(cst.Import) or program.nodes.get(cst.ImportFrom))
    )


# -- Numbers taken out of a loss -------------------------------------------------------


@rule
def data_index(program: Program) -> Iterator[Finding]:
    """``loss.data[0]`` is ``loss.item()``."""
    if not is_torch(program):
        return
    for node in program.all(cst.Subscript):
        tensor = _first_of_data(node) or _first_of_sum(program, node)
        if tensor is None:
            continue
        start = outer_end(program, tensor)
        if program.is_one_number(tensor):
            end = program.end(node)
            if "#" in program.source[program.end(tensor) : end]:
                yield left(program, "data-index", node, "comment-inside")
            else:
                edits = [(start, end, ".item()")]
                yield Finding("data-index", program.start(node), edits)
        elif _is_one_of_many(program, tensor) or (
            re.search(r"loss|cost", program.text(tensor).lower())
            and not any(program.values(tensor))
        ):
            yield left(program, "data-index", node, "not-one-number")


def _is_one_of_many(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a name runs through the elements of a tensor in a loop."""
    bindings = program.reaching(node) if isinstance(node, cst.Name) else []
    return bool(bindings) and all(
        b.kind == "for"
        and isinstance(b.node, cst.For)
        and isinstance(b.node.target, cst.Name)
        and isinstance(b.value, cst.Name)
        and any(c.kind == "parameter" for c in program.reaching(b.value))
        for b in bindings
    )


def _first_of_sum(program: Program, node: cst.Subscript) -> cst.Name | None:
    """Return ``total`` of ``total[0]`` where numbers of losses were added up."""
    index = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(index, cst.Index) or literal(index.value) != 0:
        return None
    if not isinstance(node.value, cst.Name):
        return None
    sums = [
        any(
            isinstance(part, cst.Attribute) and part.attr.value == "data"
            for part in operands(b.value)
        )
        for b in program.lookup(node.value.value, node)
        if b.kind == "augmented" and b.value is not None
    ]
    return node.value if sums and all(sums) else None


def _first_of_data(node: cst.Subscript) -> cst.BaseExpression | None:
    """Return ``x`` of ``x.data[0]``, ``x.data.cpu().numpy()[0]`` and their like."""
    index = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(index, cst.Index) or literal(index.value) != 0:
        return None
    value, data = node.value, False
    while True:
        if isinstance(value, cst.Attribute) and value.attr.value == "data":
            data, value = True, value.value
        elif (
            isinstance(value, cst.Call)
            and isinstance(value.func, cst.Attribute)
            and value.func.attr.value in {"cpu", "numpy", "detach"}
            and not value.args
        ):
            value = value.func.value
        else:
            return value if data and isinstance(index.value, cst.Integer) else None


def outer_end(program: Program, node: cst.BaseExpression) -> int:
    """Return the offset behind an expression and the parentheses around it."""
    end = program.end(node)
    for _ in node.rpar:
        end = program.source.index(")", end) + 1
    return end


@rule
def loss_graph(program: Program) -> Iterator[Finding]:
    """A loss kept as a tensor keeps its graph alive."""
    if not is_torch(program):
        return
    for call in program.all(cst.Call):
        if (
            method(call) == "append"
            and len(call.args) == 1
            and isinstance(call.func, cst.Attribute)
            and isinstance(call.func.value, cst.Name)
        ):
            kept = call.args[0].value
            yield from _kept_loss(program, call, kept, call.func.value)
    for statement in program.all(cst.AugAssign):
        if (
            isinstance(statement.operator, cst.AddAssign)
            and isinstance(statement.target, cst.Name)
            and not program.goes_backward(statement.target)
        ):
            yield from _kept_loss(program, statement, statement.value, statement.target)


def _kept_loss(
    program: Program, node: cst.CSTNode, kept: cst.BaseExpression, holder: cst.Name
) -> Iterator[Finding]:
    names = [
        name
        for name in operands(kept)
        if isinstance(name, cst.Name)
        and (program.goes_backward(name) or _is_evaluated(program, name))
        and not any(_is_taken_out(b.value) for b in program.reaching(name))
    ]
    if not names or under_no_grad(program, node):
        return
    start = program.start(node)
    if _number_suffices(program, holder, set()):
        edits = [(program.end(name), program.end(name), ".item()") for name in names]
        yield Finding("loss-graph", start, edits)
    elif any(map(program.goes_backward, names)):
        yield Finding("loss-graph", start, reason="used-as-tensor")


def _is_evaluated(program: Program, name: cst.Name) -> bool:
    """Say whether a name holds the loss of a network that nobody trains here."""
    function = program.enclosing(name, cst.FunctionDef)
    calls = program.calls_of(function) if function is not None else []
    if calls and all(under_no_grad(program, call) for call in calls):
        return False
    losses = [binding.value for binding in program.reaching(name)]
    return bool(losses) and all(
        isinstance(loss, cst.Call)
        and program.is_one_number(loss)
        and any(
            isinstance(value, cst.Call) and _is_model_call(program, value)
            for arg in loss.args
            for value in program.values(arg.value)
        )
        for loss in losses
    )


def _is_taken_out(value: cst.CSTNode | None) -> bool:
    """Say whether an expression gives a number or a tensor without a graph."""
    if isinstance(value, cst.Call):
        if isinstance(value.func, cst.Name):
            return value.func.value in {"float", "int"}
        return method(value) in {"item", "detach", "numpy"}
    if isinstance(value, cst.Subscript):
        return True
    return isinstance(value, cst.Attribute) and value.attr.value == "data"


_SHOWN_BY = {"print", "len", "float", "round", "str", "format"}
_SHOWING_METHODS = {"append", "format", "plot", "scatter", "semilogy", "write"}


def _number_suffices(program: Program, holder: cst.Name, seen: set[str]) -> bool:
    """Say whether every use of a name would be as well served by Python numbers."""
    if holder.value in seen:
        return True
    if program.is_used_elsewhere(holder.value):
        return False
    seen.add(holder.value)
    bindings = program.lookup(holder.value, holder)
    for name in program.names.get(holder.value, ()):
        parent = program.parent[name]
        if (
            isinstance(parent, cst.Attribute) and name is parent.attr
        ) or program.lookup(name.value, name) is not bindings:
            continue
        if not _number_suffices_here(program, name, seen):
            return False
    return bool(bindings) and all(b.kind in {"assign", "augmented"} for b in bindings)


def _number_suffices_here(program: Program, name: cst.Name, seen: set[str]) -> bool:
    node: cst.CSTNode = name
    for parent in program.ancestors(name):
        if isinstance(parent, cst.Attribute):
            # holder.append(...) is fine, holder.item() or holder.data is not.
            return parent.attr.value == "append" and node is name
        if isinstance(parent, cst.Call) and isinstance(node, cst.Arg):
            function = parent.func
            if isinstance(function, cst.Name) and function.value in _SHOWN_BY:
                return True
            if program.dotted(function).startswith(("matplotlib.", "numpy.")):
                return True
            if method(parent) == "append" and isinstance(function, cst.Attribute):
                target = function.value
                return isinstance(target, cst.Name) and _number_suffices(
                    program, target, seen
                )
            return method(parent) in _SHOWING_METHODS
        if isinstance(
            parent, (cst.FormattedStringExpression, cst.AssignTarget, cst.Comparison)
        ):
            return True
        if isinstance(parent, cst.AugAssign):
            return node is parent.target or (
                isinstance(parent.target, cst.Name)
                and _number_suffices(program, parent.target, seen)
            )
        if isinstance(parent, cst.Assign):
            targets = [target.target for target in parent.targets]
            return all(
                isinstance(target, cst.Name) and _number_suffices(program, target, seen)
                for target in targets
            )
        if not isinstance(
            parent,
            (
                cst.Arg,
                cst.BinaryOperation,
                cst.Subscript,
                cst.SubscriptElement,
                cst.Index,
                cst.Slice,
                cst.Tuple,
                cst.List,
                cst.Element,
                cst.ComparisonTarget,
            ),
        ):
            return False
        node = parent
    return False


# -- Names that have changed -----------------------------------------------------------

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
        if not rule or _is_binding(program, node):
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
    for statement, alias, name, bindings in _imported_names(program):
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
        places += _uses(program, name, bindings)
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
        if rule == "removed-name" and not _is_binding(program, node):
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


MNIST_LIKE = set(NAMES["mnist_like"])
_DATA_SETS = [
    f"torchvision.datasets.{name}" for name in (*MNIST_LIKE, "CIFAR10", "CIFAR100")
]


@rule
def mnist_module(program: Program) -> Iterator[Finding]:
    """``from torchvision.datasets import mnist`` imports a file, not the data set."""
    for statement, alias, name, bindings in _imported_names(program):
        if [b.dotted for b in bindings] != ["torchvision.datasets.mnist"]:
            continue
        uses = _uses(program, name, bindings)
        owners = [program.parent[node] for node in uses]
        parents = [owner for owner in owners if isinstance(owner, cst.Attribute)]
        used = {parent.attr.value for parent in parents}
        free = all(
            b.dotted == f"torchvision.datasets.{item}"
            for item in used
            if not program.is_free(item)
            for b in program.lookup(item, statement)
        )
        simple = len(parents) == len(uses) and not program.is_used_elsewhere(name)
        if not used or not simple or not used <= MNIST_LIKE or not free:
            yield left(program, "mnist-module", alias, "structure")
            continue
        start, end = program.start(alias.name), _alias_end(program, alias)
        edits = [(start, end, ", ".join(sorted(used)))]
        edits += [
            (program.start(node), program.start(parent.attr), "")
            for node, parent in zip(uses, parents, strict=True)
        ]
        yield Finding("mnist-module", program.start(alias), edits)


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


# -- Arguments that have changed -------------------------------------------------------


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
        if name not in functions or len(call.args) != 1 or _has_star(call):
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
                f"reduction={_quoted(program, reduction)}",
            )
        ]
        for arg in found[1:]:
            cut = _cut_argument(program, call, arg)
            edits += cut or []
        if len(edits) == len(found):
            yield Finding("size-average", program.start(found[0]), edits)
        else:
            yield left(program, "size-average", found[0], "comment-inside")


def _quoted(program: Program, text: str) -> str:
    """Return ``text`` in the quotes the program uses more often."""
    single = program.source.count("'") > program.source.count('"')
    return f"'{text}'" if single else f'"{text}"'


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
        for rule, callee, old, new in _KEYWORDS:
            arg = keyword(call, old)
            if (
                arg is None
                or arg.keyword is None
                or not any(name.startswith(callee) for name in names)
            ):
                continue
            cut = None if new else _cut_argument(program, call, arg)
            if new:
                yield replaced(program, rule, arg.keyword, new)
            elif cut is None:
                yield left(program, rule, arg, "comment-inside")
            else:
                yield Finding(rule, program.start(arg), cut)
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
        weights = _quoted(program, "IMAGENET1K_V1") if wanted else "None"
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


# -- Models and devices ----------------------------------------------------------------

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
        if _has_star(call) or keyword(call, "weights_only"):
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


@rule
def cuda_call(program: Program) -> Iterator[Finding]:
    """``.cuda()`` on a machine that may have no GPU."""
    if not is_torch(program):
        return
    own = any(f.name.value == "cuda" for f in program.all(cst.FunctionDef))
    first_gpu = _first_gpu(program)
    for call in program.all(cst.Call):
        if method(call) != "cuda" or program.dotted(call.func):
            continue
        chosen = [arg for arg in positional(call) if literal(arg.value) is ...]
        if not chosen and not _is_guarded(program, call):
            yield _moved_to_device(program, call, own_method=own, first_gpu=first_gpu)
    yield from _gpu_taken_for_granted(program)
    for node in program.all(cst.Attribute):
        on_gpu = re.fullmatch(r"torch\.cuda\.\w+Tensor", program.dotted(node))
        if not on_gpu or _is_guarded(program, node):
            continue
        if not isinstance(node.value, cst.Attribute):  # from torch import cuda
            yield left(program, "cuda-call", node, "structure")
        else:
            # On a machine with a GPU this is the same type as before.
            torch = program.text(node.value.value)
            either = f"({torch}.cuda if {torch}.cuda.is_available() else {torch})"
            place = node.value
            edits = [(program.start(place), program.end(place), either)]
            yield Finding("cuda-call", program.start(node), edits)


_NEEDS_GPU = {f"torch.cuda.{name}" for name in NAMES["needs_gpu"]}
_SWITCH = re.compile(r"(?:use|has|is|on)?_?(?:cuda|gpu)", re.IGNORECASE)


def _gpu_taken_for_granted(program: Program) -> Iterator[Finding]:
    """``CUDA = True``, ``torch.device("cuda")``, ``torch.cuda.set_device(0)``."""
    torch = _torch_name(program)
    asked = f"{torch}.cuda.is_available()"
    for statement in program.all(cst.Assign):
        names = [program.text(target.target) for target in statement.targets]
        last = _last_import_of_torch(program)
        if (
            all(map(_SWITCH.fullmatch, names))
            and literal(statement.value) is True
            and torch
            and last is not None
            and program.end(last) < program.start(statement)
        ):
            yield replaced(program, "cuda-call", statement.value, asked)
    for call in program.all(cst.Call):
        name, first = program.called(call), [arg.value for arg in call.args[:1]]
        place = first[0] if first else None
        is_cuda = (
            isinstance(place, cst.SimpleString)
            and str(place.evaluated_value).startswith("cuda")
            and not _is_guarded(program, call)
        )
        # A GPU that the program chooses at run time has been looked for.
        fixed = place is None or literal(place) is not ...
        if name in _NEEDS_GPU and fixed and not _is_guarded(program, call):
            yield left(program, "cuda-call", call, "structure")
        elif is_cuda and name == "torch.device" and torch and place is not None:
            text = f'{program.text(place)} if {asked} else "cpu"'
            yield replaced(program, "cuda-call", place, text)
        elif is_cuda and method(call) == "to":
            yield left(program, "cuda-call", call, "structure")


def _is_guarded(program: Program, node: cst.CSTNode) -> bool:
    """Say whether a test for a GPU stands around a place."""
    for outer in program.ancestors(node):
        test = getattr(outer, "test", None)
        if isinstance(outer, cst.BooleanOperation):
            test = outer.left
        if test is None or test is node:
            continue
        if re.search(r"cuda|gpu", program.text(test), re.IGNORECASE):
            return True
    return False


def _moved_to_device(
    program: Program, call: cst.Call, *, own_method: bool, first_gpu: set[cst.Arg]
) -> Finding:
    refuse = functools.partial(left, program, "cuda-call", call.func)
    assert isinstance(call.func, cst.Attribute)
    where = program.start(call.func.attr)
    outer = program.enclosing(call, cst.Lambda)
    places_storage = outer is not None and _places_storage(program, outer, call)
    if not places_storage and _is_storage(program, call.func.value, outer):
        return refuse("structure")
    waiting = keyword(call, "non_blocking")
    if own_method:
        return refuse("structure")
    first = [arg for arg in call.args if arg in first_gpu]
    if len(call.args) > (waiting is not None) + len(first):
        return refuse("gpu-chosen")
    device = _device(program, call)
    if device is None:
        return refuse("name-taken", name="device")
    name, needs = device
    if "device" in needs:
        last = _last_import_of_torch(program)
        if last is None or (
            program.scope_of[call] is program.root
            and program.start(call) < program.end(last)
        ):
            return refuse("structure")
    if not name:
        return refuse("structure")
    if places_storage and outer is not None:
        edits = [(program.start(outer), program.end(outer), name)]
        return Finding("cuda-call", where, edits, needs=needs)
    opening = program.end(call.func)
    bracket = program.source.index("(", opening) + 1
    edits = [(where, program.end(call.func.attr), "to")]
    end = program.end(first[0].value) if first else bracket
    more = waiting is not None and not first
    edits.append((bracket, end, f"{name}, " if more else name))
    return Finding("cuda-call", where, edits, needs=needs)


def _first_gpu(program: Program) -> set[cst.Arg]:
    """Return the zeros of ``.cuda(0)`` if the program names no other GPU."""
    zeros: set[cst.Arg] = set()
    for call in program.all(cst.Call):
        if method(call) == "set_device":
            return set()
        plain = positional(call) if method(call) == "cuda" else []
        if plain and literal(plain[0].value) != 0:
            return set()
        zeros.update(plain[:1])
    return zeros


def _places_storage(program: Program, outer: cst.Lambda, call: cst.Call) -> bool:
    """Say whether ``lambda storage, loc: storage.cuda()`` says where to load."""
    arg = program.parent[outer]
    load = program.parent[arg]
    return (
        outer.body is call
        and not call.args
        and isinstance(arg, cst.Arg)
        and isinstance(load, cst.Call)
        and program.called(load) == "torch.load"
        and (load.args.index(arg) == 1 if arg.keyword is None else True)
    )


def _is_storage(
    program: Program, node: cst.BaseExpression, outer: cst.Lambda | None
) -> bool:
    """Say whether a value may be a storage, which has no ``.to()``."""
    if isinstance(node, cst.Call):
        return method(node) in {"storage", "untyped_storage"}
    names = [] if outer is None else [item.name.value for item in outer.params.params]
    return isinstance(node, cst.Name) and (
        node.value in names or "storage" in node.value.lower()
    )


def _device(
    program: Program, call: cst.Call
) -> tuple[str, set[str | cst.CSTNode]] | None:
    """Return the name of the device and what it needs; ``None`` if it is taken.

    The name is ``""`` where the device is chosen only further down.
    """
    if program.is_free("device"):
        torch = torch_needed(program)
        return None if torch is None else ("device", {"device", *torch[1]})
    bindings = program.lookup("device", call)
    own = program.root.bindings.get("device", [])
    chosen = own[0].value if len(own) == 1 and bindings is own else None
    if chosen is None or "is_available" not in program.text(chosen):
        return None
    above = program.end(own[0].node) < program.start(call)
    return "device" if above else "", set()


# -- Reported only ---------------------------------------------------------------------


@rule
def missing_eval(program: Program) -> Iterator[Finding]:
    """An evaluation without ``model.eval()``."""
    calls = list(program.all(cst.Call))
    layers = ("torch.nn.Dropout", "torch.nn.BatchNorm", "torchvision.models.")
    if not any(program.called(call).startswith(layers) for call in calls):
        return
    if not any(method(call) == "backward" for call in calls):
        return
    if any(method(call) in {"eval", "train"} and _switches(call) for call in calls):
        return
    for loop in program.all(cst.For):
        if isinstance(loop.iter, cst.Call) and program.text(loop.iter.func) == "range":
            continue
        if _trains(program, loop) or program.enclosing(loop, cst.ClassDef):
            continue
        for node in program.inside(loop):
            if isinstance(node, cst.Call) and _is_model_call(program, node):
                yield left(program, "missing-eval", node, "structure")
                return


def _switches(call: cst.Call) -> bool:
    """Say whether ``.eval()`` or ``.train(False)`` can be what is called."""
    return method(call) == "eval" or bool(call.args)


def _is_model_call(program: Program, call: cst.Call) -> bool:
    if program.is_network(call.func):
        return True
    unknown = not any(program.values(call.func))
    return unknown and program.text(call.func) in {"model", "net", "network", "cnn"}


@rule
def scheduler(program: Program) -> Iterator[Finding]:
    """``get_lr()``, and ``scheduler.step()`` before ``optimizer.step()``."""
    for call in program.all(cst.Call):
        if (
            method(call) == "get_lr"
            and isinstance(call.func, cst.Attribute)
            and _is_scheduler(program, call.func.value)
        ):
            yield replaced(program, "scheduler-get-lr", call.func.attr, "get_last_lr")
    for loop in program.all(cst.For, cst.While):
        body = loop.body.body
        for place, statement in enumerate(body):
            if _steps_scheduler(program, statement):
                before = any(_steps_optimizer(program, s) for s in body[:place])
                after = any(_steps_optimizer(program, s) for s in body[place + 1 :])
                if after and not before:
                    yield left(program, "scheduler-order", statement, "order")
                break


def _is_scheduler(program: Program, node: cst.BaseExpression) -> bool:
    values = program.values(node)
    return bool(values) and all(
        program.called(value).startswith("torch.optim.lr_scheduler.")
        for value in values
    )


def _steps_scheduler(program: Program, statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    part = statement.body[0]
    if not isinstance(part, cst.Expr) or not isinstance(part.value, cst.Call):
        return False
    call = part.value
    return (
        method(call) == "step"
        and isinstance(call.func, cst.Attribute)
        and _is_scheduler(program, call.func.value)
        and not program.comes_from(
            call.func.value, ["torch.optim.lr_scheduler.ReduceLROnPlateau"]
        )
    )


def _steps_optimizer(program: Program, node: cst.CSTNode, depth: int = 2) -> bool:
    for item in program.inside(node):
        if not isinstance(item, cst.Call):
            continue
        if method(item) == "step" and isinstance(item.func, cst.Attribute):
            owner = item.func.value
            made = {program.called(value) for value in program.values(owner)}
            if any(name.startswith("torch.optim.") for name in made):
                if not _is_scheduler(program, owner):
                    return True
            elif "optim" in program.text(owner).lower():
                return True
        elif depth and any(
            _steps_optimizer(program, function.body, depth - 1)
            for function in program.functions_called(item)
        ):
            return True
    return False


@rule
def dropout_training(program: Program) -> Iterator[Finding]:
    """``F.dropout(x)`` that never stops dropping."""
    for call in program.all(cst.Call):
        if program.called(call) == "torch.nn.functional.dropout":
            plain = len(positional(call)) < 3 and not _has_star(call)
            if plain and not keyword(call, "training"):
                yield left(program, "dropout-training", call, "choose")


@rule
def legacy_function(program: Program) -> Iterator[Finding]:
    """An ``autograd.Function`` without static methods."""
    for owner in program.all(cst.ClassDef):
        bases = {program.dotted(base.value) for base in owner.bases}
        if "torch.autograd.Function" not in bases:
            continue
        methods = [
            item for item in owner.body.body if isinstance(item, cst.FunctionDef)
        ]
        old = [m for m in methods if not m.decorators and m.name.value in _LEGACY]
        if not any(m.name.value == "forward" for m in old):
            continue
        made = [
            call
            for call in program.all(cst.Call)
            if isinstance(call.func, cst.Name)
            and call.func.value == owner.name.value
            and [b.node for b in program.lookup(call.func.value, call)] == [owner]
        ]
        start = program.start(old[0].name)
        # The instance was only a place for what forward() keeps: ctx is one as well.
        simple = len(old) == len(methods) and not any(call.args for call in made)
        edits: list[Edit] = []
        for item in old:
            at = _line_start(program, item)
            indent = program.source[at : program.start(item)]
            if indent.strip():
                simple = False
            edits.append((at, at, f"{indent}@staticmethod{_line_end(program, at)}"))
        for call in made:
            edits.append((program.end(call.func), program.end(call), ".apply"))
        if simple and made:
            yield Finding("legacy-function", start, edits)
            continue
        yield left(program, "legacy-function", old[0].name, "structure")
        for call in made:
            yield left(program, "legacy-function", call, "structure")


_LEGACY = {"forward", "backward"}


@rule
def tensor_range(program: Program) -> Iterator[Finding]:
    """``torch.range`` includes its end."""
    for call in program.all(cst.Call):
        if program.called(call) == "torch.range":
            yield left(program, "tensor-range", call, "choose")


# -- Classes ---------------------------------------------------------------------------


@rule
def super_arguments(program: Program) -> Iterator[Finding]:
    """``super(Net, self)`` is ``super()``."""
    if not is_torch(program):
        return
    for call in program.all(cst.Call):
        if not isinstance(call.func, cst.Name) or call.func.value != "super":
            continue
        method = program.enclosing(
            call, cst.FunctionDef, cst.Lambda, cst.ClassDef, *COMPREHENSIONS
        )
        if len(call.args) != 2 or not isinstance(method, cst.FunctionDef):
            continue
        owner = program.enclosing(method, cst.ClassDef, cst.FunctionDef)
        first = [*method.params.posonly_params, *method.params.params][:1]
        named, instance = (arg.value for arg in call.args)
        if (
            not isinstance(owner, cst.ClassDef)
            or owner.decorators  # may put another class in its place
            or not first
            or program.text(instance) != first[0].name.value
            or not isinstance(named, cst.Name)
            or not (
                named.value == owner.name.value or _is_stranger(program, named, owner)
            )
        ):
            continue
        start, end = program.start(call.args[0]), program.end(call) - 1
        if "#" in program.source[start:end]:
            yield left(program, "super-arguments", call, "comment-inside")
        else:
            edits = [(start, end, "")]
            yield Finding("super-arguments", program.start(call), edits)


def _is_stranger(program: Program, named: cst.Name, owner: cst.ClassDef) -> bool:
    """Say whether a class is surely none of the parents, so that Python refuses it."""
    bindings = program.lookup(named.value, named)
    if len(bindings) != 1 or not isinstance(bindings[0].node, cst.ClassDef):
        return False
    open_classes, seen = [owner], set()
    while open_classes:
        item = open_classes.pop()
        if item is bindings[0].node:
            return False
        seen.add(item)
        for base in item.bases:
            if program.dotted(base.value).startswith("torch."):
                continue
            parents = (
                program.lookup(base.value.value, base)
                if isinstance(base.value, cst.Name)
                else []
            )
            if len(parents) != 1 or not isinstance(parents[0].node, cst.ClassDef):
                return False
            if parents[0].node not in seen:
                open_classes.append(parents[0].node)
    return True


# -- Whole numbers and truth values ----------------------------------------------------

_SIZE_KEYWORDS = set(NAMES["size_keywords"])


@rule
def float_size(program: Program) -> Iterator[Finding]:
    """``nn.Linear(n / 2, 10)``: a size that has become a float."""
    for call in program.all(cst.Call):
        module, _, layer = program.called(call).rpartition(".")
        count = NAMES["size_arguments"].get(layer, 0) if module == "torch.nn" else 0
        for place, arg in enumerate(call.args if count else ()):
            key = arg.keyword.value if arg.keyword else ""
            if (place < count if not key else key in _SIZE_KEYWORDS) and not arg.star:
                edits = [
                    (program.start(operator), program.end(operator), "//")
                    for operator in _divisions(arg.value)
                ]
                if edits:
                    yield Finding("float-size", program.start(arg.value), edits)


def _divisions(node: cst.CSTNode) -> Iterator[cst.Divide]:
    """Give the ``/`` of an expression of whole numbers, none if a float is in it."""
    parts = [node]
    found = []
    while parts:
        item = parts.pop()
        if isinstance(item, cst.Float):
            return
        if isinstance(item, (cst.BinaryOperation, cst.Tuple, cst.Element)):
            if isinstance(item, cst.BinaryOperation) and isinstance(
                item.operator, cst.Divide
            ):
                found.append(item.operator)
            parts.extend(children(item))
    yield from found


@rule
def integer_division(program: Program) -> Iterator[Finding]:
    """``/`` between whole numbers of a tensor, used as an index or in place."""
    for statement in program.all(cst.AugAssign):
        if isinstance(statement.operator, cst.DivideAssign) and _is_whole(
            program, statement.target
        ):
            yield left(program, "integer-division", statement, "choose")
    for index in program.all(cst.Index):
        for value in program.values(index.value):
            if (
                isinstance(value, cst.BinaryOperation)
                and isinstance(value.operator, cst.Divide)
                and _is_whole(program, value.left)
            ):
                yield left(program, "integer-division", value, "choose")


def _is_whole(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value is surely a tensor of whole numbers."""
    values = program.values(node)
    for value in values:
        if isinstance(value, cst.Subscript):  # torch.max(x, 1)[1]
            index = value.slice[0].slice
            inner = value.value
            name = program.called(inner).rpartition(".")[2] or (
                method(inner) if isinstance(inner, cst.Call) else ""
            )
            if not isinstance(index, cst.Index) or literal(index.value) != 1:
                return False
            if name not in {"max", "min", "topk", "sort"}:
                return False
        elif isinstance(value, cst.Call):
            name = program.called(value)
            whole = name in {
                "torch.LongTensor",
                "torch.IntTensor",
                "torch.argmax",
                "torch.randint",
                "torch.randperm",
            } or method(value) in {"argmax", "int", "long"}
            counted = name == "torch.arange" and all(
                isinstance(arg.value, cst.Integer) and arg.keyword is None
                for arg in value.args
            )
            if not whole and not counted:
                return False
        else:
            return False
    return bool(values)


_MASKED_METHODS = set(NAMES["masked_methods"])


@rule
def masks(program: Program) -> Iterator[Finding]:
    """Masks of bytes, and ``1 - mask``."""
    if not is_torch(program):
        return
    for call in program.all(cst.Call):
        name, plain = program.called(call), positional(call)
        place = 1 if name == "torch.masked_select" else 0
        if name not in {"torch.masked_select", "torch.where"} and (
            name or method(call) not in _MASKED_METHODS
        ):
            continue
        mask = plain[place].value if len(plain) > place else None
        if isinstance(mask, cst.Call) and method(mask) == "byte" and not mask.args:
            assert isinstance(mask.func, cst.Attribute)
            yield replaced(program, "byte-mask", mask.func.attr, "bool")
        elif mask is not None and program.comes_from(mask, ["torch.ByteTensor"]):
            end = outer_end(program, mask)
            yield Finding("byte-mask", program.start(mask), [(end, end, ".bool()")])
    for node in program.all(cst.BinaryOperation):
        mask = node.right
        if (
            isinstance(node.operator, cst.Subtract)
            and literal(node.left) == 1
            and isinstance(mask, cst.Comparison)
        ):
            sides = [mask.left, *(item.comparator for item in mask.comparisons)]
            if any(_is_tensor(program, side) for side in sides):
                yield left(program, "bool-minus", node, "choose")


def _is_tensor(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a value surely is a tensor."""
    if program.has_graph(node):
        return True
    values = program.values(node)
    return bool(values) and all(
        program.called(value) in FRESH_TENSORS
        or (isinstance(value, cst.Attribute) and value.attr.value == "data")
        for value in values
    )


# -- Python 2 --------------------------------------------------------------------------


@rule
def python_2(program: Program) -> Iterator[Finding]:
    """Names that Python 3 has not."""
    renamed = {"xrange": "range", "raw_input": "input"}
    for node in program.all(cst.Name):
        if program.lookup(node.value, node) or _is_binding(program, node):
            continue
        if node.value in renamed and program.is_free(renamed[node.value]):
            yield replaced(program, "python-2", node, renamed[node.value])
        elif node.value in {"unicode", "basestring", "unichr"}:
            yield left(program, "python-2", node, "structure")
    # "print >>f, x", "print -1" and "print [1, 2]" are Python 3 to the parser.
    for operation in program.all(cst.BinaryOperation):
        if _is_print(program, operation.left):
            yield left(program, "python-2", operation, "structure")
    for subscript in program.all(cst.Subscript):
        if _is_print(program, subscript.value):
            yield left(program, "python-2", subscript, "structure")
    for pair in program.all(cst.Tuple):  # print ("loss"), loss
        first = pair.elements[0].value if len(pair.elements) > 1 else None
        if isinstance(program.parent[pair], cst.Expr) and (
            isinstance(first, cst.Call) and _is_print(program, first.func)
        ):
            yield left(program, "python-2", pair, "structure")
    methods = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys"}
    for call in program.all(cst.Call):
        if method(call) in methods and not call.args and not program.called(call):
            assert isinstance(call.func, cst.Attribute)
            new = methods[method(call)]
            yield replaced(program, "python-2", call.func.attr, new)
        elif method(call) == "has_key" and len(call.args) == 1:
            yield left(program, "python-2", call, "structure")


def _is_print(program: Program, node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and (
        node.value == "print" and not program.lookup("print", node)
    )


# -- What rewritten programs need besides ----------------------------------------------


def needed_edits(program: Program, needs: Iterable[str | cst.CSTNode]) -> list[Edit]:
    """Return the edits that bring in imports, the device and ``torch.no_grad()``."""
    needs = set(needs)
    torch = _torch_name(program) or "torch"
    edits: list[Edit] = []
    if "torch" in needs:
        first = _first_import(program)
        assert first is not None
        start = program.start(first)
        edits.append((start, start, f"import torch{_line_end(program, start)}"))
    if "device" in needs:
        last = _last_import_of_torch(program)
        assert last is not None
        match = re.compile(r"[^\r\n]*").match(program.source, program.end(last))
        assert match is not None
        newline = _line_end(program, match.end())
        line = newline + newline + DEVICE_LINE.format(torch=torch)
        edits.append((match.end(), match.end(), line))
    for node in needs:
        if isinstance(node, cst.FunctionDef):
            head = node.decorators[0] if node.decorators else node
            start = _line_start(program, head)
            indent = program.source[start : program.start(head)]
            line = f"{indent}@{torch}.no_grad(){_line_end(program, start)}"
            edits.append((start, start, line))
        elif isinstance(node, cst.CSTNode):
            edits += _indented_under(program, node, f"with {torch}.no_grad():")
    return edits


def _line_start(program: Program, node: cst.CSTNode) -> int:
    start = program.start(node)
    source = program.source
    return max(source.rfind("\n", 0, start), source.rfind("\r", 0, start)) + 1


def _line_end(program: Program, position: int) -> str:
    """Return the line ending used at a place of the source."""
    match = re.compile(r"\r\n|\r|\n").search(program.source, position)
    return match[0] if match else program.module.default_newline


def _indented_under(program: Program, node: cst.CSTNode, head: str) -> list[Edit]:
    """Return the edits that put a statement into a block of its own."""
    source = program.source
    start, end = _line_start(program, node), program.end(node)
    indent = source[start : program.start(node)]
    unit = program.module.default_indent
    body = getattr(node, "body", None)
    if isinstance(body, cst.IndentedBlock) and body.body:
        first = program.start(body.body[0])
        inner = source[_line_start(program, body.body[0]) : first]
        if inner.startswith(indent) and inner.isspace():
            unit = inner[len(indent) :]
    edits = [(start, start, f"{indent}{head}{_line_end(program, start)}")]
    strings = program.string_spans
    for match in re.finditer(
        r"(?:\A|(?<=[\r\n]))([^\S\r\n]*)(?=[^\s])", source[start:end]
    ):
        line = start + match.start()
        if any(first < line < last for first, last in strings):
            continue
        shared = len(indent) if source.startswith(indent, line) else 0
        edits.append((line + shared, line + shared, unit))
    return edits
