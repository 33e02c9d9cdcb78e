"""Questions about a program that are answered once, or not while they are open."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import libcst as cst

__all__ = ["once", "remembered"]

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class _Remembers(Protocol):
    memory: dict[object, Any]
    open_questions: set[object]


Owner = TypeVar("Owner", bound=_Remembers)


def remembered(
    method: Callable[Concatenate[Owner, Asked], Answer],
) -> Callable[Concatenate[Owner, Asked], Answer]:
    """Keep every answer of a method as long as the program that was asked."""

    @functools.wraps(method)
    def asked(self: Owner, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        key = (method, args)
        if key not in self.memory:
            self.memory[key] = method(self, *args, **kwargs)
        answer: Answer = self.memory[key]
        return answer

    return asked


def once(
    nothing: Answer, again: Answer
) -> Callable[
    [Callable[[Owner, cst.BaseExpression], Answer]],
    Callable[[Owner, cst.BaseExpression | None], Answer],
]:
    """Give a question about an expression two answers that end it.

    Args:
        nothing: What is said of ``None``.
        again: What is said while the same is being asked already, of a name that is
            bound to itself, say.
    """

    def changed(
        method: Callable[[Owner, cst.BaseExpression], Answer],
    ) -> Callable[[Owner, cst.BaseExpression | None], Answer]:
        @functools.wraps(method)
        def asked(self: Owner, node: cst.BaseExpression | None) -> Answer:
            key = (method, node)
            if node is None or key in self.open_questions:
                return nothing if node is None else again
            self.open_questions.add(key)
            try:
                return method(self, node)
            finally:
                self.open_questions.discard(key)

        return asked

    return changed
