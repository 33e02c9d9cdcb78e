"""Right and wrong answers to the exercises on logistic regression."""

import math

import numpy as np
import torch
from torch import nn, sigmoid


def _gradient(x, y, w, b):
    return x.T @ (sigmoid(x @ w + b) - y) / len(x)


def _with_autograd(x, y, w, b):
    w = w.clone().requires_grad_()
    nn.functional.binary_cross_entropy_with_logits(x @ w + b, y).backward()
    return w.grad


ANSWERS = {
    "logistic-1": (
        [math.log(9), np.log(9), torch.tensor([[2.2]]), torch.tensor(0.9).logit()],
        [
            (0.9, "is a probability"),
            (0.711, "You treated 0.9"),
            (-2.197, "The sign is the other one"),
            (0.954, "base 10"),
            (9, "Go back from"),
        ],
    ),
    "logistic-2": (
        [(1, -1, 0), np.array([2.0, -2.0, 0.1]), torch.tensor([-1.0, -1.0, 0.0])],
        [
            ((-1, 1, 0), "points correctly. The"),
            ((0.0, -1.0, 0.0), "points correctly. Go"),
            ((0, 0, 1), "points correctly, because"),
            ((1.0, -1.0), "numbers, written as"),
            (1.0, "numbers, written as"),
        ],
    ),
    "logistic-3": (
        [_gradient, lambda x, y, w, b: ((sigmoid(x @ w + b) - y) * x).mean(0)[:, None]],
        [
            (lambda *a: _gradient(*a) * len(a[0]), "gradient of the sum"),
            (lambda *a: -_gradient(*a), "The sign is wrong"),
            (lambda x, y, w, b: x.T @ (x @ w + b - y) / len(x), "sigmoid is missing"),
            (lambda x, y, w, b: _gradient(x, y, w, 0), "left b out"),
            (lambda *a: 2 * _gradient(*a), "Start with the derivative"),
            (_with_autograd, "backward"),
            (1.0, "a function"),
        ],
    ),
}
