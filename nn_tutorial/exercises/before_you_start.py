"""The checks of the exercises of the page before the first chapter."""

from typing import Any

import torch
from torch import Tensor

from nn_tutorial.exercises.core import Hint, function, numbers_of


def _shape(answer: Any) -> Hint | None:
    """Ask for (3, 5), the shape of cat([a * b, a], dim=1)."""
    shape = numbers_of(answer, 2)
    if isinstance(shape, Hint):
        return shape
    hints = {
        (3, 4): Hint(
            zh="这是 a * b 的形状；右边还接着 a。",
            en="That is the shape of a * b; a is still joined to it.",
        ),
        (5, 3): Hint(
            zh="两个数都对，次序反了：先是行数，再是列数。",
            en="Both numbers are right: rows come first, then columns.",
        ),
        (6, 4): Hint(
            zh="这样接是往下接，dim=0；dim=1 往右接。",
            en="That joins them below each other, as dim=0 does; not side by side.",
        ),
        (3, 2): Hint(
            zh="a * b 会广播：一列乘四个数，得到几列？",
            en="a * b is broadcast: one column times four numbers gives how many "
            "columns?",
        ),
        (4, 5): Hint(
            zh="列数对了。行数由 a 决定：它有几行？",
            en="The columns are right. The rows come from a: how many has it?",
        ),
    }
    if tuple(shape) == (3, 5):
        return None
    other = Hint(
        zh="分两步想：先写出 a * b 的形状，再在右边接上 a 的列。",
        en="In two steps: write down the shape of a * b, then join the columns of a.",
    )
    rows, columns = shape
    return hints.get((int(rows), int(columns)), other)


def _points() -> tuple[Tensor]:
    return (torch.tensor([[1.0, 10.0, 3.0], [2.0, 30.0, 3.5], [6.0, 20.0, -2.0]]),)


def _rows() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(3, 3, generator=generator)
    return a, torch.randn(3, 3, generator=generator)


CHECKS = {
    "before-you-start-1": _shape,
    "before-you-start-2": function(
        _points,
        lambda points: points - points.mean(dim=0),
        within=1e-4,
        slips=[
            (
                lambda points: points - points.mean(),
                Hint(
                    zh="你减去了所有数的平均值；每一列有它自己的平均值。",
                    en="That is the mean of all numbers; each column has its own.",
                ),
            ),
            (
                lambda points: points - points.mean(dim=1, keepdim=True),
                Hint(
                    zh="你让每一行减去了自己的平均值；要的是每一列。",
                    en="You centered each row; each column is asked for.",
                ),
            ),
            (
                lambda points: points - points.mean(dim=1),
                Hint(
                    zh="平均值取错了维：沿哪一维取平均，那一维就消失。",
                    en="The mean is along the wrong dimension: the one that is "
                    "averaged is gone afterwards.",
                ),
            ),
            (
                lambda points: (points - points.mean(dim=0)) / points.std(dim=0),
                Hint(
                    zh="减得对，但又除以了标准差；只要减去平均值。",
                    en="The subtraction is right, but you divide as well; only "
                    "subtract the mean.",
                ),
            ),
            (
                lambda points: points.mean(dim=0) - points,
                Hint(
                    zh="减反了：是每个数减去平均值。",
                    en="The other way around: each number minus the mean.",
                ),
            ),
        ],
        other=Hint(
            zh="结果里每一列的平均值应当是 0。打印 mean(dim=0) 的形状看看。",
            en="In the result the mean of each column is 0. Print the shape of "
            "mean(dim=0).",
        ),
    ),
    "before-you-start-3": function(
        _rows,
        lambda a, b: a @ b.T,
        within=1e-4,
        slips=[
            (
                lambda a, b: a @ b,
                Hint(
                    zh="这是 a 的行对 b 的列；要的是 b 的行。",
                    en="That is rows of a with columns of b; rows of b are asked for.",
                ),
            ),
            (
                lambda a, b: a * b,
                Hint(
                    zh="* 只把同一位置的数相乘；每一行要对每一行。",
                    en="* multiplies entries at one place; each row meets each row.",
                ),
            ),
            (
                lambda a, b: a.T @ b,
                Hint(
                    zh="这是 a 的列对 b 的列：转置放错了边。",
                    en="That is columns of a with columns of b: the other one is "
                    "transposed.",
                ),
            ),
            (
                lambda a, b: b @ a.T,
                Hint(
                    zh="行和列反了：第 i 行属于 a，第 j 列属于 b。",
                    en="Rows and columns are exchanged: row i belongs to a, column j "
                    "to b.",
                ),
            ),
        ],
        other=Hint(
            zh="@ 拿左边的行对右边的列。怎样让 b 的行变成列？",
            en="@ takes rows on the left and columns on the right. What turns the rows "
            "of b into columns?",
        ),
    ),
}
