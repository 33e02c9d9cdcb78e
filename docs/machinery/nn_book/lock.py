"""One build at a time in one clone, and nothing half-made when it is killed."""

import ctypes
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_S = 0.2


@contextmanager
def only_build(path: Path) -> Iterator[None]:
    """Wait until no other build is at work, naming it, and keep others waiting.

    Args:
        path: The file that names who has the lock. It stays, and so does the lock
            beside it, which counts: a process that ends, however it ends, has it not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.taken", timeout=POLL_S)
    told = ""
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            other = path.read_text("utf8").strip() if path.exists() else ""
            if other and other != told:
                print(f"waiting for another build here: {other}", flush=True)
                told = other
    try:
        since = time.strftime("%H:%M:%S")
        path.write_text(f"process {os.getpid()}, since {since}\n", encoding="utf8")
        yield
    finally:
        lock.release()


@contextmanager
def replaced(place: Path) -> Iterator[Path]:
    """Give an empty folder that replaces another one as soon as it is complete."""
    new, old = place.with_suffix(".new"), place.with_suffix(".old")
    if old.exists() and not place.exists():
        old.rename(place)  # a build was killed between the two renames below
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
    except BaseException:
        shutil.rmtree(new)
        raise
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def end_with_parent() -> None:
    """Let this process, and all that it forks, end when its parent is killed.

    Else a worker would go on writing where the next build writes. Only Linux can do so.
    """
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def end_with_parents() -> None:
    """Call `end_with_parent` here, and in whatever is forked from here."""
    end_with_parent()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=end_with_parent)
