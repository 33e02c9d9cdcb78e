"""A progress bar in a terminal, and nowhere else.

Needs nothing. To copy: this file.

Why not tqdm: with ``delay=2`` it hides the bar for short waits, but then it also shows
nothing during the first two seconds of a long one. It would be one more package to
install, for forty lines.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["with_progress"]

Item = TypeVar("Item")


def with_progress(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield each item, with a progress bar if the program runs in a terminal.

    There is no bar in a notebook, on a page, or if the output goes to a file. A bar
    that was shown for less than two seconds is erased. It goes to the error stream.

    Args:
        items: The items to iterate over, for example ``range(20)``.
        label: The text in front of the bar.

    Yields:
        The items, one after the other.
    """
    with progress_bar(label, len(items)) as show:
        for n_done, item in enumerate(items, 1):
            yield item
            show(n_done)


@contextlib.contextmanager
def progress_bar(label: str, n_total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows how much of ``n_total`` is done.

    The bar appears immediately, because the first part may take long.
    """
    stream = sys.stderr
    if stream is None or not stream.isatty() or n_total == 0:
        yield lambda n_done: None
        return
    start = next_drawing = time.monotonic()

    def show(n_done: int) -> None:
        nonlocal next_drawing
        if time.monotonic() >= next_drawing or n_done == n_total:
            filled = 40 * n_done // n_total
            bar = "#" * filled + "." * (40 - filled)
            stream.write(f"\r{label} [{bar}] {n_done / n_total:4.0%}")
            stream.flush()
            next_drawing = time.monotonic() + 0.1

    show(0)
    try:
        yield show
    finally:
        was_short = time.monotonic() < start + 2.0
        stream.write("\r" + " " * (len(label) + 48) + "\r" if was_short else "\n")
        stream.flush()
