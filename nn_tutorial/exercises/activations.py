"""The checks of the exercises on neurons and activation functions."""

from typing import Any

import torch
from torch import Tensor

from nn_tutorial.exercises.core import Hint, function, number, numbers_of


def _silu_slope(z: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s + z * s * (1 - s)


def _hat(answer: Any) -> Hint | None:
    """Ask for the weights (1, -2, 1) that make a hat of three ReLUs."""
    weights = numbers_of(answer, 3)
    if isinstance(weights, Hint):
        return weights
    first, second, third = weights
    if abs(first - 1) > 1e-6:
        return Hint(
            zh="−1 和 0 之间，只有第一个 ReLU 大于 0，"
            f"曲线的斜率是 {first:g}。它要从 0 升到 1。",
            en="Between −1 and 0 only the first ReLU is greater than 0, and the "
            f"slope is {first:g}. Here the hat has to rise from 0 to 1.",
        )
    if abs(first + second + 1) > 1e-6:
        return Hint(
            zh="左边对了。0 和 1 之间，前两个 ReLU 都大于 0，"
            f"斜率是 {first + second:g}。它要从 1 降到 0。",
            en="The left side is right. Between 0 and 1 the first two ReLUs are "
            f"greater than 0, and the slope is {first + second:g}. Here the hat "
            "has to fall from 1 to 0.",
        )
    if abs(first + second + third) > 1e-6:
        return Hint(
            zh=f"就差最后一个：x = 1 以后，斜率是 {first + second + third:g}，"
            "曲线没有停在 0。",
            en="Only the last number is wrong: beyond x = 1 the slope is "
            f"{first + second + third:g}, so the curve does not stay at 0.",
        )
    return None


CHECKS = {
    "activations-1": number(
        24_380,
        slips=[
            (
                24_320,
                Hint(
                    zh="权重都数到了。图上每一层的第二行还加了什么？",
                    en="You have counted all the weights. What else does the second "
                    "line under each layer of the drawing add?",
                ),
            ),
            (
                24_380 + 784,
                Hint(
                    zh="输入不计算，所以没有偏置。",
                    en="The input layer does not compute anything, so it has no "
                    "biases.",
                ),
            ),
            (
                28 * 30 + 30 + 620 + 210,
                Hint(
                    zh="一张 28×28 的图有多少个数？不是 28 个。",
                    en="How many numbers does a 28×28 image have? It is not 28.",
                ),
            ),
            (
                24_380 - 210,
                Hint(
                    zh="两个隐藏层数完了，输出的那 10 个分数也要计算。",
                    en="You have counted the two hidden layers. The 10 scores are "
                    "computed by a layer as well.",
                ),
            ),
        ],
        other=Hint(
            zh="一层一层地数：每层先数权重，再数偏置；一共三层。",
            en="Count layer by layer: first the weights, then the biases. There are "
            "three layers.",
        ),
    ),
    "activations-2": function(
        lambda: (torch.linspace(-5, 5, 41),),
        _silu_slope,
        within=1e-5,
        slips=[
            (
                lambda z: z * torch.sigmoid(z),
                Hint(
                    zh="这是 SiLU 本身，不是它的导数。",
                    en="That is SiLU itself, not its derivative.",
                ),
            ),
            (
                lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z)),
                Hint(
                    zh="这是 sigmoid 的导数。SiLU 前面还乘了 z，那是一个乘积。",
                    en="That is the derivative of sigmoid. SiLU multiplies sigmoid by "
                    "z, so it is a product.",
                ),
            ),
            (
                torch.sigmoid,
                Hint(
                    zh="z 变了，σ(z) 也跟着变：乘积的导数还有第二项。",
                    en="When z changes, σ(z) changes too: the derivative of a product "
                    "has a second term.",
                ),
            ),
            (
                lambda z: z * torch.sigmoid(z) * (1 - torch.sigmoid(z)),
                Hint(
                    zh="这一项是 σ(z) 在变；z 自己也在变，那是另一项。",
                    en="This term accounts for the change of σ(z). z itself also "
                    "changes, which gives the other term.",
                ),
            ),
        ],
        other=Hint(
            zh="在 z = 0 处，导数应当是 0.5。用乘积的求导法则：一项一项地写。",
            en="At z = 0 the derivative should be 0.5. Use the product rule and write "
            "one term after the other.",
        ),
        banned=["backward", "grad", "_make_dual"],
    ),
    "activations-3": _hat,
    "activations-4": number(
        -2,
        within=1e-6,
        slips=[
            (
                2,
                Hint(
                    zh="大小对了，看看正负号：这样的偏置让输出更大。",
                    en="The size is right, but check the sign: this bias makes the "
                    "output larger.",
                ),
            ),
            (
                1,
                Hint(
                    zh="两个输入都取 1 时，和并不最大。"
                    "第二个权重是负的：x2 取多少时和最大？",
                    en="The sum is not largest when both inputs are 1, because the "
                    "second weight is negative. Which value of x2 makes the sum "
                    "largest?",
                ),
            ),
            (
                lambda bias: bias < -2,
                Hint(
                    zh="输出确实总是 0，但 b 还可以更大：和最大能到多少？",
                    en="The output is always 0, but b can be larger. What is the "
                    "largest value of the sum?",
                ),
            ),
        ],
        other=Hint(
            zh="有些输入会让输出大于 0。在 0 到 1 之间取哪两个输入，和最大？",
            en="For some inputs the output is greater than 0. Which two inputs "
            "between 0 and 1 make the sum largest?",
        ),
    ),
}
