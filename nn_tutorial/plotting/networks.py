"""A diagram of a network with the number of its parameters.

Needs Matplotlib. To copy: this file and ``style.py``.
"""

import itertools
import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from .style import DATA_COLOR, INK

__all__ = ["draw_network"]


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
        names: A name for each layer; None uses input, hidden and output.
        bias: Whether each neuron after the input has a bias, which is then counted.
        max_neurons: Layers with more neurons show this many and three dots.

    Returns:
        The axes.

    Raises:
        ValueError: If there are fewer than two layers, if a size is not a whole
            number of at least 1, if ``max_neurons`` is below 2, or if ``names`` do not
            match ``sizes``.
    """
    if len(sizes) < 2:
        msg = f"sizes needs an input and an output layer, got {list(sizes)}"
        raise ValueError(msg)
    for size in sizes:
        is_whole = hasattr(size, "__index__") and not isinstance(size, bool)
        if not is_whole or size < 1:
            msg = f"sizes={list(sizes)}: {size!r} is not a whole number of at least 1"
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
