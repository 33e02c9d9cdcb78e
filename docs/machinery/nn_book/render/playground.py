"""Give the playground the book's own points, and the functions that draw them.

The points are computed by ``nn_tutorial.datasets`` and written as the float32 numbers
that they are; the source of the function goes into the script that readers copy. The
result is a classic script, ``_static/pieces/playground-data.js``.
"""

import ast
import base64
import inspect
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata
from nn_book.source.variables import names_of

if TYPE_CHECKING:
    from torch import Tensor

PAGE = "pieces/playground"
FILE = "_static/pieces/playground-data.js"


@dataclass(frozen=True)
class PointSet:
    """A set of points that the playground offers."""

    function: str  # in nn_tutorial.datasets
    arguments: str  # as the chapter calls it


SETS = {
    "flower": PointSet("flower", ""),
    "gaussians": PointSet("two_gaussians", "seed=0"),
    "quadrants": PointSet("quadrants", ""),
}
REGRESSION = ("slope()", "hills()")  # numbers in place of classes
OWN = ("circles", "spiral", "slope", "hills")  # of the playground alone, see points.py


def data_script() -> str:
    """Return the points of all sets as JavaScript."""
    # It brings torch, which a build that executes nothing does not need.
    from nn_tutorial import datasets

    package = Path(datasets.__file__).parent
    fields = {}
    for name, chosen in SETS.items():
        arguments = dict(pair.split("=") for pair in chosen.arguments.split() if pair)
        draw = getattr(datasets, chosen.function)
        inputs, labels = draw(**{key: int(value) for key, value in arguments.items()})
        call = f"{chosen.function}({chosen.arguments})"
        code = source_of(chosen.function, package)
        fields[name] = fields_of(inputs, labels, call, code)
    fields |= own_points()
    return f"pieces.playgroundData = {json.dumps(fields)};\n"


def own_points() -> dict[str, dict[str, str]]:
    """Return the points that no chapter uses, with the code that draws them."""
    from nn_book.render import points  # it brings torch

    head = "import math\n\nimport torch\nfrom torch import Tensor, nn\n\n\n"
    fields = {}
    for name in OWN:
        draw = getattr(points, name)
        code = head + inspect.getsource(draw).rstrip()
        inputs, labels = draw()
        fields[name] = fields_of(inputs, labels, f"{name}()", code)
    return fields


def fields_of(
    inputs: "Tensor", labels: "Tensor", call: str, code: str
) -> dict[str, str]:
    """Return one set as the page reads it.

    Args:
        inputs: Coordinates, shape ``(N, 2)``, float32.
        labels: N classes; or for regression N numbers, which follow the coordinates.
        call: How the script calls what draws the points.
        code: The source of that.
    """
    numbers = [*inputs.T, labels] if call in REGRESSION else [*inputs.T]
    rows = b"".join(row.contiguous().numpy().tobytes() for row in numbers)
    classes = [] if call in REGRESSION else list(labels.flatten())
    return {
        "inputs": base64.b64encode(rows).decode(),
        "labels": "".join(str(int(label)) for label in classes),
        "call": call,
        "code": code,
    }


def source_of(function: str, package: Path) -> str:
    """Return imports and source of a function of ``datasets`` and of what it uses.

    Docstrings are cut to their first line: the reference has them whole.
    """
    source = (package / "datasets.py").read_text(encoding="utf8")
    statements = [(node, *names_of(node)) for node in ast.parse(source).body]
    wanted, found = {function}, None
    while found != wanted:
        found = set(wanted)
        for _, used, defined in statements:
            wanted |= used if defined & wanted else set()
    imports, parts = ["import torch", "from torch import nn"], []
    for node, _, defined in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [n for n in node.names if (n.asname or n.name) in wanted]
            line = ast.unparse(node)
            if isinstance(node, ast.ImportFrom) and names:
                line = f"from {node.module} import "
                line += ", ".join(ast.unparse(name) for name in names)
            imports += [line] * bool(names and line not in imports)
        elif defined & wanted:
            code = ast.get_source_segment(source, node) or ""
            parts.append(with_short_docstring(code))
    return "\n\n\n".join(["\n".join(imports), *parts])


def with_short_docstring(code: str) -> str:
    """Return the source of a statement with only the first line of its docstring."""
    [statement] = ast.parse(code).body
    if not isinstance(statement, ast.FunctionDef) or not ast.get_docstring(statement):
        return code
    docstring, lines = statement.body[0], code.split("\n")
    first, end = docstring.lineno - 1, docstring.end_lineno or 0
    if end > first + 1:
        lines[first:end] = [f'{lines[first]}"""']
    return "\n".join(lines)


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write the script beside the other ones, computed once for a state of the book."""
    if exception is not None or app.builder.name != "html":
        return
    if PAGE not in app.env.all_docs:
        return
    # The cache folder's name stands for the package and torch, this for the rest.
    version = zlib.crc32(
        b"".join(
            Path(__file__).with_name(name).read_bytes()
            for name in ("playground.py", "points.py")
        )
    )
    kept = Path(app.config.nb_execution_cache_path, f"playground-{version}.js")
    if not kept.exists():
        kept.write_text(data_script(), encoding="utf8")
    (Path(app.outdir) / FILE).write_bytes(kept.read_bytes())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("build-finished", write_data)
    return metadata(__file__)
