"""The chapter on logistic regression says what is true: by hand, without autograd."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nn_tutorial import datasets, exercises

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "logistic.md"


@pytest.fixture(scope="module")
def cells(run_chapter):
    return run_chapter("logistic")


@pytest.fixture(scope="module")
def flower():
    return datasets.flower()


def test_logistic_regression_ends_at_0_67315_from_every_seed(cells):
    for seed in range(10):
        last = cells["train_a_line"](seed, 100)[-1]
        assert last == pytest.approx(0.67315, abs=2e-5)


@torch.no_grad()
def test_logistic_regression_takes_the_steps_of_the_gradient_by_hand(cells, flower):
    points, labels = flower
    torch.manual_seed(0)
    w, b = torch.randn(2, 1), torch.zeros(1)
    for _ in range(100):
        slope = (torch.sigmoid(points @ w + b) - labels) / len(points)
        w -= 0.1 * points.T @ slope
        b -= 0.1 * slope.sum()

    for ours, theirs in ((cells["w"], w), (cells["b"], b)):
        torch.testing.assert_close(ours.detach(), theirs, rtol=1e-3, atol=1e-4)


def test_logistic_regression_is_right_less_often_than_a_coin(cells, flower):
    points, labels = flower
    logits = (points @ cells["w"] + cells["b"]).detach()
    right = ((logits > 0) == (labels == 1)).sum().item()

    assert cells["accuracy"](logits) == pytest.approx(right / 400)
    assert right < 200


def test_sigmoid_before_the_loss_stops_the_gradient_of_the_worst_points(cells):
    z = torch.tensor(20.0, requires_grad=True)
    for loss_of, loss, slope in (
        (cells["two_steps"], 100, 0),
        (nn.functional.binary_cross_entropy_with_logits, 20, 1),
    ):
        value = loss_of(z, torch.tensor(0.0))
        (gradient,) = torch.autograd.grad(value, z)
        assert value.item() == pytest.approx(loss)
        assert gradient.item() == pytest.approx(slope)


def test_gradient_of_the_exercise_is_that_of_autograd(cells, flower):
    points, labels = flower
    torch.manual_seed(1)
    w = torch.randn(2, 1, requires_grad=True)
    b = torch.randn(1)
    nn.functional.binary_cross_entropy_with_logits(points @ w + b, labels).backward()

    found = cells["gradient"](points, labels, w.detach(), b)
    torch.testing.assert_close(found, w.grad)
    assert exercises.check("logistic-3", cells["gradient"])


# -- What can go wrong -----------------------------------------------------------------


def test_mistakes_raise_the_errors_that_the_chapter_shows(cells):
    loss_function, labels = cells["loss_function"], cells["labels"]
    logits = torch.zeros(400, 1)

    with pytest.raises(ValueError, match="must be the same as input size"):
        loss_function(logits, labels.flatten())
    with pytest.raises(RuntimeError, match="can't be cast to"):
        loss_function(logits, labels.long())


def test_sigmoid_taken_twice_keeps_even_a_perfect_model_above_0_503(cells):
    # Of class 1 it can say at most sigmoid(1), of class 0 at least sigmoid(0).
    floor = (math.log(1 + math.exp(-1)) + math.log(2)) / 2
    loss = cells["loss_function"](cells["labels"], cells["labels"])

    assert loss.item() == pytest.approx(floor)
    assert f"{floor:.3f}" == "0.503"


# -- Exercises -------------------------------------------------------------------------


def solution(number: str) -> object:
    """Return the answer that the chapter's solution of an exercise gives."""
    source = CHAPTER.read_text(encoding="utf8").split(f"{{solution}} {number}\n")[1]
    expression = re.search(r"^answer = (.*)$", source, re.M)[1]
    return eval(expression, {"np": np})


@pytest.mark.parametrize("number", ["logistic-1", "logistic-2"])
def test_solution_of_the_chapter_is_right(number):
    assert exercises.check(number, solution(number))


# -- Form ------------------------------------------------------------------------------


def test_visible_cells_are_small_enough_to_read():
    source = CHAPTER.read_text(encoding="utf8")
    cells = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", source, re.M)
    for code in cells:
        lines = code.splitlines()
        assert len(lines) <= 15, code
        assert max(map(len, lines)) <= 72, code
