"""Save a network so that no crash breaks the file, and load it so that no code runs.

Needs torch and numpy; files that end in ``.safetensors`` need safetensors. A file is
written under a temporary name beside its own and renamed when it is complete: whoever
kills the program in the middle leaves the old file as it was. Loading reads numbers
only, and changes nothing unless all of them fit.

In the book: chapter 06.
"""

import os
import pickle
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["load_checkpoint", "load_weights", "save_checkpoint", "save_weights"]

_CHECKPOINT_KEYS = {
    "step",
    "model_state_dict",
    "optimizer_state_dict",
    "optimizer_name",
    "random_states",
}


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Save the parameters and buffers of a model, and nothing else.

    Args:
        model: Its ``state_dict()`` is saved.
        path: The file to write or replace. With the suffix ``.safetensors`` it gets
            that format, which holds no pickle; with any other, what `torch.save`
            writes, so that `torch.load` reads it.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
    """
    if _is_safetensors(path):
        import safetensors.torch

        # The format wants each tensor whole and on its own: copies, also of weights
        # that two layers share.
        state = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in model.state_dict().items()
        }
        content = safetensors.torch.save(state)
        _write(path, lambda file: file.write(content))
    else:
        _write(path, lambda file: torch.save(model.state_dict(), file))


def load_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Load what `save_weights` saved into a model of the same shapes, in place.

    The model stays on its device. A file of `torch.save` that holds a
    ``state_dict()`` is as good.

    Args:
        model: Changed only if the whole file fits.
        path: The file; its suffix says its format, as in `save_weights`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut off, damaged, of another kind, could run code,
            or does not fit; the message names the first parameter that differs.
    """
    state = _read_safetensors(path) if _is_safetensors(path) else _read(path)
    if isinstance(state, dict) and state.keys() == _CHECKPOINT_KEYS:
        raise ValueError(f"{path} is a checkpoint: use load_checkpoint")
    _require_fit(model, state, path)
    model.load_state_dict(state)


def save_checkpoint(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    path: str | os.PathLike[str],
    *,
    step: int,
) -> None:
    """Save all that a run needs to go on as if it had never stopped.

    These are the weights, the state of the optimizer (its momentum, say, and its
    learning rate), the states of the random number generators of Python, NumPy and
    PyTorch, and the number of steps done.

    Args:
        model: Its ``state_dict()`` is saved.
        optimizer: Its ``state_dict()`` is saved.
        path: The file to write or replace, in the format of `torch.save`.
        step: How many steps, or epochs, are done.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
        ValueError: If ``path`` ends in ``.safetensors``, a format for tensors only.
    """
    if _is_safetensors(path):
        msg = f"{path}: a checkpoint holds more than tensors; use the suffix .pt"
        raise ValueError(msg)
    checkpoint = {
        "step": step,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "optimizer_name": type(optimizer).__name__,
        "random_states": _random_states(),
    }
    _write(path, lambda file: torch.save(checkpoint, file))


def load_checkpoint(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    path: str | os.PathLike[str],
) -> int:
    """Bring a run back to where `save_checkpoint` left it, and return its step.

    On a CPU the run then goes on bit for bit as it would have; on a GPU some
    operations of PyTorch give slightly different numbers each time.

    Args:
        model: Of the same shapes as the saved one; changed in place.
        optimizer: Of the same kind, holding the parameters of ``model``; changed in
            place, its learning rate included.
        path: The file that `save_checkpoint` wrote.

    Returns:
        The ``step`` that was saved.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut off, damaged, of another kind, could run code,
            or does not fit; the message names what differs first. Model, optimizer
            and random numbers are then as before.
    """
    checkpoint = _read(path)
    if not isinstance(checkpoint, dict) or checkpoint.keys() != _CHECKPOINT_KEYS:
        raise ValueError(
            f"{path} is not a checkpoint: load_weights may be what it needs"
        )
    _require_fit(model, checkpoint["model_state_dict"], path)
    found, expected = checkpoint["optimizer_name"], type(optimizer).__name__
    if found != expected:
        raise ValueError(f"{path} belongs to the optimizer {found}, not to {expected}")
    # First the optimizer, which refuses groups of parameters unlike its own before it
    # changes anything; the model was found to fit.
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
    model.load_state_dict(checkpoint["model_state_dict"])
    _set_random_states(checkpoint["random_states"])
    step: int = checkpoint["step"]
    return step


def _is_safetensors(path: str | os.PathLike[str]) -> bool:
    return Path(path).suffix == ".safetensors"


def _write(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a temporary file, then give it the name ``path``."""
    path = Path(path)
    if not path.parent.is_dir():
        msg = f"no folder {path.parent}: make it first, with Path.mkdir(parents=True)"
        raise FileNotFoundError(msg)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            # The content must be on the disk before the name points to it, or a power
            # cut could leave the new name with an empty file.
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _read(path: str | os.PathLike[str]) -> Any:
    """Return what `torch.save` wrote to ``path``, on the CPU, without running code."""
    _require_file(path)
    try:
        # `torch.save` writes a zip file. Its directory comes last, so a file cut off
        # has none; its checksums, which `torch.load` does not look at, find the rest.
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        name = re.search(r"GLOBAL ([\w.]+)", str(error))
        code = f" ({name[1]})" if name else ""
        msg = f"{path} is refused: to read it, code that it names{code} would run."
        msg += " If it is a whole model of your own, load it where it was saved, with"
        msg += " weights_only=False, and save its weights with save_weights"
        raise ValueError(msg) from error
    except Exception as error:
        # A damaged file can make the reader raise almost anything.
        raise _unreadable(path, error) from error


def _read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    import safetensors.torch

    _require_file(path)
    try:
        return safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | os.PathLike[str], error: Exception) -> ValueError:
    msg = f"{path} is cut off, damaged or of another kind ({error})"
    return ValueError(f"{msg}: take an earlier one")


def _require_file(path: str | os.PathLike[str]) -> None:
    if not Path(path).is_file():
        raise FileNotFoundError(f"no file {path} (the current folder is {Path.cwd()})")


def _require_fit(model: nn.Module, state: object, path: str | os.PathLike[str]) -> None:
    """Raise ValueError with the first difference between the model and ``state``."""
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor)
        for name, value in state.items()
    ):
        raise ValueError(f"{path} holds no state dict, that is, tensors by name")
    expected = model.state_dict()
    for name in [*expected, *(name for name in state if name not in expected)]:
        shapes = [
            f"shape {tuple(side[name].shape)}" if name in side else "nothing"
            for side in (expected, state)
        ]
        if shapes[0] != shapes[1]:
            msg = f"{path} does not fit the model, first at {name!r}: expected"
            raise ValueError(f"{msg} {shapes[0]}, found {shapes[1]}")


def _random_states() -> dict[str, Any]:
    """Return the states of all generators as values that a safe load accepts."""
    numpy = np.random.get_state(legacy=False)
    generator = numpy["state"]
    words = generator["key"].tolist()
    return {
        "python": random.getstate(),
        "numpy": {**numpy, "state": {**generator, "key": words}},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def _set_random_states(states: dict[str, Any]) -> None:
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) <= torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
