"""Curves of a training run, and the confusion matrix.

Needs torch, NumPy and Matplotlib. To copy: this file, ``points.py`` and ``style.py``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

from .points import _as_array
from .style import LINE_COLORS, PREDICTION_COLOR

__all__ = ["plot_confusion", "plot_curves"]


def plot_confusion(ax: Axes, counts: Any) -> Axes:
    """Draw a confusion matrix: how often each class was predicted as each other class.

    The correct predictions on the diagonal, far more than all others, have no color;
    the more often a mistake was made, the stronger its color. Zeros are left out.

    Args:
        ax: Axes to draw on.
        counts: Whole numbers, shape ``(C, C)``: a row for each true class, a column
            for each predicted one.

    Returns:
        The axes.

    Raises:
        TypeError: If ``counts`` does not hold numbers.
        ValueError: If it is not square, or contains anything other than counts.
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


def plot_curves(
    ax: Axes,
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    xlabel: str = "epoch",
    x: Sequence[float] | None = None,
    yscale: str = "linear",
) -> Axes:
    """Draw one labeled line for each entry of ``curves``.

    A curve whose name contains the word "test" or "validation" is dashed; all others
    are solid. Curves whose names differ only in the words "training", "test" and
    "validation" belong to the same run and have the same color.

    Args:
        ax: Axes to draw on.
        curves: Values by name, each of shape ``(T,)``; the name is written at the end
            of the line.
        ylabel: What the values are, with their unit.
        xlabel: What is counted along the x axis.
        x: Positions of the values, shape ``(T,)``; None uses 1, 2, ... T.
        yscale: "linear" or "log".

    Returns:
        The axes.

    Raises:
        TypeError: If a curve does not hold numbers.
        ValueError: If there is no curve, if one is empty, not one-dimensional or not
            finite, if its length differs from that of ``x``, or if a value cannot be
            shown on a logarithmic scale.
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
