"""Right and wrong answers to the exercises on activation functions."""

import numpy as np
import torch
from torch.nn.functional import silu


def by_backward(z, *, grad=False):
    z = z.clone().requires_grad_()
    if grad:
        return torch.autograd.grad(silu(z).sum(), z)[0]
    silu(z).sum().backward()
    return z.grad


def in_place(z):
    s = torch.sigmoid(z)
    return z.mul_(1 - s).add_(1).mul_(s)


def sigmoid_slope(z):
    return torch.sigmoid(z) * torch.sigmoid(-z)


ANSWERS = {
    "activations-1": (
        [24_380, np.int64(24_380), torch.tensor(24_380.0)],
        [
            (24_320, "second line"),
            (25_164, "no biases"),
            (1_700, "How many numbers"),
            (24_170, "10 scores"),
            (60, "layer by layer"),
        ],
    ),
    "activations-2": (
        [
            lambda z: torch.special.expit(z) * (1 + z * torch.special.expit(-z)),
            lambda z: (torch.sigmoid(z) + silu(z) * torch.sigmoid(-z)).double(),
        ],
        [
            (lambda z: z * torch.sigmoid(z), "itself, not its derivative"),
            (sigmoid_slope, "derivative of sigmoid"),
            (torch.sigmoid, "second term"),
            (lambda z: z * sigmoid_slope(z), "the other term"),
            (torch.tanh, "product rule"),
            (by_backward, "uses backward, but the exercise asks you to do without"),
            (lambda z: by_backward(z, grad=True), "uses grad"),
            (in_place, "Your function changes"),
            (0.5, "but the type"),
            (torch.nn.SiLU, "you gave the class SiLU itself"),
        ],
    ),
    "activations-3": (
        [(1, -2, 1), torch.tensor([1.0, -2, 1]), np.array([1.0, -2.0, 1.0])],
        [
            ((2, -2, 1), "the slope is 2"),
            ([1, -1, 1], "the slope is 0"),
            ((1, -2, 2), "beyond x = 1"),
            ((1, -2), "numbers, written as"),
            ((1, "-2", 1), "the type of yours is str"),
        ],
    ),
    "activations-4": (
        [-2, np.float64(-2), torch.tensor([-2.0])],
        [
            (2, "The size is"),
            (1.0, "The sum is"),
            (-5, "always 0, but b can be larger"),
            (-2.01, "always 0, but b can be larger"),
            (-1, "For some inputs"),
        ],
    ),
}
