"""Write files so that no half-written file is seen, and read them without running code.

Needs torch; files that end in ``.safetensors`` need safetensors. To copy: this file.

A file is written under a temporary name that no other process uses, locked while it is
being written, and renamed when all of it is on the disk. If a process is killed, the
next one that writes to the same name removes the temporary file. On Windows the lock
is not needed, because a file in use cannot be removed.
"""

import contextlib
import json
import os
import pickletools
import re
import secrets
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import torch
from torch import Tensor

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "open_file",
    "read_archive",
    "read_safetensors",
    "safetensors_content",
    "write_file",
]

# The names that a file of numbers needs: nothing that runs code, opens files or makes
# something as large as a number in the file says.
_HARMLESS = re.compile(
    r"collections (OrderedDict|Counter)|_codecs encode|"
    r"torch (Size|device|\w*Storage)|"
    r"torch\.storage (Untyped|Typed)Storage|"
    r"torch\._utils _rebuild_(tensor_v2|tensor_v3|parameter)"
)
_LEGACY = bytes.fromhex(
    "80028a0a6cfc9c46f9206aa850192e"
)  # a pickle of its magic number


def write_file(
    path: str | os.PathLike[str], write: Callable[[BinaryIO], object]
) -> None:
    """Write a file so that other processes see the old or the new one, never a part.

    Args:
        path: The file to write or replace.
        write: Called with the open file; writes its whole content.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
        ValueError: If ``path`` is a folder, a pipe or a device.
    """
    path = Path(path)
    if not path.parent.is_dir():
        msg = f"no folder {path.parent}: make it first, with Path.mkdir(parents=True)"
        raise FileNotFoundError(msg)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is there and is no file: choose another name")
    _remove_leftovers(path)
    temporary, file = _open_new(path)
    try:
        with file:
            write(file)
            file.flush()
            # The content must be on the disk before the name points to it, or a power
            # cut could leave the new name with an empty file.
            os.fsync(file.fileno())
            if os.name != "nt":  # Windows renames no file that is open
                temporary.replace(path)
        if os.name == "nt":
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _open_new(path: Path) -> tuple[Path, BinaryIO]:
    """Open a new file beside ``path``, and keep it locked until it is closed."""
    while True:
        # Not longer than a file name may be, whatever the alphabet of the name.
        name = f".{path.name[:40]}.{secrets.token_hex(8)}.tmp"
        temporary = path.with_name(name)
        file = temporary.open("xb")
        if fcntl is None:
            return temporary, file
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()  # another writer took it for a leftover before it was locked


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files of ``path`` whose writers have died."""
    pattern = re.compile(rf"\.{re.escape(path.name[:40])}\.[0-9a-f]{{16}}\.tmp")
    for entry in os.scandir(path.parent):
        if not pattern.fullmatch(entry.name):
            continue
        # Another writer may remove it first, or hold its lock: then it stays.
        with contextlib.suppress(OSError):
            if fcntl is not None:
                flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
                descriptor = os.open(entry.path, flags)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    Path(entry.path).unlink()
                finally:
                    os.close(descriptor)
            else:
                Path(entry.path).unlink()


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk, too; without it a power cut brings back the old."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for reading; refuse a pipe or a device instead of waiting for it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, IsADirectoryError):
        msg = f"no file {path} (the current folder is {Path.cwd()})"
        raise FileNotFoundError(msg) from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read as a file ({error})") from error
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            msg = f"no file {path}, it is a folder (in {Path.cwd()})"
            raise FileNotFoundError(msg)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path} is a pipe or a device, not a file")
        yield file


def read_archive(path: str | os.PathLike[str]) -> Any:
    """Return what `torch.save` wrote to ``path``, on the CPU, without running code.

    `torch.load` with ``weights_only=True`` accepts whatever else a program has
    allowed, and does not verify checksums. So before it reads, the names in the file
    are compared with a short list, and all checksums are verified.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another format, is cut off, is damaged, or could run code.
    """
    with open_file(path) as file:
        try:
            _require_archive(path, file)
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=True)
        except _RefusedError:
            raise
        except Exception as error:
            # A damaged file can make the reader raise almost anything.
            raise _unreadable(path, error) from error


class _RefusedError(ValueError):
    """The file is what it seems to be, and is not read."""


def _unreadable(path: str | os.PathLike[str], error: object) -> ValueError:
    msg = f"{path} is cut off, damaged or of another kind ({error})"
    return ValueError(f"{msg}: take an earlier one")


def _require_archive(path: str | os.PathLike[str], file: BinaryIO) -> None:
    """Raise an error unless this is a whole archive of `torch.save` and harmless."""
    if file.read(len(_LEGACY)) == _LEGACY or _is_tar(file):
        msg = f"{path} has the format of PyTorch before 1.6, which has no checksums. If"
        msg += " you know where it comes from, convert it once:"
        msg += " torch.save(torch.load(old, weights_only=True), new)"
        raise _RefusedError(msg)
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise _RefusedError(f"{path} is compressed: torch.save does not do that")
        if len({entry.filename for entry in entries}) < len(entries):
            raise zipfile.BadZipFile("two parts have one name")
        if any(entry.external_attr & 0x10 for entry in entries):
            # One bit of damage, and `torch.load` leaves the numbers as memory had them.
            raise zipfile.BadZipFile("a part is said to be a folder")
        if sum(entry.file_size for entry in entries) > size:
            raise zipfile.BadZipFile("its parts are said to be larger than the file")
        # The directory comes last, so a file cut off has none; the checksums, which
        # `torch.load` does not look at, find the rest.
        if (damaged := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
        for entry in entries:
            name = entry.filename.partition("/")[2]
            if name.startswith("code/") or name == "constants.pkl":
                msg = f"{path} is refused: it is a program (TorchScript), not numbers"
                raise _RefusedError(msg)
            if name.endswith(".pkl"):
                _require_harmless(path, archive.read(entry))


def _require_harmless(path: str | os.PathLike[str], content: bytes) -> None:
    """Raise an error if a pickle names anything but parts of tensors."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name == "GLOBAL" and _is_harmless(str(argument)):
            continue
        if opcode.name in ("GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):
            name = (
                f" ({argument.replace(' ', '.')})" if isinstance(argument, str) else ""
            )
            msg = f"{path} is refused: to read it, code that it names{name} would run."
            msg += " If it is a whole model of your own, load it where it was saved,"
            msg += " with weights_only=False, and save its weights with save_weights"
            raise _RefusedError(msg)


def _is_harmless(name: str) -> bool:
    """Whether a pickle of numbers may name this: ``module``, a blank, ``attribute``."""
    module, _, attribute = name.partition(" ")
    is_dtype = isinstance(getattr(torch, attribute, None), torch.dtype)
    return bool(_HARMLESS.fullmatch(name)) or (module == "torch" and is_dtype)


def _is_tar(file: BinaryIO) -> bool:
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:"):
            return True
    except tarfile.TarError:
        return False


def safetensors_content(
    state: Mapping[str, Tensor], path: str | os.PathLike[str]
) -> bytes:
    """Return tensors in the format of safetensors, with one checksum for all of them.

    Raises:
        ModuleNotFoundError: If safetensors is missing; the message names ``path``.
    """
    # The format wants each tensor whole and on its own: copies, also of weights that
    # two layers share.
    whole = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in state.items()
    }
    metadata = {"format": "pt", "crc32": _checksum(whole)}
    content: bytes = _safetensors(path).save(whole, metadata=metadata)
    return content


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, on the CPU, by name.

    Raises:
        FileNotFoundError: If there is no such file.
        ModuleNotFoundError: If safetensors is missing.
        ValueError: If it is of another kind, cut off or damaged.
    """
    safetensors = _safetensors(path)
    # The library's own reader opens the file twice, and may find two files.
    with open_file(path) as file:
        content = file.read()
    try:
        state: dict[str, Tensor] = safetensors.load(content)
    except safetensors.SafetensorError as error:
        raise _unreadable(path, error) from error
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    if header.get("__metadata__", {}).get("crc32") not in (None, _checksum(state)):
        raise _unreadable(path, "wrong checksum")
    return state


def _checksum(state: dict[str, Tensor]) -> str:
    """Return the CRC-32 of names, shapes and values, as 8 hexadecimal digits."""
    crc = 0
    for name in sorted(state):
        value = state[name]
        crc = zlib.crc32(f"{name} {value.dtype} {tuple(value.shape)}".encode(), crc)
        crc = zlib.crc32(value.reshape(-1).view(torch.uint8).numpy().data, crc)
    return f"{crc:08x}"


def _safetensors(path: str | os.PathLike[str]) -> Any:
    """Return the library's functions for torch, and its error."""
    try:
        import safetensors
        from safetensors.torch import load, save
    except ModuleNotFoundError as error:
        msg = f"{path} needs safetensors: python -m pip install safetensors"
        raise ModuleNotFoundError(msg, name=error.name) from error
    return SimpleNamespace(
        load=load, save=save, SafetensorError=safetensors.SafetensorError
    )
