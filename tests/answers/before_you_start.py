"""Right and wrong answers to the exercises before the first chapter."""

import numpy as np
import torch

ANSWERS = {
    "before-you-start-1": (
        [(3, 5), [3, 5], torch.Size([3, 5]), np.array([3, 5])],
        [
            ((3, 4), "the shape of a * b"),
            ((5, 3), "Both numbers are"),
            ((6, 4), "side by side"),
            ((3, 2), "is broadcast"),
            ((4, 5), "The number of"),
            ((7, 7), "Do it in"),
            ((3, 5, 1), "numbers, written as"),
        ],
    ),
    "before-you-start-2": (
        [
            lambda points: points - points.mean(dim=0),
            lambda points: points - points.mean(dim=0, keepdim=True),
            lambda points: points.double() - points.double().mean(0),
        ],
        [
            (lambda points: points - points.mean(), "each column has its own"),
            (
                lambda points: points - points.mean(1, keepdim=True),
                "You subtracted from",
            ),
            (lambda points: points - points.mean(1), "the wrong dimension"),
            (
                lambda points: (points - points.mean(0)) / points.std(0),
                "The subtraction is",
            ),
            (lambda points: points.mean(0) - points, "It is the"),
            (lambda points: points, "In the result"),
            (lambda points: points.mean(0), "The shape should be"),
            (torch.zeros(3, 3), "a function"),
        ],
    ),
    "before-you-start-3": (
        [
            lambda a, b: a @ b.T,
            lambda a, b: (a[:, None] * b).sum(dim=2),
            lambda a, b: torch.stack([(row * b).sum(dim=1) for row in a]),
        ],
        [
            (lambda a, b: a @ b, "combined the rows"),
            (lambda a, b: a * b, "* only multiplies"),
            (lambda a, b: a.T @ b, "combined the columns"),
            (lambda a, b: b @ a.T, "Rows and columns"),
            (lambda a, b: a + b, "@ combines rows"),
            (lambda a, b: a[:, :2] @ b, "An error occurred"),
        ],
    ),
}
