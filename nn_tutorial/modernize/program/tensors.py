"""What a tensor is: one number, plain data, part of a graph; how many dimensions."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import libcst as cst

from ..catalog import NAMES
from .memory import once
from .tree import Binding, Scope, is_own_attribute, literal, operands
from .values import Values, keyword, method, positional

__all__ = ["FRESH_TENSORS", "LOSS_FUNCTIONS", "Program"]

LOSS_FUNCTIONS = {f"torch.nn.functional.{name}" for name in NAMES["losses"]}
FRESH_TENSORS = {f"torch.{name}" for name in NAMES["makers"]}
_SAME_SHAPE_METHODS = set(NAMES["same_shape_methods"])
_SAME_DIMENSIONS = {f"torch.nn.{name}" for name in NAMES["same_dimensions"]}
_ELEMENTWISE = {*NAMES["elementwise"], "max_pool2d", "avg_pool2d"}
_UNKNOWN: int | None = None


class Program(Values):
    """One parsed program and what is known about its tensors."""

    # -- Does it hold one number? ----------------------------------------------------

    def is_loss_call(self, call: cst.Call) -> bool:
        """Say whether a call is one of a loss of PyTorch that averages or sums."""
        if self.called(call) in LOSS_FUNCTIONS:
            return not _keeps_every_loss(call)
        values = self.values(call.func)
        return bool(values) and all(
            isinstance(value, cst.Call)
            and self.called(value).startswith("torch.nn.")
            and self.called(value).endswith(("Loss", "Loss2d"))
            and not _keeps_every_loss(value)
            for value in values
        )

    @functools.cached_property
    def _losses(self) -> set[str]:
        """The callables whose results are asked for ``backward()`` without argument.

        Only a tensor of one number can be asked so, which proves what they return.
        """
        return {
            self.text(part.func)
            for owner in self._owners_of_backward
            for binding in self.bindings_of(owner)
            if binding.kind == "assign" and binding.value is not None
            for part in operands(binding.value)
            if isinstance(part, cst.Call)
        }

    @functools.cached_property
    def _owners_of_backward(self) -> list[cst.BaseExpression]:
        return [
            call.func.value
            for call in self.all(cst.Call)
            if isinstance(call.func, cst.Attribute)
            and call.func.attr.value == "backward"
            and not positional(call)
            and keyword(call, "gradient") is None
        ]

    def goes_backward(self, node: cst.BaseExpression) -> bool:
        """Say whether the scope asks this very name for ``backward()``."""
        return (self.scope_of[node], self.text(node)) in self._go_backward

    @functools.cached_property
    def _go_backward(self) -> set[tuple[Scope, str]]:
        owners = self._owners_of_backward
        return {(self.scope_of[owner], self.text(owner)) for owner in owners}

    @once(nothing=False, again=True)  # a name bound to itself adds nothing
    def is_one_number(self, node: cst.BaseExpression) -> bool:
        """Say whether a value is surely a tensor of one element, or a number."""
        match node:
            case cst.Integer() | cst.Float():
                return True
            case cst.BinaryOperation():
                return self.is_one_number(node.left) and self.is_one_number(node.right)
            case cst.UnaryOperation():
                return self.is_one_number(node.expression)
            case cst.Attribute(attr=cst.Name(value="data")):
                return self.is_one_number(node.value)
            case cst.Subscript(value=cst.Attribute()):
                return self.is_one_number(node.value)
            case cst.Call():
                return self._call_gives_one_number(node)
        if not isinstance(node, cst.Name) and not is_own_attribute(node):
            return False
        bindings = self.bindings_of(node)
        return self.goes_backward(node) or (
            bool(bindings)
            and all(
                b.kind in {"assign", "augmented"} and self.is_one_number(b.value)
                for b in bindings
            )
        )

    def _call_gives_one_number(self, call: cst.Call) -> bool:
        if self.is_loss_call(call):
            return True
        name = self.called(call)
        if name in {"torch.sum", "torch.mean"}:
            return len(call.args) == 1
        if name == "torch.autograd.Variable" and call.args:
            return self.is_one_number(call.args[0].value)
        if self._is_builtin(call, {"float", "int", "len"}):
            return True
        if isinstance(call.func, cst.Attribute) and not name:
            if method(call) in {"sum", "mean", "prod", "norm", "std", "var", "item"}:
                return not call.args
            if method(call) in _SAME_SHAPE_METHODS:
                return self.is_one_number(call.func.value)
        functions = self.functions_called(call)
        results = [value for f in functions for value in self.returns(f)]
        if results and all(self.is_one_number(value) for value in results):
            return True
        unknown = not any(self.values(call.func))
        return unknown and self.text(call.func) in self._losses

    def _is_builtin(self, call: cst.Call, names: set[str]) -> bool:
        """Say whether one of these functions of Python is called."""
        match call.func:
            case cst.Name(value=name) if name in names:
                return not self.lookup(name, call)
        return False

    # -- Does a gradient hang on it? -------------------------------------------------

    @once(nothing=False, again=True)
    def is_plain(self, node: cst.BaseExpression) -> bool:
        """Say whether a value is surely data: no graph hangs on it."""
        match node:
            case cst.BaseNumber() | cst.BaseString() | cst.Comparison():
                return True
            case cst.Name(value="True" | "False" | "None"):
                return True
            case cst.Tuple() | cst.List():
                return all(self.is_plain(item.value) for item in node.elements)
            case cst.BinaryOperation():
                return self.is_plain(node.left) and self.is_plain(node.right)
            case cst.UnaryOperation():
                return self.is_plain(node.expression)
            case cst.Subscript():
                return self.is_plain(node.value) or self._is_data_set(node.value)
            case cst.Call():
                return self._call_is_plain(node)
            case cst.Attribute():
                if node.attr.value in {"data", "shape"}:
                    return True
                if self.dotted(node).startswith(("torch.", "numpy.")):  # a dtype, say
                    return True
                if self._is_data_set(node.value):
                    return True
                if not is_own_attribute(node):
                    return self.is_plain(node.value)
        bindings = self.bindings_of(node)
        return bool(bindings) and all(map(self._binds_plain, bindings))

    def _binds_plain(self, binding: Binding) -> bool:
        if binding.kind in {"assign", "augmented", "unpack"}:
            return self.is_plain(binding.value)
        if binding.kind == "for":
            return self._gives_data(binding.value)
        if binding.kind == "parameter" and isinstance(binding.node, cst.Param):
            arguments = self.arguments_for(binding.node)
            return bool(arguments) and all(map(self.is_plain, arguments))
        return False

    def _gives_data(self, node: cst.BaseExpression | None) -> bool:
        return node is not None and (self._is_loader(node) or self.is_plain(node))

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
            parts = [arg.value for arg in node.args]
            if name == "range":
                return True
            if name == "enumerate":
                parts = parts[:1]
            wraps = name in {"enumerate", "iter", "tqdm", "zip", "next"}
            return wraps and all(map(self._is_loader, parts))
        if self.comes_from(node, ["torch.utils.data.DataLoader"]):
            return True
        # A loader handed in as a parameter, or made in a file not seen here, tells
        # what it is by its name only.
        name = self.text(node).rpartition(".")[2].lower()
        known = any(self.values(node))
        return not known and name.endswith(("loader", "data", "iter", "_dl"))

    def _call_is_plain(self, call: cst.Call) -> bool:
        name, asked = self.called(call), keyword(call, "requires_grad")
        arguments = [arg.value for arg in call.args]
        if name == "torch.autograd.Variable":
            return asked is None and bool(positional(call))
        if asked is not None or name == "torch.nn.Parameter":
            return False
        if name in FRESH_TENSORS or name.startswith("numpy."):
            return True
        if isinstance(call.func, cst.Name) and not self.lookup(call.func.value, call):
            if call.func.value in {"next", "iter"} and arguments:
                return self._gives_data(arguments[0])
            return call.func.value in {"len", "int", "float"}
        if name.startswith("torch.") and name.count(".") == 1:
            return all(map(self.is_plain, arguments))
        if name or not isinstance(call.func, cst.Attribute):
            return False
        if method(call) in {"detach", "item", "numpy", "size"}:
            return True
        if method(call) == "requires_grad_":
            return False
        if method(call) == "next" and not arguments:
            return self._gives_data(call.func.value)
        return self.is_plain(call.func.value) and all(map(self.is_plain, arguments))

    @once(nothing=False, again=False)
    def has_graph(self, node: cst.BaseExpression) -> bool:
        """Say whether a value surely came out of a network or a loss."""
        match node:
            case cst.Name():
                return any(
                    b.kind in {"assign", "unpack", "augmented"}
                    and self.has_graph(b.value)
                    for b in self.bindings_of(node)
                )
            case cst.BinaryOperation():
                return self.has_graph(node.left) or self.has_graph(node.right)
            case cst.Call() if self.called(node) != "torch.autograd.Variable":
                if self.is_loss_call(node) or self.is_network(node.func):
                    return True
                if isinstance(node.func, cst.Attribute):
                    stops = method(node) in {"detach", "item", "numpy"}
                    if not stops and self.has_graph(node.func.value):
                        return True
                return self.called(node).startswith("torch.") and any(
                    self.has_graph(arg.value) for arg in node.args
                )
        return False

    # -- How many dimensions has it? -------------------------------------------------

    @once(nothing=_UNKNOWN, again=_UNKNOWN)
    def dimensions(self, node: cst.BaseExpression) -> int | None:
        """Return how many dimensions a tensor surely has, or ``None``."""
        match node:
            case cst.Integer() | cst.Float():
                return 0
            case cst.BinaryOperation():
                left, right = self.dimensions(node.left), self.dimensions(node.right)
                return None if left is None or right is None else max(left, right)
            case cst.UnaryOperation():
                return self.dimensions(node.expression)
            case cst.Attribute(attr=cst.Name(value="data")):
                return self.dimensions(node.value)
            case cst.Name():
                return _agreed(map(self._dimensions_bound, self.reaching(node)))
            case cst.Call() if not any(arg.star for arg in node.args):
                return self._call_dimensions(node)
        return None

    def _dimensions_bound(self, binding: Binding) -> int | None:
        if binding.kind == "assign":
            return self.dimensions(binding.value)
        if isinstance(binding.node, cst.Param):
            return _agreed(map(self.dimensions, self.arguments_for(binding.node)))
        return None

    def _call_dimensions(self, call: cst.Call) -> int | None:
        sizes = [arg.value for arg in positional(call)]
        first = sizes[0] if sizes else None
        name, last = self.called(call), self.called(call).rpartition(".")[2]
        owner = first
        if not name and isinstance(call.func, cst.Attribute):
            last, owner = method(call), call.func.value
        if name in {"torch.linspace", "torch.arange", "torch.range", "torch.randperm"}:
            return 1
        if name == "torch.normal" or name == "torch.autograd.Variable":
            return self.dimensions(first)
        if name in FRESH_TENSORS and last in {"randn", "rand", "ones", "zeros"}:
            if isinstance(first, (cst.Tuple, cst.List)):
                return len(first.elements) if len(sizes) == 1 else None
            return len(sizes) or None
        if last == "unsqueeze" and name in {"", "torch.unsqueeze"}:
            count = self.dimensions(owner)
            return None if count is None else count + 1
        if name == "torch.cat" and isinstance(first, (cst.Tuple, cst.List)):
            return _agreed(self.dimensions(item.value) for item in first.elements)
        function = name in {f"torch.{last}", f"torch.nn.functional.{last}"}
        if function and last in _ELEMENTWISE:
            return self.dimensions(first)
        if not name and owner is not first:
            if last in {"view", "reshape"} and first is not None:
                if len(sizes) > 1:
                    return len(sizes)
                if isinstance(first, cst.Tuple):
                    return len(first.elements)
                return 1 if literal(first) == -1 else None
            if last in _SAME_SHAPE_METHODS:
                return self.dimensions(owner)
        return _agreed(
            self.dimensions(first)
            if self._keeps_dimensions(value)
            else self._dimensions_returned(call)
            for value in self.values(call.func)
        )

    def _dimensions_returned(self, call: cst.Call) -> int | None:
        functions = self.functions_called(call)
        results = [
            result for function in functions for result in self.returns(function)
        ]
        return _agreed(map(self.dimensions, results))

    def _keeps_dimensions(self, layer: cst.BaseExpression | None) -> bool:
        name = self.called(layer)
        if name == "torch.nn.Sequential" and isinstance(layer, cst.Call):
            return bool(layer.args) and all(
                self._keeps_dimensions(arg.value) and not arg.star for arg in layer.args
            )
        return name in _SAME_DIMENSIONS


def _agreed(counts: Iterable[int | None]) -> int | None:
    found = set(counts)
    return found.pop() if len(found) == 1 else None


def _keeps_every_loss(call: cst.Call) -> bool:
    reduce, reduction = keyword(call, "reduce"), keyword(call, "reduction")
    if reduce is not None and literal(reduce.value) is not True:
        return True
    match reduction:
        case None:
            return False
        case cst.Arg(value=cst.SimpleString(raw_value="mean" | "sum" | "batchmean")):
            return False
    return True
