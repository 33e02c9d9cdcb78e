"""Right and wrong answers to the exercises on a neural network for the flower."""

import math

import torch

ANSWERS = {
    "logistic-network-1": (
        [384, math.factorial(4) * 2.0**4],
        [
            (24, "number of orders"),
            (16, "number of sign"),
            (40, "You can use"),
            (383, "It is one"),
            (8, "Count separately: in"),
        ],
    ),
    "logistic-network-2": (
        [(0.213, 0.227), torch.tensor([0.2132, 0.2272])],
        [
            ((0.227, 0.213), "Give net first"),
            ((0.215, 0.142), "has not seen"),
            ((0.924, 0.923), "accuracies"),
            ((0.3, 0.4), "20 flowers"),
            (0.213, "numbers, written as"),
        ],
    ),
    "logistic-network-3": (
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
