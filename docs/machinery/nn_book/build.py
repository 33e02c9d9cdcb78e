"""Build the book: both languages, every chapter executed once, into ``site/``.

    python -m nn_book.build            both languages
    python -m nn_book.build --only en  one language, for a quick look (site/ stays)
    python -m nn_book.build --share 2/4        only execute: the second share of four
    python -m nn_book.build --merge FOLDER...  both languages, from executed shares

Every chapter is executed first, once for both languages; Sphinx then finds the results
in the cache and builds both at once. If it would have to execute anything, the build
fails: the two would be two books. Where nothing has changed, nothing is built (see
``stamps.py``).
"""

import argparse
import contextlib
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import myst_nb.sphinx_ext  # noqa: F401  (imported once, for both languages)
from sphinx.cmd.build import main as sphinx_build

from nn_book import DOCS, lock, stamps
from nn_book.execute import execution, shares
from nn_book.publish import epub, finishing, notebooks, whole_book
from nn_book.publish import wheel as package

BUILD = DOCS / "_build"
SITE = DOCS.parent / "site"
STAMP = "stamp.json"


def build_language(language: str, jobs: int) -> float:
    """Build the pages of one language into ``_build/<language>/html``.

    A build that was killed or failed leaves the mark ``unfinished``; the next one
    then starts from fresh pages (what was executed stays cached).

    Args:
        language: "zh" or "en".
        jobs: Number of parallel workers.

    Returns:
        How many seconds it took.

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

    execution.sphinx_may_execute = False
    command = ["-b", "html", "-t", language, "-n", "-W", "--keep-going"]
    command += ["-j", str(jobs), "-d", str(folder / "doctrees")]
    command += [str(DOCS), str(folder / "html")]
    log = (folder / "log.txt").open("w", encoding="utf8")
    with log, contextlib.redirect_stdout(log):
        failed = sphinx_build(command)
    if failed:
        sys.exit(f"building {language} failed: the messages above name the place")
    unfinished.unlink()
    return time.perf_counter() - start


def build_languages(languages: list[str], jobs: int) -> dict[str, float]:
    """Build languages at the same time, and return the seconds of each.

    Sphinx keeps words of the language in which it first needed them: built in one
    process, the English reference would have Chinese headings. So each has a process
    that ends with it; a fork costs next to nothing, since what both languages import is
    imported already.

    Args:
        languages: What to build.
        jobs: Number of parallel workers for all of them together.
    """
    each = max(1, jobs // max(1, len(languages)))
    with contextlib.ExitStack() as pools:
        started = {
            language: pools.enter_context(processes(1)).submit(
                build_language, language, each
            )
            for language in languages
        }
        return {language: task.result() for language, task in started.items()}


def look_at_book() -> str:
    """Return a digest of all that the book is made from.

    Raises:
        SystemExit: If the data that the book needs cannot be had.
    """
    try:
        execution.prepare_environment()
    except (OSError, RuntimeError, ValueError) as error:  # of the data
        sys.exit(str(error))
    return stamps.inputs(os.environ.get("NN_TUTORIAL_DATA_CHECKSUM", "no data"))


def execute(share: slice, jobs: int) -> int:
    """Execute what of a share of the chapters is not in the cache, and count it."""
    execution.prepare_environment()
    return execution.execute_pages(execution.pages_with_code()[share], jobs=jobs)


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
    with lock.replaced(SITE) as new:
        shutil.copytree(DOCS / "root", new, dirs_exist_ok=True)
        for language in whole_book.LANGUAGES:
            shutil.copytree(
                BUILD / language / "html",
                new / language,
                ignore=shutil.ignore_patterns(".buildinfo*", ".doctrees"),
            )
        finishing.finish(new)
        write_whole_books(new)


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
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="parallel workers"
    )
    parser.add_argument(
        "--share", type=shares.share, help="only execute share 2/4, say"
    )
    parser.add_argument(
        "--merge",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="caches that shares have left: take them over, then build",
    )
    options = parser.parse_args()
    os.environ.setdefault("PYTHONUTF8", "1")
    with lock.only_build(BUILD / "lock"):
        if options.share:
            execute(options.share, options.jobs)
        else:
            shares.merge(options.merge)
            build(options)


def build(options: argparse.Namespace) -> None:
    """Build what is not up to date, and say what was done.

    Raises:
        SystemExit: If something is wrong with the book; the messages say what.
    """
    languages = [options.only] if options.only else list(whole_book.LANGUAGES)
    with processes(1) as pool:  # what it finds and imports, others need not know
        inputs = pool.submit(look_at_book).result()
        stale = [lang for lang in languages if not is_built(lang, inputs)]
        if stale:
            count = pool.submit(execute, slice(None), options.jobs).result()
            print(f"{count} chapters executed")
    seconds = build_languages(stale, options.jobs)
    for language in languages:
        if language in seconds:
            stamps.write(BUILD / language / STAMP, inputs, pages(language))
            print(f"{language}: {seconds[language]:.1f} s")
        else:
            print(f"{language}: nothing has changed")
    if not options.only:
        origin = stamps.digest([finishing.find_origin(), inputs])
        if stale or not stamps.holds(BUILD / STAMP, origin, stamps.files_below(SITE)):
            assemble()
            stamps.write(BUILD / STAMP, origin, stamps.files_below(SITE))
        print(f"the site is in {SITE.name}/: open {SITE.name}/index.html")


if __name__ == "__main__":
    main()
