"""Right and wrong answers to the exercises on softmax classification."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss


def stable(z, labels, *, dim=1):
    z = z - z.amax(dim=dim, keepdim=True)
    return (z.exp().sum(1).log() - z[range(len(labels)), labels]).mean()


def maximum_in_one_place(z, labels):
    shifted = z - z.amax(dim=1, keepdim=True)
    return (shifted.exp().sum(1).log() - z[range(len(labels)), labels]).mean()


def maximum_in_the_other_place(z, labels):
    shifted = z - z.amax(dim=1, keepdim=True)
    return (z.exp().sum(1).log() - shifted[range(len(labels)), labels]).mean()


def by_loop(z, labels):
    """Right, with Python's numbers alone."""
    losses = []
    for row, label in zip(z.tolist(), labels.tolist(), strict=True):
        most = max(row)
        total = sum(math.exp(score - most) for score in row)
        losses.append(math.log(total) + most - row[label])
    return sum(losses) / len(losses)


ANSWERS = {
    "softmax-1": (
        [4.60, 4.595, math.log(99), torch.tensor(99.0).log(), np.log(99)],
        [
            (99, "is the ratio"),
            (4.59, "one more decimal"),
            (1.9956, "base 10"),
            (-0.01005, "the ratio of the two"),
            (-4.595, "is wrong: class"),
            (0.99, "solve for z"),
        ],
    ),
    "softmax-2": (
        [
            stable,
            by_loop,
            lambda z, labels: stable(z.double(), labels),
            lambda z, y: (z.logsumexp(1) - z.gather(1, y[:, None])[:, 0]).mean().item(),
        ],
        [
            (cross_entropy, "uses cross_entropy"),
            (nn.CrossEntropyLoss(), "uses cross_entropy"),
            (lambda z, y: nll_loss(z.log_softmax(1), y), "uses log_softmax"),
            (lambda z, y: -z.softmax(1)[range(len(y)), y].log().mean(), "Large scores"),
            (lambda z, y: stable(z, y, dim=(0, 1)), "Large scores"),
            (maximum_in_one_place, "You subtracted the"),
            (maximum_in_the_other_place, "once too often"),
            (lambda z, y: stable(z, y) * len(y), "You added the"),
            (
                lambda z, y: -stable(z, y),
                "The sign is wrong: the loss is never negative",
            ),
            (lambda z, y: z.logsumexp(1).mean(), "You have not"),
            (lambda z, y: stable(z, y) + 1, "Even ordinary scores"),
            (lambda z, y: z.logsumexp(1) - z[range(len(y)), y], "has shape (2,)"),
            (lambda z, y: print(stable(z, y)), "returns nothing"),
        ],
    ),
    "softmax-3": (
        [2.30, 2.303, torch.tensor(10.0).log(), np.float64(2.3)],
        [
            (0.1, "is the probability"),
            (1.0, "base 10"),
            (-2.303, "The sign is wrong: the loss is never negative"),
            (0.693, "with two classes"),
            (0.9, "0.9 is the"),
            (10, "What probability"),
        ],
    ),
}
