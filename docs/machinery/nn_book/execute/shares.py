"""Execute the pages of the book on several machines, and bring the results together.

Pages are independent, so each machine executes one share of them, with the same
sources, versions and data. What it leaves in ``docs/_build/cache`` is carried to the
machine that builds the book; it finds every result there and executes nothing.
"""

import argparse
import io
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sphinx.application import Sphinx

from nn_book import DOCS
from nn_book.execute import execution, gpu_results

BUILD = DOCS / "_build"


def share(text: str) -> tuple[int, int]:
    """Return the number of a share and how many there are, for "2/4".

    Raises:
        argparse.ArgumentTypeError: If there is no such share.
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal()) or not (
        1 <= int(number) <= int(count)
    ):
        raise argparse.ArgumentTypeError(f"no share {text!r}: write 2/4 for the second")
    return int(number), int(count)


def pages_with_code() -> list[Path]:
    """Return the pages to execute, ordered so that equal shares take equally long.

    Those that need MNIST come first: dealt one by one, they go to different shares.
    """
    pages = [
        page
        for page in DOCS.rglob("*.md")
        if not page.relative_to(DOCS).parts[0].startswith("_")
        and "```{code-cell}" in page.read_text("utf8")
    ]
    return sorted(pages, key=lambda page: (not execution.needs_mnist(page), page))


def execute_share(number: int, count: int, status: TextIO) -> list[Path]:
    """Execute one share of the pages into the cache, and write no page.

    References to pages of other shares lead nowhere here; the build that merges the
    shares checks them all.

    Args:
        number: Which share, from 1 to ``count``.
        count: How many there are.
        status: Gets what Sphinx says of its progress.

    Raises:
        SystemExit: If a page cannot be executed; Sphinx's messages name the place.
    """
    pages = pages_with_code()
    mine = pages[number - 1 :: count]
    if not mine:
        return mine
    folder = BUILD / "share"
    shutil.rmtree(folder, ignore_errors=True)
    warnings = io.StringIO()
    app = Sphinx(
        srcdir=DOCS,
        confdir=DOCS,
        outdir=folder / "out",
        doctreedir=folder / "doctrees",
        buildername="dummy",
        status=status,
        warning=warnings,
        tags=["en"],
        parallel=os.cpu_count() or 1,
    )
    names = {page: page.relative_to(DOCS).as_posix() for page in pages}
    app.config.exclude_patterns += [names[page] for page in pages if page not in mine]
    if DOCS / "index.md" not in mine:  # Sphinx wants some page as the front page
        app.config.root_doc = names[mine[0]].removesuffix(".md")
    app.build()
    cache = get_cache(app.config.nb_execution_cache_path)
    for page in mine:
        try:
            cache.match_cache_notebook(gpu_results.read_page(page))
        except KeyError:
            sys.exit(f"{warnings.getvalue()}\n{page.name} could not be executed")
    return mine


def execute_and_tell(number: int, count: int, status: TextIO) -> None:
    """Execute one share of the pages, and say which and how long it took."""
    start = time.perf_counter()
    names = ", ".join(page.stem for page in execute_share(number, count, status))
    seconds = time.perf_counter() - start
    print(f"share {number}/{count}: {names or 'no page'}, {seconds:.1f} s")


def merge(folders: list[Path]) -> None:
    """Copy what other machines have executed into the caches of this one.

    Args:
        folders: Each holds cache folders, at any depth, named by their fingerprint.

    Raises:
        SystemExit: If a folder holds nothing that a share has left.
    """
    for folder in folders:
        databases = sorted(folder.rglob("global.db"))
        if not databases:
            sys.exit(f"{folder} holds no executed page: carry docs/_build/cache there")
        for database in databases:
            theirs = get_cache(database.parent)
            ours = get_cache(BUILD / "cache" / database.parent.name)
            for record in theirs.list_cache_records():
                notebook = theirs.get_cache_bundle(record.pk).nb
                bundle = CacheBundleIn(notebook, record.uri, data=record.data)
                ours.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
