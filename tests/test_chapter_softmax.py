"""The chapter on softmax says what is true: its training follows gradients on paper."""

import math
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "softmax.md"


@pytest.fixture(scope="module")
def chapter():
    """What the chapter's visible cells have defined before its film."""
    threads = torch.get_num_threads()
    source = CHAPTER.read_text(encoding="utf8")
    before = source[: source.index("from nn_tutorial.plotting import Film")]
    namespace: dict = {}
    with plt.rc_context(), plt.ioff():
        for code in re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", before, re.M):
            if not code.startswith(":tags:"):
                exec(code, namespace)
        plt.close("all")
    yield namespace
    torch.set_num_threads(threads)


def probabilities(z: np.ndarray) -> np.ndarray:
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_training_follows_the_gradients_derived_on_paper(chapter):
    x = chapter["points"].double().numpy()
    answers = np.eye(2)[chapter["labels"].numpy()]
    start = chapter["snapshots"][0].parameters()
    w1, b1, w2, b2 = (p.detach().double().numpy() for p in start)
    losses = []
    for _ in range(100):
        hidden = np.maximum(x @ w1.T + b1, 0)
        p = probabilities(hidden @ w2.T + b2)
        losses.append(-np.log((p * answers).sum(axis=1)).mean())
        d2 = (p - answers) / len(x)
        d1 = d2 @ w2 * (hidden > 0)
        w1, b1 = w1 - 0.02 * d1.T @ x, b1 - 0.02 * d1.sum(axis=0)
        w2, b2 = w2 - 0.02 * d2.T @ hidden, b2 - 0.02 * d2.sum(axis=0)

    assert chapter["losses"] == pytest.approx(losses, abs=1e-5)
    assert chapter["losses_by_hand"] == pytest.approx(losses, abs=1e-5)


def test_softmax_by_hand_survives_large_scores(chapter):
    z = torch.tensor([[1000.0, 999.0], [-1000.0, -1001.0]])
    expected = math.e / (math.e + 1)
    assert chapter["softmax"](z)[:, 0].tolist() == pytest.approx([expected] * 2)


def test_softmax_taken_twice_cannot_fall_below_the_floor():
    # softmax(1, 0) gives the right class e / (e + 1), whose logarithm is the floor.
    floor = cross_entropy(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
    assert floor.item() == pytest.approx(math.log(1 + math.exp(-1)))
    assert floor.item() == pytest.approx(0.3133, abs=5e-5)


def test_the_network_ends_no_worse_than_the_diagonal(chapter):
    # The diagonal through the origin gets 99 % of these points right.
    rule = (chapter["points"].sum(dim=1) < 0).long()
    by_rule = (rule == chapter["labels"]).float().mean().item()
    assert by_rule == pytest.approx(0.99)
    assert chapter["accuracies"][-1] >= by_rule


def test_likelihood_of_200_guesses_is_too_small_for_float32_but_its_logarithm_is_not():
    p = torch.full((200,), 0.5)

    assert p.prod() == 0
    assert p.log().sum().item() == pytest.approx(-200 * math.log(2))
    assert math.prod(p.tolist()) == pytest.approx(2.0**-200)  # Python has 64 bits


def test_boundary_by_hand_asks_the_network_at_every_point_of_the_grid(chapter):
    axis, classes = chapter["axis"], chapter["classes"]
    for row, column in ((0, 0), (10, 190), (150, 20), (200, 200)):
        place = torch.tensor([[axis[column], axis[row]]], dtype=torch.float32)

        assert chapter["net"](place).argmax() == classes[row, column]
    assert classes[0, 0] == 1  # lower left
    assert classes[200, 200] == 0  # upper right


def test_straight_line_separates_these_clouds_as_well_as_the_network(chapter):
    points, labels = chapter["points"], chapter["labels"]
    torch.manual_seed(0)
    line = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(line.parameters(), lr=0.02)
    for _ in range(100):
        loss = cross_entropy(line(points), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = (line(points).argmax(dim=1) == labels).float().mean().item()

    assert right == pytest.approx(0.995)
    assert loss.item() < chapter["losses"][-1]


def test_clouds_have_no_gap(chapter):
    points = chapter["points"].numpy()
    distances = np.linalg.norm(points[:100, None] - points[None, 100:], axis=2)

    assert distances.min() == pytest.approx(0.3856, abs=5e-4)
    assert (points[:100].sum(axis=1) < 0).sum() == 1
    assert (points[100:].sum(axis=1) > 0).sum() == 1
