"""Where the values of a program come from."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import libcst as cst

from .names import Names
from .tree import is_own_attribute

__all__ = ["Values", "keyword", "method", "positional"]


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """Return the argument that a call gives by this name."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    return None


def positional(call: cst.Call) -> list[cst.Arg]:
    """Return the arguments without a name."""
    return [arg for arg in call.args if arg.keyword is None]


def method(call: cst.CSTNode | None) -> str:
    """Return the name of the method a call calls, or ``""``."""
    match call:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value=name))):
            return name
    return ""


# Methods that only move a value or change its kind or its mode.
_MOVES = {"cuda", "cpu", "to", "double", "float", "half", "train", "eval"}


class Values(Names):
    """A program whose values can be followed to where they are made."""

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
            if not isinstance(item, cst.Name) and not is_own_attribute(item):
                found.append(item)
                continue
            bindings = self.bindings_of(item)
            if not bindings:
                found.append(None)
            for binding in bindings:
                if binding.kind != "assign":
                    found.append(None)
                elif binding.value not in seen:
                    stack.append(binding.value)
        return found

    def _unwrap(self, node: cst.BaseExpression) -> cst.BaseExpression:
        while isinstance(node, cst.Call):
            name = self.called(node)
            loads = name == "torch.load" and node.args
            saved = self.saved_as(node.args[0].value) if loads else []
            if name == "torch.nn.DataParallel" and node.args:
                node = node.args[0].value
            elif len(saved) == 1:  # what is loaded is what was saved
                node = saved[0]
            elif isinstance(node.func, cst.Attribute) and method(node) in _MOVES:
                node = node.func.value
            else:
                break
        return node

    @functools.cached_property
    def _saves(self) -> list[tuple[str, cst.BaseExpression]]:
        return [
            (self._path(call.args[1].value), call.args[0].value)
            for call in self.calls("torch.save")
            if len(positional(call)) > 1
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

    def comes_from(self, node: cst.BaseExpression, names: Iterable[str]) -> bool:
        """Say whether a value is surely the result of calling one of ``names``."""
        values = self.values(node)
        return bool(values) and all(self.called(value) in names for value in values)

    # -- Classes and functions of the program ----------------------------------------

    def class_of(self, node: cst.BaseExpression) -> cst.ClassDef | None:
        """Return the class of the program that a value is an instance of."""
        classes = {
            self.only_class(value.func) if isinstance(value, cst.Call) else None
            for value in self.values(node)
        }
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
        return bool(values) and all(map(self._makes_network, values))

    def _makes_network(self, value: cst.BaseExpression | None) -> bool:
        module, _, name = self.called(value).rpartition(".")
        layers = module == "torch.nn" or module.startswith("torch.nn.modules")
        if layers and name[:1].isupper() and name != "Parameter":
            return True
        if module.startswith("torchvision.models"):
            return True
        owner = None if value is None else self.class_of(value)
        return owner is not None and self.is_module_class(owner)

    def functions_called(self, call: cst.Call) -> list[cst.FunctionDef]:
        """Return the functions of the program that a call can run.

        A call of a network runs its ``forward``.
        """
        functions: list[cst.FunctionDef] = []
        if isinstance(call.func, cst.Name):
            nodes = [b.node for b in self.lookup(call.func.value, call)]
            functions = [node for node in nodes if isinstance(node, cst.FunctionDef)]
        elif is_own_attribute(call.func):
            own = self.enclosing(call, cst.ClassDef)
            functions = self._methods(own, call.func.attr.value)
        return functions or self._methods(self.class_of(call.func), "forward")

    def _methods(self, owner: cst.ClassDef | None, name: str) -> list[cst.FunctionDef]:
        return [
            item
            for item in (() if owner is None else owner.body.body)
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
        names = [item.name.value for item in function.params.params]
        name = parameter.name.value
        if name not in names or name == "self" or parameter.default is not None:
            return []
        position = names.index(name) - (names[0] == "self")
        found = []
        for call in self.calls_of(function):
            plain, named = positional(call), keyword(call, name)
            if any(arg.star for arg in call.args):
                return []
            if position < len(plain):
                found.append(plain[position].value)
            elif named is not None:
                found.append(named.value)
            else:
                return []
        return found

    def _is_passed_on(self, function: cst.FunctionDef) -> bool:
        """Say whether a function is used other than by calling it here."""
        name = function.name.value
        if self.is_used_elsewhere(name):
            return True
        return name != "forward" and any(
            isinstance(self.parent[node], cst.Arg) for node in self.names.get(name, ())
        )

    def returns(self, function: cst.FunctionDef) -> list[cst.BaseExpression | None]:
        """Return what a function gives back, one entry a ``return``."""
        return [
            item.value
            for item in self.inside(function.body)
            if isinstance(item, cst.Return)
            and self.enclosing(item, cst.FunctionDef, cst.Lambda) is function
        ]
