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
            en="That is the shape of a * b. Then a is joined to it on the right.",
        ),
        (5, 3): Hint(
            zh="两个数都对，次序反了：先是行数，再是列数。",
            en="Both numbers are right, but in the wrong order: the number of rows "
            "comes first.",
        ),
        (6, 4): Hint(
            zh="这样接是往下接，dim=0；dim=1 往右接。",
            en="You joined them one below the other, as dim=0 does. With dim=1 they "
            "are placed side by side.",
        ),
        (3, 2): Hint(
            zh="a * b 会广播：一列乘四个数，得到几列？",
            en="a * b is broadcast: if you multiply one column by four numbers, how "
            "many columns do you get?",
        ),
        (4, 5): Hint(
            zh="列数对了。行数由 a 决定：它有几行？",
            en="The number of columns is right. The number of rows comes from a: how "
            "many rows does it have?",
        ),
    }
    if tuple(shape) == (3, 5):
        return None
    other = Hint(
        zh="分两步想：先写出 a * b 的形状，再在右边接上 a 的列。",
        en="Do it in two steps: write down the shape of a * b, then append the "
        "columns of a on the right.",
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
                    en="You subtracted the mean of all numbers, but each column has "
                    "its own mean.",
                ),
            ),
            (
                lambda points: points - points.mean(dim=1, keepdim=True),
                Hint(
                    zh="你让每一行减去了自己的平均值；要的是每一列。",
                    en="You subtracted from each row its own mean. The exercise asks "
                    "for columns.",
                ),
            ),
            (
                lambda points: points - points.mean(dim=1),
                Hint(
                    zh="平均值取错了维：沿哪一维取平均，那一维就消失。",
                    en="You took the mean along the wrong dimension: the dimension "
                    "that you average over disappears.",
                ),
            ),
            (
                lambda points: (points - points.mean(dim=0)) / points.std(dim=0),
                Hint(
                    zh="减得对，但又除以了标准差；只要减去平均值。",
                    en="The subtraction is right, but you also divided by the "
                    "standard deviation. Only subtract the mean.",
                ),
            ),
            (
                lambda points: points.mean(dim=0) - points,
                Hint(
                    zh="减反了：是每个数减去平均值。",
                    en="It is the other way around: subtract the mean from each "
                    "number.",
                ),
            ),
        ],
        other=Hint(
            zh="结果里每一列的平均值应当是 0。打印 mean(dim=0) 的形状看看。",
            en="In the result, the mean of each column should be 0. Print the shape "
            "of mean(dim=0).",
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
                    en="You combined the rows of a with the columns of b. Use the "
                    "rows of b.",
                ),
            ),
            (
                lambda a, b: a * b,
                Hint(
                    zh="* 只把同一位置的数相乘；每一行要对每一行。",
                    en="* only multiplies entries at the same position. Every row has "
                    "to be combined with every row.",
                ),
            ),
            (
                lambda a, b: a.T @ b,
                Hint(
                    zh="这是 a 的列对 b 的列：转置放错了边。",
                    en="You combined the columns of a with the columns of b: "
                    "transpose the other one.",
                ),
            ),
            (
                lambda a, b: b @ a.T,
                Hint(
                    zh="行和列反了：第 i 行属于 a，第 j 列属于 b。",
                    en="Rows and columns are swapped: row i belongs to a, and column "
                    "j belongs to b.",
                ),
            ),
        ],
        other=Hint(
            zh="@ 拿左边的行对右边的列。怎样让 b 的行变成列？",
            en="@ combines rows on the left with columns on the right. How can you "
            "turn the rows of b into columns?",
        ),
    ),
}
