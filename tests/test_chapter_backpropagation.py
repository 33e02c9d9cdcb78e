"""The chapter on backpropagation says what is true: gradients against small steps.

What the chapter computes by the chain rule, with matrices and with `Value`, is reached
here once more by difference quotients, which know no chain rule.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "backpropagation.md"
STEP = 1e-6


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("backpropagation")


def network_on_paper(x, w1, b1, w2, b2, v1, v2, c):
    h1, h2 = max(0.0, w1 * x + b1), max(0.0, w2 * x + b2)
    return (v1 * h1 + v2 * h2 + c - 1) ** 2


def test_gradients_on_paper_are_those_of_small_steps(chapter):
    numbers = [2.0, 1.5, -1.0, -1.0, 3.0, 0.5, -2.0, 0.5]
    slopes = []
    for place in range(8):
        up, down = list(numbers), list(numbers)
        up[place] += STEP
        down[place] -= STEP
        change = network_on_paper(*up) - network_on_paper(*down)
        slopes.append(change / (2 * STEP))

    assert chapter["by_autograd"] == pytest.approx(slopes, abs=1e-6)
    assert chapter["by_autograd"] == [-8.25, -3, -1.5, 12, 6, -6, -3, -3]


def test_gradients_by_matrices_are_those_of_small_steps(chapter):
    torch.manual_seed(5)
    x, t = (torch.randn(7, 1, dtype=torch.float64) for _ in range(2))
    parameters = [
        torch.randn(shape, dtype=torch.float64)
        for shape in ((1, 10), (10,), (10, 1), (1,))
    ]
    _, gradients = chapter["loss_and_gradients"](x, t, *parameters)

    for parameter, gradient in zip(parameters, gradients, strict=True):
        for place in range(parameter.numel()):
            losses = []
            for step in (STEP, -STEP):
                parameter.view(-1)[place] += step
                losses.append(chapter["loss_and_gradients"](x, t, *parameters)[0])
                parameter.view(-1)[place] -= step
            slope = (losses[0] - losses[1]) / (2 * STEP)

            assert gradient.reshape(-1)[place].item() == pytest.approx(
                slope.item(), abs=1e-6
            )


def test_training_by_hand_ends_where_regression_ends(chapter):
    # The loss that the chapter on regression reaches with float32 and autograd.
    assert chapter["losses_by_hand"][-1] == pytest.approx(0.0049455, abs=1e-6)
    assert chapter["losses"] == pytest.approx(chapter["losses_by_hand"], abs=1e-13)


def test_autograd_of_forty_lines_agrees_with_pytorch_in_every_digit(chapter):
    assert chapter["losses_value"] == chapter["losses_torch"]
    assert chapter["losses_value"][-1] < 0.001 < chapter["losses_value"][0]


def test_autograd_is_as_short_as_the_chapter_says():
    source = CHAPTER.read_text(encoding="utf8").split("(backpropagation-autograd)=")[1]
    code = "".join(re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", source, re.M))
    code = code[: code.index("Value.backward = backward")]
    lines = [
        line for line in code.splitlines() if line.strip(" #") and "# " not in line
    ]

    assert 30 <= len(lines) <= 45


def test_value_used_on_several_paths_adds_their_slopes(chapter):
    Value = chapter["Value"]  # noqa: N806
    x = Value(3.0)
    shared = x * x
    (shared * shared + shared * x).backward()  # x^4 + x^3

    assert x.grad == 4 * 27 + 3 * 9


def test_overwriting_leaves_the_slope_of_one_path(chapter):
    x = chapter["Value"](3.0)
    chapter["overwriting_backward"](x * x)

    assert x.grad == 3.0
    assert chapter["losses_overwritten"][-1] > 100 * chapter["losses_value"][-1]


def test_gradients_that_are_not_cleared_hold_up_both_alike(chapter):
    kept, kept_torch = chapter["losses_kept"], chapter["losses_kept_torch"]

    # The sums are rounded in another order, so they part in the last digits.
    np.testing.assert_allclose(kept[:50], kept_torch[:50], rtol=1e-9)
    assert min(kept) > 100 * chapter["losses_value"][-1]


def test_second_walk_through_one_graph_is_the_error_of_the_chapter(chapter):
    [error] = chapter["errors"]

    assert "backward through the graph a second time" in str(error)


def test_visible_cells_are_small_enough_to_read():
    source = CHAPTER.read_text(encoding="utf8")
    cells = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", source, re.M)
    for code in cells:
        if not code.startswith(":tags: [remove"):
            assert len(code.splitlines()) <= 15, code
