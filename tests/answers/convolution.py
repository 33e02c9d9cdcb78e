"""Right and wrong answers to the exercises on convolutional networks."""

import numpy as np
import torch
from torch import nn


def by_view(images, size):
    n, c, height, width = images.shape
    blocks = images.view(n, c, height // size, size, width // size, size)
    return blocks.amax(dim=(3, 5))


def by_loop(images, size):
    n, c, height, width = images.shape
    pooled = torch.empty(n, c, height // size, width // size)
    for row in range(height // size):
        for column in range(width // size):
            block = images[
                :,
                :,
                row * size : (row + 1) * size,
                column * size : (column + 1) * size,
            ]
            pooled[:, :, row, column] = block.amax(dim=(2, 3))
    return pooled


def by_unfold(images, size):
    return images.unfold(2, size, size).unfold(3, size, size).amax(dim=(4, 5))


def neighbors_in_a_row(images, size):
    n, c, height, width = images.shape
    return images.view(n, c, height // size, width // size, -1).amax(-1)


def from_zero(images, size):
    return by_view(images, size).clamp(min=0)


def net(*, stride=2, channels=16, kernel=3, pool=False, side=7):
    layers = [
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 8, kernel, stride=stride, padding=kernel // 2),
        nn.ReLU(),
        nn.Conv2d(8, channels, kernel, stride=stride, padding=kernel // 2),
        nn.ReLU(),
        *([nn.MaxPool2d(4)] if pool else []),
        nn.Flatten(),
        nn.Linear(channels * side * side, 10),
    ]
    return nn.Sequential(*layers)


class Strided(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, 2, 1)
        self.second = nn.Conv2d(8, 16, 3, 2, 1)
        self.last = nn.Linear(784, 10)

    def forward(self, rows):
        maps = torch.relu(self.first(rows.view(-1, 1, 28, 28)))
        return self.last(torch.relu(self.second(maps)).flatten(1))


ANSWERS = {
    "convolution-1": (
        [1216, sum(p.numel() for p in nn.Conv2d(3, 16, 5).parameters()), 1216.0],
        [
            (1200, "You have not"),
            (416, "all channels"),
            (400, "all channels"),
            (1248, "one bias"),
            (76, "a single filter"),
            (256, "5×5"),
            (7, "How many weights"),
        ],
    ),
    "convolution-2": (
        [by_view, by_loop, by_unfold],
        [
            (lambda images, size: nn.functional.avg_pool2d(images, size), "the mean"),
            (neighbors_in_a_row, "You took neighboring"),
            (lambda images, size: -by_view(-images, size), "the minimum"),
            (lambda images, size: images[:, :, ::size, ::size], "upper left"),
            (from_zero, "The maximum may"),
            (lambda images, size: by_view(images, size) + 1, "If size is"),
            (lambda images, size: np.zeros(3), "a tensor"),
            (lambda images, size: nn.functional.max_pool2d(images, size), "max_pool2d"),
            (lambda images, size: nn.MaxPool2d(size)(images), "max_pool2d"),
        ],
    ),
    "convolution-3": (
        [net(), Strided()],
        [
            (net(stride=1, pool=True), "pooling layer"),
            (net(channels=8), "8 filters, then 16"),
            (net(stride=1, side=28), "stride of 2"),
            (net(kernel=5), "kernel size"),
            (Strided, "but an object"),
            (nn.Linear(784, 10), "8 filters, then 16"),
        ],
    ),
}
