"""Right and wrong answers to the exercises on training with several processes."""

import numpy as np
import torch
from torch.nn.functional import mse_loss
from torch.utils.data.distributed import DistributedSampler


def deal(n, rank, world, epoch, *, pad=True, shuffle=True, seed=None, blocks=False):
    generator = torch.Generator().manual_seed(epoch if seed is None else seed)
    order = torch.randperm(n, generator=generator).tolist() if shuffle else [*range(n)]
    if pad:
        order += order[: -n % world]
    share = len(order) // world
    return order[rank * share :][:share] if blocks else order[rank::world]


def deal_by_sampler(n, rank, world, epoch):
    sampler = DistributedSampler(range(n), world, rank)
    sampler.set_epoch(epoch)
    return list(sampler)


def deal_with_last_again(n, rank, world, epoch):
    generator = torch.Generator().manual_seed(epoch)
    order = torch.randperm(n, generator=generator).tolist()
    order += order[-1:] * (-n % world)
    return order[rank::world]


def accumulate(net, optimizer, inputs, targets, parts, *, zero=1, divide=True, steps=1):
    if zero == 1:
        optimizer.zero_grad()
    pieces = zip(inputs.chunk(parts), targets.chunk(parts), strict=True)
    for some_inputs, some_targets in pieces:
        if zero > 1:
            optimizer.zero_grad()
        loss = mse_loss(net(some_inputs), some_targets)
        (loss / parts if divide else loss).backward()
    for _ in range(steps):
        optimizer.step()
    return net


def whole_batch(net, optimizer, inputs, targets, parts):
    """Right: the network changes as asked, though nothing is saved."""
    optimizer.zero_grad()
    mse_loss(net(inputs), targets).backward()
    optimizer.step()
    return net


ANSWERS = {
    "processes-1": (
        [3, 3.0, torch.tensor(3.0), np.float64(3)],
        [
            (4, "You give every"),
            (180, "That is the"),
            (2, "all 60 examples"),
            ("3", "one number"),
        ],
    ),
    "processes-2": (
        [deal, deal_by_sampler, lambda *a: torch.tensor(deal(*a))],
        [
            (lambda *a: deal(*a, pad=False), "every process should"),
            (lambda *a: deal(*a, shuffle=False), "are sorted: shuffle"),
            (lambda *a: deal(*a, seed=0), "the seed of the generator"),
            (lambda *a: deal(*a, blocks=True), "are wrong: check"),
            (deal_with_last_again, "is almost right"),
            (lambda *a: None, "returns nothing"),
            (lambda *a: 7, "the type of yours"),
            ([1, 2], "function"),
        ],
    ),
    "processes-3": (
        [60e6, 60_000_000],
        [
            (15e6, "more than one byte"),
            (80e6, "only 4 processes"),
            (30e6, "The data go"),
            (240e6, "That is what"),
            (1, "how many bytes"),
        ],
    ),
    "processes-4": (
        [accumulate, whole_batch],
        [
            (lambda *a: accumulate(*a, steps=0), "The weights have"),
            (lambda *a: accumulate(*a, divide=False), "The step is"),
            (lambda *a: accumulate(*a, zero=0), "At the beginning"),
            (lambda *a: accumulate(*a, zero=2), "This step differs"),
            (lambda *a: accumulate(*a, steps=2), "how many updates"),
            (lambda *a: None, "returns nothing"),
        ],
    ),
}
