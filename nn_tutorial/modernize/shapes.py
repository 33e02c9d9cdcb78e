"""The rules about shapes and kinds of values: what fitted then and does not today.

They belong to the rules of ``rules.py``, keep to what is said there, and are found with
them once this module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from .program import FRESH_TENSORS, Program, literal, operands
from .rules import (
    MNIST_LIKE,
    Edit,
    Finding,
    is_torch,
    keyword,
    left,
    method,
    outer_end,
    positional,
    replaced,
    rule,
    torch_needed,
    under_no_grad,
)

__all__: list[str] = []  # the rules register themselves

# -- Images ----------------------------------------------------------------------------

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


# -- Targets ---------------------------------------------------------------------------

_CLASS_LOSSES = {
    "torch.nn.CrossEntropyLoss", "torch.nn.NLLLoss",
    "torch.nn.functional.cross_entropy", "torch.nn.functional.nll_loss",
}  # fmt: skip


def _loss_names(program: Program, call: cst.Call) -> set[str]:
    """Return the losses of PyTorch that a call may compute."""
    name = program.called(call)
    if name:
        return {name}
    return {program.called(value) for value in program.values(call.func)}


@rule
def class_target(program: Program) -> Iterator[Finding]:
    """``criterion(output, target[i])``: one target, which has no dimension today."""
    for call in program.all(cst.Call):
        plain = positional(call)
        names = _loss_names(program, call)
        if len(plain) < 2 or not names or not names <= _CLASS_LOSSES:
            continue
        target = plain[1].value
        part = (
            target.slice[0].slice
            if isinstance(target, cst.Subscript) and len(target.slice) == 1
            else None
        )
        counted = isinstance(part, cst.Index) and _counts(program, part.value, call)
        if not counted and not _runs_through_tensor(program, target):
            continue
        torch = torch_needed(program)
        if torch is None:
            yield left(program, "class-target", target, "name-taken", name="torch")
            continue
        start, end = program.start(target), program.end(target)
        edits = [(start, start, f"{torch[0]}.atleast_1d("), (end, end, ")")]
        yield Finding("class-target", start, edits, needs=torch[1])


_OLDER = re.compile(r"\bVariable\(|\bvolatile=|\.data\[0\]")


def _counts(program: Program, node: cst.BaseExpression, call: cst.Call) -> bool:
    """Say whether an index counts the steps of a loop in which a network is run."""
    bindings = program.reaching(node) if isinstance(node, cst.Name) else []
    for binding in bindings:
        loop, counted = binding.node, binding.value
        called = counted.func if isinstance(counted, cst.Call) else None
        name = called.value if isinstance(called, cst.Name) else ""
        if not isinstance(loop, cst.For) or name not in {"range", "enumerate"}:
            return False
        index = program.text(node)
        pair = (index + ",", "(" + index)
        if name == "enumerate" and not program.text(loop.target).startswith(pair):
            return False
    if not bindings:
        return False
    if _OLDER.search(program.source):  # no loss took a single output then
        return True
    step = re.compile(rf"\[{re.escape(program.text(node))}\]")
    return any(
        isinstance(item, cst.Call)
        and item is not call
        and not method(item)
        and any(step.search(program.text(arg)) for arg in item.args)
        for item in program.inside(bindings[0].node)
    )


def _runs_through_tensor(program: Program, node: cst.BaseExpression) -> bool:
    """Say whether a loop such as ``for x, y in zip(xs, ys)`` binds an element."""
    bindings = program.reaching(node) if isinstance(node, cst.Name) else []
    for binding in bindings:
        loop, iterated = binding.node, binding.value
        if not isinstance(loop, cst.For) or iterated is None:
            return False
        target: cst.BaseExpression = loop.target
        while isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Name):
            parts = [arg.value for arg in iterated.args]
            if not isinstance(target, cst.Tuple) or not parts:
                return False
            names = [program.text(item.value) for item in target.elements]
            called = iterated.func.value
            if called == "enumerate" and len(names) == 2:
                target, iterated = target.elements[1].value, parts[0]
            elif called == "zip" and program.text(node) in names:
                place = names.index(program.text(node))
                if place >= len(parts):
                    return False
                target, iterated = target.elements[place].value, parts[place]
            else:
                return False
        values = [_innermost(program, value) for value in program.values(iterated)]
        if not values or any(program.called(v) not in FRESH_TENSORS for v in values):
            return False
    return bool(bindings)


_TARGET_MAKERS = {
    "torch.ones", "torch.zeros", "torch.rand", "torch.FloatTensor", "torch.empty",
}  # fmt: skip


@rule
def bce_shape(program: Program) -> Iterator[Finding]:
    """``BCELoss`` of outputs (N, 1) and targets (N,)."""
    losses = {"torch.nn.BCELoss", "torch.nn.functional.binary_cross_entropy"}
    for call in program.all(cst.Call):
        plain = positional(call)
        names = _loss_names(program, call)
        if len(plain) < 2 or not names or not names <= losses:
            continue
        output, target = plain[0].value, plain[1].value
        made = [_innermost(program, value) for value in program.values(target)]
        flat = made and all(program.dimensions(value) == 1 for value in made)
        known = flat and all(program.called(v) in _TARGET_MAKERS for v in made)
        if not known or not _gives_column(program, output):
            continue
        end = outer_end(program, target)
        same = ".unsqueeze(1)"
        if isinstance(output, (cst.Name, cst.Attribute)):
            same = f".view_as({program.text(output)})"
        yield Finding("bce-shape", program.start(target), [(end, end, same)])


def _innermost(
    program: Program, node: cst.BaseExpression | None
) -> cst.BaseExpression | None:
    """Return what is within ``Variable(...)``, ``.cuda()`` and ``.fill_(...)``."""
    while isinstance(node, cst.Call):
        if program.called(node) == "torch.autograd.Variable" and node.args:
            node = node.args[0].value
        elif method(node) in {"cuda", "to", "fill_", "detach", "float"} and isinstance(
            node.func, cst.Attribute
        ):
            if program.called(node):
                break
            node = node.func.value
        elif _only_wraps(program, node):
            node = node.args[0].value
        else:
            break
    return node


def _only_wraps(program: Program, call: cst.Call) -> bool:
    """Say whether a function of the program gives back its argument, moved perhaps."""
    functions = program.functions_called(call)
    if len(functions) != 1 or len(call.args) != 1 or not functions[0].params.params:
        return False
    name = functions[0].params.params[0].name.value
    results = [_innermost(program, value) for value in program.returns(functions[0])]
    return bool(results) and all(
        isinstance(item, cst.Name) and item.value == name for item in results
    )


_FLATTENS = re.compile(r"squeeze|(?:view|reshape)\(-1\)|mean\(|sum\(|\[:, 0\]")


def _gives_column(program: Program, output: cst.BaseExpression) -> bool:
    """Say whether a network gives rows of one number, as far as the text tells."""
    values = program.values(output)
    for value in values:
        if not isinstance(value, cst.Call):
            return False
        functions = program.functions_called(value)
        if not functions and not program.is_network(value.func):
            return False
        if any(_FLATTENS.search(program.text(function)) for function in functions):
            return False
        if not functions and program.dimensions(value) != 2:
            networks = program.values(value.func)
            if not all(_is_plain_stack(program, network) for network in networks):
                return False
    return bool(values)


def _is_plain_stack(program: Program, network: cst.BaseExpression | None) -> bool:
    """Say whether a network is a ``Sequential`` that begins with a ``Linear``."""
    if program.called(network) != "torch.nn.Sequential":
        return False
    assert isinstance(network, cst.Call)
    return bool(network.args) and (
        program.called(network.args[0].value) == "torch.nn.Linear"
    )


# -- Whole numbers ---------------------------------------------------------------------


@rule
def arange_integer(program: Program) -> Iterator[Finding]:
    """``torch.arange(3)`` is a tensor of integers, which has no gradient."""
    for call in program.all(cst.Call):
        if program.called(call) != "torch.arange" or keyword(call, "dtype"):
            continue
        whole = [literal(arg.value) for arg in positional(call)]
        if not whole or not all(isinstance(number, int) for number in whole):
            continue
        if _needs_floats(program, call):
            end = program.end(call)
            edits = [(end, end, ".float()")]
            yield Finding("arange-integer", program.start(call), edits)


def _needs_floats(program: Program, call: cst.Call) -> bool:
    node: cst.CSTNode = call
    for outer in program.ancestors(call):
        if isinstance(outer, cst.Call) and isinstance(node, cst.Arg):
            if program.called(outer) != "torch.autograd.Variable":
                return program.is_network(outer.func)
            asked = keyword(outer, "requires_grad")
            if asked is not None and literal(asked.value) is True:
                return True
        elif isinstance(outer, cst.Call) and method(outer) in _WANT_FLOATS:
            return True
        elif isinstance(outer, cst.Assign):
            return _goes_into_network(program, outer)
        elif not isinstance(outer, (cst.Call, cst.Arg, cst.Attribute)) or (
            isinstance(outer, cst.Attribute)
            and outer.attr.value not in _KEEP_KIND | _WANT_FLOATS
        ):
            return False
        node = outer
    return False


_WANT_FLOATS = {"requires_grad_", "normal_", "uniform_"}
_KEEP_KIND = {"view", "reshape", "unsqueeze", "cuda", "detach", "clone"}


def _goes_into_network(program: Program, statement: cst.Assign) -> bool:
    """Say whether a network is given what a statement binds."""
    for call in program.all(cst.Call):
        for arg in call.args[:1]:
            if isinstance(arg.value, cst.Name) and program.is_network(call.func):
                bindings = program.reaching(arg.value)
                if [b.node for b in bindings] == [statement]:
                    return True
    return False


# -- Numbers out of tensors ------------------------------------------------------------

_HOLDS_WORDS = re.compile(
    r"(?:2word|to_word|2char|index2|idx2|ix_?to|_to_ix|vocab|2label)", re.IGNORECASE
)


@rule
def tensor_key(program: Program) -> Iterator[Finding]:
    """An element of a tensor as the key of a dictionary."""
    if not is_torch(program):
        return
    for node in program.all(cst.Subscript):
        part = node.slice[0].slice if len(node.slice) == 1 else None
        if not isinstance(part, cst.Index) or not _is_dictionary(program, node.value):
            continue
        values = program.values(part.value)
        if values and all(_is_element(program, value) for value in values):
            end = outer_end(program, part.value)
            yield Finding("tensor-key", program.start(node), [(end, end, ".item()")])


def _is_dictionary(program: Program, node: cst.BaseExpression) -> bool:
    if _HOLDS_WORDS.search(program.text(node)):
        return True
    values = program.values(node)
    return bool(values) and all(
        isinstance(value, (cst.Dict, cst.DictComp)) for value in values
    )


@rule
def one_index_too_many(program: Program) -> Iterator[Finding]:
    """``torch.max(out, 1)[1].data[0][0]``: the dimension asked for is gone."""
    for node in program.all(cst.Subscript):
        inner = node.value
        if not isinstance(inner, cst.Subscript) or not _is_element(program, node):
            continue
        name: cst.BaseExpression = inner.value
        if isinstance(name, cst.Attribute) and name.attr.value == "data":
            name = name.value
        made = [b.value for b in program.bindings_of(name)]
        reduced = [
            isinstance(call, cst.Call)
            and program.called(call) == "torch.max"
            and not keyword(call, "keepdim")
            and len(call.args) == 2
            for call in made
        ]
        if not reduced or not all(reduced):
            continue
        places = [part.slice[0].slice for part in (inner, node)]
        first = all(isinstance(p, cst.Index) and literal(p.value) == 0 for p in places)
        if first and _is_one_entry(program, node):
            # Right whether a dimension is gone or not.
            start, end = outer_end(program, inner.value), program.end(node)
            edits = [(start, end, ".flatten()[0]")]
            yield Finding("data-index", program.start(node), edits)
        else:
            yield left(program, "data-index", node, "not-one-number")


def _is_one_entry(program: Program, node: cst.Subscript) -> bool:
    """Say whether one number is wanted: a key, an argument of ``int``, ``.item()``."""
    outer = program.parent[node]
    if isinstance(outer, cst.Attribute):
        return outer.attr.value == "item"
    if isinstance(outer, cst.Index):
        holder = program.enclosing(outer, cst.Subscript)
        return holder is not None and _is_dictionary(program, holder.value)
    call = program.parent[outer] if isinstance(outer, cst.Arg) else None
    return isinstance(call, cst.Call) and program.text(call.func) in {"int", "float"}


def _is_element(program: Program, node: cst.BaseExpression | None) -> bool:
    """Say whether a value is an element of what ``topk`` or ``max`` give."""
    depth = 0
    while isinstance(node, cst.Subscript) or (
        isinstance(node, cst.Attribute) and node.attr.value == "data"
    ):
        if isinstance(node, cst.Attribute):
            node = node.value
            continue
        index = node.slice[0].slice
        if len(node.slice) != 1 or not isinstance(index, cst.Index):
            return False
        depth, node = depth + 1, node.value
    if not depth or not isinstance(node, cst.Name):
        return False
    bindings = program.reaching(node)
    return bool(bindings) and all(
        b.kind == "unpack"
        and isinstance(b.value, cst.Call)
        and (method(b.value) or program.called(b.value).rpartition(".")[2])
        in {"topk", "max", "sort", "min"}
        for b in bindings
    )


_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?([a-zA-Z%])")


@rule
def array_to_number(program: Program) -> Iterator[Finding]:
    """``"%.2f" % w.numpy()``: an array of one element where a number is wanted."""
    if not is_torch(program):
        return
    for node in program.all(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Modulo) or not isinstance(
            node.left, (cst.SimpleString, cst.ConcatenatedString)
        ):
            continue
        kinds = [k for k in _CONVERSION.findall(program.text(node.left)) if k != "%"]
        right = node.right
        values = [right]
        if isinstance(right, cst.Tuple):
            values = [item.value for item in right.elements]
        for kind, value in zip(kinds, values, strict=False):
            if kind in "dfegFEG":
                yield from _from_array(program, value)
    for call in program.all(cst.Call):
        name = call.func.value if isinstance(call.func, cst.Name) else ""
        if name in {"float", "int", "round"} and len(call.args) == 1:
            yield from _from_array(program, call.args[0].value)


def _from_array(program: Program, node: cst.BaseExpression) -> Iterator[Finding]:
    if not isinstance(node, cst.Call) or method(node) != "numpy" or node.args:
        return
    assert isinstance(node.func, cst.Attribute)
    if not program.is_one_number(node.func.value) and not program.called(node):
        yield replaced(program, "array-to-number", node.func.attr, "item")


# -- Order -----------------------------------------------------------------------------


@rule
def step_between(program: Program) -> Iterator[Finding]:
    """Two backwards through one graph, and an optimizer's step between them."""
    blocks: list[cst.IndentedBlock | cst.Module] = [program.module]
    blocks += program.all(cst.IndentedBlock)
    for block in blocks:
        kept = stepped = False
        # Values computed since the first backward; all others hang on its graph.
        fresh: set[str] = set()
        bound: set[str] = set()
        parts = [part for line in _lines(block.body) for part in line.body]
        for part in parts:
            if isinstance(part, cst.Assign):
                names = {program.text(t.target) for t in part.targets}
                bound |= names
                if _is_new(program, part.value, bound - fresh):
                    fresh |= names
            call = part.value if isinstance(part, cst.Expr) else None
            if not isinstance(call, cst.Call) or not isinstance(
                call.func, cst.Attribute
            ):
                continue
            owner = program.text(call.func.value)
            if method(call) == "backward":
                if kept and stepped and owner not in fresh:
                    yield left(program, "step-between", call, "order")
                again = keyword(call, "retain_graph")
                again = again or keyword(call, "retain_variables")
                kept = again is not None and literal(again.value) is True
                stepped, fresh = False, set()
            elif method(call) == "step" and "sched" not in owner.lower():
                stepped = True


_PASSES_ON = {"log", "exp", "mean", "sum", "sqrt", "abs"}


def _is_new(program: Program, node: cst.BaseExpression, old: set[str]) -> bool:
    """Say whether an expression uses no value of ``old`` but as a network's input."""
    for part in operands(node):
        if isinstance(part, cst.Name) and part.value in old:
            return False
        if isinstance(part, cst.Call):
            last = program.text(part.func).rpartition(".")[2]
            passes = program.called(part).startswith("torch.") or last in _PASSES_ON
            if passes and not all(_is_new(program, a.value, old) for a in part.args):
                return False
    return True


def _lines(
    statements: Sequence[cst.CSTNode],
) -> Iterator[cst.SimpleStatementLine]:
    """Give the simple statements of a block, those under a ``with`` as well."""
    for statement in statements:
        if isinstance(statement, cst.SimpleStatementLine):
            yield statement
        elif isinstance(statement, cst.With):
            yield from _lines(statement.body.body)


@rule
def no_grad_data(program: Program) -> Iterator[Finding]:
    """``torch.no_grad()`` around only the lines that move the data."""
    moves = {"cuda", "cpu", "to"}
    for block in program.all(cst.With):
        names = {program.called(item.item) for item in block.items}
        if "torch.no_grad" not in names:
            continue
        moved: set[str] = set()
        only_moves = True
        for statement in block.body.body:
            parts = (
                statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
            )
            for part in parts:
                value = part.value if isinstance(part, cst.Assign) else None
                value = _innermost_moved(program, value)
                if value is None or not isinstance(part, cst.Assign):
                    only_moves = False
                else:
                    moved.update(program.text(t.target) for t in part.targets)
            only_moves = only_moves and bool(parts)
        if not only_moves or not moved:
            continue
        outer = program.parent[block]
        for call in program.inside(outer):
            if (
                isinstance(call, cst.Call)
                and program.start(call) > program.end(block)
                and any(program.text(arg.value) in moved for arg in call.args)
                and method(call) not in moves
                and (program.is_network(call.func) or _is_called_model(program, call))
                and not under_no_grad(program, call)
                and not _goes_backward_later(program, outer, block)
            ):
                yield left(program, "no-grad-data", call, "structure")
                break


def _innermost_moved(
    program: Program, node: cst.CSTNode | None
) -> cst.BaseExpression | None:
    """Return ``x`` of ``x.cuda()``, ``Variable(x)`` or ``Variable(x.cuda())``."""
    found = None
    while isinstance(node, cst.Call):
        if program.called(node) == "torch.autograd.Variable" and node.args:
            node = found = node.args[0].value
        elif method(node) in {"cuda", "cpu", "to"} and isinstance(
            node.func, cst.Attribute
        ):
            node = found = node.func.value
        else:
            return None
    return found


def _is_called_model(program: Program, call: cst.Call) -> bool:
    return program.text(call.func) in {"model", "net", "network", "cnn"}


def _goes_backward_later(
    program: Program, node: cst.CSTNode, block: cst.CSTNode
) -> bool:
    """Say whether something in ``node``, in the cell of ``block``, goes backward."""
    start, end = program.cell_span(block)
    return any(
        isinstance(item, cst.Call)
        and method(item) == "backward"
        and start <= program.start(item) < end
        for item in program.inside(node)
    )


# -- Names and arguments ---------------------------------------------------------------


@rule
def later_arguments(program: Program) -> Iterator[Finding]:
    """Arguments in another place, and a misspelled attribute."""
    for call in program.all(cst.Call):
        yield from _factor_in_front(program, call)
    for node in program.all(cst.Attribute):
        misspelled = node.attr.value == "require_grad" and is_torch(program)
        if misspelled and isinstance(program.parent[node], cst.AssignTarget):
            yield left(program, "require-grad", node, "choose")


# How many tensors follow the number, and what it is called now.
_FACTORS = {"add": (1, "alpha"), "sub": (1, "alpha")}
_FACTORS |= {"addcmul": (2, "value"), "addcdiv": (2, "value")}


def _factor_in_front(program: Program, call: cst.Call) -> Iterator[Finding]:
    """``x.add_(0.1, y)`` is ``x.add_(y, alpha=0.1)``."""
    tensors, key = _FACTORS.get(method(call).removesuffix("_"), (0, ""))
    function = program.called(call).startswith("torch.")
    args = call.args[1:] if function else call.args
    plain = len(positional(call)) == len(call.args) and not any(a.star for a in args)
    if not key or len(args) != tensors + 1 or not plain or not is_torch(program):
        return
    if program.called(call) and not function:
        return
    # FloatFunctional().add(x, y) takes two tensors; nothing else takes three.
    if tensors == 1 and not _is_factor(args[0].value):
        return
    start, end = program.start(args[0]), outer_end(program, args[-1].value)
    if "#" in program.source[start:end]:
        yield left(program, "add-number", call, "comment-inside")
        return
    behind = program.source[program.start(args[1]) : end]
    new = f"{behind}, {key}={program.text(args[0].value)}"
    yield Finding("add-number", program.start(call), [(start, end, new)])


def _is_factor(node: cst.BaseExpression) -> bool:
    """Say whether an argument looks like a number: 0.1, -lr, 1 - beta, group["lr"]."""
    if isinstance(node, cst.Subscript):
        index = node.slice[0].slice
        return isinstance(index, cst.Index) and isinstance(
            index.value, cst.SimpleString
        )
    if isinstance(node, cst.BinaryOperation):
        return any(isinstance(part, cst.BaseNumber) for part in operands(node))
    return isinstance(node, (cst.BaseNumber, cst.UnaryOperation))
