"""Seed, device and provenance of a run.

Needs torch and numpy. To copy: this file. Every chapter of the book ends with the line
that `provenance` returns.

In the book: `pick_device` in mnist and gpu.
"""

import hashlib
import os
import platform
import random
import time
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

__all__ = ["pick_device", "provenance", "set_seed"]

_imported_at_s = time.perf_counter()


def set_seed(seed: int) -> None:
    """Seed the random numbers of Python, NumPy and PyTorch (CPU and every GPU).

    Two runs on the same machine with the same seed draw the same numbers.
    The CPU and a GPU draw different numbers from the same seed.

    Args:
        seed: A whole number in ``[0, 2**32)``, the range NumPy accepts.

    Raises:
        ValueError: If ``seed`` is not such a number.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        msg = f"seed={seed!r}: give a whole number from 0 to {2**32 - 1}"
        raise ValueError(msg)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device(name: str | None = None) -> torch.device:
    """Return the device to train on: the given one, or the best one available.

    Without ``name`` the environment variable ``NN_TUTORIAL_DEVICE`` decides, and
    otherwise it is the first of CUDA, MPS (the GPU of an Apple computer) and CPU that
    this machine has.

    Args:
        name: ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"cpu"``; None to choose.

    Raises:
        ValueError: If the name is not one of these devices.
        RuntimeError: If this machine does not have the device.
    """
    asked_by = ""
    if name is None and os.environ.get("NN_TUTORIAL_DEVICE"):
        name = os.environ["NN_TUTORIAL_DEVICE"]
        asked_by = " (from NN_TUTORIAL_DEVICE)"
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")

    kind, colon, index = name.partition(":")
    if kind not in ("cuda", "mps", "cpu") or (colon and not index.isdecimal()):
        msg = f"no device {name!r}{asked_by}; known are 'cuda', 'mps' and 'cpu'"
        raise ValueError(msg)
    if kind == "cuda":
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(index or 0) >= n_gpus:
            msg = f"no device {name!r}{asked_by}: PyTorch sees {n_gpus} CUDA GPU(s);"
            raise RuntimeError(f"{msg} use 'cpu', or install a driver and a CUDA build")
    if kind == "mps" and not torch.backends.mps.is_available():
        msg = f"no device 'mps'{asked_by}: it needs an Apple GPU and macOS 12.3 or"
        raise RuntimeError(f"{msg} newer; use 'cpu'")
    return torch.device(name)


def provenance(
    *,
    device: torch.device | str | None = None,
    data: Mapping[str, Tensor | np.ndarray | str] | None = None,
) -> str:
    """Describe this run in one line: device, versions, seconds, checksums of data.

    The name of a GPU comes from its driver, and only if this process has used it,
    so the line cannot claim a GPU that was not there or was not used.

    Args:
        device: Where the run took place. None: the GPU if this process has used
            CUDA, else the CPU.
        data: The training data, by name. A tensor or array is shown as the first 12
            digits of the SHA-256 of its dtype, shape and bytes, which are the same
            for a tensor and an array of equal content. A string is shown unchanged:
            it is a checksum computed elsewhere, for example of a file.

    Returns:
        The device, with the number of threads for a CPU; the versions of Python,
        torch and numpy; the seconds since this module was imported; and one part
        for each entry of ``data``, joined by " · ".

    Raises:
        ValueError: If ``device`` is not one that `pick_device` knows.
        RuntimeError: If this machine does not have ``device``, or if it is a CUDA
            device that this process has not used.
        TypeError: If an entry of ``data`` is not a tensor, an array or a string.
    """
    if device is None:
        device = "cuda" if _has_used_cuda(None) else "cpu"
    device = pick_device(str(device))
    parts = [
        _describe(device),
        f"Python {platform.python_version()}",
        f"torch {torch.__version__}",
        f"numpy {np.__version__}",
        f"{time.perf_counter() - _imported_at_s:.1f} s",
    ]
    parts += [f"{name} {_checksum(name, it)}" for name, it in (data or {}).items()]
    return " · ".join(parts)


def _has_used_cuda(device: torch.device | None) -> bool:
    """Say whether this process has ever allocated memory on the CUDA device."""
    return torch.cuda.is_available() and bool(
        torch.cuda.memory_stats(device).get("allocation.all.allocated")
    )


def _describe(device: torch.device) -> str:
    if device.type == "cuda":
        if not _has_used_cuda(device):
            msg = f"nothing in this process was put on {str(device)!r}: it did not run"
            raise RuntimeError(f"{msg} there; give provenance the device it ran on")
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU (MPS)"
    n_threads = torch.get_num_threads()
    return f"CPU {platform.machine()}, {n_threads} thread{'s' * (n_threads > 1)}"


def _checksum(name: str, value: Tensor | np.ndarray | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Tensor):
        # bfloat16 has no NumPy twin, so its bytes are read as uint8.
        tensor = value.detach().cpu().flatten()
        dtype = str(tensor.dtype).removeprefix("torch.")
        content = tensor.view(torch.uint8).numpy().tobytes()
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        dtype = value.dtype.name
        content = value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
    else:
        msg = f"data[{name!r}] is a {type(value).__name__}: give a tensor, an array of"
        raise TypeError(f"{msg} numbers, or a string that already is a checksum")
    header = f"{dtype} {tuple(value.shape)} ".encode()
    return f"sha256 {hashlib.sha256(header + content).hexdigest()[:12]}"
