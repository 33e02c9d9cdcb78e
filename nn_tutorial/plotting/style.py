"""The colors, sizes and style of every figure of the book.

Needs Matplotlib. To copy: this file.

A color has the same meaning in every figure, and color-blind readers can distinguish
the colors. A marker or a label always gives the same information again.

Source:
    Colors: Okabe & Ito (2008), "Color Universal Design",
    https://jfly.uni-koeln.de/color/
"""

import sys
from typing import Any

import matplotlib
from cycler import cycler

__all__ = [
    "DATA_COLOR",
    "INK",
    "LINE_COLORS",
    "PREDICTION_COLOR",
    "use_style",
]


# One color for all text, axes and boundary lines, used for nothing else, so that a
# dark page can exchange it. Black would not do: SVG leaves black unsaid.
INK = "#1c2024"  # in small letters, as Matplotlib writes it into files
CLASS_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
CLASS_MARKERS = ("o", "^", "s", "D")
PREDICTION_COLOR = "#D55E00"
DATA_COLOR = "#858C95"  # gray that stands out from white and from a dark page alike
LINE_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
WIDE = (6.4, 3.6)  # inches
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
    """Use the style of the book for all following figures.

    Changes Matplotlib's ``rcParams``. In a notebook with the inline
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
