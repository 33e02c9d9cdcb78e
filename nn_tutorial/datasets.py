"""The small data sets of the book, each generated with its own random numbers.

Needs torch and numpy. To copy: this file. No function here uses the global generators
of NumPy or PyTorch. Each returns the same numbers as the code of its chapter, which
seeds the global generator with the same seed. `flower` and `quadrants` have a default
seed, which the results in the book depend on; the other functions require one.

In the book: `parabola` in regression, `two_gaussians` in softmax, `flower` in logistic
and module, `noisy_quadratic` in saving, `quadrants` in autograd.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["flower", "noisy_quadratic", "parabola", "quadrants", "two_gaussians"]


def flower(
    *, n_per_class: int = 200, petals: int = 4, noise: str = "normal", seed: int = 1
) -> tuple[Tensor, Tensor]:
    """Return points on the petals of a flower, one half of it per class.

    Class ``j`` takes the angles ``t`` from ``3.12 j`` to ``3.12 (j + 1)`` radians,
    each shifted by 0.2 times a random number, and the radius
    ``4 sin(petals * t)``, shifted likewise; the point is ``(r sin t, r cos t)``.

    Args:
        n_per_class: Points in each class.
        petals: Petals in each class, an even number: with an odd one the second
            class would lie on the petals of the first.
        noise: ``"normal"`` or ``"uniform"`` (in ``[0, 1)``) random numbers.
        seed: Seed of NumPy's legacy generator, in ``[0, 2**32)``.

    Returns:
        Points, float32 of shape ``(2 * n_per_class, 2)``, and labels 0.0 or 1.0,
        float32 of shape ``(2 * n_per_class, 1)``, as `torch.nn.BCEWithLogitsLoss`
        wants them. Class 0 comes first.

    Raises:
        ValueError: If an argument is out of range.

    Source:
        The "planar" set of a course on neural networks (deeplearning.ai, 2017).
    """
    _require_count("n_per_class", n_per_class)
    _require_count("petals", petals)
    if petals % 2:
        msg = f"petals={petals} is odd: both classes would lie on the same petals"
        raise ValueError(f"{msg}; use an even number")
    random_state = np.random.RandomState(_require_seed(seed, below=2**32))
    draw: Callable[[int], NDArray[np.float64]]
    if noise == "normal":
        draw = random_state.standard_normal
    elif noise == "uniform":
        draw = random_state.random_sample
    else:
        raise ValueError(f"noise={noise!r}: use 'normal' or 'uniform'")

    points = []
    for label in (0, 1):
        angle = np.linspace(3.12 * label, 3.12 * (label + 1), n_per_class)
        angle = angle + 0.2 * draw(n_per_class)  # (N,)
        radius = 4 * np.sin(petals * angle) + 0.2 * draw(n_per_class)  # (N,)
        points.append(np.stack([radius * np.sin(angle), radius * np.cos(angle)], 1))
    labels = torch.arange(2).repeat_interleave(n_per_class)  # (2N,)
    return torch.from_numpy(np.concatenate(points)).float(), labels.float()[:, None]


def parabola(*, n: int = 100, noise: float = 0.2, seed: int) -> tuple[Tensor, Tensor]:
    """Return points near ``y = x**2`` on ``[-1, 1]``.

    Args:
        n: Number of points.
        noise: The points lie above the parabola by up to this much, uniformly.
        seed: Seed of the noise, as for `torch.manual_seed`.

    Returns:
        ``x`` in equal steps and ``y``, each float32 of shape ``(n, 1)``.

    Raises:
        ValueError: If an argument is out of range.
    """
    x = _steps(-1, 1, n)  # (N, 1)
    return x, x**2 + _uniform(x, noise, seed)


def noisy_quadratic(
    *, n: int = 200, noise: float = 0.5, seed: int
) -> tuple[Tensor, Tensor]:
    """Return points near ``y = x**2 + 3 x - 2`` on ``[-2, 2]``.

    Args:
        n: Number of points.
        noise: The points lie above the curve by up to this much, uniformly.
        seed: Seed of the noise, as for `torch.manual_seed`.

    Returns:
        ``x`` in equal steps and ``y``, each float32 of shape ``(n, 1)``.

    Raises:
        ValueError: If an argument is out of range.
    """
    x = _steps(-2, 2, n)  # (N, 1)
    return x, x**2 + 3 * x - 2 + _uniform(x, noise, seed)


def two_gaussians(*, n_per_class: int = 100, seed: int) -> tuple[Tensor, Tensor]:
    """Return two round clouds of points, around (2, 2) and around (-2, -2).

    Args:
        n_per_class: Points in each class.
        seed: Seed of the points, as for `torch.manual_seed`.

    Returns:
        Points with standard deviation 1 around their center, float32 of shape
        ``(2 * n_per_class, 2)``, and class indices 0 or 1, int64 of shape
        ``(2 * n_per_class,)``, as `torch.nn.CrossEntropyLoss` wants them. Class 0,
        around (2, 2), comes first.

    Raises:
        ValueError: If an argument is out of range.
    """
    _require_count("n_per_class", n_per_class)
    generator = _generator(seed)
    clouds = [torch.randn(n_per_class, 2, generator=generator) + c for c in (2, -2)]
    return torch.cat(clouds), torch.arange(2).repeat_interleave(n_per_class)


def quadrants(
    *, n_per_class: int = 200, sd: float = 0.5, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Return four clouds of points, one in each quadrant, shuffled.

    Classes 0 to 3 lie around (1, 1), (-1, 1), (-1, -1) and (1, -1).

    Args:
        n_per_class: Points in each class.
        sd: Standard deviation of each coordinate. At 0.5 some points lie in the
            quadrant of another class, so no model can classify all of them
            correctly except by memorizing them.
        seed: Seed of the points and of their order, as for `torch.manual_seed`.

    Returns:
        Points, float32 of shape ``(4 * n_per_class, 2)``, and class indices, int64
        of shape ``(4 * n_per_class,)``.

    Raises:
        ValueError: If an argument is out of range.
    """
    _require_count("n_per_class", n_per_class)
    if not 0 <= sd < float("inf"):
        raise ValueError(f"sd={sd}: use a number that is not negative")
    generator = _generator(seed)
    clouds = []
    for center_x, center_y in [(1, 1), (-1, 1), (-1, -1), (1, -1)]:
        x = torch.randn(n_per_class, 1, generator=generator) * sd + center_x
        y = torch.randn(n_per_class, 1, generator=generator) * sd + center_y
        # The published set was drawn with a third coordinate that nobody uses. Its
        # draws must be taken, or every later point would be another one.
        torch.randn(n_per_class, 1, generator=generator)
        clouds.append(torch.cat([x, y], dim=1))  # (N, 2)
    stacked = (0, 3, 1, 2)
    points = torch.cat([clouds[label] for label in stacked])  # (4N, 2)
    labels = torch.tensor(stacked).repeat_interleave(n_per_class)  # (4N,)
    order = torch.randperm(len(labels), generator=generator)
    return points[order], labels[order]


def _require_count(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}={value!r}: use a whole number of at least 1")


def _require_seed(seed: int, *, below: int) -> int:
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < below:
        raise ValueError(f"seed={seed!r}: use a whole number from 0 to {below - 1}")
    return seed


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(_require_seed(seed, below=2**63))


def _steps(start: float, end: float, n: int) -> Tensor:
    _require_count("n", n)
    return torch.linspace(start, end, n)[:, None]  # (N, 1)


def _uniform(like: Tensor, noise: float, seed: int) -> Tensor:
    if not 0 <= noise < float("inf"):
        raise ValueError(f"noise={noise}: use a number that is not negative")
    return noise * torch.rand(like.shape, generator=_generator(seed))
