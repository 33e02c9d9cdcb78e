"""One build at a time in one clone, and none that goes on after it was killed.

filelock (4.2 was read) takes ``flock``, which every forked worker holds, too: after a
``kill -9`` of the build the lock would stay as long as one of its workers. A lock of
``lockf`` belongs to one process and goes with it.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCKED = 1 << 20  # the byte that is locked; the text before it can be read by all
POLL_S = 0.2


def take(file: IO[str]) -> bool:
    """Lock an open file, and say whether that was possible."""
    file.seek(LOCKED)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, LOCKED)
    except OSError:
        return False
    return True


@contextmanager
def only_build(path: Path) -> Iterator[None]:
    """Wait until no other build is at work, naming it, and keep others waiting.

    Args:
        path: The lock file. It stays; what counts is who has locked it, and a process
            that ends, however it ends, has not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf8") as file:
        told = ""
        while not take(file):
            file.seek(0)
            if (other := file.read().strip()) and other != told:
                print(f"waiting for another build here: {other}", flush=True)
                told = other
            time.sleep(POLL_S)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}\n")
        file.flush()
        yield


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
