"""The chapter on regression says what is true: its training follows gradients on paper.

The comparison of the activation functions is reached once more with NumPy, in float64,
with derivatives by difference quotient and the chain rule written out.
"""

import math
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


# -- Activation functions --------------------------------------------------------------

FUNCTIONS = {
    "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
    "Leaky ReLU": lambda z: np.maximum(z, 0.01 * z),
    "GELU": lambda z: z * np.vectorize(lambda u: math.erfc(-u / math.sqrt(2)) / 2)(z),
}


def slope(name, z, step=1e-6):
    """Return the derivative by a small step to either side."""
    f = FUNCTIONS[name]
    return (f(z + step) - f(z - step)) / (2 * step)


@pytest.fixture(scope="module")
def cells(chapter):
    """What the section on activation functions has defined before it trains."""
    source = CHAPTER.read_text(encoding="utf8").split("(regression-activations)=")[1]
    before = source.split("\nhistories = {}\n")[0].rpartition("```{code-cell}")[0]
    inactive = re.search(r"def inactive\(parameters\):\n(?:    .*\n)+", source)[0]
    namespace = dict(chapter)
    codes = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", before, re.M)
    for code in [*codes, inactive]:
        exec(code, namespace)
    return namespace


def train_by_hand(name, seed, lr, steps):
    """Descend the mean squared error of one network 1-10-10-1, without autograd."""
    torch.manual_seed(seed)
    layers = []
    for n_in, n_out in ((1, 10), (10, 10), (10, 1)):
        weight = torch.randn(n_in, n_out) / math.sqrt(n_in)
        layers.append([weight.double().numpy(), torch.randn(1, n_out).double().numpy()])
    x = np.linspace(-3, 3, 50)[:, None]
    y = np.sin(1.5 * x)
    losses = []
    for _ in range(steps):
        outputs, sums = [x], []
        for number, (weight, bias) in enumerate(layers):
            sums.append(outputs[-1] @ weight + bias)
            last = number == len(layers) - 1
            outputs.append(sums[-1] if last else FUNCTIONS[name](sums[-1]))
        losses.append(((outputs[-1] - y) ** 2).mean())
        arriving = 2 * (outputs[-1] - y) / len(y)
        for number in reversed(range(3)):
            weight, bias = layers[number]
            back = arriving @ weight.T
            layers[number] = [
                weight - lr * outputs[number].T @ arriving,
                bias - lr * arriving.sum(axis=0),
            ]
            if number:
                arriving = back * slope(name, sums[number - 1])
    return np.array(losses)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_networks_trained_together_take_the_steps_of_each_alone(cells, name):
    losses = cells["train"](
        cells["functions"][name], cells["draw_starts"](), lr=0.05, steps=30
    )

    for seed in (0, 7):
        expected = train_by_hand(name, seed, 0.05, 30)
        np.testing.assert_allclose(losses[:, seed], expected, rtol=2e-3)


def test_sigmoid_is_behind_the_others_from_every_seed(cells):
    finals = {
        name: cells["train"](f, cells["draw_starts"](), lr=0.05, steps=600)[-1]
        for name, f in cells["functions"].items()
        if name in {"sigmoid", "tanh", "ReLU"}
    }

    assert finals["sigmoid"].min() > 5 * max(
        finals["tanh"].max().item(), finals["ReLU"].max().item()
    )


def test_inactive_networks_predict_the_mean_and_never_recover(cells):
    parameters = cells["draw_starts"]()
    cells["train"](torch.relu, parameters, lr=0.2, steps=1000)
    dead = cells["inactive"](parameters) == 10
    frozen = [p.detach()[dead].clone() for p in parameters[:5]]
    losses = cells["train"](torch.relu, parameters, lr=0.05, steps=20)
    y = np.sin(1.5 * np.linspace(-3, 3, 50))

    assert 3 <= dead.sum() <= 12
    np.testing.assert_allclose(losses[-1][dead], y.var(), atol=1e-3)
    for before, after in zip(frozen, parameters, strict=False):
        assert torch.equal(before, after[dead])
    assert not torch.allclose(losses[0][~dead], losses[-1][~dead], atol=1e-6)


def test_learning_rate_of_the_comparison_decides_whether_the_ranges_overlap(cells):
    sigmoid, relu = (
        cells["train"](f, cells["draw_starts"](), lr=0.1, steps=2000)[-1]
        for f in (torch.sigmoid, torch.relu)
    )

    assert sigmoid.median() > relu.median()
    assert sigmoid.min() < relu.max()


# -- What can go wrong -----------------------------------------------------------------


def test_without_zero_grad_every_step_follows_the_sum_of_all_gradients(chapter):
    # Of L(c) the gradient is 2 (c - mean): worked out on paper, and by autograd.
    y = chapter["y"]
    mean = y.double().mean().item()
    c = torch.tensor(1.0, requires_grad=True)
    on_paper, total = 1.0, 0.0
    for _ in range(20):
        ((c - y) ** 2).mean().backward()
        total += 2 * (on_paper - mean)
        on_paper -= 0.2 * total
        with torch.no_grad():
            c -= 0.2 * c.grad

        assert c.item() == pytest.approx(on_paper, abs=1e-4)


def test_the_class_is_the_same_network(chapter):
    source = CHAPTER.read_text(encoding="utf8")
    code = source[source.index("class Net(nn.Module):") :].split("torch.manual_seed")[0]
    exec(code, chapter)
    torch.manual_seed(0)
    net = chapter["Net"](n_feature=1, n_hidden=10, n_output=1)

    assert torch.equal(net(chapter["x"]), chapter["snapshots"][0](chapter["x"]))
