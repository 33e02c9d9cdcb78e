"""Give the playground the book's own points, and the functions that draw them.

The points are computed by ``nn_tutorial.datasets``, or by ``points.py`` beside this
file if no chapter uses them, and written as the float32 numbers that they are; the
source of the function goes into the script that readers copy. The result is a classic
script, ``_static/pieces/playground-data.js``.
"""

import base64
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.render.cached_text import cached_text
from nn_book.source.bilingual import metadata

if TYPE_CHECKING:
    from torch import Tensor

PAGE = "pieces/playground"
FILE = "_static/pieces/playground-data.js"
# What the functions need, and the script that readers copy, which has `torch` and `nn`.
IMPORTS = {
    "math": "import math",
    "Callable": "from collections.abc import Callable",
    "np": "import numpy as np",
    "torch": "import torch",
    "NDArray": "from numpy.typing import NDArray",
    "Tensor": "from torch import Tensor",
    "nn": "from torch import nn",
}
SAME_IN_JAVASCRIPT = ("xor", "slope")  # draws.mjs draws them to the last bit


def data_script() -> str:
    """Return the points of all sets as JavaScript."""
    # They bring torch, which a build that executes nothing does not need.
    from nn_book.render import points
    from nn_tutorial import datasets

    sets = {
        "flower": fields_of(datasets.flower),
        "gaussians": fields_of(datasets.two_gaussians, seed=0),
        "quadrants": fields_of(datasets.quadrants),
        "circles": fields_of(points.circles),
        "xor": fields_of(points.xor),
        "spiral": fields_of(points.spiral),
        "slope": fields_of(points.slope),
        "hills": fields_of(points.hills),
    }
    for name in SAME_IN_JAVASCRIPT:  # random numbers hardly compress
        sets[name] |= {"inputs": "", "labels": ""}
    return f"pieces.playgroundData = {json.dumps(sets)};\n"


def fields_of(
    draw: "Callable[..., tuple[Tensor, Tensor]]", **arguments: int
) -> dict[str, str]:
    """Return one set as the page reads it.

    Args:
        draw: Returns coordinates, float32 of shape ``(N, 2)``, and N classes; or for
            regression N numbers between -1 and 1, which follow the coordinates.
        arguments: What it is called with.
    """
    inputs, labels = draw(**arguments)
    rows, classes = [*inputs.T], ""
    if labels.dtype.is_floating_point and labels.ndim == 1:  # regression
        rows.append(labels)
    else:
        classes = "".join(str(int(label)) for label in labels.flatten())
    # First all low bytes, at the end all high ones: these are alike and compress well.
    numbers = b"".join(row.contiguous().numpy().tobytes() for row in rows)
    numbers = b"".join(numbers[place::4] for place in range(4))
    told = ", ".join(f"{name}={value}" for name, value in arguments.items())
    parts = "\n\n\n".join(source_of(draw))
    imports = [
        line
        for name, line in IMPORTS.items()
        if name in ("torch", "nn") or re.search(rf"\b{name}\b", parts)
    ]
    return {
        "inputs": base64.b64encode(numbers).decode(),
        "labels": classes,
        "call": f"{draw.__name__}({told})",
        "code": "\n".join(imports) + f"\n\n\n{parts}",
    }


def source_of(function: Callable[..., object]) -> list[str]:
    """Return the sources of a function and then of those that it calls in its module.

    Docstrings are cut to their first line: the reference has them whole.
    """
    source = inspect.getsource(function).rstrip()
    parts = [re.sub(r'"""(.+)\n\n(?s:.*?)"""', r'"""\1"""', source)]
    for name in function.__code__.co_names:
        called = function.__globals__.get(name)
        if inspect.isfunction(called) and called.__module__ == function.__module__:
            parts += [part for part in source_of(called) if part not in parts]
    return parts


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write the script beside the other ones, computed once for a state of the book."""
    if exception is not None or app.builder.name != "html":
        return
    if PAGE in app.env.all_docs:
        # The cache folder's name stands for the package and torch, this for the rest.
        files = [Path(__file__).with_name(n) for n in ("playground.py", "points.py")]
        made_from = [path.read_text(encoding="utf8") for path in files]
        text = cached_text(app, "playground", made_from, data_script)
        Path(app.outdir, FILE).write_text(text, encoding="utf8", newline="\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("build-finished", write_data)
    return metadata(__file__)
