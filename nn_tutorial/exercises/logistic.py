"""The checks of the exercises on logistic regression."""

import math
from typing import Any

import torch
from torch import Tensor

from nn_tutorial.datasets import flower
from nn_tutorial.exercises.core import Hint, function, number, numbers_of


def _line(answer: Any) -> Hint | None:
    """Ask for a line (w1, w2, b) that gets 65% of the flower right."""
    line = numbers_of(answer, 3)
    if isinstance(line, Hint):
        return line
    points, labels = flower()
    said = points @ torch.tensor(line[:2]) + line[2] > 0
    right = (said == (labels[:, 0] == 1)).double().mean().item()
    if right >= 0.65:
        return None
    if right <= 0.35:
        return Hint(
            zh=f"这条直线只分对 {right:.1%}：线也许是好线，两侧却弄反了。",
            en=f"This line classifies only {right:.1%} of the points correctly. The "
            "line may be good, with its two sides swapped.",
        )
    if not said.any() or said.all():
        return Hint(
            zh=f"这条直线分对 {right:.1%}：它把所有的点都算成了同一类。",
            en=f"This line classifies {right:.1%} of the points correctly, because it "
            "puts all points in the same class.",
        )
    return Hint(
        zh=f"这条直线分对 {right:.1%}。绕着花走一圈：哪连续四片花瓣里，第 1 类最多？",
        en=f"This line classifies {right:.1%} of the points correctly. Go around the "
        "flower: which four consecutive petals contain the most points of class "
        "1?",
    )


def _arguments() -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0], [1.0]])
    return torch.randn(5, 2), y, torch.randn(2, 1), torch.tensor([0.5])


def _slope(x: Tensor, y: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Return the gradient of the mean cross-entropy with respect to w, (2, 1)."""
    return x.T @ (torch.sigmoid(x @ w + b) - y) / len(x)


CHECKS = {
    "logistic-1": number(
        math.log(9),
        within=0.01,
        slips=[
            (
                0.9,
                Hint(
                    zh="0.9 是概率。logits 是分数：哪个分数的 sigmoid 等于 0.9？",
                    en="0.9 is a probability. Logits are scores: for which score is "
                    "sigmoid equal to 0.9?",
                ),
            ),
            (
                1 / (1 + math.exp(-0.9)),
                Hint(
                    zh="你把 0.9 当作分数去求概率了，方向正好相反。",
                    en="You treated 0.9 as a score and computed its probability, "
                    "which is the opposite direction.",
                ),
            ),
            (
                -math.log(9),
                Hint(
                    zh="正负号反了：在你的数上，类 1 的概率是 0.1。",
                    en="The sign is the other one: at your number class 1 has the "
                    "probability 0.1.",
                ),
            ),
            (
                math.log10(9),
                Hint(
                    zh="这是以 10 为底的对数；sigmoid 里的底是 e。",
                    en="That is the logarithm to base 10. Sigmoid uses base e.",
                ),
            ),
        ],
        other=Hint(
            zh="从概率走回分数：正文里有把 z 写成 p 的式子。",
            en="Go back from the probability to the score: the text has a formula for "
            "z in terms of p.",
        ),
    ),
    "logistic-2": _line,
    "logistic-3": function(
        _arguments,
        _slope,
        within=1e-5,
        slips=[
            (
                lambda x, y, w, b: _slope(x, y, w, b) * len(x),
                Hint(
                    zh="这是总和的梯度：损失是平均值，还要除以点数。",
                    en="That is the gradient of the sum. The loss is a mean: divide "
                    "by the number of points.",
                ),
            ),
            (
                lambda x, y, w, b: -_slope(x, y, w, b),
                Hint(
                    zh="正负号反了：是 p − y，不是 y − p。",
                    en="The sign is wrong: it is p − y, not y − p.",
                ),
            ),
            (
                lambda x, y, w, b: x.T @ (x @ w + b - y) / len(x),
                Hint(
                    zh="漏了 sigmoid：p 是 z 的 sigmoid，不是 z。",
                    en="The sigmoid is missing: p is the sigmoid of z, not z itself.",
                ),
            ),
            (
                lambda x, y, w, b: _slope(x, y, w, 0 * b),
                Hint(zh="算 z 时漏了 b。", en="You left b out of z."),
            ),
        ],
        other=Hint(
            zh="先求损失对 z 的导数 (N, 1)，再乘上 z 对 w 的导数，也就是 x，"
            "最后对所有的点取平均。",
            en="Start with the derivative with respect to z, (N, 1); multiply it by "
            "the derivative of z with respect to w, which is x; then take the mean "
            "over all points.",
        ),
        banned=["backward", "grad", "_make_dual"],
    ),
}
