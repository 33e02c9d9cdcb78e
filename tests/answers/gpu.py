"""Right and wrong answers to the exercises on the GPU."""

import math

import torch


def kept(x, n):
    unit = 2.0 ** (x.abs().log2().floor() + 1 - n)
    return (x / unit).round() * unit


def by_hand(x, n):
    results = []
    for value in x.tolist():
        unit = 2.0 ** (math.frexp(value)[1] - n)
        results.append(round(value / unit) * unit)
    return torch.tensor(results)


def weighted(losses, sizes):
    return sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)


def by_weights(losses, sizes):
    weights = torch.tensor(sizes) / sum(sizes)
    return torch.dot(torch.stack(losses), weights)


def waiting(losses, sizes):
    total = sum(loss.item() * n for loss, n in zip(losses, sizes, strict=True))
    return torch.tensor(total / sum(sizes))


ANSWERS = {
    "gpu-1": (
        [188.16, 60_000 * 28 * 28 * 4 / 1e6, torch.tensor(188.16)],
        [
            (47.04, "one byte"),
            (1505.28, "bits"),
            (179.4, "power 20"),
            (188_160_000, "Those are bytes"),
            (60.0, "Multiply the number of images"),
        ],
    ),
    "gpu-2": (
        [weighted, by_weights],
        [
            (lambda losses, sizes: sum(losses) / len(losses), "by its size"),
            (lambda losses, sizes: sum(losses), "the sum over the batches"),
            (lambda *a: weighted(*a) * 144, "the sum over all images"),
            (lambda *a: weighted(*a) * 48, "by the number of batches"),
            (waiting, "item"),
            (lambda *a: torch.tensor(float(weighted(*a))), "__float__"),
            (lambda losses, sizes: losses[0] - losses[0], "Multiply each mean"),
        ],
    ),
    "gpu-3": (
        [kept, by_hand],
        [
            (lambda x, n: x.bfloat16().float(), "wrong for n = 11"),
            (lambda x, n: kept(x, n + 1), "one digit too many"),
            (lambda x, n: kept(x, n - 1), "one digit too few"),
            (lambda x, n: (x * 2**n).round() / 2**n, "after the point"),
            (
                lambda x, n: (torch.frexp(x)[0] * 2**n).round() / 2**n,
                "2 to the power e",
            ),
            (
                lambda x, n: torch.ldexp(
                    (torch.frexp(x)[0] * 2**n).int() / 2**n, torch.frexp(x)[1]
                ),
                "cut off",
            ),
            (lambda x, n: -x, "wrong for n = 8"),
        ],
    ),
}
