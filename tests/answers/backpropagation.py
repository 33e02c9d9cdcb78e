"""Right and wrong answers to the exercises on backpropagation by hand."""

import numpy as np
import torch

GRADIENTS = (1, 0.5, 0, 0, 2, 0, 1)


def by_hand(x, t, w1, b1, w2, b2):
    """The gradients with the slope of tanh written as 1 / cosh²."""
    z = x @ w1 + b1
    error = 2 * (torch.tanh(z) @ w2 + b2 - t) / x.shape[0]
    dz = error * w2.T / torch.cosh(z) ** 2
    return [x.T @ dz, dz.sum(0), torch.tanh(z).T @ error, error.sum(0)]


def changed(**options):
    """The same with one mistake."""

    def gradients(x, t, w1, b1, w2, b2):
        z = x @ w1 + b1
        h = torch.tanh(z)
        error = 2 * (h @ w2 + b2 - t) / options.get("rows", x.shape[0])
        dz = error @ w2.T * options.get("slope", lambda z, h: 1 - h**2)(z, h)
        return [x.T @ dz, dz.sum(0), h.T @ error, error.sum(0)]

    return gradients


def by_autograd(x, t, *parameters):
    w1, b1, w2, b2 = (p.clone().requires_grad_() for p in parameters)
    loss = ((torch.tanh(x @ w1 + b1) @ w2 + b2 - t) ** 2).mean()
    return torch.autograd.grad(loss, [w1, b1, w2, b2])


ANSWERS = {
    "backpropagation-1": (
        [GRADIENTS, torch.tensor(GRADIENTS), np.array(GRADIENTS), list(GRADIENTS)],
        [
            ((-3, -1.5, 12, 6, -6, -3, -3), "are the seven"),
            (tuple(-number for number in GRADIENTS), "The sizes are"),
            (tuple(number / 2 for number in GRADIENTS), "half as large"),
            ((1, 0.5, -4, -2, 2, 0, 1), "What is the slope of ReLU"),
            ((1, 0.5, 0, 0, 2, -1, 1), "not z2"),
            ((2, 0.5, 0, 0, 2, 0, 1), "The second neuron"),
            ((1, 0.5), "numbers, written as"),
        ],
    ),
    "backpropagation-2": (
        [
            lambda a, b: (1 / b, -a / b**2),
            lambda a, b: torch.tensor([1 / b, -a / b / b]),
            lambda a, b: np.array([b**-1, -a * b**-2]),
        ],
        [
            (lambda a, b: (1 / b, a / b**2), "right, and so"),
            (lambda a, b: (-a / b**2, 1 / b), "Both slopes are"),
            (lambda a, b: (1 / b, -1 / b**2), "is right. The"),
            (lambda a, b: (b, a), "slopes of a product"),
            (lambda a, b: (1 / b, -a / b), "to which power"),
            (lambda a, b: (1.0, 1.0), "add 0.001"),
            (lambda a, b: a / b, "numbers, written as"),
            ((0.25, -0.375), "a function"),
            (lambda a, b: print(1 / b), "returns nothing"),
        ],
    ),
    "backpropagation-3": (
        [by_hand, changed(), lambda *given: tuple(by_hand(*given))],
        [
            (changed(slope=lambda z, h: (z > 0).float()), "the slope of ReLU"),
            (changed(slope=lambda z, h: 1), "is missing"),
            (changed(slope=lambda z, h: 1 - torch.tanh(h) ** 2), "You applied tanh"),
            (changed(rows=1), "them are too"),
            (lambda *given: [-g for g in by_hand(*given)], "db2 is wrong"),
            (lambda *given: by_hand(*given)[:2], "a list of four gradients"),
            (by_autograd, "uses grad"),
            (by_hand(*(torch.ones(1, 1) for _ in range(6))), "a function"),
        ],
    ),
}
