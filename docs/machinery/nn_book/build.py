"""Build the book: both languages, every chapter executed once, into ``site/``.

    python -m nn_book.build            both languages
    python -m nn_book.build --only en  one language, for a quick look (site/ stays)
    python -m nn_book.build --share 2/4        only execute: the second share of four
    python -m nn_book.build --merge FOLDER...  both languages, from executed shares

Chinese is built first and executes what changed; English then finds every result in
the cache. If it had to execute anything, the build fails: the two would be two books.
Where nothing is to be executed, both are built at once; where nothing has changed at
all, nothing is built (see ``stamps.py``).
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
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TextIO, cast

import myst_nb.sphinx_ext  # noqa: F401  (imported once, for both languages)
from sphinx.cmd.build import main as sphinx_build

from nn_book import DOCS, lock, stamps
from nn_book.execute import execution, shares
from nn_book.publish import epub, finishing, notebooks, whole_book
from nn_book.publish import wheel as package

BUILD = DOCS / "_build"
SITE = DOCS.parent / "site"
STAMP = "stamp.json"
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


def build_language(
    language: str, *, jobs: str, n_waiting: int = 0
) -> tuple[list[float], float]:
    """Build one language into ``_build/<language>/html``.

    A build that was killed or failed leaves the mark ``unfinished``; the next one
    then starts from fresh pages (what was executed stays cached).

    Args:
        language: "zh" or "en".
        jobs: Number of parallel workers, or "auto".
        n_waiting: How many chapters are to be executed, for the line of progress.

    Returns:
        The seconds of each chapter that had to be executed, and those of all of it.

    Raises:
        SystemExit: If Sphinx fails or warns; its messages name the place.
    """
    start = time.perf_counter()
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
        execution.progress = execution.Progress(n_waiting, status.terminal)
        with contextlib.redirect_stdout(status):
            failed = sphinx_build(command)
    if failed:
        sys.exit(f"building {language} failed: the messages above name the place")
    unfinished.unlink()
    return status.seconds, time.perf_counter() - start


def build_languages(
    languages: list[str], jobs: str, n_waiting: int
) -> list[tuple[str, list[float], float]]:
    """Build languages, at the same time where no chapter has to be executed.

    Sphinx keeps words of the language in which it first needed them: built in one
    process, the English reference would have Chinese headings. So each has a process
    that ends with it; a fork costs next to nothing, since what both languages import is
    imported already.

    Args:
        languages: What to build; the first one executes what the other finds.
        jobs: Number of parallel workers, or "auto", for all of them together.
        n_waiting: How many chapters are to be executed.

    Returns:
        For each language its name, the seconds of each chapter that was executed, and
        the seconds of the whole build.
    """
    # Kept results of a GPU are written into the cache by each language.
    alone = n_waiting or any(execution.KEPT.glob("*.ipynb"))
    at_once = 1 if alone else len(languages)
    if at_once > 1 and jobs == "auto":
        jobs = str(max(1, (os.cpu_count() or 1) // at_once))
    waiting, built = list(languages), []
    while waiting:
        now, waiting = waiting[:at_once], waiting[at_once:]
        with contextlib.ExitStack() as pools:
            started = [
                pools.enter_context(processes(1)).submit(
                    build_language, name, jobs=jobs, n_waiting=n_waiting
                )
                for name in now
            ]
            built += [(n, *task.result()) for n, task in zip(now, started, strict=True)]
    return built


def look_at_book() -> tuple[str, int]:
    """Return a digest of all that the book is made from, and how much is to execute.

    Raises:
        SystemExit: If the data that the book needs cannot be had.
    """
    try:
        execution.prepare_environment(DOCS)
    except (OSError, RuntimeError, ValueError) as error:  # of the data
        sys.exit(str(error))
    data = os.environ.get("NN_TUTORIAL_DATA_CHECKSUM", "no data")
    return stamps.inputs(data), len(execution.pages_to_execute())


def is_built(language: str, inputs: str) -> bool:
    """Say whether the pages of a language are those that a build would make now."""
    folder = BUILD / language
    return not (folder / "unfinished").exists() and stamps.holds(
        folder / STAMP, inputs, pages(language)
    )


def pages(language: str) -> Iterator[Path]:
    """Yield what a build leaves: the pages, and the chapters that it has executed."""
    yield from stamps.files_below(BUILD / language / "html")
    yield from sorted((BUILD / "cache").glob("*/executed/*/base.ipynb"))


def processes(workers: int) -> ProcessPoolExecutor:
    """Return a pool of processes that know already what this one has imported."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(workers, context, initializer=lock.end_with_parents)


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
    wheel = package.write_wheel(site / whole_book.FOLDER)
    package.write_bill(wheel)
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
        notebooks.write_notebooks(site, BUILD / "notebooks", repository, address)


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
    with lock.only_build(BUILD / "lock"):
        if options.share:
            number, count = options.share
            status = cast(TextIO, Status(io.StringIO()))
            shares.execute_and_tell(number, count, status)
        else:
            build(options)


def build(options: argparse.Namespace) -> None:
    """Build what is not up to date, and say what was done.

    Raises:
        SystemExit: If something is wrong with the book; the messages say what.
    """
    shares.merge(options.merge or [])
    languages = [options.only] if options.only else list(whole_book.LANGUAGES)
    with processes(1) as pool:  # what it finds and imports, others need not know
        inputs, n_waiting = pool.submit(look_at_book).result()
    stale = [lang for lang in languages if options.merge or not is_built(lang, inputs)]
    summary = [
        f"{lang}: nothing has changed" for lang in languages if lang not in stale
    ]
    for language, chapters, seconds in build_languages(stale, options.jobs, n_waiting):
        if language == "en" and chapters and not options.only:
            sys.exit(
                f"the English build executed {len(chapters)} chapter(s) again: some "
                "code cell or its metadata differs between the languages"
            )
        stamps.write(BUILD / language / STAMP, inputs, pages(language))
        summary.append(
            f"{language}: {seconds:.1f} s, {len(chapters)} chapters executed"
        )
    if not options.only:
        origin = stamps.digest([finishing.find_origin(), inputs])
        if stale or not stamps.holds(BUILD / STAMP, origin, stamps.files_below(SITE)):
            assemble()
            stamps.write(BUILD / STAMP, origin, stamps.files_below(SITE))
        summary.append(f"the site is in {SITE.name}/: open {SITE.name}/index.html")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
