"""``.cuda()`` and its relatives on a machine that may have no GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ..catalog import NAMES
from ..program import Program, keyword, literal, method, positional
from .base import Finding, left, replaced, rule
from .needs import Needs, last_import_of_torch, torch_name, torch_needed

__all__ = ["cuda_call"]


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
        chosen = any(literal(arg.value) is ... for arg in positional(call))
        if not chosen and not _is_guarded(program, call):
            yield _moved_to_device(program, call, own_method=own, first_gpu=first_gpu)
    yield from _gpu_taken_for_granted(program)
    for node in program.all(cst.Attribute):
        on_gpu = re.fullmatch(r"torch\.cuda\.\w+Tensor", program.dotted(node))
        if not on_gpu or _is_guarded(program, node):
            continue
        if isinstance(node.value, cst.Attribute):
            # On a machine with a GPU this is the same type as before.
            torch = program.text(node.value.value)
            either = f"({torch}.cuda if {torch}.cuda.is_available() else {torch})"
            yield replaced(program, "cuda-call", node.value, either)
        else:  # from torch import cuda
            yield left(program, "cuda-call", node, "structure")


_NEEDS_GPU = {f"torch.cuda.{name}" for name in NAMES["needs_gpu"]}
_SWITCH = re.compile(r"(?:use|has|is|on)?_?(?:cuda|gpu)", re.IGNORECASE)


def _gpu_taken_for_granted(program: Program) -> Iterator[Finding]:
    """``CUDA = True``, ``torch.device("cuda")``, ``torch.cuda.set_device(0)``."""
    torch, last = torch_name(program), last_import_of_torch(program)
    asked = f"{torch}.cuda.is_available()"
    for statement in program.all(cst.Assign):
        names = [program.text(target.target) for target in statement.targets]
        if (
            all(map(_SWITCH.fullmatch, names))
            and literal(statement.value) is True
            and torch
            and last is not None
            and program.end(last) < program.start(statement)
        ):
            yield replaced(program, "cuda-call", statement.value, asked)
    for call in program.all(cst.Call):
        name = program.called(call)
        place = call.args[0].value if call.args else None
        is_cuda = isinstance(place, cst.SimpleString) and str(
            place.evaluated_value
        ).startswith("cuda")
        # A GPU that the program chooses at run time has been looked for.
        fixed = place is None or literal(place) is not ...
        needs = (name in _NEEDS_GPU and fixed) or (is_cuda and method(call) == "to")
        chosen = is_cuda and name == "torch.device" and torch
        if not (needs or chosen) or _is_guarded(program, call):
            continue
        if needs or place is None:
            yield left(program, "cuda-call", call, "structure")
        else:
            text = f'{program.text(place)} if {asked} else "cpu"'
            yield replaced(program, "cuda-call", place, text)


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
    assert isinstance(call.func, cst.Attribute)
    name, word = call.func.attr, "cuda-call"
    outer = program.enclosing(call, cst.Lambda)
    places_storage = outer is not None and _places_storage(program, outer, call)
    is_storage = not places_storage and _is_storage(call.func.value, outer)
    if is_storage or own_method:
        return left(program, word, call.func, "structure")
    waiting = keyword(call, "non_blocking")
    first = [arg for arg in call.args if arg in first_gpu]
    if len(call.args) > (waiting is not None) + len(first):
        return left(program, word, call.func, "gpu-chosen")
    needs = _device_needed(program, call)
    if needs is None:
        return left(program, word, call.func, "name-taken", name="device")
    last = last_import_of_torch(program)
    chosen = program.root.bindings.get("device", [])
    if "device" in needs:
        early = program.scope_of[call] is program.root
        if last is None or (early and program.start(call) < program.end(last)):
            return left(program, word, call.func, "structure")
    elif program.end(chosen[0].node) >= program.start(call):  # only further down
        return left(program, word, call.func, "structure")
    if places_storage and outer is not None:
        finding = replaced(program, word, outer, "device")
        return Finding(word, program.start(name), finding.edits, needs=needs)
    bracket = program.source.index("(", program.end(call.func)) + 1
    end = program.end(first[0].value) if first else bracket
    device = "device, " if waiting is not None and not first else "device"
    edits = [(*program.span(name), "to"), (bracket, end, device)]
    return Finding(word, program.start(name), edits, needs=needs)


def _first_gpu(program: Program) -> set[cst.Arg]:
    """Return the zeros of ``.cuda(0)`` if the program names no other GPU."""
    zeros: set[cst.Arg] = set()
    for call in program.all(cst.Call):
        plain = positional(call)[:1] if method(call) == "cuda" else []
        if method(call) == "set_device" or any(literal(a.value) != 0 for a in plain):
            return set()
        zeros.update(plain)
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
        and (arg.keyword is not None or load.args.index(arg) == 1)
    )


def _is_storage(node: cst.BaseExpression, outer: cst.Lambda | None) -> bool:
    """Say whether a value may be a storage, which has no ``.to()``."""
    names = [] if outer is None else [item.name.value for item in outer.params.params]
    return method(node) in {"storage", "untyped_storage"} or (
        isinstance(node, cst.Name)
        and (node.value in names or "storage" in node.value.lower())
    )


def _device_needed(program: Program, call: cst.Call) -> Needs | None:
    """Return what the name ``device`` needs; ``None`` if it is taken."""
    if program.is_free("device"):
        torch = torch_needed(program)
        return None if torch is None else {"device", *torch[1]}
    own = program.root.bindings.get("device", [])
    if len(own) != 1 or program.lookup("device", call) is not own:
        return None
    chosen = own[0].value
    found = chosen is not None and "is_available" in program.text(chosen)
    return set() if found else None
