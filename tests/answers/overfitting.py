"""Right and wrong answers to the exercises on overfitting and what helps."""

import math

import numpy as np
import torch

RIGHTS = [0.90, 0.92, 0.91, 0.95]


def with_a_counter(losses, patience):
    smallest, best, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < smallest:
            smallest, best, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            return best
    return best


def with_argmin(losses, patience):
    for end in range(1, len(losses) + 1):
        best = int(np.argmin(losses[:end]))
        if end - 1 - best >= patience:
            break
    return torch.tensor(best)


def ignoring_patience(losses, patience):
    return losses.index(min(losses))


def stopping_epoch(losses, patience):
    return min(with_a_counter(losses, patience) + patience, len(losses) - 1)


def one_too_late(losses, patience):
    return with_a_counter(losses, patience + 1)


def one_too_early(losses, patience):
    return with_a_counter(losses, patience - 1)


def taking_equal_for_better(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def never_counting_again(losses, patience):
    best = waited = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            waited += 1
            if waited == patience:
                break
    return best


ANSWERS = {
    "overfitting-1": (
        [
            float(np.std(RIGHTS, ddof=1) / math.sqrt(4)),
            torch.tensor(RIGHTS, dtype=torch.float64).std() / 2,
            0.0108,
        ],
        [
            (np.std(RIGHTS, ddof=1), "is the standard"),
            (np.std(RIGHTS) / 2, "does not divide by 4"),
            (np.std(RIGHTS, ddof=1) / 4, "only halve"),
            (np.var(RIGHTS, ddof=1), "is the variance"),
            (0.92, "the mean"),
            (0.5, "Do it in"),
        ],
    ),
    "overfitting-2": (
        [2 * 0.999**500, 2 * math.exp(-0.5), np.float32(1.2127)],
        [
            (2 * 0.99**500, "depends on the learning rate"),
            (1.0, "Each step shrinks"),
            (0.999**500, "does not start at 1"),
            (2 * 1.001**500, "decay makes it smaller"),
            (1.998, "That is only"),
            (1.5, "First write down"),
        ],
    ),
    "overfitting-3": (
        [with_a_counter, with_argmin],
        [
            (ignoring_patience, "the whole list"),
            (stopping_epoch, "is the epoch"),
            (one_too_late, "too late"),
            (one_too_early, "too early"),
            (taking_equal_for_better, "is not below it"),
            (never_counting_again, "start counting again"),
            (lambda losses, patience: 7, "on paper"),
        ],
    ),
}
