"""Bring the networks of two chapters to the page on which readers draw a digit.

A hidden cell of the chapter on MNIST hands over the exact parameters, their checksum
and some test images, as one glued text; one of that on convolution hands over its
parameters. So they come along from the cache, and from a kept GPU run, too. Here they
are packed into ``_static/pieces/digit-weights.js``, which calls ``pieces.network`` (see
``digit.js``), at two characters for a weight.

Two characters of 91 have 8281 values, 4140 on each side of 0. Each row of weights (all
that goes into one neuron) has its own step, so that its largest weight just fits. In
the first layer the running sum along the row is rounded, not each weight alone: what
one weight gets too much its neighbor gets too little. Neighboring pixels are alike,
paper most of all, so that nearly all of the error cancels.
"""

import json
from ast import literal_eval
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.typing import ExtensionMetadata

from nn_book.offer.downloads import glued_values
from nn_book.source.bilingual import metadata

Array = np.ndarray[Any, np.dtype[Any]]
CHAPTER = "chapters/mnist"
KEY = "mnist_network"
CONVOLUTION = ("chapters/convolution", "convolution_network")
# Numbers that go into each output of its layers, and outputs: 1·3·3, 8·3·3, 16·7·7.
CONVOLUTION_SHAPES = ((9, 8), (72, 16), (784, 10))
FILE = "_static/pieces/digit-weights.js"
# Without the quotation mark and the backslash, which a script would have to escape.
DIGITS = np.array([chr(code) for code in range(35, 127) if code != 92])
HALF = len(DIGITS) ** 2 // 2  # 4140


def handed_over(
    app: Sphinx, chapter: str = CHAPTER, key: str = KEY
) -> dict[str, Any] | None:
    """Return the network that a chapter handed over; None if it was not executed.

    Raises:
        ExtensionError: If the parameters are not those whose checksum the run took.
    """
    path = glued_values(app, chapter)
    if not path.exists():
        return None
    glued = json.loads(path.read_text(encoding="utf8"))
    network = json.loads(literal_eval(glued[key]["data"]["text/plain"]))
    network["parameters"] = b64decode(network["parameters"])
    if sha256(network["parameters"]).hexdigest() != network["sha256"]:
        raise ExtensionError(f"{chapter}: the glued network does not fit its checksum")
    return network


def layers_of(
    parameters: bytes, shapes: Iterable[tuple[int, int]]
) -> list[tuple[Array, Array]]:
    """Return weights (outputs, inputs) and biases (outputs,) of each layer, float32.

    Args:
        parameters: As `nn.Sequential` has them, layer by layer, little-endian float32.
        shapes: Inputs and outputs of each layer.
    """
    values: Array = np.frombuffer(parameters, "<f4")
    layers = []
    for n_in, n_out in shapes:
        ends = [n_in * n_out, (n_in + 1) * n_out]
        weights, biases, values = np.split(values, ends)
        layers.append((weights.reshape(n_out, n_in), biases))
    return layers


def steps_of(weights: Array, *, carry: bool) -> tuple[Array, Array]:
    """Round weights to whole steps.

    Args:
        weights: Shape ``(outputs, inputs)``.
        carry: Whether the running sum of a row is rounded, in place of each weight.

    Returns:
        Steps, int64 of shape ``(outputs, inputs)``, each in [-4140, 4140]; and the size
        of a step in each row, float32 of shape ``(outputs,)``.
    """
    # One step less than there are: a rounded sum can make a weight one step larger.
    scales = (np.abs(weights).max(axis=1) / (HALF - 1)).astype(np.float32)
    scales[scales == 0] = 1  # a row of zeros
    steps = weights.astype(np.float64) / scales[:, None]
    if carry:
        steps = np.diff(np.round(np.cumsum(steps, axis=1)), axis=1, prepend=0)
    return np.round(steps).astype(int), scales


def letters_of(steps: Array) -> str:
    """Write steps as two characters each."""
    high, low = np.divmod(steps.ravel() + HALF, len(DIGITS))
    return "".join(np.stack([DIGITS[high], DIGITS[low]], axis=1).ravel())


def base64_of(values: Array) -> str:
    """Write numbers as little-endian float32."""
    return b64encode(values.astype("<f4").tobytes()).decode()


def packed_layers(
    parameters: bytes, shapes: Iterable[tuple[int, int]], *, carry: bool
) -> list[dict[str, str]]:
    """Return the layers as the page reads them; ``carry``: see `steps_of`, layer 1."""
    layers = []
    for place, (weights, biases) in enumerate(layers_of(parameters, shapes)):
        steps, scales = steps_of(weights, carry=carry and place == 0)
        parts = {"weights": letters_of(steps), "scales": base64_of(scales)}
        layers.append({**parts, "biases": base64_of(biases)})
    return layers


def script_of(
    network: dict[str, Any], convolution: dict[str, Any] | None = None
) -> str:
    """Return the script that hands a network, and the one beside it, to the page."""
    packed = {name: network[name] for name in ("sha256", "samples")}
    packed |= {"standIn": network["stand_in"], "convolution": None}
    shapes = pairwise(network["sizes"])
    packed["layers"] = packed_layers(network["parameters"], shapes, carry=True)
    if convolution:
        parameters = convolution["parameters"]
        layers = packed_layers(parameters, CONVOLUTION_SHAPES, carry=False)
        packed["convolution"] = {"layers": layers, "sha256": convolution["sha256"]}
    return f"pieces.network({json.dumps(packed, separators=(',', ':'))});\n"


def write_network(app: Sphinx, exception: Exception | None) -> None:
    """Write the script, after a build of web pages that succeeded."""
    if exception is not None or app.builder.name != "html":
        return
    if network := handed_over(app):
        path = Path(app.outdir, FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        script = script_of(network, handed_over(app, *CONVOLUTION))
        path.write_text(script, encoding="ascii")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("build-finished", write_network)
    return metadata(__file__)
