"""Build the book: both languages, every chapter executed once, into ``site/``.

    python -m nn_book.build            both languages
    python -m nn_book.build --only en  one language, for a quick look (site/ stays)
    python -m nn_book.build --share 2/4        only execute: the second share of four
    python -m nn_book.build --merge FOLDER...  both languages, from executed shares

Chinese is built first and executes what changed; English then finds every result in
the cache. If it had to execute anything, the build fails: the two would be two books.
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import re
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TextIO

import myst_nb.sphinx_ext  # noqa: F401  (imported once, for both languages)
from sphinx.cmd.build import main as sphinx_build

from nn_book import DOCS
from nn_book.execute import shares
from nn_book.publish import epub, finishing, whole_book

BUILD = DOCS / "_build"
SITE = DOCS.parent / "site"
EXECUTED = re.compile(r"Executed notebook in ([\d.]+) seconds")


class Status(io.TextIOBase):
    """What Sphinx says of its progress: all to the log, executions to the terminal."""

    def __init__(self, log: TextIO) -> None:
        self.log = log
        self.terminal = sys.stdout
        self.seconds: list[float] = []  # of each chapter that was executed

    def write(self, text: str) -> int:
        """Sort one message of Sphinx; its warnings do not come this way."""
        if "Execut" in text:
            print(text.strip(), file=self.terminal, flush=True)
        self.seconds += map(float, EXECUTED.findall(text))
        return self.log.write(text)


def build_language(language: str, *, jobs: str) -> list[float]:
    """Build one language into ``_build/<language>/html``.

    A build that was killed or failed leaves the mark ``unfinished``; the next one
    then starts from fresh pages (what was executed stays cached).

    Args:
        language: "zh" or "en".
        jobs: Number of parallel workers, or "auto".

    Returns:
        The seconds of each chapter that had to be executed.

    Raises:
        SystemExit: If Sphinx fails or warns; its messages name the place.
    """
    folder = BUILD / language
    unfinished = folder / "unfinished"
    if unfinished.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()

    command = ["-b", "html", "-t", language, "-n", "-W", "--keep-going", "-j", jobs]
    command += ["-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    with (folder / "log.txt").open("w", encoding="utf8") as log:
        status = Status(log)
        with contextlib.redirect_stdout(status):
            failed = sphinx_build(command)
    if failed:
        sys.exit(f"building {language} failed: the messages above name the place")
    unfinished.unlink()
    return status.seconds


def in_own_process(language: str, *, jobs: str) -> list[float]:
    """Call :func:`build_language` in a process that ends with it.

    Sphinx keeps words of the language in which it first needed them: built in one
    process, the English reference would have Chinese headings. A fork costs next to
    nothing, since what both languages import is imported already.
    """
    with processes(1) as pool:
        return pool.submit(build_language, language, jobs=jobs).result()


def processes(workers: int) -> ProcessPoolExecutor:
    """Return a pool of processes that know already what this one has imported."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(max_workers=workers, mp_context=context)


def assemble() -> None:
    """Put both languages and the language chooser into ``site/``, all or nothing."""
    new, old = SITE.with_suffix(".new"), SITE.with_suffix(".old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(DOCS / "root", new)
    for language in ("zh", "en"):
        shutil.copytree(
            BUILD / language / "html",
            new / language,
            ignore=shutil.ignore_patterns(".buildinfo*", ".doctrees"),
        )
    finishing.finish(new)
    write_whole_books(new)
    if SITE.exists():
        SITE.rename(old)
    new.rename(SITE)
    shutil.rmtree(old, ignore_errors=True)


def write_whole_books(site: Path) -> None:
    """Put each language into one file, twice: as a zip of its pages and as an EPUB.

    A published book also gets the notebooks that its pages link to on Colab and Binder;
    they lie beside the site, for a branch of their own.
    """
    wheel = whole_book.write_wheel(site / whole_book.FOLDER)
    for language in whole_book.LANGUAGES:  # where notebooks and scripts look for it
        (site / language / whole_book.FOLDER).mkdir()
        shutil.copy(wheel, site / language / whole_book.FOLDER)
    date = finishing.find_origin().date
    with processes(2) as pool:  # parsing the pages takes a while
        list(
            pool.map(write_whole_book, repeat(site), whole_book.LANGUAGES, repeat(date))
        )
    repository = os.environ.get("NN_TUTORIAL_REPOSITORY")
    if repository and os.environ.get("NN_TUTORIAL_SITE_URL"):
        address = os.environ["NN_TUTORIAL_SITE_URL"]
        address += f"{whole_book.FOLDER}/{wheel.name}"
        whole_book.write_notebooks(site, BUILD / "notebooks", repository, address)


def write_whole_book(site: Path, language: str, date: str) -> None:
    """Write the zip and the EPUB of one language."""
    files = {
        ending: site / whole_book.FOLDER / whole_book.file_name(language, ending)
        for ending in ("zip", "epub")
    }
    whole_book.write_zip(site / language, files["zip"])
    epub.write_epub(whole_book.read_book(site / language), files["epub"], date=date)


def main() -> None:
    """Build what the command line asks for and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["zh", "en"], help="build one language")
    parser.add_argument("--jobs", default="auto", help="parallel workers (auto)")
    parser.add_argument(
        "--share", type=shares.share, help="only execute share 2/4, say"
    )
    parser.add_argument(
        "--merge",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="caches that shares have left: take them over, then build",
    )
    options = parser.parse_args()
    os.environ.setdefault("PYTHONUTF8", "1")
    if options.share:
        shares.execute_and_tell(*options.share, Status(io.StringIO()))
        return
    shares.merge(options.merge or [])

    summary = []
    for language in [options.only] if options.only else ["zh", "en"]:
        start = time.perf_counter()
        executed = in_own_process(language, jobs=options.jobs)
        if language == "en" and executed and not options.only:
            sys.exit(
                f"the English build executed {len(executed)} chapter(s) again: some "
                "code cell or its metadata differs between the languages"
            )
        summary.append(
            f"{language}: {time.perf_counter() - start:.1f} s, "
            f"{len(executed)} chapters executed"
        )
    if not options.only:
        assemble()
        summary.append(f"the site is in {SITE.name}/: open {SITE.name}/index.html")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
