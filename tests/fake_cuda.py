"""A CUDA GPU for machines without one: it computes on the CPU and refuses like CUDA.

    python tests/fake_cuda.py PAGE...    execute the code of pages of the book on it

A tensor moved to ``"cuda"`` says that it is there, and cannot meet one that is not:
what a chapter forgets to move shows here, long before it reaches a real GPU. Not
simulated are speed, compilers, streams and graphs: a graph replayed does nothing.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.data import DataLoader

NAME = "Fake H200"
MAKE_LOADER = DataLoader.__init__
CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
# With these a tensor may meet one of another device: the first copies between the two,
# the others are how nn.Module.to puts a moved tensor into the place of the old one.
CROSSING = {"copy_", "_has_compatible_shallow_copy_type", "__set__"}


class CudaTensor(Tensor):
    """A tensor on the CPU that counts as one on the GPU."""


def on_gpu(value: object) -> object:
    """Return a tensor as one of the GPU, without a copy; other values as they are."""
    plain = isinstance(value, Tensor) and not isinstance(value, CudaTensor)
    return value.as_subclass(CudaTensor) if plain else value


def on_cpu(value: object) -> object:
    """Return a tensor of the GPU as what it is; other values as they are."""
    return value.as_subclass(Tensor) if isinstance(value, CudaTensor) else value


class FakeCuda(TorchFunctionMode):
    """While this is entered, every function of PyTorch asks here first."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = func.__name__
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        on_both = {isinstance(tensor, CudaTensor) for tensor in tensors}
        here = True in on_both

        if func == Tensor.device.__get__ and here:
            return CUDA
        if func == Tensor.is_cuda.__get__:
            return here
        if name in ("to", "cpu", "cuda"):
            return moved(name, args[0], *args[1:], **kwargs)
        if name in ("numpy", "__array__") and here:
            msg = f"can't convert {CUDA} device type tensor to numpy. Use Tensor.cpu()"
            raise TypeError(msg)
        if name in ("__format__", "__repr__") and here:
            return func(on_cpu(args[0]).detach(), *args[1:], **kwargs)
        if name == "__deepcopy__" and here:
            return copied(*args)
        if on_both == {True, False} and name not in CROSSING:
            refuse_mixture(name, tensors)

        device = kwargs.get("device")
        if device is not None and torch.device(device).type == "cuda":
            kwargs["device"], here = CPU, True
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **kwargs)
        return tree_map(on_gpu, result) if here and name not in CROSSING else result


def moved(name: str, tensor: Tensor, *args: object, **kwargs: object) -> Tensor:
    """Return what ``Tensor.to``, ``Tensor.cpu`` or ``Tensor.cuda`` returns."""
    device, dtype = {"cpu": CPU, "cuda": CUDA}.get(name), None
    if name == "to":
        device, dtype = torch._C._nn._parse_to(*args, **kwargs)[:2]
        if any(isinstance(value, CudaTensor) for value in args):  # like that one
            device = CUDA
    now = CUDA if isinstance(tensor, CudaTensor) else tensor.device
    device, dtype = device or now, dtype or tensor.dtype
    if (device.type, dtype) == (now.type, tensor.dtype):
        return tensor
    goes_here = device.type == "cuda"
    result = on_cpu(tensor).to(CPU if goes_here else device, dtype, copy=True)
    return on_gpu(result) if goes_here else result


def copied(tensor: CudaTensor, memo: dict[int, object]) -> Tensor:
    """Return what ``copy.deepcopy`` makes of a leaf tensor of the GPU."""
    if id(tensor) not in memo:
        copy = on_gpu(on_cpu(tensor).detach().clone())
        copy.requires_grad_(tensor.requires_grad)
        if isinstance(tensor, torch.nn.Parameter):
            copy._is_param = True
        memo[id(tensor)] = copy
    return memo[id(tensor)]


def refuse_mixture(name: str, tensors: list[Tensor]) -> None:
    """Raise where CUDA raises when some of ``tensors`` are elsewhere."""
    strangers = [tensor for tensor in tensors if not isinstance(tensor, CudaTensor)]
    # CUDA takes a number from the CPU, and lets itself be indexed from there.
    if all(tensor.dim() == 0 for tensor in strangers):
        return
    if name == "__getitem__" and isinstance(tensors[0], CudaTensor):
        return
    msg = (
        "Expected all tensors to be on the same device, "
        f"but found at least two devices, {CUDA} and cpu! ({name})"
    )
    raise RuntimeError(msg)


def without_pinned_memory(
    loader: DataLoader, *args: object, pin_memory: bool = False, **kwargs: object
) -> None:
    """Make a `DataLoader` that pins no memory: only a driver can do that."""
    MAKE_LOADER(loader, *args, **kwargs)


# Adam asks the driver whether a graph is being captured; newer PyTorch by another name.
CHECKS = {
    "_accelerator_graph_capture_health_check": lambda optimizer: None,
    "_cuda_graph_capture_health_check": lambda optimizer: None,
}


@contextlib.contextmanager
def fake_cuda() -> Iterator[None]:
    """Let PyTorch have a GPU for as long as this lasts."""
    overwrite = torch.__future__.get_overwrite_module_params_on_conversion()
    patches = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_name": lambda device=None: NAME,
        "memory_stats": lambda device=None: {"allocation.all.allocated": 1},
        "synchronize": lambda device=None: None,
        "is_bf16_supported": lambda including_emulation=True: True,
        "device": lambda device: contextlib.nullcontext(),
        "stream": lambda stream: contextlib.nullcontext(),
        "graph": lambda graph, stream=None: contextlib.nullcontext(),
        **{name: mock.Mock() for name in ("Stream", "current_stream", "CUDAGraph")},
    }
    # A tensor cannot become one of another class: nn.Module.to must make a new one.
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with (
            mock.patch.multiple(torch.cuda, **patches),
            mock.patch.multiple(torch.optim.Optimizer, create=True, **CHECKS),
            mock.patch.object(torch, "compile", lambda net: net),
            mock.patch.object(DataLoader, "__init__", without_pinned_memory),
            FakeCuda(),
        ):
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrite)


def execute(page: Path) -> None:
    """Execute the code cells of one page; stop at the first that fails."""
    from IPython.core.interactiveshell import InteractiveShell
    from nn_book.execute.cache import read_page

    os.environ.update(NN_TUTORIAL_LANG="both", NN_TUTORIAL_DEVICE="cuda")
    os.environ["MPLBACKEND"] = "agg"
    shell = InteractiveShell(colors="nocolor")
    with fake_cuda():
        for cell in read_page(page).cells:
            if cell.cell_type == "code":
                done = shell.run_cell(cell.source)
                tags = cell.metadata.get("tags", [])
                if not done.success and "raises-exception" not in tags:
                    sys.exit(f"{page.name} fails on a GPU in this cell:\n{cell.source}")


if __name__ == "__main__":
    for page in sys.argv[1:]:
        execute(Path(page))
