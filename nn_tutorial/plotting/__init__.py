"""Figures of the book: one style for points, boundaries, curves, networks and films.

Each function draws on the axes that it gets and returns them. Only ``Film.show`` opens
a window, and only ``use_style`` changes the style. The first lines of each file say
what to copy along with it.
"""

from .boundaries import plot_decision_boundary
from .curves import plot_confusion, plot_curves
from .films import Film
from .networks import draw_network
from .points import plot_points
from .style import DATA_COLOR, INK, LINE_COLORS, PREDICTION_COLOR, use_style

__all__ = [
    "DATA_COLOR",
    "INK",
    "LINE_COLORS",
    "PREDICTION_COLOR",
    "Film",
    "draw_network",
    "plot_confusion",
    "plot_curves",
    "plot_decision_boundary",
    "plot_points",
    "use_style",
]
