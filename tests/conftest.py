"""What tests of several files share: tiny books that Sphinx builds in a folder."""

import re
import subprocess
import sys
import warnings
from io import StringIO
from pathlib import Path
from typing import Self

import pytest
from bs4 import BeautifulSoup
from sphinx.testing.util import SphinxTestApp

DOCS = Path(__file__).parents[1] / "docs"
sys.path[:0] = [str(DOCS), str(DOCS / "_ext")]  # lint.py and the Sphinx extensions

CONF = """\
import sys

sys.path.insert(0, EXTENSIONS)
extensions = ["bilingual", "cells", "downloads", "myst_nb"]
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
        conf = CONF.replace("EXTENSIONS", repr(str(DOCS / "_ext")))
        self.write("conf.py", conf.replace("CACHE", repr(str(cache))))
        for name, text in pages.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Write or replace one file of the sources."""
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")

    def build(self, language: str = "en") -> Self:
        """Build one language, in this process."""
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
        self._warnings = re.sub(r"\x1b\[[\d;]*m", "", warning.getvalue())  # colours
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
