"""Chapter 02 says what is true: its training follows gradients derived on paper."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "regression.md"


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


def test_training_follows_the_gradients_derived_on_paper(chapter):
    x, y = chapter["x"].double().numpy(), chapter["y"].double().numpy()
    start = chapter["snapshots"][0].parameters()
    w1, b1, w2, b2 = (p.detach().double().numpy() for p in start)
    losses = []
    for _ in range(200):
        hidden = np.maximum(x @ w1.T + b1, 0)
        error = hidden @ w2.T + b2 - y
        losses.append((error**2).mean())
        d2 = 2 * error / len(x)
        d1 = d2 @ w2 * (hidden > 0)
        w1, b1 = w1 - 0.2 * d1.T @ x, b1 - 0.2 * d1.sum(axis=0)
        w2, b2 = w2 - 0.2 * d2.T @ hidden, b2 - 0.2 * d2.sum(axis=0)

    assert chapter["losses"] == pytest.approx(losses, abs=1e-5)
    assert chapter["losses_by_hand"] == pytest.approx(losses, abs=1e-5)


def test_constant_walks_to_the_mean(chapter):
    # c - mean shrinks by the factor 1 - 0.2 * 2 at each of the ten steps.
    mean = chapter["y"].mean().item()
    assert chapter["path"][-1] - mean == pytest.approx((1 - mean) * 0.6**10, abs=1e-6)


def test_line_ends_where_least_squares_says(chapter):
    x, y = chapter["x"].numpy()[:, 0], chapter["y"].numpy()[:, 0]
    slope, intercept = np.polyfit(x, y, 1)
    assert chapter["w"].item() == pytest.approx(slope, abs=1e-4)
    assert chapter["b"].item() == pytest.approx(intercept, abs=1e-4)


def test_network_beats_the_line_and_stays_above_the_noise(chapter):
    x, y = chapter["x"].numpy()[:, 0], chapter["y"].numpy()[:, 0]
    floor = np.mean((np.polyval(np.polyfit(x, y, 2), x) - y) ** 2)
    assert floor == pytest.approx(0.2**2 / 12, rel=0.2)
    assert floor < chapter["losses"][-1] < chapter["line_loss"].item() / 10
