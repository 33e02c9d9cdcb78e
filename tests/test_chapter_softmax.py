"""Chapter 03 says what is true: its training follows gradients derived on paper."""

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
    before = source[: source.index("Film, plot_decision_boundary")]
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
