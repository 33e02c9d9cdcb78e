"""Find or download MNIST, verify every file, and offer a stand-in without a network.

Needs torch and NumPy; the stand-in needs scikit-learn. To copy: this file,
``_files.py``, ``_stand_in.py``, ``in_memory.py`` and ``progress.py``.

``mnist_root`` finds or downloads the data and says which data they are;
``torchvision.datasets.MNIST(root)`` can read the folder that it returns.

Why not a library: torchvision (as of 0.29) opens a mirror without a timeout, so a
mirror that stalls blocks the program forever; it writes to the final name and later
trusts any file with this name, so an interrupted download is taken for the data. pooch
(tried with 1.9) verifies and renames, but its timeout only covers silence: a mirror
that sends a byte now and then can block the program for any length of time, and one
that sends too much fills the disk. It also does not try another address if one fails.

Source:
    LeCun, Cortes & Burges, "The MNIST database of handwritten digits" (1998).
"""

from __future__ import annotations

import atexit
import gzip
import hashlib
import http.client
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ._files import write_file
from ._stand_in import STAND_IN_MD5, stand_in_files
from .in_memory import captured_step, in_memory_batches, load_tensors
from .progress import progress_bar, with_progress

__all__ = [
    "MnistSource",
    "captured_step",
    "in_memory_batches",
    "load_tensors",
    "mnist_root",
    "stand_in_notice",
    "with_progress",
]


class MnistFile(NamedTuple):
    """One of the four files of MNIST, and how to recognize it.

    Attributes:
        name: Name of the unpacked file; the mirrors serve it as ``name + ".gz"``.
        md5: MD5 of the unpacked file, 32 hexadecimal digits.
        gz_bytes: Size of the packed file in bytes.
        gz_md5: MD5 of the packed file, 32 hexadecimal digits.
    """

    name: str
    md5: str
    gz_bytes: int
    gz_md5: str


class MnistSource(NamedTuple):
    """The folder of the images, and which images they are.

    Attributes:
        root: Folder for ``torchvision.datasets.MNIST(root)`` and ``load_tensors``.
        is_stand_in: True when the images are scikit-learn's digits and not MNIST.
        checksum: MD5 over the MD5s of the four files, 32 hexadecimal digits.
        description: One line for a provenance note, without a path of this machine.
        reason: Why the stand-in is used; empty for MNIST itself.
    """

    root: Path
    is_stand_in: bool
    checksum: str
    description: str
    reason: str


# The smallest file comes first, so that a folder that cannot be written is noticed
# before the long download.
MNIST_FILES = (
    MnistFile(
        "t10k-labels-idx1-ubyte",
        "27ae3e4e09519cfbb04c329615203637",
        4_542,
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        "a25bea736e30d166cdddb491f175f624",
        28_881,
        "d53e105ee54ea40749a09fcbcd1e9432",
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        "2646ac647ad5339dbf082846283269ea",
        1_648_877,
        "9fb629c4189551a2d022fa330f9573f3",
    ),
    MnistFile(
        "train-images-idx3-ubyte",
        "6bbc9ace898e44ae57da46a324031adb",
        9_912_422,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    ),
)

# The first two serve torchvision and TensorFlow, the third (in Beijing) Paddle.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://dataset.bj.bcebos.com/mnist/",
)

MIN_BYTES_PER_S = 10_000  # a mirror slower than this has stalled


def mnist_root(
    *,
    stand_in: bool,
    cache: Path | None = None,
    files: Sequence[MnistFile] = MNIST_FILES,
    mirrors: Sequence[str] = MIRRORS,
    timeout_s: float = 10.0,
) -> MnistSource:
    """Return a folder with MNIST, verified by checksums, and what it contains.

    The data are looked for in this order: the folder named by the environment variable
    ``NN_TUTORIAL_DATA``; ``cache``; a download into ``cache``, first from the address
    in ``NN_TUTORIAL_MIRROR``, if there is one, then from ``mirrors``; and last, if
    ``stand_in`` is true and ``NN_TUTORIAL_REQUIRE_MNIST`` is not set, the 1,797
    digits that come with scikit-learn, enlarged to 28 x 28 pixels and written in
    MNIST's own format. At every moment each file is either complete or absent, so the
    function may be interrupted, and several processes may call it at the same time.

    Args:
        stand_in: Whether to use scikit-learn's digits if MNIST is not available. Tell
            your readers; ``description`` and ``stand_in_notice`` give the words.
        cache: Folder to keep the files in; by default ``nn_tutorial`` in the user's
            cache folder (``XDG_CACHE_HOME`` moves it, on every system).
        files: The four files and their checksums.
        mirrors: Addresses to which ``name + ".gz"`` is appended.
        timeout_s: Seconds after which a mirror that sends almost nothing is given up.

    Raises:
        FileNotFoundError: If ``NN_TUTORIAL_DATA`` names a folder without the files.
        ValueError: If a file there is neither MNIST's nor the stand-in's.
        RuntimeError: If MNIST is not available and the stand-in is not allowed or
            cannot be written; the message lists everything that was tried.
    """
    required = os.environ.get("NN_TUTORIAL_REQUIRE_MNIST", "") not in ("", "0")
    named = os.environ.get("NN_TUTORIAL_DATA")
    if named:
        source = _named_folder(Path(named).expanduser(), files)
    else:
        cache = cache or _cache_folder()
        if mirror := os.environ.get("NN_TUTORIAL_MIRROR"):
            mirrors = (mirror.rstrip("/") + "/", *mirrors)
        try:
            _complete(cache, files, mirrors=mirrors, timeout_s=timeout_s)
            source = _describe(cache, {file.name: file.md5 for file in files})
        except RuntimeError as error:
            if required or not stand_in:
                raise
            source = _write_stand_in(cache / "stand-in", reason=str(error))
    if source.is_stand_in and (required or not stand_in):
        msg = f"MNIST is required, but NN_TUTORIAL_DATA={named} holds the stand-in"
        raise RuntimeError(msg)
    return source


def stand_in_notice(source: MnistSource, *, language: str) -> str:
    """Return the notice for a page that was made from the stand-in.

    Args:
        source: What ``mnist_root`` returned.
        language: ``"zh"`` or ``"en"``.

    Returns:
        Three sentences, or an empty string if ``source`` is MNIST itself.
    """
    notices = {
        "zh": "本页没有用真正的 MNIST，而是用 scikit-learn 自带的 1,797 张手写数字"
        "代替：从 8×8 放大到 28×28，1,497 张训练，300 张测试。"
        "图、准确率和用时都与 MNIST 的不同。",
        "en": "This page was made without MNIST. In its place stand the 1,797 "
        "handwritten digits that come with scikit-learn, enlarged from 8×8 to 28×28 "
        "pixels: 1,497 for training and 300 for testing. Pictures, accuracies and "
        "times differ from those of MNIST.",
    }
    return notices[language] if source.is_stand_in else ""


# -- Finding and fetching ----------------------------------------------------------


def _cache_folder() -> Path:
    """Return ``nn_tutorial`` in the folder where this system keeps caches."""
    if configured := os.environ.get("XDG_CACHE_HOME"):
        return Path(configured) / "nn_tutorial"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(local) / "nn_tutorial"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nn_tutorial"
    return Path.home() / ".cache" / "nn_tutorial"


def _md5(content: bytes | bytearray) -> str:
    """Return the MD5 of ``content``: against damage, not against an attacker."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _md5_of_files(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the MD5 of each of the files that exists under ``root``."""
    paths = {name: root / "MNIST" / "raw" / name for name in names}
    return {name: _md5(p.read_bytes()) for name, p in paths.items() if p.is_file()}


def _describe(root: Path, md5s: dict[str, str], *, reason: str = "") -> MnistSource:
    """Return the description of four files that have the MD5s given."""
    checksum = _md5(" ".join(md5s[name] for name in sorted(md5s)).encode())
    is_stand_in = md5s == STAND_IN_MD5
    sizes = []
    for half in ("train", "t10k"):
        with (root / "MNIST" / "raw" / f"{half}-labels-idx1-ubyte").open("rb") as file:
            sizes.append(int.from_bytes(file.read(8)[4:], "big"))
    what = "stand-in: scikit-learn digits" if is_stand_in else "MNIST"
    description = f"{what} ({sizes[0]:,} + {sizes[1]:,} images, MD5 {checksum[:8]})"
    return MnistSource(root, is_stand_in, checksum, description, reason)


def _named_folder(root: Path, files: Sequence[MnistFile]) -> MnistSource:
    """Return what the folder in NN_TUTORIAL_DATA holds, which is never changed."""
    found = _md5_of_files(root, [file.name for file in files])
    fix = "or unset NN_TUTORIAL_DATA to let MNIST be downloaded"
    missing = [file.name for file in files if file.name not in found]
    if missing:
        msg = (
            f"NN_TUTORIAL_DATA={root}, but {root / 'MNIST' / 'raw'} has no "
            f"{', '.join(missing)}: put the unpacked files there, {fix}"
        )
        raise FileNotFoundError(msg)
    if found == STAND_IN_MD5:
        reason = f"NN_TUTORIAL_DATA={root} holds the stand-in"
        return _describe(root, found, reason=reason)
    for file in files:
        if found[file.name] != file.md5:
            msg = (
                f"NN_TUTORIAL_DATA={root}: {file.name} has the MD5 "
                f"{found[file.name]}, MNIST's is {file.md5}: replace it, {fix}"
            )
            raise ValueError(msg)
    return _describe(root, found)


def _complete(
    cache: Path, files: Sequence[MnistFile], *, mirrors: Sequence[str], timeout_s: float
) -> None:
    """Fetch the files that ``cache`` lacks or holds damaged.

    Raises:
        RuntimeError: If a file can be had from no mirror, or not be written.
    """
    found = _md5_of_files(cache, [file.name for file in files])
    wanted = [file for file in files if found.get(file.name) != file.md5]
    for file in wanted:
        if file.name in found:
            damaged = (
                f"{cache / 'MNIST' / 'raw' / file.name} is damaged: its MD5 is "
                f"{found[file.name]}, MNIST's is {file.md5}; replacing it"
            )
            warnings.warn(damaged, stacklevel=3)

    failures = []
    n_total = sum(file.gz_bytes for file in wanted)
    with progress_bar("MNIST", n_total) as show:
        for mirror in mirrors:
            # A mirror that fails once is left, so that a dead network costs one
            # time-out per mirror and not one per file.
            while wanted:
                file = wanted[0]
                n_done = n_total - sum(file.gz_bytes for file in wanted)
                try:
                    content = _fetch(
                        f"{mirror}{file.name}.gz",
                        file,
                        timeout_s=timeout_s,
                        show=show,
                        n_before=n_done,
                    )
                except (OSError, http.client.HTTPException, ValueError) as error:
                    failures.append(f"  {mirror}{file.name}.gz: {error}")
                    if isinstance(error, urllib.error.HTTPError):
                        error.close()  # it holds the connection
                    break
                _write_whole(cache / "MNIST" / "raw" / file.name, content)
                del wanted[0]
    if wanted:
        msg = "\n".join(
            [
                f"MNIST is not in {cache} and could not be downloaded:",
                *failures,
                "Set NN_TUTORIAL_MIRROR to the address of a folder that serves "
                "train-images-idx3-ubyte.gz and the other three files, or put the "
                "unpacked files into FOLDER/MNIST/raw and set NN_TUTORIAL_DATA=FOLDER.",
            ]
        )
        raise RuntimeError(msg)


def _fetch(
    url: str,
    file: MnistFile,
    *,
    timeout_s: float,
    show: Callable[[int], None],
    n_before: int,
) -> bytes:
    """Return the unpacked content of one file, checked; nothing touches the disk.

    While it waits it calls ``show`` with the bytes that have come, ``n_before`` ahead.

    Raises:
        OSError: If the mirror cannot be reached, refuses or stalls.
        ValueError: If it sends something else than the file.
    """
    packed = bytearray()
    with _answer(url, timeout_s=timeout_s) as response:
        # The time-out of the socket ends silence; a trickle must be ended by hand.
        deadline, enough = time.monotonic() + timeout_s, MIN_BYTES_PER_S * timeout_s
        while len(packed) <= file.gz_bytes and (chunk := response.read1(1 << 16)):
            packed += chunk
            show(n_before + len(packed))
            if time.monotonic() > deadline:
                if len(packed) < enough:
                    msg = f"slower than {MIN_BYTES_PER_S / 1000:.0f} kB/s: stalled"
                    raise TimeoutError(msg)
                deadline = time.monotonic() + timeout_s
                enough = len(packed) + MIN_BYTES_PER_S * timeout_s
    if _md5(packed) != file.gz_md5:
        n_got = "more" if len(packed) > file.gz_bytes else f"{len(packed):,}"
        msg = (
            f"{n_got} of {file.gz_bytes:,} bytes, with the MD5 {_md5(packed)} "
            f"in place of {file.gz_md5}"
        )
        raise ValueError(msg)
    content = gzip.decompress(packed)
    if _md5(content) != file.md5:
        msg = f"unpacked, the MD5 is {_md5(content)} in place of {file.md5}"
        raise ValueError(msg)
    return content


def _answer(url: str, *, timeout_s: float) -> http.client.HTTPResponse:
    """Return the answer of a mirror when its headers have come.

    Asked in a thread that is left behind: no time-out of a socket ends a name server
    that is silent, or headers that come a byte at a time.

    Raises:
        OSError: If the mirror cannot be reached, refuses or stalls.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "nn_tutorial"})
    answers: queue.SimpleQueue[http.client.HTTPResponse | Exception]
    answers = queue.SimpleQueue()
    is_left = threading.Event()

    def ask() -> None:
        try:
            answer = urllib.request.urlopen(request, timeout=timeout_s)
        except Exception as error:
            answers.put(error)
            return
        answers.put(answer)
        if is_left.is_set():
            answer.close()

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=2 * timeout_s)  # to connect, and to answer
    except queue.Empty:
        is_left.set()
        raise TimeoutError(f"no answer in {2 * timeout_s:g} s: stalled") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it.

    Raises:
        RuntimeError: If the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_file(path, lambda file: file.write(content))
        except PermissionError:
            # Windows: another process has just written the file and reads it.
            if path.read_bytes() != content:
                raise
    except (OSError, ValueError) as error:
        msg = (
            f"cannot write {path} ({error}): make {len(content) / 1e6:.0f} MB of room "
            "there, or set XDG_CACHE_HOME to a folder that can be written"
        )
        raise RuntimeError(msg) from error


# -- The stand-in ------------------------------------------------------------------


def _write_stand_in(root: Path, *, reason: str) -> MnistSource:
    """Write scikit-learn's digits in MNIST's format, unless they are there already.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
        RuntimeError: If they can be written nowhere.
    """
    if _md5_of_files(root, list(STAND_IN_MD5)) != STAND_IN_MD5:
        contents = stand_in_files(reason)
        try:
            for name, content in contents.items():
                _write_whole(root / "MNIST" / "raw" / name, content)
        except RuntimeError:
            root = Path(tempfile.mkdtemp(prefix="nn_tutorial-"))
            atexit.register(shutil.rmtree, root, ignore_errors=True)
            for name, content in contents.items():
                _write_whole(root / "MNIST" / "raw" / name, content)
    return _describe(root, STAND_IN_MD5, reason=reason)
