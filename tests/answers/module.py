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
            (130, "add biases"),
            (153, "no biases"),
            (150, "of the output"),
            (41, "one hidden layer"),
            (22, "Go layer by layer"),
        ],
    ),
    "module-2": (
        [Shortcut(), ByHand()],
        [
            (PlainList(), "does not see the layers in a plain list"),
            (Shortcut, "are the brackets missing?"),
            (Shortcut(lambda linear, x: linear(x).tanh()), "is used twice"),
            (Shortcut(lambda linear, x: x + linear(x)), "the tanh is not"),
            (Shortcut(lambda linear, x: (x + linear(x)).tanh()), "too late"),
            (Shortcut(lambda linear, x: x + linear(x.tanh())), "from the"),
            (Shortcut(bias=False), "shapes of your parameters"),
            (Shortcut(lambda linear, x: x), "reaches these parameters: linear"),
            (NoReturn(), "is a return missing?"),
            (nn.Identity(), "has no parameter that could be trained"),
            (lambda x: x, "is an nn.Module; the type of yours is function"),
        ],
    ),
    "module-3": (
        [(0.2148, 0.2255), np.array([0.216, 0.2255]), torch.tensor([0.2148, 0.224])],
        [
            ((0.2255, 0.2148), "wrong way around"),
            ((0.69, 0.7), "before the training"),
            ((0.2148, 0.18), "The wider one is right"),
            ((0.3, 0.2255), "The deeper one is right"),
            ((0.3, 0.3), "Seeds 0 to 4"),
            ("depth", "The answer has 2 numbers"),
            (0.2148, "The answer has 2 numbers"),
        ],
    ),
}
