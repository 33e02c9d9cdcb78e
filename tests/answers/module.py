"""Right and wrong answers to the exercises on Sequential and Module."""

import numpy as np
import torch
from torch import nn


class Shortcut(nn.Module):
    """The module asked for, or one with another ``forward``."""

    def __init__(self, forward=lambda linear, x: x + torch.tanh(linear(x)), **options):
        super().__init__()
        self.linear = nn.Linear(4, 4, **options)
        self.compute = forward

    def forward(self, x):
        return self.compute(self.linear, x)


class ByHand(nn.Module):
    """The same from two parameters."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.randn(4))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        return (x @ self.weight.T + self.bias).tanh() + x


class PlainList(nn.Module):
    """The trap of the chapter: the layer is in a list."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4)]

    def forward(self, x):
        return x + torch.tanh(self.layers[0](x))


class NoReturn(Shortcut):
    def forward(self, x):
        super().forward(x)


ANSWERS = {
    "module-1": (
        [151, np.int32(151)],
        [
            (130, "The number of"),
            (153, "no biases"),
            (150, "It is one"),
            (41, "with one hidden layer"),
            (22, "Count layer by"),
        ],
    ),
    "module-2": (
        [Shortcut(), ByHand()],
        [
            (PlainList(), "There are layers"),
            (Shortcut, "but an object"),
            (Shortcut(lambda linear, x: linear(x).tanh()), "The tanh is"),
            (Shortcut(lambda linear, x: x + linear(x)), "The shortcut is"),
            (Shortcut(lambda linear, x: (x + linear(x)).tanh()), "too late"),
            (Shortcut(lambda linear, x: x + linear(x.tanh())), "from the"),
            (Shortcut(bias=False), "shapes of your parameters"),
            (Shortcut(lambda linear, x: x), "not reach these parameters: linear"),
            (NoReturn(), "Your function returns"),
            (nn.Identity(), "Your network has"),
            (lambda x: x, "but the type"),
        ],
    ),
    "module-3": (
        [(0.2148, 0.2255), np.array([0.216, 0.2255]), torch.tensor([0.2148, 0.224])],
        [
            ((0.2255, 0.2148), "Give the wider"),
            ((0.69, 0.7), "These look like"),
            ((0.2148, 0.18), "The wider one is right"),
            ((0.3, 0.2255), "The deeper one is right"),
            ((0.3, 0.3), "For each seed"),
            ("depth", "numbers, written as"),
            (0.2148, "numbers, written as"),
        ],
    ),
}
