"""Draw which class a model predicts at every point of the plane.

Needs torch, NumPy and Matplotlib (contourpy comes with Matplotlib). To copy: this
file, ``points.py`` and ``style.py``.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from torch import Tensor, nn

from .points import (
    _as_array,
    _checked_classes,
    _checked_points,
    _checked_range,
    plot_points,
)
from .style import CLASS_COLORS, INK

__all__ = ["plot_decision_boundary"]


REGION_STRENGTH = 0.22


def plot_decision_boundary(
    ax: Axes,
    model: Callable[[Any], Any],
    inputs: Any,
    labels: Any = None,
    *,
    threshold: float | None = None,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    resolution: int = 200,
) -> Axes:
    """Draw which class ``model`` predicts at each point of the plane around ``inputs``.

    The model is evaluated on a coarse grid. Where two neighbors on the grid get
    different classes, bisection between them finds the boundary to a fraction of a
    pixel. That takes about fifty thousand evaluations instead of the million of a fine
    grid, and it works for scores as well as for labels. A region that is narrower than
    a cell of the grid can be missed.

    The regions follow from what the model returns for M points:

    - float, shape ``(M, C)`` with C of at least 2: the class of the largest score;
    - float, shape ``(M,)`` or ``(M, 1)``: class 1 where the score is above
      ``threshold``, which must be given (0 for logits, 0.5 for probabilities);
    - integer or bool, shape ``(M,)`` or ``(M, 1)``: the class itself.

    A module is evaluated in evaluation mode, without gradients, with points of the
    device and dtype of its parameters; afterward every submodule is set back to its
    mode. Any other function gets points of the type, dtype and device of ``inputs``.

    Args:
        ax: Axes to draw on.
        model: Maps points of shape ``(M, 2)`` to scores or labels, see above.
        inputs: Points that determine the part of the plane to show, shape ``(N, 2)``.
        labels: Their classes, as in ``plot_points``, which then draws them on top;
            None draws the regions alone.
        threshold: Score above which a point belongs to class 1.
        limits: ``((left, right), (bottom, top))`` of the part of the plane to show;
            None adds a tenth of the range of ``inputs`` on every side.
        resolution: Grid points along each side, at least 2.

    Returns:
        The axes.

    Raises:
        TypeError: If points, labels or the output of the model are not numeric.
        ValueError: If ``plot_points`` does not accept ``inputs`` or ``labels``, if
            ``labels`` contain only one class, if the output of the model has another
            shape or contains NaN or a class above 3, or if ``threshold`` is missing or
            has no effect.
    """
    points = _checked_points(inputs)  # (N, 2)
    if labels is not None:
        present = np.unique(_checked_classes(labels, len(points)))
        if len(present) == 1:
            msg = (
                f"labels hold only class {present[0]}, and a boundary lies between two "
                "classes: pass points of both, or leave labels out to see the regions"
            )
            raise ValueError(msg)
    if resolution < 2:
        msg = f"resolution must be at least 2 grid points a side, got {resolution}"
        raise ValueError(msg)
    low, high = _checked_limits(limits, points)  # (2,), (2,)

    # The grid goes on for two cells beyond the axes, where the rings close unseen.
    beyond = 2
    step = (high - low) / (resolution - 1)
    side = np.arange(-beyond, resolution + beyond)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (M, 2)

    with _evaluating(model):
        ask = _classifier(model, inputs, threshold)
        classes = ask(low + grid * step).reshape(len(side), len(side))
        rings = _region_rings(classes, lambda nodes: ask(low + (nodes - beyond) * step))
    rings = [
        (label, low + (_thinned(ring, tolerance=0.04) - beyond) * step)
        for label, ring in rings
    ]

    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    frame = low - beyond * step + corners * (high - low + 2 * beyond * step)
    for label in range(int(classes.max()) + 1):
        # Every ring turns clockwise. The frame turns the other way, so together with
        # all rings it encloses what is left for class 0.
        if label == 0:
            region = [frame, *(ring for _, ring in rings)]
        else:
            region = [ring for owner, ring in rings if owner == label]
        if region:
            patch = PathPatch(
                Path.make_compound_path(*(Path(ring, closed=True) for ring in region)),
                facecolor=(CLASS_COLORS[label], REGION_STRENGTH),
                edgecolor="none" if label == 0 else INK,
                linewidth=0 if label == 0 else 1.2,
                zorder=0.5 if label == 0 else 0.6,
            )
            # Not add_patch, which would measure every curve of the outline.
            ax.add_artist(patch)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    if labels is not None:
        plot_points(ax, inputs, labels)
    return ax


def _region_rings(
    classes: np.ndarray, ask: Callable[[np.ndarray], np.ndarray]
) -> list[tuple[int, np.ndarray]]:
    """Return the closed outlines of all regions but those of class 0.

    Args:
        classes: Class at every grid point, shape ``(H, W)``.
        ask: Maps positions in grid units, shape ``(M, 2)``, to classes ``(M,)``.

    Returns:
        Pairs of class and outline of shape ``(K, 2)``, in grid units, clockwise around
        a region and counter-clockwise around its holes; the last point is the first.
    """
    height, width = classes.shape
    rings = []
    for label in range(1, int(classes.max()) + 1):
        # A border that belongs to no class closes every outline.
        inside = np.pad((classes == label).astype(float), 1)
        for ring in contour_generator(z=inside).lines(0.5):
            rings.append((label, np.asarray(ring)[::-1] - 1))
    if not rings:
        return []

    # Each point of an outline lies halfway between two neighbors of the grid, one of
    # its class and one not: move it to the place where the model changes its mind.
    outline = np.concatenate([ring for _, ring in rings])  # (K, 2)
    owner = np.concatenate([np.full(len(ring), label) for label, ring in rings])
    first, second = np.floor(outline), np.ceil(outline)
    movable = ((first >= 0) & (second <= [width - 1, height - 1])).all(axis=1)
    if not movable.any():  # one class owns the whole grid
        return rings
    first, second, owner = first[movable], second[movable], owner[movable]
    column, row = first.astype(int).T
    first_is_inside = (classes[row, column] == owner)[:, None]
    inner = np.where(first_is_inside, first, second)
    outer = np.where(first_is_inside, second, first)
    for _ in range(6):  # to 1/128 of a cell
        middle = (inner + outer) / 2
        is_inside = (ask(middle) == owner)[:, None]
        inner = np.where(is_inside, middle, inner)
        outer = np.where(is_inside, outer, middle)
    outline[movable] = (inner + outer) / 2
    ends = np.cumsum([len(ring) for _, ring in rings])[:-1]
    moved = np.split(outline, ends)
    return [(label, ring) for (label, _), ring in zip(rings, moved, strict=True)]


def _thinned(ring: np.ndarray, *, tolerance: float) -> np.ndarray:
    """Drop the points of a closed ring that lie on the line between their neighbors.

    Args:
        ring: Shape ``(K, 2)``; the last point is the first.
        tolerance: Distance from the line, in the unit of ``ring``, that still counts
            as on it.
    """
    rounds_without_loss = 0
    offset = 0
    while rounds_without_loss < 2 and len(ring) > 4:
        # Every second point, so that no point goes together with a neighbor.
        before = ring[offset:-2:2]
        middle = ring[offset + 1 : -1 : 2]
        after = ring[offset + 2 :: 2]
        along = after - before
        aside = middle - before
        length = np.hypot(*along.T)
        area = np.abs(along[:, 0] * aside[:, 1] - along[:, 1] * aside[:, 0])
        on_line = area <= tolerance * length
        on_line &= length > 0
        keep = np.ones(len(ring), dtype=bool)
        keep[offset + 1 : -1 : 2] = ~on_line
        ring = ring[keep]
        rounds_without_loss = 0 if on_line.any() else rounds_without_loss + 1
        offset = 1 - offset
    return ring


@contextmanager
def _evaluating(model: object) -> Iterator[None]:
    """Switch a module to evaluation without gradients, and back to what it was."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    modes = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def _classifier(
    model: Callable[[Any], Any], inputs: Any, threshold: float | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from float64 points ``(M, 2)`` to classes ``(M,)``, int64."""
    like: Any = inputs
    if isinstance(model, nn.Module):
        values = itertools.chain(model.parameters(), model.buffers())
        floating = (value for value in values if value.is_floating_point())
        default = inputs if isinstance(inputs, Tensor) else torch.empty(0)
        like = next(floating, default)

    def classify(points: np.ndarray) -> np.ndarray:
        asked: Any
        if isinstance(like, Tensor):
            dtype = like.dtype if like.is_floating_point() else None
            asked = torch.as_tensor(
                points, dtype=dtype or torch.get_default_dtype(), device=like.device
            )
        else:
            asked = points.astype(np.result_type(np.asarray(like).dtype, np.float16))
        answer = model(asked)
        return _classes_from_answer(answer, points, threshold)

    return classify


def _classes_from_answer(
    answer: Any, points: np.ndarray, threshold: float | None
) -> np.ndarray:
    """Turn scores or labels for ``points`` into classes, shape ``(M,)``, int64."""
    scores = _as_array(answer, "the answer of the model")
    n_points = len(points)
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    per_class = scores.ndim == 2 and scores.shape[1] >= 2
    if scores.shape[:1] != (n_points,) or not (scores.ndim == 1 or per_class):
        msg = (
            f"the model must return shape (M,), (M, 1) or (M, C) for M points, "
            f"got {scores.shape} for M = {n_points}"
        )
        raise ValueError(msg)
    if np.isnan(scores).any():
        rows = np.isnan(scores.reshape(n_points, -1)).any(axis=1)
        x_1, x_2 = points[rows.argmax()]
        msg = (
            f"the model returns NaN at {rows.sum()} of {n_points} points, first at "
            f"({x_1:.3g}, {x_2:.3g}): its parameters have probably diverged"
        )
        raise ValueError(msg)

    is_label = scores.dtype.kind in "iub"
    if threshold is not None and (per_class or is_label):
        kind = "labels" if is_label else f"{scores.shape[1]} scores a point"
        msg = (
            f"threshold={threshold} has no use: the model returns {kind}; leave it out"
        )
        raise ValueError(msg)
    if per_class:
        classes = scores.argmax(axis=1)
    elif is_label:
        classes = scores.astype(np.int64)
    elif threshold is None:
        msg = (
            "the model returns one score a point: say where class 1 begins, "
            "threshold=0 for logits or threshold=0.5 for probabilities"
        )
        raise ValueError(msg)
    else:
        classes = scores > threshold
    return _checked_range(classes.astype(np.int64), "the answer of the model")


def _checked_limits(
    limits: tuple[tuple[float, float], tuple[float, float]] | None, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower left and upper right corner of the shown part of the plane."""
    if limits is None:
        low, high = points.min(axis=0), points.max(axis=0)
        spread = high - low
        margin = np.where(spread > 0, 0.1 * spread, 1.0)
        return low - margin, high + margin
    corners = np.asarray(limits, dtype=float)  # (2, 2)
    fits = corners.shape == (2, 2) and np.isfinite(corners).all()
    if not fits or (corners[:, 0] >= corners[:, 1]).any():
        msg = f"limits must be ((left, right), (bottom, top)), rising, got {limits}"
        raise ValueError(msg)
    return corners[:, 0], corners[:, 1]
