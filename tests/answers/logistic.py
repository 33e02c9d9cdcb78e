"""Right and wrong answers to the exercises on logistic regression."""

import math

import numpy as np
import torch

ANSWERS = {
    "logistic-1": (
        [math.log(9), np.log(9), torch.tensor([[2.2]]), torch.tensor(0.9).logit()],
        [
            (0.9, "is a probability"),
            (0.711, "other direction"),
            (-2.197, "The sign is the other one"),
            (0.954, "base 10"),
            (9, "Walk back"),
        ],
    ),
    "logistic-2": (
        [(1, -1, 0), np.array([2.0, -2.0, 0.1]), torch.tensor([-1.0, -1.0, 0.0])],
        [
            ((-1, 1, 0), "sides the wrong way around"),
            ((0.0, -1.0, 0.0), "Walk around the flower"),
            ((0, 0, 1), "all points into one class"),
            ((1.0, -1.0), "The answer has 3 numbers"),
            (1.0, "The answer has 3 numbers"),
        ],
    ),
    "logistic-3": (
        [384, math.factorial(4) * 2.0**4],
        [
            (24, "change sign together"),
            (16, "change places"),
            (40, "each ordering goes with"),
            (383, "counts itself"),
            (8, "one after the other"),
        ],
    ),
    "logistic-4": (
        [(0.213, 0.246), torch.tensor([0.2132, 0.2461])],
        [
            ((0.246, 0.213), "wrong way around"),
            ((0.215, 0.141), "has not seen"),
            ((0.924, 0.923), "accuracies"),
            ((0.3, 0.4), "20 flowers"),
            (0.213, "The answer has 2 numbers"),
        ],
    ),
    "logistic-5": (
        [(0.641, 0.100), torch.tensor([0.6412, 0.1004])],
        [
            ((0.673, 0.254), "normal noise"),
            ((0.641, 0.254), "normal noise"),
            ((0.100, 0.641), "wrong way around"),
            ((0.96, 0.84), "accuracies"),
            ((0.641, 0.3), "The line is right"),
            ((0.7, 0.1), "Begin with the line"),
            (0.641, "The answer has 2 numbers"),
        ],
    ),
}
