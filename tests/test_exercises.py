import importlib
import math
import sys
import threading
import time
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from nn_tutorial.exercises import Hint, check, core

# --- The exercises of the book ----------------------------------------------------

# tests/answers/ has a file for each chapter: for each of its exercises right answers
# of different form, and typical wrong ones with words of the hint that each must get.
RIGHT, WRONG = [], []
for file in sorted(Path(__file__).with_name("answers").glob("*.py")):
    answers = importlib.import_module(f"answers.{file.stem}")
    for number, (right, wrong) in answers.ANSWERS.items():
        for n, answer in enumerate(right):
            RIGHT.append(pytest.param(number, answer, id=f"{number} {n}"))
        for n, (answer, words) in enumerate(wrong):
            name = f"{number} {n} {words}"
            WRONG.append(pytest.param(number, answer, words, id=name))
NUMBERS = core.known_exercises()

ODD_ANSWERS = {
    "text": "text",
    "no text": "",
    "no list": [],
    "nested list": [[1, 2], [3]],
    "dict": {"a": 1},
    "object": object(),
    "true": True,
    "nan": math.nan,
    "infinity": math.inf,
    "huge": 10**400,
    "complex": 1j,
    "no numbers": torch.zeros(0),
    "three axes": torch.zeros(2, 3, 4),
    "scalar tensor": torch.tensor(0.1),
    "nan tensor": torch.tensor([[math.nan]]),
    "integer tensor": torch.arange(3),
    "bool tensor": torch.tensor([True]),
    "array of text": np.array(["a"]),
    "array of objects": np.array([object()]),
    "raising function": lambda *arguments: 1 / 0,
    "silent function": lambda *arguments: None,
    "identity": lambda argument: argument,
    "class": int,
    "module": nn.Linear(1, 1),
    "empty module": nn.Sequential(),
    "module class": nn.Linear,
}


@pytest.fixture
def toy(monkeypatch):
    """One exercise more, toy-1, which asks for the number 4; returns its chapter."""
    chapter = ModuleType("nn_tutorial.exercises.toy")
    chapter.__spec__ = ModuleSpec(chapter.__name__, loader=None)
    hint = Hint(zh="数一数花瓣。", en="Count the petals.")
    chapter.CHECKS = {"toy-1": core.number(4, other=hint)}
    monkeypatch.setitem(sys.modules, chapter.__name__, chapter)
    return chapter


def test_known_exercises_are_all_that_have_answers_here():
    assert set(NUMBERS) == {case.values[0] for case in RIGHT}


@pytest.mark.parametrize("number", NUMBERS)
def test_every_exercise_has_two_right_and_four_wrong_answers_here(number):
    for cases, least in ((RIGHT, 2), (WRONG, 4)):
        assert [case.values[0] for case in cases].count(number) >= least


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_right_answer_is_right_whatever_its_form(number, answer):
    feedback = check(number, answer, lang="en")

    assert feedback.correct, feedback
    assert repr(feedback) == "That is right."


@pytest.mark.parametrize(("number", "answer", "words"), WRONG)
def test_typical_wrong_answer_gets_the_hint_for_its_mistake(number, answer, words):
    feedback = check(number, answer, lang="en")

    assert not feedback.correct
    assert words in feedback.message.en


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("empty", [..., (..., ...), [1, ...]], ids=repr)
def test_empty_answer_is_called_not_answered(number, empty):
    feedback = check(number, empty, lang="en")

    assert not feedback.correct
    assert repr(feedback).startswith("Not answered yet")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("answer", [None, (None, 1)], ids=repr)
def test_answer_that_print_has_given_is_explained(number, answer):
    feedback = check(number, answer, lang="en")

    assert not feedback.correct
    assert "which is what print() returns" in repr(feedback)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_answer_of_an_odd_kind_makes_no_check_raise(number, name):
    result = core._checks_of(number.rpartition("-")[0])[number](ODD_ANSWERS[name])

    assert result is None or isinstance(result, Hint)


# --- check ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["toy-2", "unheard-of-1", "toy", "", "core-1", "..core-1", "01-1"]
)
def test_unknown_exercise_is_refused_with_the_known_ones(toy, name):
    with pytest.raises(ValueError, match=r"no exercise '.*'; there are: activations-1"):
        check(name, 4)


def test_feedback_is_true_only_for_a_right_answer(toy):
    assert check("toy-1", 4)
    assert not check("toy-1", 5)


@pytest.mark.parametrize(
    ("lang", "shown"),
    [
        ("zh", "数一数花瓣。"),
        ("en", "Count the petals."),
        ("both", "zh: 数一数花瓣。\nen: Count the petals."),
    ],
)
def test_hint_is_shown_in_the_language_asked_for(toy, monkeypatch, lang, shown):
    monkeypatch.setenv("NN_TUTORIAL_LANG", "zh" if lang == "en" else "en")
    assert repr(check("toy-1", 5, lang=lang)) == shown

    monkeypatch.setenv("NN_TUTORIAL_LANG", lang)
    assert repr(check("toy-1", 5)) == str(check("toy-1", 5)) == shown


@pytest.mark.parametrize(
    ("variables", "windows_locale", "lang"),
    [
        ({"LANG": "zh_CN.UTF-8"}, None, "zh"),
        ({"LANG": "en_US.UTF-8"}, "zh_CN", "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, None, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_TW:en"}, None, "zh"),
        ({"LANG": ""}, "Chinese (Simplified)_China", "zh"),
        ({}, "de_DE", "en"),
        ({}, None, "en"),
    ],
)
def test_without_a_choice_the_language_of_the_computer_decides(
    toy, monkeypatch, variables, windows_locale, lang
):
    names = ("NN_TUTORIAL_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("locale.getlocale", lambda: (windows_locale, "utf-8"))

    assert check("toy-1", 5).lang == lang


def test_unknown_language_is_refused(toy, monkeypatch):
    with pytest.raises(ValueError, match="lang='fr': use 'zh', 'en' or 'both'"):
        check("toy-1", 4, lang="fr")

    monkeypatch.setenv("NN_TUTORIAL_LANG", "de")
    with pytest.raises(ValueError, match="NN_TUTORIAL_LANG='de': use"):
        check("toy-1", 4)


def test_answer_that_raises_when_looked_at_gets_a_hint(toy):
    class Broken:
        def __rsub__(self, other):
            raise RuntimeError("two\nlines")

    toy.CHECKS["toy-1"] = lambda answer: 1 - answer
    feedback = check("toy-1", Broken(), lang="both")

    assert not feedback.correct
    assert "answer: RuntimeError: two lines" in feedback.message.en
    assert "RuntimeError: two lines" in feedback.message.zh


def test_check_prints_nothing_and_leaves_the_random_numbers_alone(toy, capfd):
    def draw(answer):
        torch.manual_seed(torch.randint(9, ()).item())

    toy.CHECKS["toy-1"] = draw
    before = torch.get_rng_state()

    assert check("toy-1", 4).correct
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["", " ", "two\nlines"])
def test_hint_is_one_line_in_each_language(text):
    for languages in ({"zh": text, "en": "x"}, {"zh": "x", "en": text}):
        with pytest.raises(ValueError, match="one line in each language"):
            Hint(**languages)


# --- Helpers for the checks -------------------------------------------------------

LOOK = Hint(zh="看图。", en="Look at the figure.")


@pytest.mark.parametrize(
    "answer",
    [
        3,
        3.0005,
        np.float32(3),
        np.int64(3),
        np.array([[3.0]]),
        torch.tensor(3),
        torch.tensor([2.9995], requires_grad=True),
    ],
    ids=lambda answer: f"{type(answer).__name__} {answer!r}",
)
def test_close_number_of_any_library_is_right(answer):
    assert core.is_close(answer, 3, within=1e-3, hint=LOOK) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3.1, "Look at the figure."),
        ("3", "The answer should be one number, but the type of yours is str."),
        (True, "The answer should be one number, but the type of yours is bool."),
        (3j, "yours is complex"),
        (torch.zeros(2, 1), "yours has shape (2, 1)"),
        (math.nan, "Your number is nan"),
        (np.array([np.inf]), "Your number is inf"),
    ],
)
def test_number_that_is_not_close_gets_the_fitting_hint(answer, message):
    assert message in core.is_close(answer, 3, within=1e-3, hint=LOOK).en


def test_equal_tensor_is_right():
    expected = torch.tensor([[1.0, 2.0]])

    for answer in (expected, (expected + 0).requires_grad_()):
        assert core.is_equal(answer, expected, hint=LOOK) is None
    nearly = expected + 1e-3
    assert core.is_equal(nearly, expected, within=2e-3, hint=LOOK) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.tensor([[1.0, 2.1]]), "Look at the figure."),
        (torch.tensor([[1.0], [2.0]]), "The shape should be (1, 2); yours is (2, 1)."),
        (torch.tensor([[1, 2]]), "should be torch.float32; yours is torch.int64."),
        (torch.tensor([[1.0, math.nan]]), "Your tensor contains NaN"),
        ([[1.0, 2.0]], "The answer should be a tensor, but the type of yours is list."),
    ],
)
def test_tensor_that_is_not_equal_gets_the_fitting_hint(answer, message):
    expected = torch.tensor([[1.0, 2.0]])

    assert message in core.is_equal(answer, expected, hint=LOOK).en


def test_none_in_a_shape_fits_any_number_of_rows():
    assert core.is_tensor(torch.zeros(7, 2), shape=(None, 2)) is None
    hint = core.is_tensor(torch.zeros(7, 3), shape=(None, 2))
    assert "should be (N, 2); yours is (7, 3)" in hint.en
    hint = core.is_tensor(torch.zeros(7, 1), shape=(7,))
    assert "should be (7,); yours is (7, 1)" in hint.en


def test_function_is_judged_by_what_it_gives():
    def gives(answer, expected):
        return core.function(lambda: (2.0,), lambda x: expected, other=LOOK)(answer)

    assert gives(lambda x: x**2, 4.0) is None
    assert gives(lambda x: torch.tensor([x, x]), torch.tensor([2.0, 2.0])) is None
    assert gives(lambda x: x**3, 4.0) is LOOK
    assert "should be a function, but the type of yours is float" in gives(4.0, 4.0).en
    assert "Your function returns nothing" in gives(lambda x: None, 4.0).en
    assert "Your function returns nothing" in gives(lambda x: ..., 4.0).en
    assert "ZeroDivisionError: " in gives(lambda x: x / 0, 4.0).en
    assert "TypeError: " in gives(lambda: 4.0, 4.0).en
    assert "SystemExit: " in gives(lambda x: exit(), 4.0).en


def test_function_that_never_returns_is_stopped():
    threads_before = threading.active_count()
    start_s = time.monotonic()

    def loop_for_ever():
        while True:
            pass

    hint = core.call(loop_for_ever, timeout_s=0.1)

    assert "did not return within 0.1 seconds" in hint.en
    while threading.active_count() > threads_before:
        assert time.monotonic() - start_s < 30, "the loop is still running"
        time.sleep(0.01)


class ForgetsALayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.used = nn.Linear(2, 1)
        self.forgotten = nn.Linear(2, 2)

    def forward(self, inputs):
        return self.used(inputs)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (nn.Linear(2, 3), "should be (N, 1); yours is (4, 3)"),
        (nn.Linear(3, 1), "RuntimeError: "),
        (nn.Linear, "You gave the class Linear, but an object"),
        (ForgetsALayer(), "parameters: forgotten.weight, forgotten.bias. Which"),
        (nn.AvgPool1d(2), "Your network has no parameters that can be trained"),
    ],
    ids=["shape", "width", "class", "unused", "no parameters"],
)
def test_module_that_does_not_do_it_gets_the_fitting_hint(answer, message):
    hint = core.is_module(answer, inputs=torch.ones(4, 2), output_shape=(None, 1))

    assert message in hint.en


def test_module_with_the_right_shape_and_gradients_is_right():
    frozen = nn.Linear(2, 2).requires_grad_(False)
    model = nn.Sequential(frozen, nn.Tanh(), nn.Linear(2, 1))

    assert core.is_module(model, inputs=torch.ones(4, 2), output_shape=(4, 1)) is None
    assert all(parameter.grad is None for parameter in model.parameters())
