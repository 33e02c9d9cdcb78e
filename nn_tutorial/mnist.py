"""MNIST that cannot fail: checked files, an honest stand-in, and fast batches.

``mnist_root`` finds or fetches the data and says which data it is; the folder it
returns is what ``torchvision.datasets.MNIST(root)`` reads. ``load_tensors`` reads the
same files into memory, ``in_memory_batches`` and ``captured_step`` train from there.

Needs torch and NumPy; the stand-in also needs scikit-learn
(``pip install "nn_tutorial[mnist]"``). Chapters 07 and 08 explain how to use it.

Why the download is our own and not torchvision's (0.29 was read): torchvision opens a
mirror without a time-out, so one that stalls stops the reader for ever; it writes
under the final name and later trusts any file that has this name, so a killed download
is taken for the data; and it draws its progress bar even where nobody watches.

Source:
    LeCun, Cortes & Burges, "The MNIST database of handwritten digits" (1998).
    Stand-in: Alpaydin & Kaynak, "Optical recognition of handwritten digits" (UCI
    Machine Learning Repository, 1998), as packaged in scikit-learn.
"""

from __future__ import annotations

import atexit
import contextlib
import gzip
import hashlib
import http.client
import math
import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

__all__ = [
    "MnistFile",
    "MnistSource",
    "captured_step",
    "in_memory_batches",
    "load_tensors",
    "mnist_root",
    "stand_in_notice",
    "with_progress",
]


Item = TypeVar("Item")


class MnistFile(NamedTuple):
    """One of the four files of MNIST, and how to recognise it.

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
    """Where the images are, and which images they are.

    Attributes:
        root: Folder for ``torchvision.datasets.MNIST(root)`` and ``load_tensors``.
        is_stand_in: True when the images are scikit-learn's digits and not MNIST.
        checksum: MD5 over the MD5s of the four files, 32 hexadecimal digits.
        description: One line for a provenance note; holds no path of this machine.
        reason: Why there is a stand-in; empty for MNIST itself.
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

STAND_IN_MD5 = {
    "t10k-labels-idx1-ubyte": "d20a020a68a010ebd341090cabde04c3",
    "train-labels-idx1-ubyte": "561e11ee647dbb19807a852f714c7d34",
    "t10k-images-idx3-ubyte": "3bf67dac8a6d4ab9721e4579daadd871",
    "train-images-idx3-ubyte": "64f55294506dd1170907f7c1ad38b212",
}
STAND_IN_TRAINING = 1_497  # of scikit-learn's 1,797 images; the other 300 are the test

MIN_BYTES_PER_S = 10_000  # a mirror slower than this has stalled
STALE_PART_S = 3_600.0  # a temporary file this old belongs to no living process


def mnist_root(
    *,
    stand_in: bool,
    cache: Path | None = None,
    files: Sequence[MnistFile] = MNIST_FILES,
    mirrors: Sequence[str] = MIRRORS,
    timeout_s: float = 10.0,
) -> MnistSource:
    """Return a folder that holds MNIST, checked byte for byte, and what it holds.

    Looked for in this order: the folder named by the environment variable
    ``NN_TUTORIAL_DATA``; ``cache``; a download into ``cache``, first from the address
    in ``NN_TUTORIAL_MIRROR``, if there is one, then from ``mirrors``; and last, if
    ``stand_in`` is true and ``NN_TUTORIAL_REQUIRE_MNIST`` is not set, the 1,797
    digits that come with scikit-learn, enlarged to 28 x 28 pixels and written in
    MNIST's own format. Every file is complete or absent at every moment, so the
    function may be killed, or run in several processes at once.

    Args:
        stand_in: Whether scikit-learn's digits will do when MNIST cannot be had. Say
            so to your reader: ``description`` and ``stand_in_notice`` do.
        cache: Folder to keep the files in; by default ``nn_tutorial`` in the user's
            cache folder (``XDG_CACHE_HOME`` moves it, on every system).
        files: The four files and their checksums.
        mirrors: Addresses to which ``name + ".gz"`` is appended.
        timeout_s: Seconds after which a mirror that sends (nearly) nothing is left.

    Raises:
        FileNotFoundError: If ``NN_TUTORIAL_DATA`` names a folder without the files.
        ValueError: If a file there is neither MNIST's nor the stand-in's.
        RuntimeError: If MNIST cannot be had and a stand-in will not do, or if not
            even the stand-in can be written; the message lists all that was tried.
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
    """Return what a page made from the stand-in must tell its reader.

    Args:
        source: What ``mnist_root`` returned.
        language: ``"zh"`` or ``"en"``.

    Returns:
        Three sentences, or an empty text when ``source`` is MNIST itself.
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


def load_tensors(
    root: str | Path, *, train: bool, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Return all images and labels of one half of MNIST as two tensors.

    The numbers are those of ``ToTensor`` and ``Normalize([0.5], [0.5])``: the grey
    level 0 becomes -1 and 255 becomes 1.

    Args:
        root: Folder that holds ``MNIST/raw``, as for ``torchvision.datasets.MNIST``.
        train: True for the training set, False for the test set.
        device: Where the tensors are to live.

    Returns:
        Images, float32 in [-1, 1], shape ``(N, 784)``, and labels, int64 in [0, 9],
        shape ``(N,)``. All of MNIST takes 220 MB.

    Raises:
        FileNotFoundError: If the files are not there.
        ValueError: If a file is not in MNIST's format.
    """
    half = "train" if train else "t10k"
    arrays = []
    for kind, n_dims in (("images-idx3", 3), ("labels-idx1", 1)):
        path = Path(root, "MNIST", "raw", f"{half}-{kind}-ubyte")
        if not path.is_file():
            msg = f"{path} does not exist: pass the root that mnist_root returns"
            raise FileNotFoundError(msg)
        content = path.read_bytes()
        # Two zero bytes, 8 for "unsigned byte", the number of dimensions; then each
        # dimension as a big-endian integer of four bytes; then the values.
        n_header = 4 + 4 * n_dims
        shape = [
            int.from_bytes(content[i : i + 4], "big") for i in range(4, n_header, 4)
        ]
        n_values = len(content) - n_header
        if content[:4] != bytes([0, 0, 8, n_dims]) or n_values != math.prod(shape):
            msg = f"{path} is not an MNIST file of {n_dims} dimensions: fetch it again"
            raise ValueError(msg)
        values = np.frombuffer(content, np.uint8, offset=n_header).reshape(shape)
        arrays.append(torch.tensor(values, device=device))
    images, labels = arrays  # (N, 28, 28), (N,)
    inputs = images.flatten(1).float().div_(255)  # (N, 784), in [0, 1]
    return inputs.sub_(0.5).div_(0.5), labels.long()


def in_memory_batches(
    inputs: Tensor,
    targets: Tensor,
    *,
    batch_size: int,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield every row once, shuffled, in batches; a DataLoader without its cost.

    Args:
        inputs: Shape ``(N, ...)``, on any device.
        targets: Shape ``(N, ...)``, on the same device.
        batch_size: Rows per batch; the last batch holds what is left.
        generator: Source of the shuffling, on the device of ``inputs``; the global
            one when it is None.

    Yields:
        Pairs of shapes ``(batch_size, ...)``, new tensors on the same device.

    Raises:
        ValueError: If the two lengths differ.
    """
    if len(inputs) != len(targets):
        msg = f"{len(inputs)} inputs but {len(targets)} targets: one target per input"
        raise ValueError(msg)
    order = torch.randperm(len(inputs), generator=generator, device=inputs.device)
    for rows in order.split(batch_size):  # (batch_size,)
        yield inputs[rows], targets[rows]


def captured_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: Tensor,
    targets: Tensor,
    *,
    batch_size: int,
) -> Callable[[Tensor], Tensor]:
    """Return a function that trains on the given rows: on CUDA, one captured graph.

    A step of a small network is some thirty kernels of a few microseconds, and Python
    needs longer to start each than the GPU to run it. Captured once, all are started
    by a single call. On other devices the same step runs without capture.

    Args:
        model: Network in training mode, on the device of ``inputs``.
        optimizer: SGD without momentum over the parameters of ``model``.
        inputs: All training inputs, shape ``(N, ...)``.
        targets: All class indices, int64, shape ``(N,)``.
        batch_size: Rows per step; the captured graph can do no other number.

    Returns:
        A function of row numbers, int64, shape ``(batch_size,)``, that changes
        ``model`` in place and returns the loss before the step, a scalar tensor. On
        CUDA the next call overwrites that tensor: add it up or clone it.

    Raises:
        ValueError: If the optimizer keeps state from step to step, such as momentum.

    Source:
        PyTorch documentation, "CUDA semantics: whole-network capture".
    """
    if type(optimizer) is not torch.optim.SGD or optimizer.defaults["momentum"]:
        msg = (
            f"{type(optimizer).__name__} keeps state, and the warm-up that CUDA asks "
            "for is undone in the model only: use torch.optim.SGD without momentum"
        )
        raise ValueError(msg)
    rows = torch.arange(batch_size, device=inputs.device)  # the graph reads these

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(inputs[rows]), targets[rows])
        loss.backward()
        optimizer.step()
        return loss.detach()

    if inputs.device.type != "cuda":

        def train(batch_rows: Tensor) -> Tensor:
            rows.copy_(batch_rows)
            return step()

        return train

    before = {name: value.clone() for name, value in model.state_dict().items()}
    # Streams and graphs belong to the current device: make it that of the tensors.
    with torch.cuda.device(inputs.device):
        side_stream = torch.cuda.Stream()
        side_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side_stream):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side_stream)
        graph = torch.cuda.CUDAGraph()
        optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph, stream=side_stream):
            loss = step()
    model.load_state_dict(before)  # in place: the graph has addresses, not tensors

    # For the same reason `step` must live as long as the graph: it holds the tensors.
    def replay(batch_rows: Tensor, _alive: Callable[[], Tensor] = step) -> Tensor:
        rows.copy_(batch_rows)
        graph.replay()
        return loss

    return replay


def with_progress(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield each item, with a progress bar for somebody who waits in a terminal.

    There is no bar where nobody waits: not in a notebook, not in a page, not in a file.
    A wait of less than two seconds wipes it out again. It is drawn on the error stream.

    Args:
        items: What to go through, for example ``range(20)``.
        label: Stands before the bar.

    Yields:
        The items, one after the other.
    """
    with _progress_bar(label, len(items)) as show:
        for n_done, item in enumerate(items, 1):
            yield item
            show(n_done)


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
    with _progress_bar("MNIST", n_total) as show:
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
                _write_atomically(cache / "MNIST" / "raw" / file.name, content)
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
    request = urllib.request.Request(url, headers={"User-Agent": "nn_tutorial"})
    packed = bytearray()
    with urllib.request.urlopen(request, timeout=timeout_s) as response:
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


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it.

    Raises:
        RuntimeError: If the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for part in path.parent.glob(".*.part"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > STALE_PART_S:
                    part.unlink()
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part"
        )
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                Path(temporary).replace(path)
            except PermissionError:
                # Windows: another process has just written the file and reads it.
                if path.read_bytes() != content:
                    raise
                Path(temporary).unlink()
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        msg = (
            f"cannot write {path} ({error}): make {len(content) / 1e6:.0f} MB of room "
            "there, or set XDG_CACHE_HOME to a folder that can be written"
        )
        raise RuntimeError(msg) from error


@contextlib.contextmanager
def _progress_bar(label: str, n_total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows how much of ``n_total`` is done.

    The bar is there at once, since the first part may take long.
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


# -- The stand-in ------------------------------------------------------------------


def _write_stand_in(root: Path, *, reason: str) -> MnistSource:
    """Write scikit-learn's digits in MNIST's format, unless they are there already.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
        RuntimeError: If they can be written nowhere.
    """
    if _md5_of_files(root, list(STAND_IN_MD5)) != STAND_IN_MD5:
        contents = _stand_in_files(reason)
        try:
            for name, content in contents.items():
                _write_atomically(root / "MNIST" / "raw" / name, content)
        except RuntimeError:
            root = Path(tempfile.mkdtemp(prefix="nn_tutorial-"))
            atexit.register(shutil.rmtree, root, ignore_errors=True)
            for name, content in contents.items():
                _write_atomically(root / "MNIST" / "raw" / name, content)
    return _describe(root, STAND_IN_MD5, reason=reason)


def _stand_in_files(reason: str) -> dict[str, bytes]:
    """Return the four files of the stand-in, name by name."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        msg = (
            f"{reason}\nThe stand-in for MNIST needs scikit-learn: "
            'pip install "nn_tutorial[mnist]"'
        )
        raise ModuleNotFoundError(msg, name=error.name) from error
    digits = load_digits()
    images = _enlarge(digits.images.astype(np.int64))
    labels = digits.target.astype(np.uint8)
    files = {}
    for half, rows in (
        ("train", slice(None, STAND_IN_TRAINING)),
        ("t10k", slice(STAND_IN_TRAINING, None)),
    ):
        files[f"{half}-images-idx3-ubyte"] = _idx(images[rows])
        files[f"{half}-labels-idx1-ubyte"] = _idx(labels[rows])
    return files


def _enlarge(images: np.ndarray) -> np.ndarray:
    """Return 8 x 8 images of levels 0 to 16 as 28 x 28 images of levels 0 to 255.

    The 8 x 8 pixels become 20 x 20 by linear interpolation, with a margin of 4 pixels
    around, as in MNIST. Everything is counted in integers, so that every machine
    writes the same bytes.

    Args:
        images: Shape ``(N, 8, 8)``, int64 in [0, 16].

    Returns:
        Shape ``(N, 28, 28)``, uint8.
    """
    # In tenths of an old pixel: centre i of the new pixels lies at 4 i - 3.
    position = np.clip(4 * np.arange(20) - 3, 0, 70)
    distance = np.abs(position[:, None] - 10 * np.arange(8))
    weights = np.clip(10 - distance, 0, None)  # (20, 8), each row adds up to 10
    hundredths = weights @ images @ weights.T  # (N, 20, 20), in [0, 1600]
    levels = (255 * hundredths + 800) // 1600
    return np.pad(levels.astype(np.uint8), ((0, 0), (4, 4), (4, 4)))


def _idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in MNIST's format: magic number, shape, values."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return header + array.tobytes()
