import ast
import email
import importlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import FunctionType

import hatchling.build
import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "nn_tutorial"
# What a reader may copy: single files, and the folder of the tool for old code. The
# exercises belong to the book.
MODULES = {
    path.stem: path
    for path in (*PACKAGE.glob("*.py"), *PACKAGE.glob("plotting/*.py"))
    if path.stem != "__init__"
} | {"modernize": PACKAGE / "modernize"}

# One thing that each module does when it is copied alone: an expression that is true.
USES = {
    "_files": "module.write_file('a', lambda f: f.write(b'b')) or Path('a').is_file()",
    "datasets": "len(module.flower()[0]) == 400",
    "environment": "module.provenance(device='cpu').startswith('CPU')",
    "_stand_in": "module._idx(np.zeros((1, 2), np.uint8))[:4] == b'\\0\\0\\10\\2'",
    "in_memory": "len([*module.in_memory_batches(ones, ones, batch_size=2)]) == 2",
    "mnist": "len([*module.in_memory_batches(ones, ones, batch_size=2)]) == 2",
    "progress": "[*module.with_progress([1, 2], 'numbers')] == [1, 2]",
    "models": "module.count_parameters(module.mlp([2, 4, 1])) == 17",
    "modernize": "importlib.import_module('copied.modernize.engine').modernize",
    "boundaries": "module.plot_decision_boundary(ax, above, ones.view(1, 3)[:, :2])",
    "curves": "module.plot_curves(ax, {'loss': [2, 1]}, ylabel='y')",
    "films": "module.Film(lambda ax, n: str(n), range(2))._repr_html_()",
    "networks": "module.draw_network(ax, [2, 4, 1])",
    "points": "module.plot_points(ax, torch.eye(2), torch.tensor([0, 1]))",
    "style": "module.use_style() is None and len(module.CLASS_COLORS) == 4",
    "svg": "module.compact_svg(drawn())",
    "saving": "module.save_weights(net, 'net.pt') or Path('net.pt').is_file()",
    "training": "module.accuracy(torch.eye(2), torch.tensor([0, 1])) == 1",
}

USE_EACH_MODULE_ALONE = """
import importlib, json, os, sys
from io import StringIO
from pathlib import Path

sys.modules["nn_tutorial"] = None  # from here on, importing it raises an error
import numpy as np
import torch
from matplotlib.figure import Figure

ones = torch.ones(3)
ax = Figure().subplots()

def above(points):
    return points[:, 1] > points[:, 0]

def drawn():
    file = StringIO()
    Figure().savefig(file, format="svg")
    return file.getvalue()

net = torch.nn.Linear(2, 1)
failed = []
for name, use in json.loads(sys.argv[1]).items():
    os.chdir(Path(sys.argv[2], name))
    sys.path[0] = os.getcwd()
    for loaded in [key for key in sys.modules if key.partition(".")[0] == "copied"]:
        del sys.modules[loaded]
    try:
        module = importlib.import_module(f"copied.{name}")
        assert Path(module.__file__).is_relative_to(Path.cwd()), module.__file__
        assert eval(use), use
    except Exception as error:
        failed.append(f"{name}: {error!r}")
print(*failed, sep="\\n")
"""


def run(*command, **options):
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1", **options.pop("env", {})},
        **options,
    ).stdout


def to_copy(name):
    """The files that a module's first lines say to copy, its own first."""
    module = MODULES[name]
    if module.is_dir():
        return [*module.rglob("*.py"), *module.rglob("*.toml")]
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    said = re.search(r"To\s+copy:\s+this\s+file((,|\s|and)+``\w+\.py``)*", docstring)
    names = re.findall(r"``(\w+\.py)``", said[0]) if said else []
    return [module, *(module.with_name(other) for other in names)]


def test_each_module_works_in_an_empty_folder_with_what_it_says_to_copy(tmp_path):
    assert MODULES.keys() <= USES.keys(), "give the new module a line in USES"
    for name in MODULES:
        for source in to_copy(name):
            inside = MODULES[name].parent
            copy = tmp_path / name / "copied" / source.relative_to(inside)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())

    uses = {name: USES[name] for name in MODULES}
    failed = run("-c", USE_EACH_MODULE_ALONE, json.dumps(uses), str(tmp_path))

    assert failed.strip() == ""


def imported_names(path):
    """Every module that a file imports, as ``(level, name)``, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


@pytest.mark.parametrize("name", sorted(MODULES))
def test_module_imports_no_sibling_but_those_it_says_to_copy(name):
    module = MODULES[name]
    siblings = {path.stem for path in to_copy(name)[1:]}
    for path in [module] if module.is_file() else module.rglob("*.py"):
        # Within a folder, its files may import each other: they are copied together.
        n_folders_inside = len(path.relative_to(module).parts)
        for level, imported in imported_names(path):
            assert imported.split(".")[0] != "nn_tutorial", f"{path.name}: {imported}"
            if module.is_file() and level:
                assert level == 1 and imported in siblings, f"{path.name}: {imported}"
            else:
                assert level <= n_folders_inside, f"{path.name}: {'.' * level}"


@pytest.mark.parametrize(
    "name",
    sorted(
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if not path.stem.startswith("__")  # a folder's door and its command line
        and (path.parent.name != "exercises" or path.stem == "core")
    ),
)
def test_every_public_name_exists_and_is_documented(name):
    module = importlib.import_module(f"nn_tutorial.{name}")

    assert module.__doc__
    for public in module.__all__:
        value = getattr(module, public)
        if isinstance(value, type | FunctionType):
            assert value.__doc__, f"{public} has no docstring"


CHAPTERS = REPOSITORY / "docs" / "chapters"


def docstrings():
    """Every docstring of the files that a reader may copy."""
    for path in (*PACKAGE.glob("*.py"), *PACKAGE.glob("plotting/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield " ".join((ast.get_docstring(node) or "").split())


def test_docstrings_name_chapters_by_name_and_only_those_that_use_the_function():
    claims = []
    for text in docstrings():
        assert not re.search(r"[Cc]hapters? \d|\bin 0\d\b", text), text
        for said in re.findall(r"In the book: ([^.]*)\.", text):
            for name, slugs in re.findall(
                r"`(\w+)` in ([a-z-]+(?: and [a-z-]+)?)", said
            ):
                claims += [(name, slug) for slug in slugs.split(" and ")]
    assert claims
    for name, slug in claims:
        source = (CHAPTERS / f"{slug}.md").read_text(encoding="utf-8")
        imports = re.findall(r"^from nn_tutorial[.\w]* import (.*)$", source, re.M)
        imported = {word for line in imports for word in re.findall(r"\w+", line)}
        assert name in imported, f"{slug}.md does not import {name}"
        assert re.search(rf"\b{name}\(", source), f"{slug}.md does not call {name}"


# --- Building and installing ------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, the wheel that is built from it, and the wheel installed alone."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        sdist = folder / hatchling.build.build_sdist(str(folder))
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        patch.chdir(folder / sdist.name.removesuffix(".tar.gz"))
        wheel = folder / hatchling.build.build_wheel(str(folder))
    # A wheel without compiled code is installed by unpacking it.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder


def test_wheel_built_from_the_sdist_holds_every_file_of_the_package(built):
    sources = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml"), PACKAGE / "py.typed"]
    expected = {path.relative_to(REPOSITORY).as_posix() for path in sources}

    installed = built / "installed"
    found = {
        path.relative_to(installed).as_posix()
        for path in installed.rglob("*")
        if path.is_file() and ".dist-info" not in str(path)
    }

    assert found == expected


def test_wheel_carries_both_licences_and_needs_little(built):
    (dist_info,) = (built / "installed").glob("*.dist-info")
    metadata = email.message_from_string((dist_info / "METADATA").read_text("utf-8"))

    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0"
    for name in ("LICENSE", "LICENSE-text"):
        assert (dist_info / "licenses" / name).is_file()
    needed = {
        requirement.split(">")[0]
        for requirement in metadata.get_all("Requires-Dist")
        if "extra ==" not in requirement
    }
    assert needed == {"torch", "numpy", "matplotlib"}


def test_import_of_the_installed_package_loads_nothing_heavy(built):
    script = """
import json, sys
import nn_tutorial
loaded = [name for name in ("torch", "numpy", "matplotlib") if name in sys.modules]
print(json.dumps([nn_tutorial.__file__, nn_tutorial.__version__, loaded]))
"""
    installed = built / "installed"
    output = run("-c", script, cwd=built, env={"PYTHONPATH": str(installed)})
    file, version, loaded = json.loads(output)

    assert Path(file) == installed / "nn_tutorial" / "__init__.py"
    assert (installed / f"nn_tutorial-{version}.dist-info").is_dir()
    assert loaded == []


def test_a_clone_works_where_nothing_is_installed():
    # As `docs/gpu.py` needs it on a machine without a package index.
    script = """
import importlib.metadata, sys

def nothing(name):
    raise importlib.metadata.PackageNotFoundError(name)

importlib.metadata.version = nothing
import nn_tutorial
print(nn_tutorial.__file__)
"""
    output = run("-c", script, cwd=REPOSITORY, env={"PYTHONPATH": str(REPOSITORY)})

    assert Path(output.strip()) == PACKAGE / "__init__.py"
