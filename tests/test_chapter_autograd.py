"""Chapter 09 says what is true: its numbers come out without autograd, too."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from nn_tutorial.datasets import quadrants

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters"
CHAPTER /= "autograd.md"


def run_cells(first: str, last: str, namespace: dict) -> None:
    """Run the visible cells between two labels of the chapter, short trainings."""
    source = CHAPTER.read_text(encoding="utf8")
    part = source[source.index(f"({first})=") : source.index(f"({last})=")]
    cells = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", part, re.M)
    with plt.rc_context(), plt.ioff():
        for code in cells:
            if not code.startswith(":tags:"):
                exec(code.replace("10_000", "300"), namespace)
        plt.close("all")


@pytest.fixture(scope="module")
def chapter():
    """What the chapter's code has defined before its first training."""
    threads = torch.get_num_threads()
    namespace: dict = {}
    run_cells("build-quadrants", "build-step-1", namespace)
    yield namespace
    torch.set_num_threads(threads)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def train_by_hand(parameters: list[np.ndarray], steps: int) -> tuple[float, np.ndarray]:
    """Return the last loss and the outputs, with gradients derived on paper."""
    points, labels = quadrants()
    x, t = points.double().numpy(), np.eye(4)[labels.numpy()]
    w1, b1, w2, b2, w3, b3 = (p.astype(float) for p in parameters)
    for _ in range(steps):
        h1 = sigmoid(x @ w1 + b1)
        h2 = sigmoid(h1 @ w2 + b2)
        p = sigmoid(h2 @ w3 + b3)
        loss = (-t * np.log(p) - (1 - t) * np.log(1 - p)).sum() / len(t)
        d3 = (p - t) / len(t)  # the derivative of the cross-entropy of a sigmoid
        d2 = d3 @ w3.T * h2 * (1 - h2)
        d1 = d2 @ w2.T * h1 * (1 - h1)
        w3, b3 = w3 - 0.5 * h2.T @ d3, b3 - 0.5 * d3.sum(axis=0)
        w2, b2 = w2 - 0.5 * h1.T @ d2, b2 - 0.5 * d2.sum(axis=0)
        w1, b1 = w1 - 0.5 * x.T @ d1, b1 - 0.5 * d1.sum(axis=0)
    p = sigmoid(sigmoid(sigmoid(x @ w1 + b1) @ w2 + b2) @ w3 + b3)
    return loss, p


def first_parameters(chapter: dict) -> list[np.ndarray]:
    return [p.detach().numpy() for p in chapter["start"]()]


def test_first_step_ends_with_accuracy_0_9550(chapter):
    _, labels = quadrants()
    _, outputs = train_by_hand(first_parameters(chapter), 10_000)
    right = outputs.argmax(axis=1) == labels.numpy()
    assert right.mean() == 0.9550


def test_code_of_the_first_step_follows_the_gradients_derived_on_paper(chapter):
    parameters = chapter["start"]()
    for _ in range(300):
        outputs = chapter["forward"](chapter["points"], parameters)
        loss = chapter["loss_of"](outputs, chapter["targets"])
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= 0.5 * p.grad
                p.grad = None

    expected, _ = train_by_hand(first_parameters(chapter), 300)

    assert loss.item() == pytest.approx(expected, abs=1e-5)


def test_the_parameters_are_drawn_in_the_order_of_the_layers(chapter):
    torch.manual_seed(0)
    drawn = [torch.randn(shape) * 0.01 for shape in [(2, 3), (1, 3), (3, 3)]]
    for parameter, expected in zip(chapter["start"](), drawn, strict=False):
        assert torch.equal(parameter.detach(), expected)


def test_manual_update_and_sgd_give_the_same_losses(chapter):
    namespace = dict(chapter)
    losses = []
    parameters = chapter["start"]()
    namespace["losses"] = losses
    for _ in range(300):
        outputs = chapter["forward"](chapter["points"], parameters)
        loss = chapter["loss_of"](outputs, chapter["targets"])
        losses.append(loss.item())
        for p, gradient in zip(
            parameters, torch.autograd.grad(loss, parameters), strict=True
        ):
            p.data -= 0.5 * gradient

    # Each step has an assert of its own; 300 steps are short of the last accuracy.
    run_cells("build-step-2", "build-step-3", namespace)

    assert namespace["losses_sgd"] == losses


def test_six_rows_of_the_untrained_topology_are_near_one_half(chapter):
    # By hand: ten neurons near 1/2 and weights of 0.01 move the score by some 0.02.
    namespace = dict(chapter)
    source = CHAPTER.read_text(encoding="utf8")
    for name in ("def with_ones", "class Dense", "class Net(nn.Module)"):
        cell = source[source.index(name) :]
        exec(re.split(r"\n\n(?=[a-z])|\n```", cell)[0], namespace)
    torch.manual_seed(0)
    net = namespace["Net"]([2, 10, 4])

    outputs = net(chapter["points"]).detach()

    assert outputs.shape == (800, 4)
    rows = torch.cat([outputs[:3], outputs[-3:]])
    weights = [layer.linear.weight for layer in net.children()]
    ones = torch.ones(800, 1)
    hidden = torch.sigmoid(torch.cat([chapter["points"], ones], 1) @ weights[0].T)
    expected = torch.sigmoid(torch.cat([hidden, ones], 1) @ weights[1].T)
    assert torch.allclose(rows, torch.cat([expected[:3], expected[-3:]]))
    assert ((rows - 0.5).abs() < 0.02).all()
