"""``.cuda()`` and its relatives on a machine that may have no GPU."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import Program, keyword, literal, method, positional
from .base import Finding, left, replaced, rule
from .needs import last_import_of_torch, torch_name, torch_needed


@rule
def cuda_call(program: Program) -> Iterator[Finding]:
    """``.cuda()`` on a machine that may have no GPU."""
    if not program.is_torch:
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
    torch = torch_name(program)
    asked = f"{torch}.cuda.is_available()"
    for statement in program.all(cst.Assign):
        names = [program.text(target.target) for target in statement.targets]
        last = last_import_of_torch(program)
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
        last = last_import_of_torch(program)
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
