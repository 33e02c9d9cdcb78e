"""Sets of points that only the playground has; the others are those of the book."""

import math

import torch
from torch import Tensor


def circles(*, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return 200 points of a disk (1) inside a ring (0)."""
    generator = torch.Generator().manual_seed(seed)
    radius = torch.rand(200, generator=generator) * 1.5
    radius[100:] += 2.5
    angle = torch.rand(200, generator=generator) * 2 * math.pi
    inputs = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return inputs, torch.tensor([1] * 100 + [0] * 100)


def xor(*, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return 200 points of a square: 1 where the coordinates have the same sign."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(200, 2, generator=generator) * 10 - 5
    inputs += 0.3 * inputs.sign()
    return inputs, (inputs.prod(dim=1) > 0).long()


def spiral() -> tuple[Tensor, Tensor]:
    """Return 200 points on the two arms of a spiral."""
    turn = torch.arange(100) / 100
    angle = 1.75 * turn * 2 * math.pi
    x, y = 4 * turn * angle.sin(), 4 * turn * angle.cos()
    arm = torch.stack([x, y], dim=1)
    return torch.cat([arm, -arm]), torch.tensor([1] * 100 + [0] * 100)


def slope(*, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return 200 points and the height of a sloping plane there, from -1 to 1."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(200, 2, generator=generator) * 10 - 5
    return inputs, inputs.sum(dim=1) / 10


def hills(*, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return 200 points and the height there of three hills and three hollows."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(200, 2, generator=generator) * 10 - 5
    heights = torch.zeros(200)
    middles = [(-3, -2), (0, 2), (3, -2), (-3, 2), (0, -2), (3, 2)]
    for place, (x, y) in enumerate(middles):
        squares = (inputs[:, 0] - x) ** 2 + (inputs[:, 1] - y) ** 2
        heights += (1 if place < 3 else -1) * torch.exp(-squares / 2)
    return inputs, heights
