"""Right and wrong answers to the exercises on optimizers."""

import math

import numpy as np
import torch


def adagrad(p, gradient, state, lr):
    state["s"] = state.get("s", 0) + gradient**2
    return p - lr * gradient / (state["s"].sqrt() + 1e-10)


def adagrad_that_keeps_all_gradients(p, gradient, state, lr):
    state.setdefault("all", []).append(gradient.double())
    total = torch.stack(state["all"]).square().sum(dim=0)
    return p - lr * gradient / total.sqrt()


def forgetful(p, gradient, state, lr):
    return p - lr * gradient / (gradient**2).sqrt()


def without_root(p, gradient, state, lr):
    state["s"] = state.get("s", 0) + gradient**2
    return p - lr * gradient / state["s"]


def rmsprop(p, gradient, state, lr):
    state["s"] = 0.99 * state.get("s", 0) + 0.01 * gradient**2
    return p - lr * gradient / state["s"].sqrt()


def mean_of_squares(p, gradient, state, lr):
    state["t"] = state.get("t", 0) + 1
    state["s"] = state.get("s", 0) + gradient**2
    return p - lr * gradient / (state["s"] / state["t"]).sqrt()


def uphill(p, gradient, state, lr):
    state["s"] = state.get("s", 0) + gradient**2
    return p + lr * gradient / state["s"].sqrt()


def sum_of_sizes(p, gradient, state, lr):
    state["s"] = state.get("s", 0) + gradient.abs()
    return p - lr * gradient / state["s"]


def factor(t):
    return (t + 1) / 10 if t < 10 else (1 + np.cos(np.pi * (t - 10) / 100)) / 2


def factor_of_tensors(t):
    t = torch.tensor(float(t))
    fall = torch.cos(torch.pi * (t - 10) / 200) ** 2
    return torch.where(t < 10, (t + 1) / 10, fall)


ANSWERS = {
    "optimizers-1": (
        [0.4, np.float64(0.4), torch.tensor(0.39998)],
        [
            (0.02, "without momentum"),
            (0.2, "for μ = 0.9"),
            (40, "multiplied by in a step"),
            (0.039, "second step"),
            (-0.4, "positive"),
            (0.38, "In each step"),
            (print, "one number"),
        ],
    ),
    "optimizers-2": (
        [adagrad, adagrad_that_keeps_all_gradients],
        [
            (forgetful, "You divide each"),
            (without_root, "is right. One"),
            (rmsprop, "moving average"),
            (mean_of_squares, "You divided by"),
            (uphill, "direction"),
            (sum_of_sizes, "Add up the"),
            (lambda p, gradient, state, lr: p - lr * gradient, "on paper"),
            (lambda p, gradient, state, lr: None, "returns nothing"),
            (torch.optim.Adagrad, "the class"),
        ],
    ),
    "optimizers-3": (
        [factor, factor_of_tensors],
        [
            (lambda t: t / 10 if t < 10 else factor(t), "The learning rate"),
            (lambda t: 0.5 + min(t + 1, 10) / 20, "from 0 to 9"),
            (lambda t: factor(t) if t < 10 else 1.0, "The increase is"),
            (
                lambda t: (
                    factor(t) if t < 10 else (1 + math.cos(math.pi * t / 100)) / 2
                ),
                "The cosine should",
            ),
            (lambda t: 1.0, "from 0 to 9"),
            (0.5, "a function"),
        ],
    ),
    "optimizers-4": (
        [693, 693.0, np.int64(693)],
        [
            (692.8, "whole steps"),
            (692, "whole steps"),
            (347, "the product"),
            (1, "You left out"),
            (500, "Each step subtracts"),
            (1000, "multiplies the weight"),
        ],
    ),
}
