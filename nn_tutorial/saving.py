"""Save a network so that a crash cannot damage the file; load it without running code.

Needs torch and numpy; files that end in ``.safetensors`` need safetensors. To copy:
this file and ``_files.py``, into one folder. A file is written under a temporary name
in the same folder and renamed when it is complete, so if the program is killed while
it is saving, the old file is unchanged. Loading reads only numbers, and changes nothing
unless all of them fit.
"""

import operator
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ._files import (
    read_archive,
    read_safetensors,
    safetensors_content,
    write_file,
)

__all__ = [
    "Misfits",
    "load_checkpoint",
    "load_weights",
    "save_checkpoint",
    "save_weights",
]


class _Stateful(Protocol):
    """What has a state, such as a learning rate scheduler or a `GradScaler`."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> object:
        """Take over a state."""


class Misfits(NamedTuple):
    """The names of the parameters that `load_weights` did not load; empty if all fit.

    Attributes:
        missing: In the model but not in the file: they keep their values.
        unexpected: In the file but not in the model.
        mismatched: In both, but with different shapes: they keep their values.
    """

    missing: list[str]
    unexpected: list[str]
    mismatched: list[str]


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Save the parameters and buffers of a model, and nothing else.

    Args:
        model: Its ``state_dict()`` is saved.
        path: The file to write or replace. The suffix ``.safetensors`` selects that
            format, which contains no pickle, and adds a checksum. Any other suffix
            selects the format of `torch.save`, which `torch.load` can read.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
        ModuleNotFoundError: If safetensors is needed but missing.
        ValueError: If ``path`` is a folder, a pipe or a device.
    """
    if _is_safetensors(path):
        content = safetensors_content(model.state_dict(), path)
        write_file(path, lambda file: file.write(content))
    else:
        write_file(path, lambda file: torch.save(model.state_dict(), file))


def load_weights(
    model: nn.Module, path: str | os.PathLike[str], *, strict: bool = True
) -> Misfits:
    """Load what `save_weights` saved into a model, in place.

    The model stays on its device. It can also load a file to which `torch.save` saved
    a ``state_dict()``.

    Args:
        model: A model with the same shapes as the saved one.
        path: The file; its suffix determines the format, as in `save_weights`.
        strict: Whether all names and shapes have to match; if they do not, nothing is
            changed. With False, only what matches is loaded, for example all layers
            except the last for a network that is to learn other classes.

    Returns:
        The parameters that were not loaded; none if ``strict``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut off, damaged, of another kind, could run code,
            or does not fit; the message names the first parameter that differs.
    """
    state = read_safetensors(path) if _is_safetensors(path) else read_archive(path)
    if _is_checkpoint(state):
        raise ValueError(f"{path} is a checkpoint: use load_checkpoint")
    misfits = _misfits(model, state, path)
    if strict:
        _require_fit(model, state, path)
    fitting = {
        name: value
        for name, value in state.items()
        if name not in misfits.unexpected and name not in misfits.mismatched
    }
    if not fitting:
        raise ValueError(f"{path} holds no parameter that fits the model")
    model.load_state_dict(fitting, strict=False)
    return misfits


def save_checkpoint(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    path: str | os.PathLike[str],
    *,
    step: int,
    scheduler: _Stateful | None = None,
    scaler: _Stateful | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Save everything that a run needs to continue as if it had never stopped.

    These are the weights, the state of the optimizer (such as its momentum and its
    learning rate), the states of the random number generators of Python, NumPy and
    PyTorch, and the number of steps done.

    Args:
        model: Its ``state_dict()`` is saved.
        optimizer: Its ``state_dict()`` is saved.
        path: The file to write or replace, in the format of `torch.save`.
        step: The number of steps, or epochs, so far.
        scheduler: The learning rate scheduler, if there is one; its state is saved.
        scaler: The `torch.amp.GradScaler` of a run in mixed precision, if there is one.
        extra: Other values to save, by name, such as the losses so far: numbers,
            text, tensors, and lists, tuples and dictionaries of them.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
        TypeError: If a value in ``extra`` has another type.
        ValueError: If ``path`` ends in ``.safetensors``, a format for tensors only, or
            if a name in ``extra`` is reserved for the checkpoint.
    """
    if _is_safetensors(path):
        msg = f"{path}: a checkpoint holds more than tensors; use the suffix .pt"
        raise ValueError(msg)
    parts = {"optimizer": optimizer, "scheduler": scheduler, "scaler": scaler}
    checkpoint = {
        "step": operator.index(step),  # NumPy's integers are not read back
        "model_state_dict": model.state_dict(),
        "random_states": _random_states(),
    }
    for name, part in parts.items():
        if part is not None:
            checkpoint[f"{name}_state_dict"] = part.state_dict()
            checkpoint[f"{name}_name"] = type(part).__name__
    for name, value in (extra or {}).items():
        if name in checkpoint:
            raise ValueError(f"extra[{name!r}]: a checkpoint has this name itself")
        _require_plain(value, f"extra[{name!r}]")
        checkpoint[name] = value
    write_file(path, lambda file: torch.save(checkpoint, file))


def load_checkpoint(
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    path: str | os.PathLike[str],
    *,
    scheduler: _Stateful | None = None,
    scaler: _Stateful | None = None,
    extra: dict[str, Any] | None = None,
) -> int:
    """Restore a run from a checkpoint, and return its step.

    On a CPU the run then continues exactly as it would have, bit for bit; on a GPU some
    operations of PyTorch give slightly different numbers each time. The usual
    dictionary ``{"epoch": …, "model_state_dict": …, "optimizer_state_dict": …, …}``
    of other programs can be read too; it contains no states of random numbers.

    Args:
        model: A model with the same shapes as the saved one; changed in place.
        optimizer: An optimizer of the same class for the parameters of ``model``;
            changed in place, including its learning rate. None loads only the model.
        path: The file that `save_checkpoint` wrote.
        scheduler: A scheduler of the same class as the saved one, if there was one.
        scaler: The same for the `GradScaler`.
        extra: A dictionary that receives everything else in the file, by name.

    Returns:
        The saved ``step``, or the ``epoch`` in files of other programs.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut off, damaged, of another kind, could run code,
            or does not fit; the message names the first difference. The model, the
            optimizer and the random numbers are then unchanged.
    """
    checkpoint = read_archive(path)
    if not _is_checkpoint(checkpoint):
        raise ValueError(
            f"{path} is not a checkpoint: load_weights may be what it needs"
        )
    rest = dict(checkpoint)
    state = rest.pop("model_state_dict")
    _require_fit(model, state, path)
    random_states = rest.pop("random_states", None)
    step = rest.pop("step", rest.get("epoch"))
    if type(step) is not int:
        raise ValueError(f"{path} says neither its step nor its epoch")

    parts: dict[str, _Stateful | None] = {
        "optimizer": optimizer,
        "scheduler": scheduler,
        "scaler": scaler,
    }
    states: list[tuple[_Stateful, dict[str, Any]]] = []
    for name, part in parts.items():
        part_state = rest.pop(f"{name}_state_dict", None)
        expected = rest.pop(f"{name}_name", None)
        if part is not None and part_state is None:
            raise ValueError(f"{path} holds no state of a {name}")
        if part is None and part_state is not None and optimizer is not None:
            raise ValueError(f"{path} holds the state of a {name}: pass the {name}")
        if part is not None and part_state is not None:
            found = type(part).__name__
            if expected not in (None, found):
                msg = f"{path} belongs to the {name} {expected}, not to {found}"
                raise ValueError(msg)
            states.append((part, part_state))
    # First the optimizer, which refuses groups of parameters unlike its own before it
    # changes anything; the model was found to fit.
    for part, part_state in states:
        part.load_state_dict(part_state)
    model.load_state_dict(state)
    if random_states is not None and optimizer is not None:
        _set_random_states(random_states)
    if extra is not None:
        extra.update(rest)
    return step


def _is_safetensors(path: str | os.PathLike[str]) -> bool:
    return Path(path).suffix == ".safetensors"


def _is_checkpoint(content: object) -> bool:
    return isinstance(content, Mapping) and isinstance(
        content.get("model_state_dict"), Mapping
    )


def _misfits(model: nn.Module, state: object, path: str | os.PathLike[str]) -> Misfits:
    """Compare names and shapes; raise ValueError if ``state`` is no state dict."""
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor)
        for name, value in state.items()
    ):
        raise ValueError(f"{path} holds no state dict, that is, tensors by name")
    expected = model.state_dict()
    return Misfits(
        missing=[name for name in expected if name not in state],
        unexpected=[name for name in state if name not in expected],
        mismatched=[
            name
            for name in expected
            if name in state and state[name].shape != expected[name].shape
        ],
    )


def _require_fit(model: nn.Module, state: Any, path: str | os.PathLike[str]) -> None:
    """Raise ValueError with the first difference between the model and ``state``."""
    misfits = _misfits(model, state, path)
    expected = model.state_dict()
    in_order = [
        name for name in expected if name in {*misfits.missing, *misfits.mismatched}
    ]
    for name in [*in_order, *misfits.unexpected]:
        shapes = [
            f"shape {tuple(side[name].shape)}" if name in side else "nothing"
            for side in (expected, state)
        ]
        msg = f"{path} does not fit the model, first at {name!r}: expected"
        raise ValueError(f"{msg} {shapes[0]}, found {shapes[1]}")


def _require_plain(value: object, name: str) -> None:
    """Raise TypeError unless a safe load will accept ``value``."""
    if type(value) in (list, tuple):
        for i, part in enumerate(value):  # type: ignore[arg-type,var-annotated]
            _require_plain(part, f"{name}[{i}]")
    elif type(value) is dict:
        for key, part in value.items():
            _require_plain(key, f"a key of {name}")
            _require_plain(part, f"{name}[{key!r}]")
    elif type(value) not in (type(None), bool, int, float, str, bytes, Tensor):
        msg = f"{name} is of type {type(value).__name__}: keep numbers (float(x) makes"
        raise TypeError(f"{msg} one), text, tensors, and lists or dictionaries of them")


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
