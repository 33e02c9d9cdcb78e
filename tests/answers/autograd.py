"""Right and wrong answers to the exercises from raw autograd to nn.Module."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn.functional import one_hot


def compared(labels, n_classes):
    return (labels[:, None] == torch.arange(n_classes)).float()


def by_scatter(labels, n_classes):
    table = torch.zeros(len(labels), n_classes)
    table[torch.arange(len(labels)), labels] = 1
    return table


def by_loop(labels, n_classes):
    table = torch.zeros(len(labels), n_classes)
    for row, label in enumerate(labels):
        table[row, label] = 1
    return table


def by_comprehension(labels, n_classes):
    return torch.tensor([[float(i == k) for i in range(n_classes)] for k in labels])


class Net(nn.Module):
    """The network asked for, or one with another activation or last step."""

    def __init__(self, sizes, *, hidden=torch.sigmoid, last=lambda z: z, bias=True):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b, bias) for a, b in pairwise(sizes))
        self.hidden, self.last = hidden, last

    def forward(self, inputs):
        for layer in self.layers[:-1]:
            inputs = self.hidden(layer(inputs))
        return self.last(self.layers[-1](inputs))


class PlainList(Net):
    """The trap of the chapter: the layers are in a list that nobody registers."""

    def __init__(self, sizes):
        super().__init__(sizes)
        layers = [*self.layers]
        del self.layers
        self.layers = layers


class Fixed(Net):
    def __init__(self, sizes):
        super().__init__([2, 10, 10, 4])


class Sequential(nn.Sequential):
    """Right, in another form."""

    def __init__(self, sizes):
        layers = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), nn.Sigmoid()]
        super().__init__(*layers[:-1])


ANSWERS = {
    "autograd-1": (
        [74, np.int64(74), torch.tensor(74)],
        [
            (60, "input of each"),
            (70, "in the first"),
            (64, "in the second"),
            (84, "counted the biases"),
            (10, "How many rows and columns"),
        ],
    ),
    "autograd-2": (
        [compared, by_scatter, lambda labels, n: torch.eye(n)[labels]],
        [
            (by_loop, "The result is"),
            (by_comprehension, "The result is"),
            (lambda labels, n: one_hot(labels, n).float(), "uses one_hot"),
            (lambda labels, n: compared(labels, n).T, "Rows and columns"),
            (lambda labels, n: compared(labels, 3), "n_classes columns"),
            (lambda labels, n: 1 - compared(labels, n), "0 and 1 are swapped"),
            (lambda labels, n: labels[:, None] * compared(labels, n), "not the label"),
            (lambda labels, n: torch.ones(len(labels), n), "exactly one 1"),
            (lambda labels, n: compared(labels, n).long(), "yours is torch.int64"),
            (lambda labels, n: compared(labels, n).double(), "yours is torch.float64"),
        ],
    ),
    "autograd-3": (
        [Net, Sequential, lambda sizes: Net(sizes, hidden=nn.Sigmoid())],
        [
            (PlainList, "There are layers"),
            (lambda sizes: Net(sizes, last=nn.Sigmoid()), "Something is computed"),
            (lambda sizes: Net(sizes, last=nn.Softmax(1)), "Something is computed"),
            (lambda sizes: Net(sizes, hidden=torch.tanh), "should be sigmoid"),
            (lambda sizes: Net(sizes, hidden=nn.Identity()), "should be sigmoid"),
            (lambda sizes: Net(sizes, bias=False), "nn.Linear, each with"),
            (Fixed, "It works for"),
            (lambda sizes: Fixed(sizes) if len(sizes) > 3 else Net(sizes), "[2, 6, 5"),
            (Net([2, 10, 10, 4]), "exercise asks for"),
            (lambda sizes: print(sizes), "returns nothing"),
            (3, "but the type"),
        ],
    ),
}
