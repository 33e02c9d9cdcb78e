"""The checks of the exercises on regression."""

from collections.abc import Callable

import torch
from torch import Tensor

from nn_tutorial.exercises.core import Hint, function, number


def _points() -> tuple[Tensor, ...]:
    """Return w, b, x (3, 1) and y (3, 1)."""
    x, y = torch.tensor([[1.0], [2.0], [-1.0]]), torch.tensor([[0.0], [3.0], [1.0]])
    return torch.tensor(2.0), torch.tensor(-1.0), x, y


def _gradient(
    *, factor: float = 2.0, mean: Callable[[Tensor], Tensor] = torch.mean
) -> Callable[..., Tensor]:
    """Return the right function, or one with another factor, or the sum."""

    def gradient(w: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
        error = w * x + b - y
        return factor * torch.stack([mean(error * x), mean(error)])

    return gradient


def _without_x(w: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return 2 * (w * x + b - y).mean().expand(2)


CHECKS = {
    "regression-1": number(
        3,
        within=0.001,
        slips=[
            (
                22,
                Hint(
                    zh="22 是平均值，它让平方的损失最小。绝对值不一样。",
                    en="22 is the mean, which minimizes the squared loss. For "
                    "absolute values the answer is different.",
                ),
            ),
            (
                50.5,
                Hint(
                    zh="最小的数与最大的数正中间：另外三个数也算在损失里。",
                    en="That is the midpoint between the smallest and the largest "
                    "number, but the loss also contains the other three.",
                ),
            ),
            (
                lambda c: c < 1 or c > 100,
                Hint(
                    zh="你的数在所有五个数的同一侧：往它们那边挪，每一项都会变小。",
                    en="All five numbers are on the same side of yours: if you move "
                    "toward them, every term gets smaller.",
                ),
            ),
        ],
        other=Hint(
            zh="看你的数：五个数里有几个比它小，几个比它大？挪一小步，损失怎样变？",
            en="Look at your number: how many of the five are smaller, and how many "
            "are larger? How does the loss change if you move a little?",
        ),
    ),
    "regression-2": function(
        _points,
        _gradient(),
        within=1e-4,
        slips=[
            (
                lambda *given: _gradient()(*given).flip(0),
                Hint(
                    zh="两个数写反了：先是对 w 的导数，再是对 b 的。",
                    en="The two numbers are swapped: the derivative with respect to w "
                    "comes first, then the one with respect to b.",
                ),
            ),
            (
                _gradient(factor=1.0),
                Hint(
                    zh="只差一个倍数：平方的导数里，指数到哪里去了？",
                    en="Only a factor is wrong: where does the exponent go when you "
                    "differentiate a square?",
                ),
            ),
            (
                _gradient(mean=torch.sum),
                Hint(
                    zh="你把各点加了起来；损失是平均，导数也是。",
                    en="You took the sum over the points. The loss is a mean, so its "
                    "derivative is a mean too.",
                ),
            ),
            (
                _gradient(factor=-2.0),
                Hint(
                    zh="大小对了，正负号反了：误差是预测减真值，还是反过来？",
                    en="The sizes are right, but the signs are wrong: is the error "
                    "the prediction minus the target, or the opposite?",
                ),
            ),
            (
                _without_x,
                Hint(
                    zh="对 b 的对了。w 挪一点，每个点的误差变多少？不是每个点都一样。",
                    en="The derivative with respect to b is right. When w changes a "
                    "little, how much does the error of each point change? It is "
                    "not the same for all points.",
                ),
            ),
        ],
        other=Hint(
            zh="拿三个点在纸上算一遍：先写出一个点的误差的平方，用链式法则，再平均。",
            en="Work out the three points on paper: write down the squared error of "
            "one point, use the chain rule, and then take the mean.",
        ),
        banned=["backward", "grad", "_make_dual"],
    ),
    "regression-3": number(
        11,
        slips=[
            (
                10,
                Hint(
                    zh="折的次数对了。一条线折一次，成了几段？",
                    en="The number of kinks is right. If a line has one kink, how "
                    "many pieces does it have?",
                ),
            ),
            (
                20,
                Hint(
                    zh="不是每个神经元带来两段：折一次，段数只多一。",
                    en="A neuron does not add two pieces: one kink adds only one.",
                ),
            ),
            (
                lambda pieces: pieces in (1024, 100),
                Hint(
                    zh="这里只有一个输入，折点都在一条线上：段数不会成倍地长。",
                    en="There is only one input, so all kinks are on one line, and "
                    "the number of pieces is not multiplied.",
                ),
            ),
        ],
        other=Hint(
            zh="一个神经元让曲线折几次？一条线折一次，成了几段？",
            en="How many kinks does one neuron add to the curve? If a line has one "
            "kink, how many pieces does it have?",
        ),
    ),
}
