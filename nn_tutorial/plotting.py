"""Figures of the book: one style for points, boundaries, curves, networks and films.

Needs torch, NumPy and Matplotlib (contourpy comes with Matplotlib). Each function
draws on the axes it is given and returns them; none opens a window or changes the
style, except the two whose job that is: ``Film.show`` and ``use_style``.

Colours stand for the same thing in every figure and are told apart by colour-blind
readers; shape or a label always says the same once more.

The book explains networks in chapter 01, decision boundaries and films in chapter 04,
confusion matrices in chapter 07.

Source:
    Colours: Okabe & Ito (2008), "Color Universal Design",
    https://jfly.uni-koeln.de/color/
"""

import hashlib
import html
import itertools
import json
import math
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
from io import StringIO
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
from contourpy import contour_generator
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from torch import Tensor, nn

__all__ = [
    "CLASS_COLORS",
    "CLASS_MARKERS",
    "DATA_COLOR",
    "INK",
    "LINE_COLORS",
    "PREDICTION_COLOR",
    "SQUARE",
    "STYLE",
    "WIDE",
    "Film",
    "compact_svg",
    "draw_network",
    "plot_confusion",
    "plot_curves",
    "plot_decision_boundary",
    "plot_points",
    "use_style",
]

# One colour for all text, axes and boundary lines, used for nothing else, so that a
# dark page can exchange it. Black would not do: SVG leaves black unsaid.
INK = "#1c2024"  # in small letters, as Matplotlib writes it into files
CLASS_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
CLASS_MARKERS = ("o", "^", "s", "D")
PREDICTION_COLOR = "#D55E00"
DATA_COLOR = "#858C95"  # grey that stands out from white and from a dark page alike
LINE_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
REGION_STRENGTH = 0.22

WIDE = (6.4, 3.6)  # inches
SQUARE = (4.5, 4.5)  # inches

STYLE: dict[Any, Any] = {
    "figure.figsize": WIDE,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",  # of a window; pictures are transparent, see below
    "savefig.facecolor": "none",
    "savefig.dpi": 200,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=LINE_COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "font.size": 12,  # as large as the captions of the book: 16 px
    "grid.alpha": 0.2,
    "grid.color": INK,
    "grid.linewidth": 0.6,
    "hatch.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "patch.edgecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 12,
    "ytick.color": INK,
    "ytick.labelsize": 12,
    "svg.fonttype": "path",  # looks the same on every reader's machine
    "svg.hashsalt": "nn_tutorial",  # the same figure is the same file
}


def use_style() -> None:
    """Give every figure drawn from now on the style of the book.

    Changes Matplotlib's ``rcParams`` (see ``STYLE``). In a notebook with the inline
    backend, figures also become transparent SVG of exactly the size that was asked
    for, without a date, so that two runs give the same bytes.
    """
    matplotlib.rcParams.update(STYLE)
    shell = _notebook_shell()
    if shell is None or "inline" not in matplotlib.get_backend().lower():
        return
    from matplotlib_inline.config import InlineBackend

    # A transparent figure tells JupyterLab to put white behind it on a dark page.
    matplotlib.rcParams["figure.facecolor"] = "none"
    # Of images within the SVG: two dots for each pixel of the page.
    matplotlib.rcParams["figure.dpi"] = 192
    inline = InlineBackend.instance(parent=shell)
    inline.figure_formats = {"svg"}
    options: dict[Any, Any] = {"bbox_inches": None, "metadata": {"Date": None}}
    inline.print_figure_kwargs = options


def _notebook_shell() -> Any:
    """Return the IPython shell of a notebook kernel, or None outside one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None


# -- Points and decision boundaries ----------------------------------------------------


def plot_points(ax: Axes, inputs: Any, labels: Any) -> Axes:
    """Draw points in the colour and shape of their class.

    Args:
        ax: Axes to draw on; ``ax.legend()`` names the classes afterwards.
        inputs: Points, shape ``(N, 2)``, tensor or array of finite numbers.
        labels: Classes, shape ``(N,)`` or ``(N, 1)``, whole numbers 0 to 3 of any
            dtype (float32 targets of a binary classifier are welcome).

    Returns:
        The axes.

    Raises:
        TypeError: If either is not numeric.
        ValueError: If a shape does not fit, if there are no points, if a value is not
            finite, or if a label is not one of the four classes.
    """
    points = _checked_points(inputs)  # (N, 2)
    classes = _checked_classes(labels, len(points))  # (N,)
    for label in np.unique(classes):
        chosen = points[classes == label]
        ax.plot(
            chosen[:, 0],
            chosen[:, 1],
            linestyle="none",
            marker=CLASS_MARKERS[label],
            markersize=5 if CLASS_MARKERS[label] in "o^" else 4.4,
            markeredgewidth=0.3,
            markeredgecolor=INK,
            color=CLASS_COLORS[label],
            label=f"class {label}",
            zorder=2,
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return ax


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
    """Draw which class ``model`` gives to every point of the plane around ``inputs``.

    The model is asked on a coarse grid; wherever two neighbours of the grid get
    different classes, bisection between them finds the boundary to a small part of a
    pixel. That takes some fifty thousand questions instead of the million of a fine
    grid, and works for scores and for bare labels alike. A region narrower than a cell
    of the grid can be missed.

    What the model returns for M points decides how it becomes regions:

    - float, shape ``(M, C)`` with C of at least 2: the class of the largest score;
    - float, shape ``(M,)`` or ``(M, 1)``: class 1 where the score is above
      ``threshold``, which must be given (0 for logits, 0.5 for probabilities);
    - integer or bool, shape ``(M,)`` or ``(M, 1)``: the class itself.

    A module is asked in evaluation mode, without gradients, with points of the device
    and dtype of its parameters; every submodule gets its mode back afterwards. Any
    other function is asked with points of the kind, dtype and device of ``inputs``.

    Args:
        ax: Axes to draw on.
        model: Maps points of shape ``(M, 2)`` to scores or labels, see above.
        inputs: Points that decide what part of the plane is shown, shape ``(N, 2)``.
        labels: Their classes, as in ``plot_points``, which then draws them on top;
            None draws the regions alone.
        threshold: Score above which a point belongs to class 1.
        limits: ``((left, right), (bottom, top))`` of the shown part of the plane;
            None leaves a tenth of the spread of ``inputs`` on every side.
        resolution: Grid points along each side, at least 2.

    Returns:
        The axes.

    Raises:
        TypeError: If points, labels or the model's answer are not numeric.
        ValueError: If ``inputs`` or ``labels`` are refused by ``plot_points``, if
            ``labels`` hold only one class, if the answer of the model has another
            shape, holds NaN or a class beyond 3, or if ``threshold`` is missing or has
            no use.
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

    # Each point of an outline lies halfway between two neighbours of the grid, one of
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
    """Drop the points of a closed ring that lie on the line between their neighbours.

    Args:
        ring: Shape ``(K, 2)``; the last point is the first.
        tolerance: Distance from the line, in the unit of ``ring``, that still counts
            as on it.
    """
    rounds_without_loss = 0
    offset = 0
    while rounds_without_loss < 2 and len(ring) > 4:
        # Every second point, so that no point goes together with a neighbour.
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


def _as_array(values: Any, name: str) -> np.ndarray:
    """Return ``values`` as an array of numbers, copied from its device if need be."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        # NumPy has no bfloat16.
        values = (values.double() if values.is_floating_point() else values).numpy()
    if isinstance(values, tuple):
        msg = f"{name} is a tuple of {len(values)}: pick the part that is meant"
        raise TypeError(msg)
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        msg = f"{name} must hold real numbers, got dtype {array.dtype}"
        raise TypeError(msg)
    return array


def _checked_points(inputs: Any) -> np.ndarray:
    """Return ``inputs`` as a float64 array of shape ``(N, 2)``, N of at least 1."""
    points = _as_array(inputs, "inputs")
    if points.ndim != 2 or points.shape[1] != 2:
        msg = (
            f"inputs must have shape (N, 2), got {points.shape}: "
            "draw two features at a time, such as inputs[:, :2]"
        )
        raise ValueError(msg)
    if len(points) == 0:
        msg = "inputs is empty, shape (0, 2): there is nothing to draw"
        raise ValueError(msg)
    broken = ~np.isfinite(points).all(axis=1)
    if broken.any():
        msg = (
            f"inputs has {broken.sum()} rows with NaN or infinity, the first is row "
            f"{broken.argmax()}: {points[broken.argmax()].tolist()}; drop them first"
        )
        raise ValueError(msg)
    return points.astype(np.float64)


def _checked_classes(labels: Any, n_points: int) -> np.ndarray:
    """Return ``labels`` as int64 of shape ``(N,)``, each 0 to 3."""
    classes = _as_array(labels, "labels")
    if classes.shape not in {(n_points,), (n_points, 1)}:
        hint = ""
        if classes.ndim == 2 and len(classes) == n_points:
            hint = ": turn one-hot rows into classes with labels.argmax(1)"
        msg = (
            f"labels must have shape ({n_points},) or ({n_points}, 1), one for each "
            f"row of inputs, got {classes.shape}{hint}"
        )
        raise ValueError(msg)
    classes = classes.reshape(n_points)
    broken = ~np.isfinite(classes) | (classes != np.round(classes))
    if broken.any():
        msg = (
            f"labels must be whole numbers, got {classes[broken.argmax()]} in row "
            f"{broken.argmax()}: round probabilities to classes first"
        )
        raise ValueError(msg)
    return _checked_range(classes.astype(np.int64), "labels")


def _checked_range(classes: np.ndarray, name: str) -> np.ndarray:
    """Return ``classes`` if each has a colour."""
    last = len(CLASS_COLORS) - 1
    if classes.min() < 0 or classes.max() > last:
        msg = (
            f"{name} must hold classes 0 to {last}, one for each colour, "
            f"got {classes.min()} to {classes.max()}"
        )
        raise ValueError(msg)
    return classes


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


# -- Confusion matrix ------------------------------------------------------------------


def plot_confusion(ax: Axes, counts: Any) -> Axes:
    """Draw how often each class was taken for each other class.

    The right answers, far more than all others, stand uncoloured on the diagonal;
    the more often a mistake was made, the stronger is its colour. Zeros are left out.

    Args:
        ax: Axes to draw on.
        counts: Whole numbers, shape ``(C, C)``: a row for each true class, a column
            for each predicted one.

    Returns:
        The axes.

    Raises:
        TypeError: If ``counts`` does not hold numbers.
        ValueError: If it is not square, or holds something else than counts.
    """
    counts = _as_array(counts, "counts")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not len(counts):
        msg = f"counts must have shape (C, C), got {counts.shape}"
        raise ValueError(msg)
    if (counts < 0).any() or (counts != np.round(counts)).any():
        msg = "counts must be whole numbers from 0: count examples, not fractions"
        raise ValueError(msg)
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    ax.pcolormesh(
        np.zeros(counts.shape),
        cmap=ListedColormap([PREDICTION_COLOR]),
        alpha=0.8 * mistakes / max(mistakes.max(), 1),
    )
    for row, column in np.argwhere(counts):
        count = f"{counts[row, column]:.0f}"
        ax.text(column + 0.5, row + 0.5, count, ha="center", va="center", fontsize=10)
    middles = np.arange(len(counts)) + 0.5
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(middles, labels=map(str, range(len(counts))))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="prediction", ylabel="truth", aspect="equal")
    ax.invert_yaxis()
    return ax


# -- Curves and networks ---------------------------------------------------------------


def plot_curves(
    ax: Axes,
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    xlabel: str = "epoch",
    x: Sequence[float] | None = None,
    yscale: str = "linear",
) -> Axes:
    """Draw one labelled line for each entry of ``curves``.

    A curve whose name has the word "test" or "validation" in it is dashed, all others
    are solid. Curves whose names differ only in the words "training", "test" and
    "validation" belong to one run and share its colour.

    Args:
        ax: Axes to draw on.
        curves: Values by name, each of shape ``(T,)``; the name is written at the end
            of the line.
        ylabel: What the values are, with unit.
        xlabel: What is counted along the x axis.
        x: Where the values lie, shape ``(T,)``; None counts 1, 2, ... T.
        yscale: "linear" or "log".

    Returns:
        The axes.

    Raises:
        TypeError: If a curve does not hold numbers.
        ValueError: If there is no curve, if one is empty, not one-dimensional or not
            finite, if its length is not that of ``x``, or if a value cannot be shown on
            a logarithmic scale.
    """
    if not curves:
        msg = 'curves is empty: pass at least one, such as {"training": losses}'
        raise ValueError(msg)
    ends = []
    runs: dict[str, str] = {}
    for name, values in curves.items():
        heights = _checked_curve(name, values, yscale)  # (T,)
        places = np.arange(1, len(heights) + 1) if x is None else _as_array(x, "x")
        if places.shape != heights.shape:
            msg = (
                f"curve {name!r} has {len(heights)} values, but x has shape "
                f"{places.shape}: they must be as many"
            )
            raise ValueError(msg)
        last = float(places[-1])
        words = re.findall(r"\w+", name.lower())
        run = " ".join(
            word for word in words if word not in {"training", "test", "validation"}
        )
        color = runs.setdefault(run, LINE_COLORS[len(runs) % len(LINE_COLORS)])
        dashed = "test" in words or "validation" in words
        ax.plot(
            places,
            heights,
            color=color,
            linestyle="--" if dashed else "-",
            marker="o" if len(heights) == 1 else None,
            label=name,
        )
        ends.append((float(heights[-1]), name, color))
    ax.set_yscale(yscale)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.01)
    ax.grid(axis="y")
    if x is None:
        ax.xaxis.set_major_locator(
            MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10])
        )
    _label_line_ends(ax, ends, last)
    return ax


def _checked_curve(name: str, values: Sequence[float], yscale: str) -> np.ndarray:
    """Return the values of one curve as float64 of shape ``(T,)``, T at least 1."""
    heights = _as_array(values, f"curve {name!r}")
    if heights.ndim != 1 or len(heights) == 0:
        msg = f"curve {name!r} must have shape (T,) with T >= 1, got {heights.shape}"
        raise ValueError(msg)
    broken = ~np.isfinite(heights)
    if broken.any():
        msg = (
            f"curve {name!r} is {heights[broken.argmax()]} at index {broken.argmax()}: "
            "the run has probably diverged; draw the part before, or lower its "
            "learning rate"
        )
        raise ValueError(msg)
    if yscale == "log" and heights.min() <= 0:
        msg = (
            f"curve {name!r} falls to {heights.min()}: a log scale needs values above 0"
        )
        raise ValueError(msg)
    return heights.astype(np.float64)


def _label_line_ends(ax: Axes, ends: list[tuple[float, str, str]], last: float) -> None:
    """Write each name beside the end of its line, apart from the other names."""
    line_height_pt = 1.25 * matplotlib.rcParams["font.size"]
    axes_height_pt = 72 * ax.bbox.height / ax.figure.dpi
    gap = line_height_pt / axes_height_pt
    ax.get_ylim()  # Matplotlib fits the limits to the data only when asked for them
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = sorted(ends, reverse=True)
    heights = [float(to_axes.transform((last, value))[1]) for value, _, _ in ends]
    for upper in range(len(heights) - 1):
        heights[upper + 1] = min(heights[upper + 1], heights[upper] - gap)
    # Names pushed below the axes lift the ones above them.
    floor = 0.0
    for index in reversed(range(len(heights))):
        heights[index] = max(heights[index], floor)
        floor = heights[index] + gap
    for (value, name, color), height in zip(ends, heights, strict=True):
        # Names in ink are readable on every page; a thread leads to the line.
        ax.annotate(
            name,
            xy=(last, value),
            xytext=(1.04, height),
            textcoords=ax.transAxes,
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "linewidth": 0.8,
                "relpos": (0, 0.5),  # from the left edge of the name
                "shrinkA": 0,
                "shrinkB": 1,
            },
        )


def draw_network(
    ax: Axes,
    sizes: Sequence[int],
    *,
    names: Sequence[str] | None = None,
    bias: bool = True,
    max_neurons: int = 8,
) -> Axes:
    """Draw the neurons of a fully connected network and count its parameters.

    Args:
        ax: Axes to draw on; its frame and ticks are removed.
        sizes: Neurons of each layer from input to output, at least two layers.
        names: A name for each layer; None calls them input, hidden and output.
        bias: Whether each neuron after the input has a bias, and is counted.
        max_neurons: Layers with more neurons show this many and three dots.

    Returns:
        The axes.

    Raises:
        TypeError: If a size is not an int.
        ValueError: If there are fewer than two layers, if a size is below 1, if
            ``max_neurons`` is below 2, or if ``names`` do not match ``sizes``.
    """
    if len(sizes) < 2:
        msg = f"sizes needs an input and an output layer, got {list(sizes)}"
        raise ValueError(msg)
    for size in sizes:
        if not isinstance(size, int) or isinstance(size, bool):
            msg = f"sizes must be ints, got {size!r} in {list(sizes)}"
            raise TypeError(msg)
        if size < 1:
            msg = f"each layer has at least one neuron, got {list(sizes)}"
            raise ValueError(msg)
    if max_neurons < 2:
        msg = f"max_neurons must be at least 2, got {max_neurons}"
        raise ValueError(msg)
    if names is None:
        names = ["input", *["hidden"] * (len(sizes) - 2), "output"]
    if len(names) != len(sizes):
        msg = f"{len(sizes)} layers need as many names, got {list(names)}"
        raise ValueError(msg)

    radius = 0.3  # the distance between two neurons of a layer is 1
    columns = []
    for size in sizes:
        rows = np.arange(min(size, max_neurons), dtype=float)
        if size > max_neurons:  # room for the dots in the middle
            rows[(len(rows) + 1) // 2 :] += 1
        columns.append(rows[-1] / 2 - rows)
    top = max(rows[0] for rows in columns) + radius
    # Three lines of text above the neurons and three below have a size in points;
    # the neurons get what is left.
    line_pt = 1.3 * matplotlib.rcParams["font.size"]
    width_pt, height_pt = (
        72 * side / ax.figure.dpi for side in (ax.bbox.width, ax.bbox.height)
    )
    unit_pt = max(height_pt - 7 * line_pt, 0.4 * height_pt) / (2 * top)
    # Half of the outer names stands out to the left and right.
    letter_pt = 0.6 * matplotlib.rcParams["font.size"]
    side = max(1.0, max(map(len, names)) * letter_pt / 2 / unit_pt)
    gap = max(4 * radius, (width_pt / unit_pt - 2 * side) / (len(sizes) - 1))

    edges = []
    for layer, (left, right) in enumerate(itertools.pairwise(columns)):
        for start, end in itertools.product(left, right):
            # From rim to rim: the neurons are see-through.
            length = math.hypot(gap, end - start)
            rim = radius / length * np.array([gap, end - start])
            edges.append(
                [
                    np.array([layer * gap, start]) + rim,
                    np.array([(layer + 1) * gap, end]) - rim,
                ]
            )
    ax.add_collection(LineCollection(edges, colors=DATA_COLOR, linewidths=0.8))

    n_parameters = 0
    for layer, (size, rows) in enumerate(zip(sizes, columns, strict=True)):
        place = layer * gap
        for row in rows:
            neuron = Circle(
                (place, row),
                radius,
                facecolor=(DATA_COLOR, 0.25),
                edgecolor=INK,
                linewidth=1.2,
            )
            ax.add_patch(neuron)
        if size > len(rows):
            dots = rows[(len(rows) - 1) // 2] - 1 + 0.35 * np.array([-1, 0, 1])
            ax.plot([place] * 3, dots, "o", color=INK, markersize=2)
        ax.annotate(
            f"{names[layer]}\n{size}",
            (place, top),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
        )
        if layer > 0:
            before = sizes[layer - 1]
            count = before * size + (size if bias else 0)
            n_parameters += count
            ax.annotate(
                f"{before} × {size}\n"
                + (f"+ {size}\n" if bias else "")
                + f"= {count:,}",
                (place - gap / 2, -top),
                xytext=(0, -6),
                textcoords="offset points",
                ha="center",
                va="top",
            )
    ax.annotate(
        f"{n_parameters:,} parameters",
        ((len(sizes) - 1) * gap / 2, top),
        xytext=(0, 6 + 2.2 * line_pt),
        textcoords="offset points",
        ha="center",
        va="bottom",
    )
    # auto=None lets the equal aspect widen the limits without a complaint.
    ax.set_xlim(-side, (len(sizes) - 1) * gap + side, auto=None)
    ax.set_ylim(-top - 0.1, top + 0.1, auto=None)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    return ax


# -- Small SVG -------------------------------------------------------------------------

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")


def compact_svg(svg: str, *, ink: str = INK) -> str:
    """Return an SVG of Matplotlib made several times smaller, drawn the same.

    Comments, metadata, a date, empty shapes and groups that only carry an id go,
    coordinates keep two decimals of a point, and shared styles stand once. The result
    is a function of ``svg`` alone.

    Args:
        svg: What ``savefig`` wrote.
        ink: Colour that takes the place of ``INK``: text, axes and boundary lines.

    Raises:
        ValueError: If ``svg`` was not written by Matplotlib.
    """
    drawing = _Drawing(svg)
    names = _short_names([drawing], prefix="n")
    body = "".join(drawing.shapes(names))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width_pt:g}pt" '
        f'height="{drawing.height_pt:g}pt" '
        f'viewBox="0 0 {drawing.width_pt:g} {drawing.height_pt:g}" '
        'stroke-linejoin="round">'
    )
    return f"{opening}{_definitions(names)}{body}</svg>\n".replace(INK, ink)


class _Drawing:
    """One SVG of Matplotlib: its size, what it defines, and its shapes in order."""

    def __init__(self, svg: str) -> None:
        if '<g id="figure_1">' not in svg:
            msg = "not an SVG that Matplotlib wrote: the group 'figure_1' is missing"
            raise ValueError(msg)
        root = ElementTree.fromstring(svg)
        self.width_pt, self.height_pt = (
            float(root.attrib[side].removesuffix("pt")) for side in ("width", "height")
        )
        # Matplotlib defines a glyph, marker or clip path where it first needs it.
        self._elements: dict[str, ElementTree.Element] = {}
        for parent in list(root.iter()):
            for definitions in parent.findall(f"{_SVG}defs"):
                parent.remove(definitions)
                for element in definitions:
                    if name := element.attrib.pop("id", None):
                        self._elements[name] = element
        self.definitions = {
            name: _serialized(element, {}) for name, element in self._elements.items()
        }
        self._root = root

    def shapes(self, names: Mapping[str, str]) -> list[str]:
        """Return each shape as text; ``names`` maps a definition to its new id."""
        ids = {name: names[text] for name, text in self.definitions.items()}
        return [_serialized(shape, ids) for shape in _flat(self._root)]


def _flat(parent: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield the shapes below ``parent``, through groups that only carry an id."""
    for element in parent:
        tag = element.tag.removeprefix(_SVG)
        if tag == "metadata":
            continue
        if tag == "g" and set(element.attrib) <= {"id"}:
            yield from _flat(element)
        elif "fill: none" not in element.get("style", "") or "stroke" in element.get(
            "style", ""
        ):
            yield element


def _serialized(
    element: ElementTree.Element, ids: Mapping[str, str], *, said: str | None = None
) -> str:
    """Return an element as text, without its id.

    Args:
        element: A shape or a definition.
        ids: New id for each definition that is referred to.
        said: A style that the group around the element already has.
    """
    tag = element.tag.removeprefix(_SVG)
    attributes = {name.removeprefix(_XLINK): v for name, v in element.attrib.items()}
    attributes.pop("id", None)
    if attributes.get("style") == said:
        attributes.pop("style", None)
    # Hundreds of markers in one style: say it once, on their group.
    styles = {child.get("style") for child in element}
    shared = styles.pop() if tag == "g" and len(styles) == 1 else None
    if shared:
        attributes["style"] = "; ".join(filter(None, [attributes.get("style"), shared]))

    text = ""
    for name, value in attributes.items():
        if name == "d":
            value = _compact_path(value)
        elif name in {"x", "y", "width", "height"}:
            value = _rounded(value)
        elif name == "transform":
            value = re.sub(r"(?<=translate\()[^)]*", lambda at: _rounded(at[0]), value)
        elif name == "style":
            value = value.replace(": ", ":").replace("; ", ";")
        if value:
            value = re.sub(r"(?<=^#).+", lambda to: ids[to[0]], value)
            value = re.sub(r"(?<=url\(#)[^)]+", lambda to: ids[to[0]], value)
            text += f' {name}="{html.escape(value)}"'
    inside = html.escape((element.text or "").strip(), quote=False)
    inside += "".join(_serialized(child, ids, said=shared) for child in element)
    return f"<{tag}{text}>{inside}</{tag}>" if inside else f"<{tag}{text}/>"


def _rounded(numbers: str) -> str:
    """Round every number in a text to two decimals."""
    return _NUMBER.sub(lambda match: _hundredths(round(float(match[0]) * 100)), numbers)


def _hundredths(count: int) -> str:
    """Write ``count / 100`` with as few characters as SVG allows."""
    text = f"{abs(count) / 100:.2f}".rstrip("0").rstrip(".")
    if text.startswith("0."):
        text = text[1:]
    return f"-{text}" if count < 0 else text


def _compact_path(path: str) -> str:
    """Write a path with two decimals, and a line of many points as small steps."""
    commands = re.findall(r"([MLQCz])([^MLQCz]*)", path)
    text = ""
    here = (0, 0)
    for command, numbers in commands:
        if command in "QC" or any(curve in path for curve in "QC"):
            text += command + " ".join(_rounded(numbers).split())
        elif command == "z":
            text += "z"
        else:
            # Steps between rounded places, so that errors do not add up.
            x, y = (round(float(number) * 100) for number in numbers.split())
            if command == "M":
                text += f"M{_hundredths(x)} {_hundredths(y)}"
            else:
                text += f"l{_hundredths(x - here[0])} {_hundredths(y - here[1])}"
            here = (x, y)
    return text


def _short_names(drawings: Sequence[_Drawing], *, prefix: str) -> dict[str, str]:
    """Give every distinct definition of all drawings one short id, by its text."""
    texts = dict.fromkeys(
        text for drawing in drawings for text in drawing.definitions.values()
    )
    return {text: f"{prefix}{number}" for number, text in enumerate(texts)}


def _definitions(names: Mapping[str, str]) -> str:
    """Return the ``defs`` element for texts and their ids."""
    named = (
        re.sub(r"^<(\w+)", rf'<\1 id="{name}"', text) for text, name in names.items()
    )
    return f"<defs>{''.join(named)}</defs>"


# -- Learning, watched -----------------------------------------------------------------

_FILM_STYLE = """
.nn-film svg{display:block;max-width:100%;height:auto}
.nn-film-controls{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem}
.nn-film-controls[hidden]{display:none}
.nn-film-play{font:inherit;min-width:5.5em;min-height:2.2em;cursor:pointer}
.nn-film-slider{flex:1;min-width:10em;min-height:2.2em}
.nn-film-label{display:block;font-variant-numeric:tabular-nums}
@media (prefers-reduced-motion:reduce){.nn-film-play{display:none}}
"""

# Starts every film that has not been started, so it may stand on a page many times.
_FILM_SCRIPT = """
for (const film of document.querySelectorAll(".nn-film:not([data-started])")) {
  film.dataset.started = "";
  const part = (name) => film.querySelector(".nn-film-" + name);
  const [button, slider, output] = ["play", "slider", "label"].map(part);
  const picture = film.querySelector("svg");
  const labels = JSON.parse(film.dataset.labels);
  const groups = [...film.querySelectorAll("[data-frames]")].map(
    (group) => [group, new Set(group.dataset.frames.split(" "))]);
  const chinese = document.documentElement.lang.toLowerCase().startsWith("zh");
  const [play, pause, frame] = chinese ? ["播放", "暂停", "第几帧"]
                                       : ["Play", "Pause", "Frame"];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = null;
  const show = () => {
    for (const [group, frames] of groups) {
      if (frames.has(slider.value)) group.removeAttribute("display");
      else group.setAttribute("display", "none");
    }
    const label = labels[slider.value];
    output.textContent = label;
    slider.setAttribute("aria-valuetext", label);
    picture.setAttribute("aria-label", label);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = play;
    output.setAttribute("aria-live", "polite");
  };
  const start = () => {
    if (slider.value === slider.max) slider.value = 0;
    show();
    button.textContent = pause;
    output.setAttribute("aria-live", "off");
    timer = setInterval(() => {
      slider.stepUp();
      if (slider.value === slider.max) stop();
      show();
    }, Number(film.dataset.interval));
  };
  button.addEventListener("click", () => { if (timer) stop(); else start(); });
  slider.addEventListener("input", () => { stop(); show(); });
  calm.addEventListener("change", () => { if (calm.matches) stop(); });
  slider.setAttribute("aria-label", frame);
  slider.value = slider.max;
  stop();
  show();
  part("controls").hidden = false;
}
"""


class Film:
    """Something that changes, such as a model that learns, watched frame by frame.

    In a notebook and in the book it becomes one SVG with a slider and a play button:
    what is equal in all frames stands there once. It shows the last frame until the
    reader moves it, plays only when asked and only once, needs no server and no
    library, and stays a still picture where scripts do not run. In a script,
    ``show`` plays it in a window.

    The axes keep the place that the last frame needs. Fix their limits in ``draw``,
    or they will follow the data of each frame.

    Args:
        draw: Called as ``draw(ax, frame)`` on empty axes (an array of axes if
            ``columns`` is above 1); draws one frame and returns its label, such as
            ``"step 300, loss 0.412"``.
        frames: What ``draw`` gets, at least two of them.
        figsize: Width and height in inches; None takes the style's.
        columns: Axes side by side.
        interval_s: Time from one frame to the next when played, in seconds.

    Raises:
        TypeError: If ``draw`` cannot be called, and, when the film is shown, if it
            does not return a label.
        ValueError: If there are fewer than two frames, or if the interval is not above
            zero.
    """

    def __init__(
        self,
        draw: Callable[[Any, Any], str],
        frames: Iterable[Any],
        *,
        figsize: tuple[float, float] | None = None,
        columns: int = 1,
        interval_s: float = 0.25,
    ) -> None:
        if not callable(draw):
            msg = f"draw must be a function of axes and frame, got {draw!r}"
            raise TypeError(msg)
        self.frames = list(frames)
        if len(self.frames) < 2:
            msg = f"a film needs at least two frames, got {len(self.frames)}"
            raise ValueError(msg)
        if not interval_s > 0:
            msg = f"interval_s must be above 0 seconds, got {interval_s}"
            raise ValueError(msg)
        self.draw = draw
        self.figsize = figsize
        self.columns = columns
        self.interval_s = interval_s
        self._html: str | None = None

    def __repr__(self) -> str:
        return f"<Film of {len(self.frames)} frames; show() plays it in a window>"

    def _repr_html_(self) -> str:
        if self._html is None:
            self._html = self._render()
        return self._html

    def show(self) -> None:
        """Show the film: in the notebook, or, in a script, played in a window.

        Without a notebook and without a window system it does nothing. A reader who
        closes the window ends the film.
        """
        if _notebook_shell() is not None:
            from IPython.display import display

            display(self)
            return
        figure = plt.figure(figsize=self.figsize, facecolor="white")
        number = figure.number
        if figure.canvas.required_interactive_framework is None:
            plt.close(figure)
            return
        for frame in self.frames:
            figure.clear()
            label = self._draw(figure, frame)
            figure.suptitle(label)
            plt.pause(self.interval_s)
            if not plt.fignum_exists(number):
                return

    def _draw(self, figure: Figure, frame: Any) -> str:
        """Draw one frame on fresh axes of ``figure`` and return its label."""
        label = self.draw(figure.subplots(ncols=self.columns), frame)
        if not isinstance(label, str):
            msg = (
                "draw must return the label of its frame, such as "
                f'f"step {{step}}", got {label!r}'
            )
            raise TypeError(msg)
        return label

    def _pictures(self) -> tuple[list[_Drawing], list[str]]:
        """Return the drawing and the label of every frame."""
        figure = Figure(figsize=self.figsize, facecolor="none")
        canvas = FigureCanvasSVG(figure)
        dpi = figure.dpi
        self._draw(figure, self.frames[-1])
        figure.draw_without_rendering()
        places = [ax.get_position(original=True) for ax in figure.axes]
        figure.set_layout_engine("none")
        drawings, labels = [], []
        for frame in self.frames:
            figure.clear()
            figure.dpi = dpi  # print_svg sets it to 72
            labels.append(self._draw(figure, frame))
            for ax, place in zip(figure.axes, places, strict=False):
                ax.set_position(place)
            file = StringIO()
            with matplotlib.rc_context(
                {"svg.fonttype": "path", "svg.hashsalt": "film"}
            ):
                # Half the time of savefig, which draws everything twice.
                canvas.print_svg(file, metadata={"Date": None})
            drawings.append(_Drawing(file.getvalue()))
        return drawings, labels

    def _render(self) -> str:
        """Return the film as HTML."""
        drawings, labels = self._pictures()
        last = len(labels) - 1
        # The name of the film comes from its content: two films never share an id,
        # and the same film has the same one in every build.
        digest = hashlib.sha256()
        for drawing in drawings:
            identity = _short_names([drawing], prefix="")
            for text in [*identity, *drawing.shapes(identity)]:
                digest.update(text.encode())
        name = f"film-{digest.hexdigest()[:8]}"

        names = _short_names(drawings, prefix=f"{name}-")
        shapes = _stacked([drawing.shapes(names) for drawing in drawings])
        body = ""
        for shape, frames in shapes:
            if frames is None:
                body += shape
            else:
                hidden = "" if last in frames else ' display="none"'
                numbers = " ".join(map(str, frames))
                body += f'<g data-frames="{numbers}"{hidden}>{shape}</g>'
        width, height = drawings[0].width_pt, drawings[0].height_pt
        picture = (
            f'<svg viewBox="0 0 {width:g} {height:g}" width="{width / 0.75:.0f}" '
            f'height="{height / 0.75:.0f}" stroke-linejoin="round" role="img" '
            f'aria-label="{html.escape(labels[-1])}">{_definitions(names)}{body}</svg>'
        ).replace(INK, "currentColor")
        return (
            f'<div class="nn-film" id="{name}" style="max-width:{width / 0.75:.0f}px" '
            f'data-interval="{1000 * self.interval_s:g}" '
            f'data-labels="{html.escape(json.dumps(labels, ensure_ascii=False))}">'
            f"<style>{_FILM_STYLE}</style>\n{picture}\n"
            '<div class="nn-film-controls" hidden>'
            '<button type="button" class="nn-film-play">Play</button>'
            f'<input type="range" class="nn-film-slider" min="0" max="{last}" '
            f'value="{last}" aria-label="Frame" '
            f'aria-valuetext="{html.escape(labels[-1])}"></div>\n'
            f'<output class="nn-film-label" aria-live="polite">'
            f"{html.escape(labels[-1], quote=False)}</output>\n"
            f"<script>{_FILM_SCRIPT}</script></div>"
        )


def _stacked(frames: Sequence[Sequence[str]]) -> list[tuple[str, list[int] | None]]:
    """Merge the shapes of all frames, in drawing order, each distinct one once.

    Args:
        frames: For each frame its shapes, bottom first.

    Returns:
        Pairs of shapes and the frames that show them; None means all frames.
    """
    common = list(frames[0])
    for shapes in frames[1:]:
        matcher = SequenceMatcher(None, common, shapes, autojunk=False)
        common = [
            common[block.a + index]
            for block in matcher.get_matching_blocks()
            for index in range(block.size)
        ]
    # Before each common shape, and after the last, lies what only some frames have.
    slots: list[dict[str, list[int]]] = [{} for _ in range(len(common) + 1)]
    for number, shapes in enumerate(frames):
        start = 0
        for slot, shape in enumerate([*common, None]):
            end = len(shapes) if shape is None else shapes.index(shape, start)
            if between := "".join(shapes[start:end]):
                slots[slot].setdefault(between, []).append(number)
            start = end + 1
    stacked: list[tuple[str, list[int] | None]] = []
    for between_shapes, shape in zip(slots, [*common, None], strict=True):
        stacked.extend(between_shapes.items())
        if shape is not None:
            stacked.append((shape, None))
    return stacked
