import numpy as np
import pytest
import torch

from nn_tutorial.datasets import (
    flower,
    noisy_quadratic,
    parabola,
    quadrants,
    two_gaussians,
)


def flower_by_the_recipe(noise):
    """The published recipe, line by line, from NumPy's global generator."""
    points, labels = np.zeros((400, 2)), np.zeros((400, 1))
    for j in range(2):
        rows = range(200 * j, 200 * (j + 1))
        t = np.linspace(j * 3.12, (j + 1) * 3.12, 200) + noise(200) * 0.2
        r = 4 * np.sin(4 * t) + noise(200) * 0.2
        points[rows] = np.c_[r * np.sin(t), r * np.cos(t)]
        labels[rows] = j
    return torch.from_numpy(points).float(), torch.from_numpy(labels).float()


@pytest.mark.parametrize(
    ("noise", "draw"), [("normal", np.random.randn), ("uniform", np.random.rand)]
)
def test_flower_is_the_published_set_bit_for_bit(noise, draw):
    np.random.seed(1)
    expected_points, expected_labels = flower_by_the_recipe(draw)

    points, labels = flower(noise=noise)

    assert points.dtype == labels.dtype == torch.float32
    assert torch.equal(points, expected_points)
    assert torch.equal(labels, expected_labels)


def test_first_points_of_the_flower_are_the_published_ones():
    # As printed by notebooks that load the same set.
    expected = torch.tensor([[1.20444229, 3.57611414], [0.15870990, -1.48217090]])

    torch.testing.assert_close(flower()[0][:2], expected)


def test_logistic_regression_on_the_flower_ends_at_the_published_loss():
    points, labels = flower()
    weight = torch.zeros(2, 1, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight, bias], lr=0.1)
    loss_fn = torch.nn.BCEWithLogitsLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss_fn(points @ weight + bias, labels).backward()
        optimizer.step()

    assert loss_fn(points @ weight + bias, labels).item() == pytest.approx(
        0.67315, abs=2e-5
    )


def test_flower_with_two_petals_has_two_in_each_class():
    points, labels = flower(n_per_class=1000, petals=2)
    x, y = points[labels[:, 0] == 0].T  # each (1000,)

    # As the angle goes from 0 to pi, sin(2 t) goes up and down twice: a petal with
    # x, y > 0 and, its radius being negative, one with x < 0 < y. The noise carries
    # a few points beyond.
    assert ((x > 0) & (y > 0)).float().mean() > 0.4
    assert ((x < 0) & (y > 0)).float().mean() > 0.4


def test_parabola_is_what_the_chapter_draws_by_hand():
    torch.manual_seed(3)
    x = torch.linspace(-1, 1, 100).reshape(100, 1)
    y = x.pow(2) + 0.2 * torch.rand(x.size())

    for expected, found in zip((x, y), parabola(seed=3), strict=True):
        assert torch.equal(found, expected)


def test_noisy_quadratic_is_what_the_chapter_draws_by_hand():
    torch.manual_seed(3)
    x = torch.linspace(-2, 2, 200).reshape(200, 1)
    y = x.pow(2) + 3 * x - 2 + 0.5 * torch.rand(x.size())

    for expected, found in zip((x, y), noisy_quadratic(seed=3), strict=True):
        assert torch.equal(found, expected)


def test_without_noise_the_points_lie_on_the_curve():
    x, y = parabola(n=3, noise=0, seed=0)
    assert (x.tolist(), y.tolist()) == ([[-1], [0], [1]], [[1], [0], [1]])

    x, y = noisy_quadratic(n=3, noise=0, seed=0)
    assert (x.tolist(), y.tolist()) == ([[-2], [0], [2]], [[-4], [-2], [8]])


def test_two_gaussians_are_what_the_chapter_draws_by_hand():
    torch.manual_seed(3)
    mean = torch.full((100, 2), 2.0)
    expected = torch.cat([torch.normal(mean, 1), torch.normal(-mean, 1)])

    points, labels = two_gaussians(seed=3)

    assert torch.equal(points, expected)
    assert labels.dtype == torch.int64
    assert labels.tolist() == [0] * 100 + [1] * 100


def test_quadrants_are_the_published_set_drawn_from_the_global_generator():
    torch.manual_seed(0)
    clouds = []
    for cx, cy in [(1, 1), (-1, 1), (-1, -1), (1, -1)]:
        x = torch.randn(200, 1) * 0.5 + cx
        y = torch.randn(200, 1) * 0.5 + cy
        torch.randn(200, 1)
        clouds.append(torch.cat((x, y), 1))
    expected = torch.cat((clouds[0], clouds[3], clouds[1], clouds[2]))
    order = torch.randperm(800)

    points, labels = quadrants()

    assert torch.equal(points, expected[order])
    assert labels.dtype == torch.int64
    assert torch.equal(labels, torch.tensor([0, 3, 1, 2]).repeat_interleave(200)[order])


def test_without_spread_each_class_of_quadrants_is_its_corner():
    points, labels = quadrants(n_per_class=2, sd=0)

    corners = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    assert torch.equal(points, corners[labels])
    assert labels.bincount().tolist() == [2, 2, 2, 2]


def every_dataset(seed):
    return [
        *flower(seed=seed),
        *flower(noise="uniform", seed=seed),
        *parabola(seed=seed),
        *noisy_quadratic(seed=seed),
        *two_gaussians(seed=seed),
        *quadrants(seed=seed),
    ]


def test_global_generators_are_left_alone():
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()

    every_dataset(5)

    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()


def test_seed_alone_decides_the_points():
    first, again, other = every_dataset(5), every_dataset(5), every_dataset(6)

    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    for i in range(0, len(first), 2):  # points or x at i, labels or y at i + 1
        pairs = zip(first[i : i + 2], other[i : i + 2], strict=True)
        assert not all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flower(n_per_class=0), "n_per_class=0: use a whole number of at"),
        (lambda: flower(n_per_class=2.0), r"n_per_class=2\.0"),
        (lambda: flower(petals=3), "petals=3 is odd"),
        (lambda: flower(petals=0), "petals=0"),
        (lambda: flower(noise="gauss"), "noise='gauss': use 'normal' or 'uniform'"),
        (lambda: flower(seed=2**32), "seed=4294967296"),
        (lambda: flower(seed=None), "seed=None"),
        (lambda: parabola(n=0, seed=0), "n=0"),
        (lambda: parabola(noise=-1, seed=0), "noise=-1"),
        (lambda: parabola(seed=-1), "seed=-1"),
        (lambda: noisy_quadratic(n=True, seed=0), "n=True"),
        (lambda: noisy_quadratic(noise=float("nan"), seed=0), "noise=nan"),
        (lambda: two_gaussians(n_per_class=-1, seed=0), "n_per_class=-1"),
        (lambda: two_gaussians(seed=1.5), r"seed=1\.5"),
        (lambda: quadrants(n_per_class="200"), "n_per_class='200'"),
        (lambda: quadrants(sd=-0.5), r"sd=-0\.5"),
        (lambda: quadrants(seed="0"), "seed='0'"),
    ],
)
def test_argument_out_of_range_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
