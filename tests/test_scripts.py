"""Scripts and notebooks as a reader runs them: `nox -s scripts`, after `nox -s docs`.

The environment has no `nn_tutorial`: it comes from the wheel that the site carries,
into an environment of its own for each test of a file. A reader gets the files in two
ways, from the site, here served on localhost, and from the unpacked zip. Chapters of
about a minute run in both languages and both ways; longer ones run once as a script,
and once as a notebook if they do not train on MNIST.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urljoin

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.scripts
SITE = Path(__file__).parents[1] / "site"
SCRIPTS = sorted((SITE / "zh" / "chapters").glob("*.py"))
NAMES = [script.stem for script in SCRIPTS]
# Chapters on MNIST train for minutes. Their scripts run here anyway; their notebooks,
# which have the same cells, do so where this variable asks for it.
WITHOUT_MNIST = [
    script.stem
    for script in SCRIPTS
    if "mnist_root(" not in script.read_text(encoding="utf8")
    or "NN_TUTORIAL_ALL_NOTEBOOKS" in os.environ
]
# What the head of a script says of its own time.
LIGHT = [
    script.stem
    for script in SCRIPTS
    if re.search(r"大约要 1 分钟", script.read_text(encoding="utf8"))
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


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the site, served on localhost."""
    handler = partial(SimpleHTTPRequestHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def download(page: str, file: str, folder: Path) -> Path:
    """Download what a page links to as ``file``, into the same place of a folder."""
    target = (folder / "chapters" / file).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(urljoin(page, file), timeout=60) as answer:
        target.write_bytes(answer.read())
    return target


def taken_from_the_site(address: str, lang: str, file: str, folder: Path) -> Path:
    """Return a script or notebook with its wheel, both as the site serves them."""
    page = urljoin(address, f"{lang}/chapters/{file}")
    path = download(page, file, folder)
    text = path.read_text(encoding="utf8")
    download(page, re.search(r"\.\./download/[\w.-]+\.whl", text)[0], folder)
    return path


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The zip of each language, unpacked."""
    books = {}
    for lang in ("zh", "en"):
        [path] = (SITE / "download").glob(f"*-{lang}.zip")
        folder = tmp_path_factory.mktemp(lang)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        [books[lang]] = folder.iterdir()
    return books


def run_script(script: Path, folder: Path) -> None:
    """Run a script, in an empty folder, with the wheel that its metadata names."""
    wheel = metadata_of(script)["tool"]["uv"]["sources"]["nn_tutorial"]["path"]
    folder.mkdir()
    copy = shutil.copy(script, folder)

    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", copy],
        cwd=folder,
        env=install((script.parent / wheel).resolve(), folder.parent / "package"),
        capture_output=True,
        encoding="utf8",
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout.strip()
    if "plt.get_fignums" in script.read_text(encoding="utf8"):
        assert list(folder.glob(f"{script.stem}-figures/*.png"))


def run_notebook(path: Path, target: Path) -> None:
    """Execute a notebook from its first cell, where it lies."""
    notebook = nbformat.read(path, 4)
    # The wheel goes where only this notebook finds it, so that the next one installs
    # it again; what the wheel needs is installed already.
    first = notebook.cells[0]
    assert "%pip install" in first.source
    first.source = first.source.replace(
        "%pip install", f"%pip install --no-deps --target {target}"
    )
    first.source = f"import sys\nsys.path.insert(0, {str(target)!r})\n" + first.source

    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}
    ).execute()

    texts = [str(cell.get("outputs", "")) for cell in notebook.cells]
    is_chinese = '"NN_TUTORIAL_LANG", "zh"' in first.source
    right = "答对了。" if is_chinese else "That is right."
    if any("check(" in cell.source for cell in notebook.cells):
        assert any(right in text for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_script_of_the_chinese_site_runs_with_the_wheel_that_it_names(
    name: str, address: str, tmp_path: Path
):
    script = taken_from_the_site(address, "zh", f"{name}.py", tmp_path / "site")

    run_script(script, tmp_path / "run")


@pytest.mark.parametrize("name", LIGHT)
def test_script_of_the_english_zip_runs_with_the_wheel_that_it_names(
    name: str, unpacked: dict[str, Path], tmp_path: Path
):
    run_script(unpacked["en"] / "chapters" / f"{name}.py", tmp_path / "run")


@pytest.mark.parametrize("name", WITHOUT_MNIST)
def test_notebook_of_the_english_zip_runs_from_its_first_cell(
    name: str, unpacked: dict[str, Path], tmp_path: Path
):
    run_notebook(unpacked["en"] / "chapters" / f"{name}.ipynb", tmp_path / "installed")


@pytest.mark.parametrize("name", LIGHT)
def test_notebook_of_the_chinese_site_runs_from_its_first_cell(
    name: str, address: str, tmp_path: Path
):
    file = f"{name}.ipynb"
    path = taken_from_the_site(address, "zh", file, tmp_path / "site")

    run_notebook(path, tmp_path / "installed")


def test_uv_runs_a_script_of_the_zip_with_what_its_first_lines_name(
    unpacked: dict[str, Path],
):
    # The shortest one: uv makes an environment with PyTorch for it.
    environment = {**os.environ, "PYTHONUTF8": "1", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        ["uv", "run", "--no-project", "before-you-start.py"],
        cwd=unpacked["zh"] / "chapters",
        env=environment,
        capture_output=True,
        encoding="utf8",
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4000:]
    assert "答对了。" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_both_languages_have_the_same_code(script: Path):
    english = SITE / "en" / "chapters" / script.name
    codes = []
    for path in (script, english):
        text = path.read_text("utf8").replace('"zh")', '"en")')
        # The title of a section, which the script prints as it gets there.
        text = re.sub(r"""(?m)^print\((['"])-- .+\1\)$""", "print('-- title')", text)
        codes.append(ast.dump(ast.parse(text)))
    assert codes[0] == codes[1]
