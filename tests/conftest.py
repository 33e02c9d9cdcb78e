"""What tests of several files share: tiny books that Sphinx builds in a folder."""

import linecache
import re
import subprocess
import sys
import warnings
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Self

import pytest
from bs4 import BeautifulSoup

CELL = re.compile(r"^```\{code-cell\}.*\n(?::tags: \[(.*)\]\n)?((?:.*\n)*?)```$", re.M)
DOCS = Path(__file__).parents[1] / "docs"

CONF = """\
extensions = [
    "nn_book.source.bilingual",
    "nn_book.render.cells",
    "nn_book.offer.downloads",
    "myst_nb",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
numfig = True
language = "zh_CN" if tags.has("zh") else "en"
html_theme = "basic"
templates_path = ["_templates"]
nb_execution_mode = "cache"
nb_execution_cache_path = CACHE
nb_execution_show_tb = True
nb_output_stderr = "error"
nb_merge_streams = True
"""


class Book:
    """A book of a few pages, with the settings of the real one that matter."""

    def __init__(self, folder: Path, cache: Path, pages: dict[str, str]) -> None:
        self.docs, self._build = folder / "docs", folder / "_build"
        self._status = self._warnings = ""
        self._output = folder
        self.write("conf.py", CONF.replace("CACHE", repr(str(cache))))
        for name, text in pages.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Write or replace one file of the sources."""
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")

    def build(self, language: str = "en") -> Self:
        """Build one language, in this process."""
        # Here, since the tests in the browser run where Sphinx is not installed.
        # The domain before any build: it keeps the language that it is imported in.
        import sphinx.domains.python  # noqa: F401
        from sphinx.testing.util import SphinxTestApp

        status, warning = StringIO(), StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # the libraries' own are not our subject
            app = SphinxTestApp(
                srcdir=self.docs,
                builddir=self._build / language,
                tags=[language],
                status=status,
                warning=warning,
            )
            app.build()
            app.cleanup()
        self._status = status.getvalue()
        self._warnings = re.sub(r"\x1b\[[\d;]*m", "", warning.getvalue())  # colors
        self._output = Path(app.outdir)
        return self

    def build_in_parallel(self, language: str = "en") -> Self:
        """Build one language with two workers, as the command line does."""
        output = self._build / f"{language}-parallel"
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-t", language]
        command += ["-j", "2", str(self.docs), str(output)]
        done = subprocess.run(command, capture_output=True, encoding="utf8", check=True)
        self._status, self._warnings = done.stdout, done.stderr
        self._output = output
        return self

    def status(self) -> str:
        """Return what Sphinx said about its progress in the last build."""
        return self._status

    def warnings(self) -> str:
        """Return what Sphinx complained about in the last build, errors included."""
        return self._warnings

    def html(self, page: str = "index") -> BeautifulSoup:
        """Return a page of the last build, to be asked with CSS selectors."""
        text = self.file(f"{page}.html").read_text(encoding="utf8")
        return BeautifulSoup(text, "html.parser")

    def file(self, name: str) -> Path:
        """Return the path of a file that the last build wrote."""
        return self._output / name


@pytest.fixture(scope="session")
def make_book(tmp_path_factory):
    """Make a book of the given pages. All books of a test run share one cache."""
    cache = tmp_path_factory.mktemp("cache")

    def make(pages: dict[str, str], *, own_cache: bool = False) -> Book:
        folder = tmp_path_factory.mktemp("book")
        return Book(folder, folder / "cache" if own_cache else cache, pages)

    return make


@pytest.fixture(scope="session")
def run_chapter(tmp_path_factory):
    """Run the cells that the reader of a chapter sees, and return what they defined.

    Chapters on MNIST get the stand-in. Cells that are meant to fail have to; what
    they raised is in ``errors``.
    """
    # Not at the top: most tests need neither, and both take a while.
    import matplotlib.pyplot as plt
    import torch

    from nn_tutorial import mnist

    @cache
    def stand_in() -> Path:
        folder = tmp_path_factory.mktemp("data")
        return mnist._write_stand_in(folder, reason="for tests").root

    def run(name: str) -> dict:
        text = (DOCS / "chapters" / f"{name}.md").read_text(encoding="utf8")
        namespace: dict = {"errors": []}
        threads = torch.get_num_threads()
        with pytest.MonkeyPatch.context() as patch, plt.rc_context(), plt.ioff():
            patch.setenv("NN_TUTORIAL_DATA", str(stand_in()))
            patch.delenv("NN_TUTORIAL_REQUIRE_MNIST", raising=False)
            patch.setenv("NN_TUTORIAL_DEVICE", "cpu")
            for number, (tags, code) in enumerate(CELL.findall(text)):
                # `inspect.getsource` finds the functions of a chapter by these.
                cell = f"<{name}, cell {number}>"
                lines = code.splitlines(keepends=True)
                linecache.cache[cell] = (len(code), None, lines, cell)
                if "raises-exception" in tags:
                    with pytest.raises(Exception) as error:
                        exec(compile(code, cell, "exec"), namespace)
                    namespace["errors"].append(error.value)
                elif "remove" not in tags:
                    exec(compile(code, cell, "exec"), namespace)
                plt.close("all")
        torch.set_num_threads(threads)
        return namespace

    return run


@pytest.fixture(scope="session")
def chapter_text():
    """Return a function that returns the source of a chapter."""

    def text(name: str) -> str:
        return (DOCS / "chapters" / f"{name}.md").read_text(encoding="utf8")

    return text
