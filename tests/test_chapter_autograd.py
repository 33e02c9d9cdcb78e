"""The chapter on autograd and nn.Module: its numbers come out without autograd."""

import math
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from nn_tutorial.datasets import quadrants
from nn_tutorial.models import TopologyNet

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
                short = code.replace("10_000", "300").replace("2000", "300")
                exec(short, namespace)
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


@pytest.fixture(scope="module")
def classes(chapter):
    """The layers and the network that the chapter builds in steps 4 to 6."""
    namespace = dict(chapter)
    source = CHAPTER.read_text(encoding="utf8")
    names = ("def with_ones", "class Layer(", "class Dense", "class Net(nn.Module)")
    for name in names:
        cell = source[source.index(name) :]
        exec(re.split(r"\n\n(?=(?:[a-z]|class Row))|\n```", cell)[0], namespace)
    return namespace


def make_net(classes, topology):
    torch.manual_seed(0)
    return classes["Net"](topology)


def six_rows(outputs: torch.Tensor) -> torch.Tensor:
    return torch.cat([outputs[:3], outputs[-3:]]).detach()


def test_network_of_the_page_is_the_one_of_the_package(classes):
    net = make_net(classes, [2, 3, 3, 4])
    torch.manual_seed(0)
    package = TopologyNet([2, 3, 3, 4])

    for ours, theirs in zip(net.parameters(), package.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(net(classes["points"]), package(classes["points"]))


def test_six_rows_of_the_topology_are_those_of_the_source(classes):
    # Published, for [2, 10, 4] after manual_seed(0): the rows before the training.
    net = make_net(classes, [2, 10, 4])
    expected = torch.tensor([0.5080, 0.5129, 0.4965, 0.5015]).expand(6, 4)

    rows = six_rows(net(classes["points"]))

    torch.testing.assert_close(rows, expected, rtol=0, atol=1.5e-4)


def test_six_rows_of_the_trained_topology_pick_out_the_label(classes):
    # By hand: gradients derived on paper, with the bias as the last row of the weights.
    points, labels = quadrants()
    net = make_net(classes, [2, 10, 4])
    w1, w2 = (p.detach().double().numpy() for p in net.parameters())
    ones = np.ones((800, 1))
    x, t = np.hstack([points.double().numpy(), ones]), np.eye(4)[labels.numpy()]
    for _ in range(10_000):
        h = np.hstack([sigmoid(x @ w1), ones])
        d2 = (sigmoid(h @ w2) - t) / 800
        d1 = d2 @ w2[:-1].T * h[:, :-1] * (1 - h[:, :-1])
        w2, w1 = w2 - 0.5 * h.T @ d2, w1 - 0.5 * x.T @ d1
    p = sigmoid(np.hstack([sigmoid(x @ w1), ones]) @ w2)

    rows = p[[0, 1, 2, -3, -2, -1]]
    published = [0.0005, 0.9987, 0.0006, 0.0000]
    np.testing.assert_allclose(rows[0], published, atol=2e-4)
    assert (p.argmax(axis=1) == labels.numpy()).mean() == pytest.approx(0.95375)
    assert (rows.argmax(axis=1) == [1, 1, 1, 1, 1, 1]).all()


def test_softmax_around_sigmoids_stays_on_the_plateau(classes):
    # The plateau is the loss of 1/4 for every class; the floor has e and 1 as scores.
    net = make_net(classes, [2, 3, 3, 4])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    for _ in range(10_000):
        loss = classes["loss_of"](net(classes["points"]).softmax(1), classes["targets"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = net(classes["points"]).argmax(1) == quadrants()[1]
    top = math.e / (math.e + 3)
    floor = -math.log(top) - 3 * math.log(1 - 1 / (math.e + 3))

    assert loss.item() == pytest.approx(2.2493, abs=2e-4)
    assert right.float().mean().item() == pytest.approx(0.41, abs=0.01)
    perfect = classes["loss_of"](classes["targets"].softmax(1), classes["targets"])
    assert perfect.item() == pytest.approx(floor, abs=1e-5)
    assert f"{floor:.4f}" == "1.3203"


def test_mistakes_raise_the_errors_that_the_chapter_shows(chapter):
    parameter = chapter["start"]()[0]
    parameter.sum().backward()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        parameter -= 0.5 * parameter.grad

    class Renamed(torch.nn.Module):
        def compute(self, x):
            return x

    with pytest.raises(NotImplementedError, match='required "forward" function'):
        Renamed()(chapter["points"])
