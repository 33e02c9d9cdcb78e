"""Points with the color and marker of their class.

Needs torch, NumPy and Matplotlib. To copy: this file and ``style.py``.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from .style import CLASS_COLORS, CLASS_MARKERS, INK

__all__ = ["plot_points"]


def plot_points(ax: Axes, inputs: Any, labels: Any) -> Axes:
    """Draw points with the color and marker of their class.

    Args:
        ax: Axes to draw on; ``ax.legend()`` then names the classes.
        inputs: Points, shape ``(N, 2)``, tensor or array of finite numbers.
        labels: Classes, shape ``(N,)`` or ``(N, 1)``, whole numbers 0 to 3 of any
            dtype, including float32 targets of a binary classifier.

    Returns:
        The axes.

    Raises:
        TypeError: If either is not numeric.
        ValueError: If a shape does not match, if there are no points, if a value is not
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
    """Return ``classes`` if each has a color."""
    last = len(CLASS_COLORS) - 1
    if classes.min() < 0 or classes.max() > last:
        msg = (
            f"{name} must hold classes 0 to {last}, one for each color, "
            f"got {classes.min()} to {classes.max()}"
        )
        raise ValueError(msg)
    return classes
