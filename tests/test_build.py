"""The build: executed once for two languages, again when it must, safe when killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from jupyter_cache import get_cache

from nn_tutorial import mnist

pytestmark = pytest.mark.builds
DOCS = Path(__file__).parent.parent / "docs"
# Only what executes, without the theme: for tests that build many times.
PLAIN_CONF = """\
import os
from nn_book.execute.cache import prepare_cache
os.environ["NN_TUTORIAL_DEVICE"] = "cpu"
extensions = ["nn_book.execute.execution", "nn_book.source.bilingual", "myst_nb"]
html_theme = "basic"
language = "zh_CN"
exclude_patterns = ["_*", "root"]
nb_execution_mode = "cache"
nb_execution_cache_path = str(prepare_cache())
"""
CONTENT = [
    "conf.py",
    "figure_words.toml",
    "search_synonyms.toml",
    "_static",
    "theme",
    "covers",
    "epub.css",
    "root",
]
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

```{{code-cell}}
# zh: 一个数
# en: a number
{code}
```
"""

REFERENCE = """
```{eval-rst}
.. py:function:: double(number)

   :param number: What to double.
   :returns: Twice the number.
```
"""


class Book:
    """A small book with the real machinery, built in a folder of its own."""

    def __init__(self, folder: Path, chapters: dict[str, str]) -> None:
        self.docs = folder / "docs"
        self.site = folder / "site"
        self.docs.mkdir(parents=True)
        for name in CONTENT:
            source = DOCS / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, self.docs / name)
        toctree = "\n".join(f"chapters/{name}" for name in chapters)
        self.write("index", f"# Book\n\n```{{toctree}}\n{toctree}\n```\n")
        for name, code in chapters.items():
            self.write(f"chapters/{name}", CHAPTER.format(name=name, code=code))

    def write(self, page: str, text: str) -> None:
        path = self.docs / f"{page}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf8")

    def start(self, *options: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "nn_book.build", *options]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf8",
            env={**os.environ, "NN_BOOK_DOCS": str(self.docs), **variables},
            start_new_session=True,
        )

    def kill(self, process: subprocess.Popen[str]) -> None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)  # with its workers and kernels
        else:
            subprocess.run(["taskkill", "/f", "/t", "/pid", str(process.pid)])
        process.communicate()

    def build(self, *options: str, **variables: str) -> "Build":
        process = self.start(*options, **variables)
        output, _ = process.communicate(timeout=300)
        return Build(process.returncode, output)

    def pages(self, language: str) -> dict[str, str]:
        html = self.docs / "_build" / language / "html"
        pages = {p.stem: p.read_text("utf8") for p in html.rglob("chapters/*.html")}
        # Old addresses have pages of their own, which lead on.
        return {k: v for k, v in pages.items() if 'http-equiv="refresh"' not in v}


class Build:
    """How one build ended."""

    def __init__(self, code: int, output: str) -> None:
        self.code = code
        self.output = output

    def executed(self) -> int:
        """Return how many chapters were executed; Sphinx itself may execute none."""
        counts = re.findall(r"^(\d+) chapters executed$", self.output, re.M)
        return sum(map(int, counts))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = Book(tmp_path_factory.mktemp("book"), {"01-a": "print(6 * 7)"})
    with (book.docs / "index.md").open("a", encoding="utf8") as index:
        index.write(REFERENCE)
    return book


def test_each_chapter_is_executed_once_for_both_languages(book: Book):
    build = book.build()

    assert build.code == 0, build.output
    assert build.executed() == 1
    for language in ("zh", "en"):
        assert "42" in (book.site / language / "chapters/01-a.html").read_text("utf8")


def test_english_after_chinese_equals_english_alone(book: Book):
    # Nothing of the first language may leak into the second. It did where both were
    # built in one process: in the words that Sphinx puts above parameters.
    for language in ("zh", "en"):
        shutil.rmtree(book.docs / "_build" / language, ignore_errors=True)
    book.build()
    html = book.docs / "_build" / "en" / "html"
    together = {p: p.read_text("utf8") for p in html.rglob("*.html")}
    shutil.rmtree(book.docs / "_build" / "en")

    book.build("--only", "en")

    for path, page in together.items():
        assert page.splitlines() == path.read_text("utf8").splitlines(), path.name
    assert "Parameters" in together[html / "index.html"]


def test_a_build_without_a_change_does_nothing(book: Book):
    book.build()
    before = {p: p.stat().st_mtime_ns for p in book.site.rglob("*.html")}

    build = book.build()

    assert build.code == 0, build.output
    assert "zh: nothing has changed\nen: nothing has changed\n" in build.output
    assert before == {p: p.stat().st_mtime_ns for p in book.site.rglob("*.html")}


def test_an_edited_word_comes_to_both_sites_without_executing(book: Book):
    book.build()
    page = book.docs / "chapters" / "01-a.md"
    page.write_text(page.read_text("utf8").replace("# 第一章", "# 新章"), "utf8")

    build = book.build()

    assert build.executed() == 0, build.output
    assert "新章" in (book.site / "zh/chapters/01-a.html").read_text("utf8")


def test_a_damaged_site_is_made_again(book: Book):
    book.build()
    page = book.site / "en" / "chapters" / "01-a.html"
    whole = page.read_bytes()
    page.write_bytes(whole[:100])

    build = book.build()

    assert "en: nothing has changed" in build.output
    assert page.read_bytes() == whole


def test_a_change_in_the_package_executes_again(book: Book, tmp_path: Path):
    [package] = find_spec("nn_tutorial").submodule_search_locations
    copy = shutil.copytree(package, tmp_path / "nn_tutorial")
    book.build("--only", "zh", PYTHONPATH=str(tmp_path))
    assert book.build("--only", "zh", PYTHONPATH=str(tmp_path)).executed() == 0

    with (copy / "__init__.py").open("a") as module:
        module.write("# changed\n")

    assert book.build("--only", "zh", PYTHONPATH=str(tmp_path)).executed() == 1


def test_caches_of_older_fingerprints_are_removed(book: Book, tmp_path: Path):
    for device in ("cpu", "meta", "cuda"):
        book.build("--only", "zh", NN_TUTORIAL_DEVICE=device)
    assert len(list((book.docs / "_build" / "cache").iterdir())) == 2


def test_other_data_execute_again_and_are_looked_for_only_when_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    from nn_book.execute import cache, data

    root = mnist._write_stand_in(tmp_path / "data", reason="").root
    monkeypatch.setattr(data, "DATA_FOUND", tmp_path / "data.json")
    monkeypatch.setenv("NN_TUTORIAL_DEVICE", "cpu")
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(root))
    monkeypatch.setenv("NN_TUTORIAL_DATA_CHECKSUM", "other data")
    other = cache.fingerprint()

    (tmp_path / "01-a.md").write_text("plt.plot(losses)", encoding="utf8")
    data.find_data(tmp_path)
    assert cache.fingerprint() == other

    (tmp_path / "07-b.md").write_text("mnist_root(stand_in=True)", encoding="utf8")
    data.find_data(tmp_path)
    assert cache.fingerprint() != other
    assert "stand-in: scikit-learn digits" in capsys.readouterr().out


def test_a_cell_that_raises_fails_the_build_and_is_named(tmp_path: Path):
    book = Book(tmp_path, {"01-a": "print(1)", "02-b": "1 / 0"})

    build = book.build()

    assert build.code != 0
    assert re.search(r"02-b\.md: its execution failed", build.output)
    assert re.search(r"Cell In\[1\], line 3\n(.*\n)*ZeroDivisionError", build.output)
    assert not book.site.exists()


def test_a_failed_build_does_not_pass_when_repeated(tmp_path: Path):
    book = Book(tmp_path, {"01-a": "print(1)"})
    with (book.docs / "index.md").open("a") as index:
        index.write("\n{ref}`nowhere`\n")

    for _ in range(2):
        build = book.build("--only", "en")
        assert build.code != 0
        assert "nowhere" in build.output


def test_an_unexplained_warning_of_a_chapter_fails_the_build(tmp_path: Path):
    book = Book(tmp_path, {"01-a": "import warnings; warnings.warn('odd')"})
    build = book.build("--only", "en")
    assert build.code != 0
    assert "01-a.md" in build.output


def test_a_language_that_changes_the_code_fails_the_build(tmp_path: Path):
    book = Book(tmp_path, {"01-a": "print(1)"})
    cell = "\n% {}\n```{{code-cell}}\nprint(2)\n```\n% all\n"
    with (book.docs / "chapters" / "01-a.md").open("a") as chapter:
        chapter.write(cell.format("en"))

    build = book.build()

    assert build.code != 0
    assert not book.site.exists()


@pytest.mark.parametrize("moment", ["executing", "writing"])
def test_a_build_after_a_killed_one_succeeds(tmp_path: Path, moment: str):
    names = ["01-a", "02-b", "03-c"]
    book = Book(tmp_path, dict.fromkeys(names, "import time; time.sleep(1)"))
    process = book.start("--only", "zh")
    html = book.docs / "_build/zh/html"
    for line in process.stdout:
        if moment == "executing" and "chapters executed, now" in line:
            time.sleep(0.5)
            break
        if moment == "writing":
            while not list(html.rglob("*.html")):
                time.sleep(0.001)
            break
    book.kill(process)

    build = book.build("--only", "zh")

    assert build.code == 0, build.output
    assert sorted(book.pages("zh")) == names
    assert all("</html>" in page for page in book.pages("zh").values())


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_record_without_its_notebook_is_forgotten(book: Book, damage: str):
    # What a kill between the database's write and the notebook's leaves behind.
    book.build("--only", "zh")
    for path in (book.docs / "_build/cache").glob("*/executed/*/base.ipynb"):
        if damage == "missing":
            path.unlink()
        else:
            path.write_text(path.read_text("utf8")[:100], encoding="utf8")
    (book.docs / "_build/zh/unfinished").touch()

    build = book.build("--only", "zh")

    assert build.code == 0, build.output
    assert build.executed() == 1


def test_ten_cold_parallel_builds_lose_no_chapter(tmp_path: Path):
    # The race of jupyter-cache: a lost record would be executed again.
    names = [f"{number:02}-x" for number in range(6)]
    book = Book(tmp_path, {name: f"'{name}'" for name in names})
    (book.docs / "conf.py").write_text(PLAIN_CONF, encoding="utf8")
    for _ in range(10):
        shutil.rmtree(book.docs / "_build", ignore_errors=True)
        build = book.build("--only", "zh", "--jobs", "2")
        assert (build.code, build.executed()) == (0, len(names)), build.output
        [cache] = (book.docs / "_build/cache").iterdir()
        assert len(get_cache(cache).list_cache_records()) == len(names)


def write_kernel(folder: Path, code: str) -> dict[str, str]:
    """Write a kernel that runs some code, and return the variable that names it."""
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-c", code, "{connection_file}"]
    kernel = {"argv": argv, "display_name": "Python 3", "language": "python"}
    spec.write_text(json.dumps(kernel), encoding="utf8")
    return {"JUPYTER_PATH": str(folder)}


def test_a_kernel_that_dies_at_its_start_ends_the_build_and_is_named(tmp_path: Path):
    book = Book(tmp_path / "book", {"01-a": "print(1)"})
    kernel = write_kernel(tmp_path / "jupyter", "raise SystemExit(1)")

    build = book.build("--only", "zh", **kernel)

    assert build.code != 0
    assert re.search(
        r"01-a\.md: its execution failed.*\nKernel died before", build.output
    )
    assert "To report this error" not in build.output  # it is no fault of Sphinx


def test_a_kernel_that_never_answers_is_given_up(tmp_path: Path):
    kernel = write_kernel(tmp_path, "import time; time.sleep(4)")
    program = (
        "from nn_book.execute import execution\n"
        "from nbformat import v4\n"
        "notebook = v4.new_notebook(cells=[v4.new_code_cell('1')])\n"
        "options = {'cwd': '.', 'timeout': 60, 'allow_errors': False}\n"
        "result = execution.execute(notebook, startup_timeout=1, **options)\n"
        "print(result.exc_string)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **kernel},
        capture_output=True,
        text=True,
    )

    assert done.stdout == "Kernel didn't respond in 1 seconds\n"


def test_no_other_program_can_take_the_port_of_a_kernel(tmp_path: Path):
    # A kernel whose TCP port is taken dies at its start.
    code = "from ipykernel import connect\nconnect.get_connection_info(unpack=True)"
    book = Book(tmp_path, {"01-x": code})
    (book.docs / "conf.py").write_text(PLAIN_CONF, encoding="utf8")

    build = book.build("--only", "zh")

    assert build.code == 0, build.output
    text = BeautifulSoup(book.pages("zh")["01-x"], "html.parser").get_text()
    transport = "ipc" if os.name == "posix" else "tcp"  # Windows has no other
    assert f"'transport': '{transport}'" in text
