"""Fast batches of data that fit into memory, and a training step captured on a GPU.

Needs torch and NumPy. To copy: this file. ``load_tensors`` reads the files of MNIST
into memory, ``in_memory_batches`` and ``captured_step`` train from there.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["captured_step", "in_memory_batches", "load_tensors"]


def load_tensors(
    root: str | Path, *, train: bool, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Return all images and labels of one half of MNIST as two tensors.

    The numbers are those of ``ToTensor`` and ``Normalize([0.5], [0.5])``: the gray
    level 0 becomes -1 and 255 becomes 1.

    Args:
        root: Folder that holds ``MNIST/raw``, as for ``torchvision.datasets.MNIST``.
        train: True for the training set, False for the test set.
        device: Where to put the tensors.

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
    """Yield every row once, shuffled, in batches, faster than a `DataLoader`.

    Args:
        inputs: Shape ``(N, ...)``, on any device.
        targets: Shape ``(N, ...)``, on the same device.
        batch_size: Rows per batch; the last batch holds what is left.
        generator: Random numbers for shuffling, on the device of ``inputs``; None uses
            the global generator.

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
    """Return a function that trains on the given rows, on CUDA as one captured graph.

    A step of a small network consists of about thirty kernels of a few microseconds,
    and Python takes longer to start each one than the GPU takes to run it. If they are
    captured once, a single call starts all of them. On other devices the same step
    runs without capture.

    Args:
        model: Network in training mode, on the device of ``inputs``.
        optimizer: SGD without momentum over the parameters of ``model``.
        inputs: All training inputs, shape ``(N, ...)``.
        targets: All class indices, int64, shape ``(N,)``.
        batch_size: Rows per step; the captured graph works for this number only.

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
