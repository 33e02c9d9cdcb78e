"""The networks of the book, written as in their chapters.

Needs torch. To copy: this file. All of them draw their initial weights from PyTorch's
global generator, as `torch.nn.Linear` does, so call `torch.manual_seed` first to get
the same weights again.
"""

import operator
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = [
    "BiasRowLayer",
    "TopologyNet",
    "TwoLayerNet",
    "count_parameters",
    "initial_parameters",
    "mlp",
]


def mlp(
    sizes: Sequence[int], *, activation: Callable[[], nn.Module] = nn.Tanh
) -> nn.Sequential:
    """Return fully connected layers with an activation after each except the last.

    ``mlp([2, 4, 1])`` is ``Sequential(Linear(2, 4), Tanh(), Linear(4, 1))``.

    Args:
        sizes: Width of the input, of each hidden layer, and of the output.
        activation: A class such as `torch.nn.ReLU`; each layer gets an object of it.

    Returns:
        A network from inputs ``(N, sizes[0])`` to logits ``(N, sizes[-1])``.

    Raises:
        ValueError: If there are fewer than two sizes or one is not a whole number
            of at least 1.
        TypeError: If ``activation`` is not a class, or not one of a module.
    """
    sizes = _whole(sizes)
    if isinstance(activation, nn.Module):
        name = type(activation).__name__
        raise TypeError(f"activation={activation!r}: give the class, nn.{name}")
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(sizes):
        layers += [nn.Linear(n_inputs, n_outputs), activation()]
    if not isinstance(layers[-1], nn.Module):
        msg = f"activation={activation!r} makes no module: give a class, say nn.ReLU"
        raise TypeError(msg)
    return nn.Sequential(*layers[:-1])


class TwoLayerNet(nn.Module):
    """A hidden layer with tanh and an output layer, each with a name.

    Args:
        n_inputs: Columns of the input.
        n_hidden: Neurons of the hidden layer.
        n_outputs: Columns of the output.

    Shape:
        Input ``(N, n_inputs)``, output ``(N, n_outputs)``: logits, float32.

    Attributes:
        hidden: `torch.nn.Linear` from the input to the hidden layer.
        output: `torch.nn.Linear` from the hidden layer to the output.

    Raises:
        ValueError: If a size is not a whole number of at least 1.
    """

    def __init__(self, n_inputs: int, n_hidden: int, n_outputs: int) -> None:
        super().__init__()
        n_inputs, n_hidden, n_outputs = _whole([n_inputs, n_hidden, n_outputs])
        self.hidden = nn.Linear(n_inputs, n_hidden)
        self.output = nn.Linear(n_hidden, n_outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits of ``inputs``."""
        activations = torch.tanh(self.hidden(inputs))  # (N, n_hidden)
        logits: Tensor = self.output(activations)  # (N, n_outputs)
        return logits


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters of a model."""
    return sum(parameter.numel() for parameter in model.parameters())


def initial_parameters(sizes: Sequence[int], *, scale: float = 0.01) -> list[Tensor]:
    """Return weights and biases to train by hand: small random weights, zero biases.

    Args:
        sizes: Width of the input, of each hidden layer, and of the output.
        scale: Standard deviation of the weights.

    Returns:
        ``[W1, b1, W2, b2, ...]``, float32 leaves that require a gradient. Weights
        have shape ``(n_inputs, n_outputs)``, for ``inputs @ W1 + b1``, and biases
        have shape ``(n_outputs,)``.

    Raises:
        ValueError: If there are fewer than two sizes, one is not a whole number of
            at least 1, or ``scale`` is not a positive number. With scale 0 all
            neurons of a layer would stay equal forever.
    """
    sizes = _whole(sizes)
    if not 0 < scale < float("inf"):
        raise ValueError(f"scale={scale}: use a positive number, 0.01 say")
    parameters = []
    for n_inputs, n_outputs in pairwise(sizes):
        parameters += [torch.randn(n_inputs, n_outputs) * scale, torch.zeros(n_outputs)]
    return [parameter.requires_grad_() for parameter in parameters]


class BiasRowLayer(nn.Module):
    """A layer that stores its bias as the last row of its weights.

    It computes ``activation([X 1] @ weight)``: with a column of ones appended to the
    input, the last row of the weights is the bias.

    Args:
        n_inputs: Columns of the input.
        n_outputs: Columns of the output.
        activation: A function of a tensor, such as `torch.sigmoid`.

    Shape:
        Input ``(N, n_inputs)``, output ``(N, n_outputs)``, float32.

    Attributes:
        weight: Parameter of shape ``(n_inputs + 1, n_outputs)``, initialized from a
            normal distribution with standard deviation 0.01.

    Raises:
        ValueError: If a size is not a whole number of at least 1, or an input has
            another shape.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        *,
        activation: Callable[[Tensor], Tensor] = torch.sigmoid,
    ) -> None:
        super().__init__()
        n_inputs, n_outputs = _whole([n_inputs, n_outputs])
        self.weight = nn.Parameter(torch.randn(n_inputs + 1, n_outputs) * 0.01)
        self.activation = activation

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the activations of ``inputs``."""
        n_inputs = len(self.weight) - 1
        if inputs.ndim != 2 or inputs.shape[1] != n_inputs:
            msg = f"inputs have shape {tuple(inputs.shape)}: (N, {n_inputs}) is wanted"
            raise ValueError(msg)
        with_ones = torch.cat([inputs, inputs.new_ones(len(inputs), 1)], dim=1)
        return self.activation(with_ones @ self.weight)  # (N, n_outputs)


class TopologyNet(nn.Module):
    """A sequence of `BiasRowLayer`, one for each pair of neighboring sizes.

    Args:
        topology: Width of the input, of each hidden layer, and of the output.
        activation: A function of a tensor, used in every layer, the last included.

    Shape:
        Input ``(N, topology[0])``, output ``(N, topology[-1])``, float32.

    Raises:
        ValueError: If there are fewer than two sizes or one is not a whole number
            of at least 1.
    """

    def __init__(
        self,
        topology: Sequence[int],
        *,
        activation: Callable[[Tensor], Tensor] = torch.sigmoid,
    ) -> None:
        super().__init__()
        for i, (n_inputs, n_outputs) in enumerate(pairwise(_whole(topology)), start=1):
            layer = BiasRowLayer(n_inputs, n_outputs, activation=activation)
            self.add_module(f"layer{i}", layer)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the activations of the last layer."""
        for layer in self.children():
            inputs = layer(inputs)
        return inputs


def _whole(sizes: Sequence[int]) -> list[int]:
    """Return sizes of Python's own kind, whatever integers were given."""
    if len(sizes) < 2:
        msg = f"sizes={list(sizes)}: give at least the width of input and output"
        raise ValueError(msg)
    whole = []
    for size in sizes:
        try:
            whole.append(0 if isinstance(size, bool) else operator.index(size))
        except TypeError:
            whole.append(0)
        if whole[-1] < 1:
            msg = f"sizes={list(sizes)}: {size!r} is not a whole number of at least 1"
            raise ValueError(msg)
    return whole
