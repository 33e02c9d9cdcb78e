"""Right and wrong answers to the exercises on logistic regression."""

import math

import numpy as np
import torch

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
        [384, math.factorial(4) * 2.0**4],
        [
            (24, "number of orders"),
            (16, "number of sign"),
            (40, "You can use"),
            (383, "It is one"),
            (8, "Count separately: in"),
        ],
    ),
    "logistic-4": (
        [(0.213, 0.246), torch.tensor([0.2132, 0.2461])],
        [
            ((0.246, 0.213), "Give net first"),
            ((0.215, 0.141), "has not seen"),
            ((0.924, 0.923), "accuracies"),
            ((0.3, 0.4), "20 flowers"),
            (0.213, "numbers, written as"),
        ],
    ),
    "logistic-5": (
        [(0.641, 0.100), torch.tensor([0.6412, 0.1004])],
        [
            ((0.673, 0.254), "normal noise"),
            ((0.641, 0.254), "normal noise"),
            ((0.100, 0.641), "Give logistic regression first"),
            ((0.96, 0.84), "accuracies"),
            ((0.641, 0.3), "The line is right"),
            ((0.7, 0.1), "Start with the"),
            (0.641, "numbers, written as"),
        ],
    ),
}
