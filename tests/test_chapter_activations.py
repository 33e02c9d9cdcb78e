"""The chapter on activations says what is true: its numbers come out in two ways.

What the chapter gets from autograd and PyTorch is reached once more with NumPy, in
float64 and with derivatives by difference quotient or by the chain rule written out.
"""

import math
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from nn_tutorial import exercises

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "activations.md"


def np_tanh(z):
    return np.tanh(z)


def np_sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2


def np_relu(z):
    return np.maximum(z, 0)


def np_leaky_relu(z):
    return np.maximum(z, 0.01 * z)


def np_gelu(z):
    return z * np.vectorize(lambda u: math.erfc(-u / math.sqrt(2)) / 2)(z)


FUNCTIONS = {
    "sigmoid": np_sigmoid,
    "tanh": np_tanh,
    "ReLU": np_relu,
    "Leaky ReLU": np_leaky_relu,
    "GELU": np_gelu,
}


def slope(name, z, step=1e-6):
    """Return the derivative by a small step to either side."""
    f = FUNCTIONS[name]
    return (f(z + step) - f(z - step)) / (2 * step)


@pytest.fixture(scope="module")
def cells():
    """What the chapter's cells have defined before the section on mistakes."""
    threads = torch.get_num_threads()
    source = CHAPTER.read_text(encoding="utf8")
    namespace: dict = {}
    before = source.split("(activations-mistakes)=")[0]
    with plt.rc_context(), plt.ioff():
        for code in visible_cells(before):
            exec(code, namespace)
            plt.close("all")
    yield namespace
    torch.set_num_threads(threads)


def visible_cells(source: str) -> list[str]:
    """Return the code of the cells that the reader sees, in order."""
    found = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", source, re.M)
    return [code for code in found if not code.startswith(":tags:")]


# -- Neurons and layers ----------------------------------------------------------------


def test_neuron_is_tanh_of_its_sum(cells):
    assert cells["neuron"](0.5, w=2.0, b=-0.5) == pytest.approx(0.46211715726)


@pytest.mark.parametrize(
    ("sizes", "expected"), [([2, 4, 1], 17), ([3, 5, 4, 2], 54), ([1, 10, 1], 31)]
)
def test_parameters_are_counted_as_in_the_drawings(cells, sizes, expected):
    assert cells["count"](sizes) == expected


def test_layer_by_neuron_is_the_sum_over_its_inputs(cells):
    weight, bias = cells["weight"].numpy(), cells["bias"].numpy()
    expected = np.tanh(
        np.einsum("ni,ik->nk", cells["points"].numpy().astype(float), weight) + bias
    )

    np.testing.assert_allclose(cells["hidden"], expected, atol=1e-6)


def test_two_layers_without_activation_are_the_one_line_of_the_chapter(cells):
    x = np.array([-3.0, 0.0, 3.0])
    first, second = cells["first"], cells["second"]
    outputs = [
        sum(
            v * (u * place + c)
            for u, c, v in zip(
                first.weight[:, 0].tolist(),
                first.bias.tolist(),
                second.weight[0].tolist(),
                strict=True,
            )
        )
        + second.bias.item()
        for place in x
    ]

    np.testing.assert_allclose(
        cells["w"].item() * x + cells["b"].item(), outputs, atol=1e-5
    )
    assert cells["bent"] > 1


# -- Functions and derivatives ---------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_derivatives_agree_with_a_small_step(cells, name):
    z = torch.linspace(-6, 6, 48)  # without 0, where ReLU has its corner
    for function in (cells["by_hand"][name], cells["functions"][name]):
        np.testing.assert_allclose(function(z), FUNCTIONS[name](z.numpy()), atol=1e-5)
    expected = slope(name, z.double().numpy())

    np.testing.assert_allclose(cells["slopes"][name](z), expected, atol=1e-5)


def test_derivative_of_sigmoid_is_largest_at_0_and_a_quarter(cells):
    slopes = cells["slopes"]["sigmoid"](torch.linspace(-8, 8, 1601))

    assert slopes.max().item() == pytest.approx(0.25)
    assert slopes.argmax() == 800


@pytest.mark.parametrize(("name", "expected"), [("ReLU", 0.0), ("Leaky ReLU", 0.01)])
def test_at_the_corner_pytorch_takes_the_derivative_from_the_left(
    cells, name, expected
):
    z = torch.zeros(1, requires_grad=True)
    cells["functions"][name](z).backward()

    assert z.grad.item() == pytest.approx(expected)
    assert cells["slopes"][name](torch.zeros(1)).item() == pytest.approx(expected)


# -- Ten layers ------------------------------------------------------------------------


def backward_by_hand(name: str, scale: float, seed: int) -> np.ndarray:
    """Return the size of the gradient at each of ten layers, by the chain rule."""
    torch.manual_seed(seed)
    outputs = torch.randn(100, 50).double().numpy()
    weights, sums = [], []
    for _ in range(10):
        weight = (scale / math.sqrt(50) * torch.randn(50, 50)).double().numpy()
        weights.append(weight)
        sums.append(outputs @ weight)
        outputs = FUNCTIONS[name](sums[-1])
    arriving = np.ones_like(outputs)
    sizes = []
    for weight, z in zip(reversed(weights), reversed(sums), strict=True):
        arriving = arriving * slope(name, z)
        sizes.append(np.sqrt((arriving**2).sum()))
        arriving = arriving @ weight.T
    return np.array(sizes[::-1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_through_ten_layers_is_that_of_the_chain_rule(cells, name):
    # In float32 a few of the sums next to 0 fall on the other side of ReLU's corner.
    np.testing.assert_allclose(
        cells["arriving"](cells["functions"][name], s=1.0, seed=3),
        backward_by_hand(name, 1.0, 3),
        rtol=5e-3,
    )


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sigmoid", 1e-6, 3e-6),
        ("tanh", 0.15, 0.35),
        ("ReLU", 0.06, 0.15),
        ("Leaky ReLU", 0.06, 0.15),
        ("GELU", 0.002, 0.006),
    ],
)
def test_share_of_the_gradient_that_arrives_at_the_first_layer(cells, name, low, high):
    assert low < cells["relative"](cells["functions"][name], 1.0)[-1] < high


def test_relu_is_about_level_when_the_squares_of_the_weights_are_doubled(cells):
    # Each layer loses half of the sum of squares to ReLU: sqrt(2) ** 9 in all.
    level, small = (
        cells["relative"](torch.relu, s)[-1].item() for s in (math.sqrt(2), 1.0)
    )

    assert level / small == pytest.approx(math.sqrt(2) ** 9, rel=1e-3)
    assert 0.5 < level < 4


@pytest.mark.parametrize("s", [0.5, 1.0, 2.0, 4.0])
def test_gradient_of_sigmoid_falls_at_every_size_of_the_figure(cells, s):
    assert cells["relative"](torch.sigmoid, s)[-1] < 0.05


# -- What can go wrong -----------------------------------------------------------------


def test_mistakes_raise_the_errors_that_the_chapter_shows():
    with pytest.raises(RuntimeError, match=r"cannot be multiplied \(1x50 and 1x10\)"):
        torch.nn.Linear(1, 10)(torch.zeros(50))
    wrong = torch.nn.ReLU(torch.zeros(1, 2))  # no error yet
    with pytest.raises(TypeError, match="'ReLU' and 'Tensor'"):
        wrong @ torch.ones(2, 1)


# -- Exercises -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["activations-1", "activations-2", "activations-3", "activations-4"]
)
def test_solution_of_the_chapter_is_right(cells, number):
    source = CHAPTER.read_text(encoding="utf8").split(f"{{solution}} {number}\n")[1]
    (code, *_) = visible_cells(source)
    namespace = cells | {"check": exercises.check}
    with plt.ioff():
        exec(code, namespace)
    plt.close("all")

    assert exercises.check(number, namespace["answer"])


# -- Form ------------------------------------------------------------------------------


def test_visible_cells_are_small_enough_to_read():
    for code in visible_cells(CHAPTER.read_text(encoding="utf8")):
        lines = code.splitlines()
        assert len(lines) <= 15, code
        assert max(map(len, lines)) <= 72, code
