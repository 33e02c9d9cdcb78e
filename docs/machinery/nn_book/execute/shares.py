"""Execute the pages of the book on several machines, and bring the results together.

Pages are independent, so each machine executes one share of them, with the same
sources, versions and data. What it leaves in ``docs/_build/cache`` is carried to the
machine that builds the book; it finds every result there and executes nothing.
"""

import argparse
import sys
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from nn_book.execute.cache import CACHE


def share(text: str) -> slice:
    """Return which pages belong to a share, for "2/4": the second of four, and so on.

    Raises:
        argparse.ArgumentTypeError: If there is no such share.
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal()) or not (
        1 <= int(number) <= int(count)
    ):
        raise argparse.ArgumentTypeError(f"no share {text!r}: write 2/4 for the second")
    return slice(int(number) - 1, None, int(count))


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
            ours = get_cache(CACHE / database.parent.name)
            for record in theirs.list_cache_records():
                notebook = theirs.get_cache_bundle(record.pk).nb
                bundle = CacheBundleIn(notebook, record.uri, data=record.data)
                ours.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
