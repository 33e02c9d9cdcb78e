"""Scripts and notebooks as a reader runs them: `nox -s scripts`, after `nox -s docs`.

The environment has no `nn_tutorial`: it comes from the wheel that the site carries,
into an environment of its own for each test of a file. Scripts are taken from the
Chinese site, notebooks from the zip of the English one.
"""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.scripts
SITE = Path(__file__).parents[1] / "site"
SCRIPTS = sorted((SITE / "zh" / "chapters").glob("*.py"))
NAMES = [script.stem for script in SCRIPTS]
# Chapters on MNIST train for minutes. Their scripts run here anyway; their notebooks,
# which have the same cells, do so where this variable asks for it.
LIGHT = [
    script.stem
    for script in SCRIPTS
    if "mnist_root(" not in script.read_text(encoding="utf8")
    or "NN_TUTORIAL_ALL_NOTEBOOKS" in os.environ
]


def test_there_is_a_script_for_every_chapter():
    pages = {
        page.stem
        for page in (SITE / "zh" / "chapters").glob("*.html")
        if 'http-equiv="refresh"' not in page.read_text(encoding="utf8")
    }
    assert set(NAMES) == pages
    assert pages


def test_the_environment_has_no_companion_package():
    assert find_spec("nn_tutorial") is None


def install(wheel: Path, folder: Path) -> dict[str, str]:
    """Install the wheel into a folder; return an environment that finds it there."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", folder, wheel], check=True)
    return {
        **os.environ,
        "MPLBACKEND": "Agg",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(folder),
    }


def metadata_of(script: Path) -> dict:
    """Return what the block of PEP 723 at the top of a script says."""
    lines = script.read_text(encoding="utf8").splitlines()
    block = lines[1 : lines.index("# ///")]
    return tomllib.loads("\n".join(line[2:] for line in block))


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_script_runs_with_the_wheel_that_it_names(script: Path, tmp_path: Path):
    wheel = metadata_of(script)["tool"]["uv"]["sources"]["nn_tutorial"]["path"]
    folder = tmp_path / "run"
    folder.mkdir()
    copy = shutil.copy(script, folder)

    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", copy],
        cwd=folder,
        env=install((script.parent / wheel).resolve(), tmp_path / "package"),
        capture_output=True,
        encoding="utf8",
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout.strip()
    if "plt.get_fignums" in script.read_text(encoding="utf8"):
        assert list(folder.glob(f"{script.stem}-figures/*.png"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The English zip, unpacked."""
    [path] = (SITE / "download").glob("*-en.zip")
    folder = tmp_path_factory.mktemp("zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    [book] = folder.iterdir()
    return book


@pytest.mark.parametrize("name", LIGHT)
def test_notebook_of_the_zip_runs_from_its_first_cell(name: str, unpacked: Path):
    chapters = unpacked / "chapters"
    notebook = nbformat.read(chapters / f"{name}.ipynb", 4)
    # The wheel goes where only this notebook finds it, so that the next one installs
    # it again; what the wheel needs is installed already.
    target = unpacked / "installed" / name
    first = notebook.cells[0]
    assert "%pip install" in first.source
    first.source = first.source.replace(
        "%pip install", f"%pip install --no-deps --target {target}"
    )
    first.source = f"import sys\nsys.path.insert(0, {str(target)!r})\n" + first.source

    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(chapters)}}
    ).execute()

    texts = [str(cell.get("outputs", "")) for cell in notebook.cells]
    if any("check(" in cell.source for cell in notebook.cells):
        assert any("That is right." in text for text in texts)


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_both_languages_have_the_same_code(script: Path):
    english = SITE / "en" / "chapters" / script.name
    codes = [
        ast.dump(ast.parse(path.read_text("utf8").replace('"zh")', '"en")')))
        for path in (script, english)
    ]
    assert codes[0] == codes[1]
