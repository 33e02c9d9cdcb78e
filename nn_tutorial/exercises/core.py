"""The building blocks of the checks of all chapters.

How to add the checks of a chapter: write ``nn_tutorial/exercises/<slug>.py`` (dashes
become underscores) with a dictionary ``CHECKS``. It needs no registration. A check
takes the answer and returns None if it is right, and otherwise a `Hint`, which helps
without showing the formula. Most checks are made with `number` or `function`, which
list the typical wrong answers, each with its hint::

    CHECKS = {
        "overfitting-1": number(
            24_380,
            slips=[(24_320, Hint(zh="还没有数偏置。", en="Add the biases."))],
            other=Hint(zh="一层一层地数。", en="Count layer by layer."),
        ),
        "overfitting-2": _check_2,  # a function of your own, for any other answer
    }

A function of its own first asks for what it needs with `is_number`, `numbers_of`,
`is_tensor`, `is_module` or `call`; each returns a hint if the answer is not that. Then
tests/answers/<slug>.py, which wants two right and four wrong answers of each.
"""

import copy
import ctypes
import importlib
import importlib.util
import locale
import math
import os
import pkgutil
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

__all__ = [
    "Check",
    "Feedback",
    "Hint",
    "all_of",
    "call",
    "check",
    "count_lines",
    "function",
    "is_close",
    "is_equal",
    "is_module",
    "is_number",
    "is_tensor",
    "known_exercises",
    "number",
    "numbers_of",
    "wrong_kind",
]


@dataclass(frozen=True)
class Hint:
    """What to look at next, in one line of Chinese and one line of English.

    Raises:
        ValueError: If a line is empty or holds a line break.
    """

    zh: str
    en: str

    def __post_init__(self) -> None:
        for text in (self.zh, self.en):
            if not text.strip() or len(text.splitlines()) != 1:
                raise ValueError(f"a hint is one line in each language, not {text!r}")


@dataclass(frozen=True, repr=False)
class Feedback:
    """The result of `check`; displayed as a message in the chosen language.

    Attributes:
        correct: Whether the answer is right; also the truth value of the feedback.
        message: The message in both languages.
        lang: ``"zh"``, ``"en"``, or ``"both"``: one line each, with its language.
    """

    correct: bool
    message: Hint
    lang: str

    def __bool__(self) -> bool:
        return self.correct

    def __repr__(self) -> str:
        if self.lang == "both":
            return f"zh: {self.message.zh}\nen: {self.message.en}"
        return self.message.zh if self.lang == "zh" else self.message.en


Check = Callable[[Any], Hint | None]

_RIGHT = Hint(zh="答对了。", en="That is right.")
_NOT_ANSWERED = Hint(
    zh="还没有作答：把 `...` 换成你的答案。",
    en="Not answered yet: replace `...` with your answer.",
)
_NONE = Hint(
    zh="你的答案是 None。print() 的返回值就是 None：把要打印的东西直接赋给 answer。",
    en="Your answer is None, which is what print() returns: assign the value itself "
    "to answer.",
)


def check(exercise: str, answer: object, *, lang: str | None = None) -> Feedback:
    """Check an answer, and give a hint if it is not right.

    Prints nothing and leaves PyTorch's random numbers (of the CPU) as they were.

    Args:
        exercise: The name of the exercise in the book: that of the chapter, a dash,
            and the number within it, for example ``"logistic-2"``.
        answer: Whatever the exercise asks for. Any object is allowed: one of the
            wrong kind gets a hint, not an error.
        lang: ``"zh"``, ``"en"``, or ``"both"``. None: what the environment variable
            ``NN_TUTORIAL_LANG`` says, else the language of this computer if it is
            Chinese, else English.

    Raises:
        ValueError: If there is no such exercise or language.
    """
    find_hint = _checks_of(exercise.rpartition("-")[0]).get(exercise)
    if find_hint is None:
        known = ", ".join(known_exercises())
        raise ValueError(f"no exercise {exercise!r}; there are: {known}")
    lang = _choose_language(lang)
    try:
        with torch.random.fork_rng(devices=[]):
            hint = _not_answered(answer) or find_hint(answer)
    except Exception as error:
        # An answer may be an object that raises as soon as it is looked at; its error
        # is told to the reader, to whom a traceback through this file says nothing.
        hint = _raised(error)
    return Feedback(hint is None, hint or _RIGHT, lang)


def known_exercises() -> list[str]:
    """Return the names of all exercises, by chapter in alphabetical order."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    slugs = [module.name.replace("_", "-") for module in modules]
    return [name for slug in slugs for name in _checks_of(slug)]


def _checks_of(slug: str) -> dict[str, Check]:
    """Return the checks of a chapter, by exercise; empty if it has none."""
    name = f"{__package__}.{slug.replace('-', '_')}"
    if not re.fullmatch("[a-z-]+", slug) or importlib.util.find_spec(name) is None:
        return {}
    checks: dict[str, Check] = getattr(importlib.import_module(name), "CHECKS", {})
    return checks


# --- Checks as entries of a table -------------------------------------------------


def number(
    expected: float,
    *,
    within: float = 0.0,
    slips: Sequence[tuple[float | Callable[[float], bool], Hint]] = (),
    other: Hint,
) -> Check:
    """Return a check that asks for a number.

    Args:
        expected: The right answer.
        within: How far from it an answer may be and still be right.
        slips: Typical wrong answers and the hint for each: a number (as exact as the
            right one), or a function that says whether a number is such an answer.
            The first that fits counts.
        other: The hint for every other number.
    """

    def find_hint(answer: Any) -> Hint | None:
        if wrong := is_number(answer):
            return wrong
        if isinstance(answer, Tensor | np.ndarray | np.generic):
            answer = answer.item()
        value = float(answer)
        if abs(value - expected) <= within:
            return None
        for slip, hint in slips:
            if slip(value) if callable(slip) else abs(value - slip) <= within:
                return hint
        return other

    return find_hint


def function(
    arguments: Callable[[], tuple[Any, ...]],
    right: Callable[..., Any],
    *,
    within: float = 0.0,
    slips: Sequence[tuple[Callable[..., Any], Hint]] = (),
    other: Hint,
    banned: Sequence[str] = (),
) -> Check:
    """Return a check that asks for a function and tries it.

    Args:
        arguments: Makes what the function is called with.
        right: A function that is right: it returns a number or a tensor.
        within: How far from it each value may be.
        slips: Typical wrong functions, with the hint for an answer that returns the
            same as one of them. The first that fits counts.
        other: The hint for every other result of the right shape and kind.
        banned: The PyTorch functions that the exercise forbids; see `call`.
    """

    def find_hint(answer: Any) -> Hint | None:
        if isinstance(answer, type) or not callable(answer):
            return wrong_kind("一个函数", "a function", answer)
        given = arguments()
        kept = copy.deepcopy(given)
        result = call(answer, *given, banned=banned)
        if isinstance(result, Hint):
            return result
        if not _same(given, kept):
            return Hint(
                zh="你的函数改动了交给它的东西：请返回新的，原来的留着不动。",
                en="Your function changes its arguments: return a new object and "
                "leave the original unchanged.",
            )
        wrong = _is_result(result, right(*kept), within=within, other=other)
        if wrong is None:
            return None
        for slip, hint in slips:
            if not _is_result(result, slip(*kept), within=within, other=other):
                return hint
        return wrong

    return find_hint


def all_of(*checks: Check) -> Check:
    """Return a check that runs these checks in order and gives the first hint."""

    def find_hint(answer: Any) -> Hint | None:
        hints = (find_hint(answer) for find_hint in checks)
        return next((hint for hint in hints if hint), None)

    return find_hint


def _is_result(
    result: Any, expected: Any, *, within: float, other: Hint
) -> Hint | None:
    if isinstance(expected, Tensor) and expected.numel() > 1:
        return is_equal(result, expected, within=within, hint=other)
    return is_close(result, float(expected), within=within, hint=other)


def _same(one: Any, other: Any) -> bool:
    """Whether arguments (tensors, numbers, and collections of them) are equal."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and torch.equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return [*one] == [*other] and all(map(_same, one.values(), other.values()))
    if isinstance(one, nn.Module):
        return _same(dict(one.state_dict()), dict(other.state_dict()))
    return bool(one == other)


# --- Helpers for checks that are functions of their own ---------------------------


def is_number(answer: object) -> Hint | None:
    """Ask for one number: Python's, NumPy's, or a tensor or array with one element."""
    if isinstance(answer, Tensor | np.ndarray | np.generic):
        if math.prod(answer.shape) != 1:
            found = tuple(answer.shape)
            return Hint(
                zh=f"这里要一个数，而你给的形状是 {found}。",
                en="The answer should be a single number, but yours has shape "
                f"{found}.",
            )
        answer = answer.item()
    if not isinstance(answer, int | float) or isinstance(answer, bool):
        return wrong_kind("一个数", "one number", answer)
    # Wrong for NaN and infinity, and for an integer too large to be compared.
    if not -sys.float_info.max <= answer <= sys.float_info.max:
        return Hint(
            zh=f"你的数是 {answer}：计算在某一步出了界，一步一步打印出来看看。",
            en=f"Your number is {answer}: some step went out of range. Print the "
            "result of each step.",
        )
    return None


def numbers_of(answer: Any, count: int) -> list[float] | Hint:
    """Return the ``count`` numbers in a tuple, list, tensor or array, or a hint."""
    if isinstance(answer, Tensor | np.ndarray):
        answer = answer.flatten().tolist()
    if not isinstance(answer, tuple | list) or len(answer) != count:
        found = len(answer) if isinstance(answer, tuple | list) else 1
        return Hint(
            zh=f"这里要 {count} 个数，写成 (…, …)；你给了 {found} 个。",
            en=f"The answer should have {count} numbers, written as (…, …); yours has "
            f"{found}.",
        )
    for part in answer:
        if wrong := is_number(part):
            return wrong
    return [float(part) for part in answer]


def is_close(answer: Any, expected: float, *, within: float, hint: Hint) -> Hint | None:
    """Ask for a number at most ``within`` from the expected one, else give ``hint``."""
    return number(expected, within=within, other=hint)(answer)


def is_tensor(
    answer: object,
    *,
    shape: Sequence[int | None] | None = None,
    dtype: torch.dtype | None = None,
) -> Hint | None:
    """Ask for a tensor of this shape (None fits any size) and dtype, without NaN."""
    if not isinstance(answer, Tensor):
        return wrong_kind("一个张量", "a tensor", answer)
    found = tuple(answer.shape)
    if shape is not None and not (
        len(found) == len(shape)
        and all(want in (None, size) for want, size in zip(shape, found, strict=True))
    ):
        wanted = "(" + ", ".join("N" if n is None else str(n) for n in shape)
        wanted += ",)" if len(shape) == 1 else ")"
        return Hint(
            zh=f"形状应为 {wanted}，而你的是 {found}。",
            en=f"The shape should be {wanted}; yours is {found}.",
        )
    if dtype is not None and answer.dtype != dtype:
        return _wrong_dtype(dtype, answer)
    if answer.isnan().any():
        return Hint(
            zh="你的张量里有 NaN：找出它最早出现在哪一步。",
            en="Your tensor contains NaN: find the first step in which it appears.",
        )
    return None


def is_equal(
    answer: Any, expected: Tensor, *, hint: Hint, within: float = 0.0
) -> Hint | None:
    """Ask for a tensor of this shape, kind of number and (up to ``within``) values.

    Any floating-point dtype will do for another, and any integer dtype as well.
    """
    if wrong := is_tensor(answer, shape=expected.shape):
        return wrong
    answer = answer.detach().cpu()
    if _kind(answer) != _kind(expected):
        return _wrong_dtype(expected.dtype, answer)
    close = torch.allclose(answer.double(), expected.double(), rtol=0, atol=within)
    return None if close else hint


def call(
    function: Any,
    *arguments: Any,
    banned: Sequence[str] = (),
    timeout_s: float = 10.0,
) -> Any:
    """Return what ``function(*arguments)`` returns, or a hint if it does not return.

    The function runs in a thread of its own, which is stopped when the time is up.

    Args:
        function: What to call.
        *arguments: Its arguments.
        banned: The names of PyTorch's functions that it may not call, such as
            ``"cross_entropy"``.
        timeout_s: The time that it has, in seconds.
    """
    if not callable(function):
        return wrong_kind("一个函数", "a function", function)
    outcome: list[Any] = []
    used = _Calls()

    def run() -> None:
        try:
            with used:
                result = function(*arguments)
            outcome.append(result)
        except BaseException as error:
            # Whatever the reader's function raises is what the reader has to see.
            outcome.append(_raised(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not outcome:
        # Python offers no other way to end a thread; a loop left running would slow
        # down all the reader does afterwards.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
        )
        return Hint(
            zh=f"你的函数 {timeout_s:g} 秒还没有返回：看看循环何时结束。",
            en=f"Your function did not return within {timeout_s:g} seconds: does its "
            "loop end?",
        )
    if outcome[0] is None or outcome[0] is ...:
        return Hint(
            zh="你的函数什么也没有返回：是不是少了 return？",
            en="Your function returns nothing: did you forget return?",
        )
    for name in banned:
        if name in used.names:
            return Hint(
                zh=f"你的函数用到了 {name}；这道题要求不用它。",
                en=f"Your function uses {name}, but the exercise asks you to do "
                "without it.",
            )
    return outcome[0]


class _Calls(TorchFunctionMode):
    """Notes the names of PyTorch's functions that are called while it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.names.add(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


def count_lines(function: Callable[..., Any], *arguments: Any) -> int:
    """Return how many lines of Python run in a call: a loop runs its lines again."""
    n_lines = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal n_lines
        n_lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return n_lines


def is_module(
    answer: Any, *, inputs: Tensor, output_shape: Sequence[int | None]
) -> Hint | None:
    """Ask for a module that turns the inputs into this shape and can be trained."""
    if isinstance(answer, type) and issubclass(answer, nn.Module):
        return Hint(
            zh=f"你给的是 {answer.__name__} 这个类，这里要它的一个对象："
            "是不是少了括号？",
            en=f"You gave the class {answer.__name__}, but an object of it is needed: "
            "did you forget the parentheses?",
        )
    if not isinstance(answer, nn.Module):
        return wrong_kind("一个 nn.Module", "an nn.Module", answer)
    outputs = call(answer, inputs)
    if isinstance(outputs, Hint):
        return outputs
    if wrong := is_tensor(outputs, shape=output_shape):
        return wrong
    parameters = {n: p for n, p in answer.named_parameters() if p.requires_grad}
    if not parameters:
        return _nothing_registered(outputs)
    gradients: Sequence[Tensor | None] = [None] * len(parameters)
    if outputs.requires_grad:
        gradients = torch.autograd.grad(
            outputs.sum(), list(parameters.values()), allow_unused=True
        )
    unused = [n for n, g in zip(parameters, gradients, strict=True) if g is None]
    if unused:
        names = ", ".join(unused)
        return Hint(
            zh=f"输出的梯度到不了这些参数：{names}。看看 forward 用了哪些层。",
            en=f"The gradient of the output does not reach these parameters: {names}. "
            "Which layers does forward use?",
        )
    return None


def wrong_kind(wanted_zh: str, wanted_en: str, answer: object) -> Hint:
    """Return the hint for an answer of another kind, such as text for a number."""
    found = type(answer).__name__
    if isinstance(answer, type):
        return Hint(
            zh=f"答案应当是{wanted_zh}，而你给的是 {answer.__name__} 这个类本身。",
            en=f"The answer should be {wanted_en}, but you gave the class "
            f"{answer.__name__} itself.",
        )
    return Hint(
        zh=f"答案应当是{wanted_zh}，而你给的东西类型是 {found}。",
        en=f"The answer should be {wanted_en}, but the type of yours is {found}.",
    )


def _nothing_registered(outputs: Tensor) -> Hint:
    if outputs.requires_grad:
        return Hint(
            zh="网络里有层，可一个参数也没有登记：放在普通列表里的层，Module 看不见。",
            en="There are layers but no registered parameters: a Module does not find "
            "layers in a plain list.",
        )
    return Hint(
        zh="你的网络没有任何可以训练的参数：里面有层吗？",
        en="Your network has no parameters that can be trained: does it contain any "
        "layers?",
    )


def _kind(tensor: Tensor) -> str:
    if tensor.is_floating_point():
        return "float"
    return "other" if tensor.is_complex() or tensor.dtype == torch.bool else "integer"


def _wrong_dtype(dtype: torch.dtype, answer: Tensor) -> Hint:
    return Hint(
        zh=f"类型应为 {dtype}，而你的是 {answer.dtype}。",
        en=f"The dtype should be {dtype}; yours is {answer.dtype}.",
    )


def _not_answered(answer: object) -> Hint | None:
    parts = answer if isinstance(answer, tuple | list) else [answer]
    if any(part is ... for part in parts):
        return _NOT_ANSWERED
    return _NONE if any(part is None for part in parts) else None


def _raised(error: BaseException) -> Hint:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return Hint(
        zh=f"用你的答案计算时出了错：{text}",
        en=f"An error occurred while computing with your answer: {text}",
    )


def _choose_language(lang: str | None) -> str:
    source = "lang"
    if lang is None and os.environ.get("NN_TUTORIAL_LANG"):
        source, lang = "NN_TUTORIAL_LANG", os.environ["NN_TUTORIAL_LANG"]
    if lang is None:
        variables = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
        settings = [os.environ[name] for name in variables if os.environ.get(name)]
        # Windows sets none of these and calls its locale "Chinese (Simplified)_China".
        setting = settings[0] if settings else locale.getlocale()[0] or ""
        return "zh" if setting.lower().startswith(("zh", "chinese")) else "en"
    if lang not in ("zh", "en", "both"):
        raise ValueError(f"{source}={lang!r}: use 'zh', 'en' or 'both'")
    return lang
