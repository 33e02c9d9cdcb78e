"""The heavy chapters on a GPU, and what is kept of them. No GPU is needed."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from fake_cuda import NAME, fake_cuda
from test_build import CONTENT
from torch import nn

from nn_tutorial import mnist

pytestmark = pytest.mark.builds
DOCS = Path(__file__).parents[1] / "docs"
# To PyTorch there is a GPU; the kernels, and the chapters, run on the CPU all the same.
FAKE_CUDA = (
    "import runpy, sys, torch; torch.cuda.is_available = lambda: True; "
    "runpy.run_module('nn_book.execute.gpu', run_name='__main__')"
)
CHAPTER = """\
---
file_format: mystnb
kernelspec:
  name: python3
---

({name})=
% zh
# 第一章
% en
# Chapter
% all

```{{code-cell}} ipython3
# zh: 这一页用 mnist_root() 的数据
# en: this page uses the data of mnist_root()
import os

device = os.environ["NN_TUTORIAL_DEVICE"]
{code}
```
"""
SAY_DEVICE = "print(f'ran on <{device}>')"


class Done:
    """How a command ended."""

    def __init__(self, command: list[str], **variables: str) -> None:
        done = subprocess.run(
            [sys.executable, "-P", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf8",
            env={**os.environ, **variables},
            timeout=600,  # a minute on a quiet machine
        )
        self.code, self.output = done.returncode, done.stdout

    def executed(self) -> int:
        """Return how many chapters were executed; Sphinx itself may execute none."""
        counts = re.findall(r"^(\d+) chapters executed$", self.output, re.M)
        return sum(map(int, counts))


class Book:
    """A book of tiny chapters with the real machinery, its data and its package."""

    def __init__(self, folder: Path, data: Path, code: str = SAY_DEVICE) -> None:
        self.docs, self.gpu = folder / "docs", folder / "docs" / "_build" / "gpu"
        for name in CONTENT:
            source = DOCS / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            (self.docs / name).parent.mkdir(parents=True, exist_ok=True)
            copy(source, self.docs / name)
        for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text"):
            shutil.copy(DOCS.parent / name, folder / name)  # for the wheel
        [package] = find_spec("nn_tutorial").submodule_search_locations
        self.package = shutil.copytree(package, folder / "nn_tutorial")
        self.variables = {
            "NN_TUTORIAL_DATA": str(data),
            "PYTHONPATH": str(folder),
            "NN_BOOK_DOCS": str(self.docs),
            "CUDA_VISIBLE_DEVICES": "",
        }
        (self.docs / "chapters").mkdir()
        index = "# Book\n\n```{toctree}\n:glob:\nchapters/*\n```\n"
        (self.docs / "index.md").write_text(index, encoding="utf8")
        self.write("07-a", code)

    def write(self, name: str, code: str) -> None:
        text = CHAPTER.format(name=name, code=code)
        (self.docs / "chapters" / f"{name}.md").write_text(text, encoding="utf8")

    def run_on_gpu(self) -> Done:
        return Done(["-c", FAKE_CUDA], **self.variables)

    def build(self, *options: str) -> Done:
        return Done(["-m", "nn_book.build", *options], **self.variables)

    def shown(self, language: str = "en") -> list[str]:
        page = self.docs / "_build" / language / "html" / "chapters" / "07-a.html"
        return re.findall(r"ran on &lt;(\w+)&gt;", page.read_text("utf8"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    return mnist._write_stand_in(folder, reason="for tests").root


@pytest.fixture(scope="module")
def executed_on_gpu(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Book:
    book = Book(tmp_path_factory.mktemp("gpu"), data)
    done = book.run_on_gpu()
    assert done.code == 0, done.output
    return book


@pytest.fixture
def book(executed_on_gpu: Book, tmp_path: Path, data: Path) -> Book:
    """Return a book on another machine, to which the results were carried."""
    other = Book(tmp_path, data)
    shutil.copytree(executed_on_gpu.gpu, other.gpu)
    return other


def test_both_languages_show_what_was_kept_and_execute_nothing(book: Book):
    build = book.build()

    assert build.code == 0, build.output
    assert build.executed() == 0
    assert book.shown("zh") == book.shown("en") == ["cuda"]
    assert "07-a: the kept result of a GPU run is shown" in build.output


def test_results_come_and_go_whatever_was_built_before(
    executed_on_gpu: Book, tmp_path: Path, data: Path
):
    book = Book(tmp_path, data)
    book.build("--only", "en")
    assert book.shown() == ["cpu"]

    shutil.copytree(executed_on_gpu.gpu, book.gpu)
    assert book.build("--only", "en").executed() == 0
    assert book.shown() == ["cuda"]

    shutil.rmtree(book.gpu)
    book.build("--only", "en")
    assert book.shown() == ["cpu"]


def change_a_cell(book: Book) -> None:
    book.write("07-a", SAY_DEVICE + "\nanswer = 42")


def change_the_package(book: Book) -> None:
    with (book.package / "models.py").open("a") as module:
        module.write("# changed\n")


def change_the_data(book: Book) -> None:
    """Let the build remember data with another checksum."""
    Done(
        ["-c", "from nn_book.execute import data; data.look_for_data()"],
        **book.variables,
    )
    remembered = book.docs / "_build" / "data.json"
    said = json.loads(remembered.read_text("utf8"))
    said["source"]["checksum"] = "other data"
    remembered.write_text(json.dumps(said), encoding="utf8")


@pytest.mark.parametrize("change", [change_a_cell, change_the_package, change_the_data])
def test_a_stale_result_is_named_and_the_page_executed(book: Book, change):
    change(book)

    build = book.build("--only", "en")

    assert build.code == 0, build.output
    assert build.executed() == 1
    assert book.shown() == ["cpu"]
    assert build.output.count("07-a.ipynb: ignored") == 1
    assert "have changed" in build.output


def test_a_result_depends_on_no_text_no_version_and_no_device(book: Book):
    # The machine with the GPU has another Python and another PyTorch.
    elsewhere = (
        "import platform, runpy; platform.python_version = lambda: '2.7'; "
        "from nn_book.execute import cache; "
        "cache.package_version = lambda name: '0'; "
        "runpy.run_module('nn_book.build', run_name='__main__', alter_sys=True)"
    )
    page = book.docs / "chapters" / "07-a.md"
    page.write_text(page.read_text("utf8").replace("# Chapter", "# One"), "utf8")

    done = Done(["-c", elsewhere, "--only", "en"], **book.variables)
    assert done.executed() == 0, done.output
    assert book.shown() == ["cuda"]


def test_damaged_files_are_named_and_ignored(book: Book):
    kept = book.gpu / "07-a.ipynb"
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    foreign = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    (book.gpu / "foreign.ipynb").write_text(foreign, "utf8")
    (book.gpu / "list.ipynb").write_text("[1, 2]", "utf8")
    (book.gpu / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    cut = whole.replace(b'"cell_type": "code",', b"")
    (book.gpu / "schema.ipynb").write_bytes(cut)
    (book.gpu / "gone.ipynb").write_bytes(whole)  # of a page that there was

    build = book.build("--only", "en")

    assert build.code == 0, build.output
    ignored = dict(re.findall(r"(\w+\.\w+): ignored, since (.+);", build.output))
    assert ignored == {
        "a.ipynb": "it is damaged",
        "binary.ipynb": "it is damaged",
        "foreign.ipynb": "it is not written by `nox -s gpu`",
        "gone.ipynb": "the page, the package or the data have changed",
        "list.ipynb": "it is not written by `nox -s gpu`",
        "schema.ipynb": "it is damaged",
    }
    assert book.shown() == ["cpu"]


def test_without_cuda_it_says_so_and_changes_nothing(tmp_path: Path, data: Path):
    book = Book(tmp_path, data)
    before = sorted(tmp_path.rglob("*"))

    done = Done(
        ["-m", "nn_book.execute.gpu"], PYTHONDONTWRITEBYTECODE="1", **book.variables
    )

    assert done.code == 3  # by which `nox -s gpu` knows to skip
    assert "sees no CUDA GPU here: nothing was run" in done.output
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("1 / 0", r"08-b\.md: (.*\n)*Cell In\[1\], line 6\n(.*\n)*ZeroDivisionError"),
        (
            "import warnings; warnings.warn('odd')",
            r"08-b\.md: Cell In\[1\] wrote to std",
        ),
        ("os._exit(1)", r"08-b\.md: its execution failed:\n[Kk]ernel died"),
    ],
)
def test_a_chapter_that_fails_is_named_and_the_old_results_stay(
    book: Book, code: str, complaint: str
):
    before = {path: path.read_bytes() for path in book.gpu.iterdir()}
    book.write("08-b", code)

    done = book.run_on_gpu()

    assert done.code not in (0, 3), done.output
    assert re.search(complaint, done.output), done.output
    assert "nothing was kept" in done.output
    assert {path: path.read_bytes() for path in book.gpu.iterdir()} == before
    assert [path.name for path in book.gpu.parent.glob("gpu*")] == ["gpu"]


def test_a_new_run_replaces_all_that_was_kept(book: Book):
    (book.docs / "chapters" / "07-a.md").unlink()
    book.write("08-b", SAY_DEVICE)
    page = book.docs / "chapters" / "09-c.md"  # needs no MNIST, so no GPU
    page.write_text("# No data\n", encoding="utf8")

    done = book.run_on_gpu()

    assert done.code == 0, done.output
    assert {path.name for path in book.gpu.iterdir()} == {"08-b.ipynb"}


# -- The chapters on a GPU that is not there -----------------------------------------


HEAVY = [
    page.stem
    for page in sorted((DOCS / "chapters").glob("*.md"))
    if "mnist_root(" in page.read_text("utf8")
]


@pytest.mark.parametrize("page", HEAVY)
def test_a_heavy_chapter_keeps_every_tensor_on_one_device(
    page: str, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)  # for what a chapter saves
    fake = DOCS.parent / "tests" / "fake_cuda.py"

    done = Done(
        [str(fake), str(DOCS / "chapters" / f"{page}.md")],
        NN_TUTORIAL_DATA=str(data),
    )

    assert done.code == 0, done.output
    assert done.output.splitlines()[-1].startswith(f"{NAME} · ")  # the provenance


@pytest.mark.parametrize(
    ("forgetful", "complaint"),
    [
        (lambda on: nn.Linear(2, 1).to(on)(torch.zeros(1, 2)), "on the same device"),
        (lambda on: nn.Linear(2, 1)(torch.zeros(1, 2).to(on)), "on the same device"),
        (lambda on: torch.zeros(3, device=on) + torch.zeros(3), "on the same device"),
        (lambda on: torch.zeros(3)[torch.arange(2).to(on)], "on the same device"),
        (lambda on: torch.zeros(3).cuda().numpy(), "Use Tensor.cpu()"),
    ],
    ids=["inputs", "network", "sum", "index", "numpy"],
)
def test_the_fake_gpu_refuses_what_cuda_refuses(forgetful, complaint: str):
    with fake_cuda(), pytest.raises((RuntimeError, TypeError), match=complaint):
        forgetful(torch.device("cuda"))


def test_the_fake_gpu_allows_what_cuda_allows():
    with fake_cuda():
        values = torch.arange(3.0).to("cuda")

        assert (values * torch.tensor(2.0)).tolist() == [0.0, 2.0, 4.0]
        assert values[torch.tensor([2])].item() == 2.0
        assert values.cpu().numpy().tolist() == [0.0, 1.0, 2.0]
        assert torch.zeros(3).copy_(values).device.type == "cpu"
        assert [values.device.type, values.cpu().device.type] == ["cuda", "cpu"]


def test_capturing_a_step_leaves_the_network_as_it_was():
    # The warm-up that CUDA asks for trains, and moves the running means.
    torch.manual_seed(0)
    inputs, targets = torch.randn(8, 3), torch.arange(8) % 2
    with fake_cuda():
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
        model.to("cuda").train()
        before = {name: value.tolist() for name, value in model.state_dict().items()}

        mnist.captured_step(
            model,
            torch.optim.SGD(model.parameters(), lr=0.5),
            inputs.to("cuda"),
            targets.to("cuda"),
            batch_size=4,
        )

        after = {name: value.tolist() for name, value in model.state_dict().items()}
    assert after == before
