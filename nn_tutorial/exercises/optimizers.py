"""The checks of the exercises on optimizers."""

import math
from typing import Any

import torch

from nn_tutorial.exercises.core import (
    Hint,
    call,
    is_close,
    is_equal,
    number,
    wrong_kind,
)

_GRADIENTS = torch.tensor([[3.0, -0.5], [1.0, 2.0], [-2.0, 0.25]])
_START, _LR = torch.tensor([1.0, -1.0]), 0.1


def _adagrad(answer: Any) -> Hint | None:
    """Ask for one step of Adagrad as a function of p, gradient, state and lr."""
    if isinstance(answer, type) or not callable(answer):
        return wrong_kind("一个函数", "a function", answer)
    state: dict[Any, Any] = {}
    p, path = _START.clone(), []
    for gradient in _GRADIENTS:
        p = call(answer, p, gradient.clone(), state, _LR)
        if isinstance(p, Hint):
            return p
        if wrong := is_equal(p, torch.zeros(2), within=math.inf, hint=_LOOK):
            return wrong
        path.append(p.detach().float())
    found = torch.stack(path)  # (3, 2)
    sums = _GRADIENTS**2
    totals = sums.cumsum(dim=0)
    averages, scale = [], torch.zeros(2)
    for squared in sums:
        scale = 0.99 * scale + 0.01 * squared
        averages.append(scale)
    counts = torch.tensor([[1.0], [2.0], [3.0]])
    if torch.allclose(found, _path(totals.sqrt()), atol=1e-5):
        return None
    slips = [
        (sums.sqrt(), _FORGETS),
        (totals, _NO_ROOT),
        (torch.stack(averages).sqrt(), _MOVING_AVERAGE),
        ((totals / counts).sqrt(), _MEAN),
        (-totals.sqrt(), _UPHILL),
        (_GRADIENTS.abs().cumsum(dim=0), _NO_SQUARE),
    ]
    for divisor, hint in slips:
        if torch.allclose(found, _path(divisor), atol=1e-5):
            return hint
    return _LOOK


def _path(divisors: torch.Tensor) -> torch.Tensor:
    """Return the parameters after each step of lr * gradient / divisor."""
    return _START - (_LR * _GRADIENTS / divisors).cumsum(dim=0)


_LOOK = Hint(
    zh="拿一个参数在纸上走两步：字典里存着什么，步子除以什么？",
    en="Work out two steps for one parameter on paper: what is stored in the "
    "dictionary, and what is the step divided by?",
)
_FORGETS = Hint(
    zh="每一步都只除以自己的梯度：上一步的和要存进 state，下一步再取出来。",
    en="You divide each step by its own gradient only: store the sum in state and "
    "read it again in the next step.",
)
_NO_ROOT = Hint(
    zh="和对了；除之前还差一次运算。",
    en="The sum is right. One operation is missing before the division.",
)
_MOVING_AVERAGE = Hint(
    zh="这是 RMSprop 的滑动平均；Adagrad 从头加到现在，什么也不忘。",
    en="This is the moving average of RMSprop. Adagrad adds up everything from the "
    "beginning and forgets nothing.",
)
_MEAN = Hint(
    zh="你除以了步数，成了平均；Adagrad 要的是和。",
    en="You divided by the number of steps, which gives a mean. Adagrad uses the sum.",
)
_UPHILL = Hint(
    zh="大小对了，方向反了：损失会上升。",
    en="The size is right, but the direction is wrong: the loss would increase.",
)
_NO_SQUARE = Hint(
    zh="加起来的应当是梯度的平方，不是绝对值。",
    en="Add up the squares of the gradients, not their absolute values.",
)


def _warmup(answer: Any) -> Hint | None:
    """Ask for the factor of a schedule: 10 steps up, then half a cosine."""
    if isinstance(answer, type) or not callable(answer):
        return wrong_kind("一个函数", "a function", answer)

    def wrong_at(t: int, expected: float, hint: Hint) -> Hint | None:
        found = call(answer, t)
        if isinstance(found, Hint):
            return found
        return is_close(found, expected, within=1e-6, hint=hint)

    first = call(answer, 0)
    if not isinstance(first, Hint) and not is_close(first, 0, within=1e-6, hint=_RISE):
        return Hint(
            zh="第 0 步的学习率成了 0，这一步白走了：步数从 0 数起。",
            en="The learning rate of step 0 is 0, so this step does nothing: steps "
            "are counted from 0.",
        )
    for t in range(10):
        if wrong := wrong_at(t, (t + 1) / 10, _RISE):
            return wrong
    middle = call(answer, 60)
    if not isinstance(middle, Hint) and not is_close(
        middle, (1 + math.cos(math.pi * 0.6)) / 2, within=1e-6, hint=_FALL
    ):
        return Hint(
            zh="余弦应当从第 10 步开始，而不是从第 0 步。",
            en="The cosine should start at step 10, not at step 0.",
        )
    for t in (10, 60, 110, 35, 85):
        if wrong := wrong_at(t, (1 + math.cos(math.pi * (t - 10) / 100)) / 2, _FALL):
            return wrong
    return None


_RISE = Hint(
    zh="先看 t 从 0 到 9：题目列出了头两个值和最后一个值。",
    en="Look at t from 0 to 9 first: the exercise gives the first two values and the "
    "last one.",
)
_FALL = Hint(
    zh="上升对了。下降的一段：t = 10、60、110 时应当是 1、0.5、0，中间沿半个余弦。",
    en="The increase is right. In the decrease, t = 10, 60 and 110 should give 1, 0.5 "
    "and 0, along half a cosine.",
)


CHECKS = {
    "optimizers-1": number(
        0.4,
        within=0.001,
        slips=[
            (
                0.02,
                Hint(
                    zh="这是没有动量的步子；走了很多步以后，累加和是多少？",
                    en="That is the step without momentum. What value does the sum "
                    "approach after many steps?",
                ),
            ),
            (
                0.2,
                Hint(
                    zh="这是 μ = 0.9 时的步子，题目里是 0.95。",
                    en="That is the step for μ = 0.9, but in the exercise μ is 0.95.",
                ),
            ),
            (
                40,
                Hint(
                    zh="累加和对了；步子还要乘上什么？",
                    en="The sum is right. What is it multiplied by in a step?",
                ),
            ),
            (
                0.039,
                Hint(
                    zh="这是第二步；再走下去，它还会变大。",
                    en="That is the second step. The step keeps growing after that.",
                ),
            ),
            (
                -0.4,
                Hint(
                    zh="大小对了；题目问的是走多远，一个正数。",
                    en="The size is right, but the exercise asks for a distance, "
                    "which is positive.",
                ),
            ),
        ],
        other=Hint(
            zh="每一步，累加和先乘以 0.95，再加 2：加到多少时就不变了？",
            en="In each step the sum is multiplied by 0.95, and then 2 is added: at "
            "which value does it stop changing?",
        ),
    ),
    "optimizers-2": _adagrad,
    "optimizers-3": _warmup,
    "optimizers-4": number(
        693,
        slips=[
            (
                lambda n: 692 <= n < 693,
                Hint(
                    zh="差一点：这时候权重还略大于一半，要整整多少步？",
                    en="Almost: at that step the weight is still slightly larger than "
                    "one half. How many whole steps does it take?",
                ),
            ),
            (
                lambda n: 346 <= n <= 347,
                Hint(
                    zh="每一步乘的数不对：学习率和 weight_decay 的乘积是多少？",
                    en="The factor of each step is wrong: what is the product of the "
                    "learning rate and weight_decay?",
                ),
            ),
            (
                lambda n: n in (1, 2),
                Hint(
                    zh="你漏了学习率：衰减也要乘上它。",
                    en="You left out the learning rate, which multiplies the decay "
                    "too.",
                ),
            ),
            (
                500,
                Hint(
                    zh="每步减去的不是原来的 0.001 倍，而是当时的 0.001 倍。",
                    en="Each step subtracts 0.001 of the current weight, not of the "
                    "original one.",
                ),
            ),
        ],
        other=Hint(
            zh="先写出一步把权重乘以多少，再问乘多少次到一半。",
            en="First write down the factor by which one step multiplies the weight. "
            "Then find how many times it takes to reach one half.",
        ),
    ),
}
