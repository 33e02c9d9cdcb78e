"""Right and wrong answers to the exercises on MNIST with a deep network."""

import math

import numpy as np
import torch
from torch.nn.functional import pad


def moved(rows, n, blank=-1.0):
    return pad(rows.view(-1, 28, 28), (n, -n), value=blank).flatten(1)


def by_copy(rows, n):
    images = rows.reshape(-1, 28, 28)
    blank = torch.full_like(images, -1)
    blank[:, :, n:] = images[:, :, : 28 - n]
    return blank.reshape(-1, 784)


def fails_for_zero(rows, n):
    images = rows.view(-1, 28, 28)
    blank = torch.full_like(images, -1)
    blank[:, :, n:] = images[:, :, :-n]
    return blank.flatten(1)


def in_place(rows, n):
    images = rows.view(-1, 28, 28)
    images[:, :, n:] = images[:, :, : 28 - n].clone()
    images[:, :, :n] = -1
    return rows


def by_loop(probabilities, threshold):
    found = [
        int(np.argmax(row)) if max(row) >= threshold else -1
        for row in probabilities.numpy()
    ]
    return torch.tensor(found, dtype=torch.int32)


ANSWERS = {
    "mnist-1": (
        [18_760, 20 * math.ceil(60_000 / 64), torch.tensor(18_760.0)],
        [
            (18_740, "fewer than 64 images"),
            (18_750.0, "fewer than 64 images"),
            (938, "one epoch"),
            (1_200_000, "not a single image"),
            (1_280, "64 is the"),
            (5, "Count the batches"),
        ],
    ),
    "mnist-2": (
        [
            lambda counts, digit: counts[digit, digit] / counts[:, digit].sum(),
            lambda counts, digit: (counts / counts.sum(0)).diag()[digit].item(),
            lambda counts, digit: counts.numpy()[digit, digit] / sum(counts[:, digit]),
        ],
        [
            (
                lambda counts, digit: counts[digit, digit] / counts[digit].sum(),
                "the sum of a row",
            ),
            (lambda counts, digit: counts[digit, digit] / counts.sum(), "all images"),
            (lambda counts, digit: counts.trace() / counts.sum(), "over all digits"),
            (lambda counts, digit: counts[digit, digit], "a count"),
            (lambda counts, digit: counts[:, digit].sum(), "on the diagonal"),
            (lambda counts, digit: counts.diag() / counts.sum(0), "has shape (3,)"),
        ],
    ),
    "mnist-3": (
        [lambda p, t: p.argmax(1).masked_fill(p.amax(1) < t, -1), by_loop],
        [
            (lambda p, t: p.argmax(1).masked_fill(p.amax(1) <= t, -1), "In the second"),
            (lambda p, t: p.argmax(1), "You have not"),
            (lambda p, t: p.argmax(1).masked_fill(p.amax(1) >= t, -1), "wrong way"),
            (lambda p, t: p.amax(1).masked_fill(p.amax(1) < t, -1), "the probability"),
            (lambda p, t: p.argmin(1), "two things"),
            (lambda p, t: p.argmax(1).float().masked_fill(p.amax(1) < t, -1), "int64"),
            (lambda p, t: p.max(), "shape should be (4,); yours is ()"),
        ],
    ),
    "mnist-4": (
        [moved, by_copy, lambda rows, n: moved(rows, n).double()],
        [
            (lambda rows, n: rows.view(-1, 28, 28).roll(n, 2).flatten(1), "came back"),
            (lambda rows, n: rows.roll(n, 1), "The last pixels"),
            (lambda rows, n: moved(rows, -n), "to the left"),
            (
                lambda rows, n: (
                    moved(rows.view(-1, 28, 28).mT.flatten(1), n)
                    .view(-1, 28, 28)
                    .mT.flatten(1)
                ),
                "moves down",
            ),
            (lambda rows, n: moved(rows, n, blank=0.0), "blank paper"),
            (lambda rows, n: rows, "wrong for n = 3"),
            (fails_for_zero, "a slice that ends at -0"),
            (in_place, "Your function changes"),
            (lambda rows, n: moved(rows, n).view(-1, 28, 28), "yours is (2, 28, 28)"),
        ],
    ),
}
