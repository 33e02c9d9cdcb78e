import math
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from nn_tutorial import exercises
from nn_tutorial.exercises import Hint, check, exercise

# --- The exercises of the book ----------------------------------------------------


class Case(NamedTuple):
    """A right and a wrong answer, each made when needed."""

    right: Callable[[], object]
    wrong: Callable[[], object]


def batch_net(*, bias: bool) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(784, 300, bias=bias), nn.BatchNorm1d(300), nn.ReLU()),
        *(nn.Linear(300, 100, bias=bias), nn.BatchNorm1d(100), nn.ReLU()),
        nn.Linear(100, 10),
    )


def silu_slope(z):
    """The derivative of z * sigmoid(z), in another form than the check has it."""
    return torch.special.expit(z) * (1 + z * torch.special.expit(-z))


class Shortcut(nn.Module):
    """The module that exercise module-2 asks for, or one without its shortcut."""

    def __init__(self, *, shortcut: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.shortcut = shortcut

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = torch.tanh(self.linear(inputs))
        return inputs + outputs if self.shortcut else outputs


class LogitNet(nn.Module):
    """The network that exercise autograd-3 asks for, or one with another last layer."""

    def __init__(self, topology: list[int], *, last: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(topology))
        self.last = last

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            inputs = torch.sigmoid(layer(inputs))
        return self.last(self.layers[-1](inputs))


def mean_loss_of_an_evaluation(net, inputs, targets):
    net.eval()
    with torch.inference_mode():
        loss = nn.functional.cross_entropy(net(inputs), targets)
    net.train()
    return float(loss)


# One line for each exercise. 00-1 is a toy registered by a fixture below.
CASES: dict[str, Case] = {
    "test-1": Case(right=lambda: 4, wrong=lambda: 5),
    "activations-1": Case(right=lambda: 24_380, wrong=lambda: 24_320),
    "activations-2": Case(right=lambda: silu_slope, wrong=lambda: torch.sigmoid),
    "activations-3": Case(
        right=lambda: (1, -2, 1), wrong=lambda: torch.tensor([1.0, -1, 1])
    ),
    "activations-4": Case(right=lambda: -2.0, wrong=lambda: 2),
    "regression-1": Case(right=lambda: 3, wrong=lambda: 22),
    "regression-2": Case(
        right=lambda: (
            lambda w, b, x, y: torch.stack(
                [2 * ((w * x + b - y) * x).mean(), 2 * (w * x + b - y).mean()]
            )
        ),
        wrong=lambda: lambda w, b, x, y: torch.stack([w, b]),
    ),
    "regression-3": Case(right=lambda: 11, wrong=lambda: 10),
    "softmax-1": Case(right=lambda: 4.595, wrong=lambda: 0.99),
    "softmax-2": Case(
        right=lambda: nn.functional.cross_entropy,
        wrong=lambda: lambda z, y: -z.softmax(1)[range(len(y)), y].log().mean(),
    ),
    "softmax-3": Case(right=lambda: 2.303, wrong=lambda: 1.0),
    "logistic-1": Case(right=lambda: math.log(9), wrong=lambda: 0.9),
    "logistic-2": Case(
        right=lambda: (1, -1, 0), wrong=lambda: torch.tensor([0.0, -1, 0])
    ),
    "logistic-3": Case(right=lambda: 384, wrong=lambda: 24),
    "logistic-4": Case(right=lambda: (0.213, 0.246), wrong=lambda: (0.215, 0.141)),
    "module-1": Case(right=lambda: 151, wrong=lambda: 130),
    "module-2": Case(
        right=lambda: Shortcut(shortcut=True), wrong=lambda: Shortcut(shortcut=False)
    ),
    "module-3": Case(right=lambda: "depth", wrong=lambda: "steps"),
    "saving-1": Case(
        right=lambda: (
            lambda state: {
                name.removeprefix("module."): value for name, value in state.items()
            }
        ),
        wrong=lambda: (
            lambda state: {
                name.replace("module.", ""): value for name, value in state.items()
            }
        ),
    ),
    "saving-2": Case(
        right=lambda: (
            lambda s: s["2.weight"][0] @ s["0.weight"][:, 0].sign() + s["2.bias"]
        ),
        wrong=lambda: lambda s: s["2.weight"].sum() + s["2.bias"],
    ),
    "saving-3": Case(
        right=lambda: (
            lambda content: sum(
                tensor.numel() for tensor in safetensors.torch.load(content).values()
            )
        ),
        wrong=lambda: lambda content: (len(content) - 8) // 4,
    ),
    "saving-4": Case(right=lambda: (0.0205, 0.02185), wrong=lambda: (0.0216, 0.0225)),
    "mnist-1": Case(right=lambda: 18_760, wrong=lambda: 18_740),
    "mnist-2": Case(
        right=lambda: (
            lambda counts, digit: counts[digit, digit] / counts[:, digit].sum()
        ),
        wrong=lambda: lambda counts, digit: counts[digit, digit] / counts[digit].sum(),
    ),
    "mnist-3": Case(
        right=lambda: lambda p, t: p.argmax(1).masked_fill(p.amax(1) < t, -1),
        wrong=lambda: lambda p, t: p.argmax(1).masked_fill(p.amax(1) <= t, -1),
    ),
    "mnist-4": Case(
        right=lambda: (
            lambda rows, n: nn.functional.pad(
                rows.view(-1, 28, 28), (n, -n), value=-1.0
            ).flatten(1)
        ),
        wrong=lambda: lambda rows, n: rows.view(-1, 28, 28).roll(n, 2).flatten(1),
    ),
    "batchnorm-1": Case(right=lambda: 267_410, wrong=lambda: 266_610),
    "batchnorm-2": Case(
        right=lambda: batch_net(bias=False),
        wrong=lambda: batch_net(bias=True),
    ),
    # torch's own fusion is the oracle.
    "batchnorm-3": Case(
        right=lambda: lambda linear, norm: fuse_linear_bn_eval(linear.eval(), norm),
        wrong=lambda: lambda linear, norm: linear,
    ),
    "autograd-1": Case(right=lambda: 74, wrong=lambda: 60),
    "autograd-2": Case(
        right=lambda: lambda labels, n: torch.eye(n)[labels],
        wrong=lambda: lambda labels, n: torch.ones(len(labels), n),
    ),
    "autograd-3": Case(
        right=lambda: partial(LogitNet, last=nn.Identity()),
        wrong=lambda: partial(LogitNet, last=nn.Sigmoid()),
    ),
    "old-code-1": Case(right=lambda: "bde", wrong=lambda: "abc"),
    "old-code-2": Case(
        right=lambda: lambda image: divmod(int(image.argmax()), 28),
        wrong=lambda: lambda image: (image.argmax() / 28, image.argmax() % 28),
    ),
    "old-code-3": Case(
        right=lambda: mean_loss_of_an_evaluation,
        wrong=lambda: lambda net, x, y: nn.functional.cross_entropy(net(x), y),
    ),
}

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
    """A registry with one exercise more: 00-1 asks for the number 4."""
    monkeypatch.setattr(exercises, "_CHECKS", dict(exercises._CHECKS))

    @exercise("test-1")
    def _check_00_1(answer):
        hint = Hint(zh="数一数花瓣。", en="Count the petals.")
        return exercises._is_close(answer, 4, within=0, hint=hint)


def register_toy(function):
    """Let ``function`` be the check of 00-1, within a test that uses ``toy``."""
    exercises._CHECKS["test-1"] = function


def test_every_exercise_of_the_book_has_a_right_and_a_wrong_answer_here(toy):
    assert set(CASES) == set(exercises._CHECKS)


@pytest.mark.parametrize("number", CASES)
def test_right_answer_is_right(toy, number):
    feedback = check(number, CASES[number].right(), lang="en")

    assert feedback.correct, feedback
    assert repr(feedback) == "That is right."


@pytest.mark.parametrize("number", CASES)
def test_wrong_answer_gets_a_hint_of_its_own(toy, number):
    feedback = check(number, CASES[number].wrong(), lang="en")

    assert not feedback.correct
    # Not the answer to a wrong kind of object: the hint must be about the exercise.
    assert not feedback.message.en.startswith(("What is asked", "Computing with"))


@pytest.mark.parametrize("number", CASES)
@pytest.mark.parametrize("empty", [None, ..., (..., ...), [1, ...]], ids=repr)
def test_empty_answer_is_called_not_answered(toy, number, empty):
    feedback = check(number, empty, lang="en")

    assert not feedback.correct
    assert repr(feedback).startswith("Not answered yet")


@pytest.mark.parametrize("number", CASES)
@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_answer_of_an_odd_kind_makes_no_check_raise(toy, number, name):
    result = exercises._CHECKS[number](ODD_ANSWERS[name])

    assert result is None or isinstance(result, Hint)


# --- check ------------------------------------------------------------------------


def test_unknown_exercise_is_refused_with_the_known_ones(toy):
    with pytest.raises(ValueError, match=r"no exercise '99-9'; there are: 00-1"):
        check("99-9", 4)


def test_feedback_is_true_only_for_a_right_answer(toy):
    assert check("test-1", 4)
    assert not check("test-1", 5)


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
    assert repr(check("test-1", 5, lang=lang)) == shown

    monkeypatch.setenv("NN_TUTORIAL_LANG", lang)
    assert repr(check("test-1", 5)) == str(check("test-1", 5)) == shown


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

    assert check("test-1", 5).lang == lang


def test_unknown_language_is_refused(toy, monkeypatch):
    with pytest.raises(ValueError, match="lang='fr': use 'zh', 'en' or 'both'"):
        check("test-1", 4, lang="fr")

    monkeypatch.setenv("NN_TUTORIAL_LANG", "de")
    with pytest.raises(ValueError, match="NN_TUTORIAL_LANG='de': use"):
        check("test-1", 4)


def test_answer_that_raises_when_looked_at_gets_a_hint(toy):
    class Broken:
        def __rsub__(self, other):
            raise RuntimeError("two\nlines")

    register_toy(lambda answer: 1 - answer)
    feedback = check("test-1", Broken(), lang="both")

    assert not feedback.correct
    assert "error: RuntimeError: two lines" in feedback.message.en
    assert "RuntimeError: two lines" in feedback.message.zh


def test_check_prints_nothing_and_leaves_the_random_numbers_alone(toy, capfd):
    def draw(answer):
        torch.manual_seed(torch.randint(9, ()).item())

    register_toy(draw)
    before = torch.get_rng_state()

    assert check("test-1", 4).correct
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", ["4-1", "logistic-0", "logistic_1", "logistic-1 "])
def test_number_of_another_form_is_refused(number):
    with pytest.raises(ValueError, match="name it like 'logistic-2'"):
        exercise(number)


def test_second_check_for_one_exercise_is_refused(toy):
    with pytest.raises(ValueError, match="'test-1' already has a check"):
        exercise("test-1")


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
    assert exercises._is_close(answer, 3, within=1e-3, hint=LOOK) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3.1, "Look at the figure."),
        ("3", "What is asked for is one number; you gave a str."),
        (True, "What is asked for is one number; you gave a bool."),
        (3j, "you gave a complex"),
        (torch.zeros(2, 1), "yours has shape (2, 1)"),
        (math.nan, "Your number is nan"),
        (np.array([np.inf]), "Your number is inf"),
    ],
)
def test_number_that_is_not_close_gets_the_fitting_hint(answer, message):
    assert message in exercises._is_close(answer, 3, within=1e-3, hint=LOOK).en


def test_equal_tensor_is_right():
    expected = torch.tensor([[1.0, 2.0]])

    for answer in (expected, (expected + 0).requires_grad_()):
        assert exercises._is_equal(answer, expected, hint=LOOK) is None
    nearly = expected + 1e-3
    assert exercises._is_equal(nearly, expected, within=2e-3, hint=LOOK) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.tensor([[1.0, 2.1]]), "Look at the figure."),
        (torch.tensor([[1.0], [2.0]]), "The shape should be (1, 2); yours is (2, 1)."),
        (torch.tensor([[1, 2]]), "should be torch.float32; yours is torch.int64."),
        (torch.tensor([[1.0, math.nan]]), "Your tensor holds NaN"),
        ([[1.0, 2.0]], "What is asked for is a tensor; you gave a list."),
    ],
)
def test_tensor_that_is_not_equal_gets_the_fitting_hint(answer, message):
    expected = torch.tensor([[1.0, 2.0]])

    assert message in exercises._is_equal(answer, expected, hint=LOOK).en


def test_none_in_a_shape_fits_any_number_of_rows():
    assert exercises._is_tensor(torch.zeros(7, 2), shape=(None, 2)) is None
    hint = exercises._is_tensor(torch.zeros(7, 3), shape=(None, 2))
    assert "should be (N, 2); yours is (7, 3)" in hint.en
    hint = exercises._is_tensor(torch.zeros(7, 1), shape=(7,))
    assert "should be (7,); yours is (7, 1)" in hint.en


def test_function_is_judged_by_what_it_gives():
    def gives(function, expected):
        return exercises._gives(function, 2.0, expected=expected, hint=LOOK)

    assert gives(lambda x: x**2, 4.0) is None
    assert gives(lambda x: torch.tensor([x, x]), torch.tensor([2.0, 2.0])) is None
    assert gives(lambda x: x**3, 4.0) is LOOK
    assert "asked for is a function; you gave a float" in gives(4.0, 4.0).en
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

    hint = exercises._call(loop_for_ever, timeout_s=0.1)

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
        (nn.Linear, "asked for is an nn.Module; you gave a type"),
        (ForgetsALayer(), "parameters: forgotten.weight, forgotten.bias. Look"),
        (nn.AvgPool1d(2), "No gradient of the output reaches these parameters: -"),
    ],
    ids=["shape", "width", "class", "unused", "no parameters"],
)
def test_module_that_does_not_do_it_gets_the_fitting_hint(answer, message):
    hint = exercises._is_module(answer, inputs=torch.ones(4, 2), output_shape=(None, 1))

    assert message in hint.en


def test_module_with_the_right_shape_and_gradients_is_right():
    frozen = nn.Linear(2, 2).requires_grad_(False)
    model = nn.Sequential(frozen, nn.Tanh(), nn.Linear(2, 1))

    assert (
        exercises._is_module(model, inputs=torch.ones(4, 2), output_shape=(4, 1))
        is None
    )
    assert all(parameter.grad is None for parameter in model.parameters())
