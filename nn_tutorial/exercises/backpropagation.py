"""The checks of the exercises on backpropagation by hand."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nn_tutorial.exercises.core import Hint, call, is_equal, numbers_of, wrong_kind

# w1, b1, w2, b2, v1, v2, c with b2 = 1, where the second neuron is inactive.
_INACTIVE = (1.0, 0.5, 0.0, 0.0, 2.0, 0.0, 1.0)


def _inactive_neuron(answer: Any) -> Hint | None:
    """Ask for the seven derivatives of the network on paper with b2 = 1."""
    given = numbers_of(answer, 7)
    if isinstance(given, Hint):
        return given

    def is_like(slip: tuple[float, ...]) -> bool:
        return all(abs(a - b) < 1e-6 for a, b in zip(given, slip, strict=True))

    if is_like(_INACTIVE):
        return None
    if is_like((-3, -1.5, 12, 6, -6, -3, -3)):
        return Hint(
            zh="这是正文里 b2 = 3 时的七个数。把 b2 改成 1，前向传播也要重算。",
            en="These are the seven numbers in the text, where b2 = 3. If b2 = 1, the "
            "forward pass changes as well.",
        )
    if is_like(tuple(-number for number in _INACTIVE)):
        return Hint(
            zh="大小都对了，正负号全反：误差是 y − t。",
            en="The sizes are right, but all the signs are wrong: the error is y − t.",
        )
    if is_like(tuple(number / 2 for number in _INACTIVE)):
        return Hint(
            zh="全都小了一半：平方的导数前面有一个数。",
            en="All of them are half as large as they should be: which number is in "
            "front of the derivative of a square?",
        )
    if any(abs(given[place]) > 1e-6 for place in (2, 3)):
        return Hint(
            zh="第二个神经元的 z2 现在小于 0。ReLU 在那里的斜率是多少？",
            en="z2 is now less than 0. What is the slope of ReLU there?",
        )
    if abs(given[5]) > 1e-6:
        return Hint(
            zh="w2 和 b2 对了。v2 乘的是 h2，不是 z2：h2 现在是多少？",
            en="w2 and b2 are right. v2 multiplies h2, not z2. What is h2 now?",
        )
    return Hint(
        zh="第二个神经元对了。从 y 和 dy 起，把第一个神经元那条路再走一遍。",
        en="The second neuron is right. Start from y and dy and follow the path "
        "through the first neuron again.",
    )


def _division(answer: Any) -> Hint | None:
    """Ask for the slopes of a / b with respect to a and to b."""
    if isinstance(answer, type) or not callable(answer):
        return wrong_kind("一个函数", "a function", answer)
    slopes: list[float] = []
    for arguments in _DIVIDED:
        result = call(answer, *arguments)
        numbers = result if isinstance(result, Hint) else numbers_of(result, 2)
        if isinstance(numbers, Hint):
            return numbers
        slopes += numbers

    def is_like(slip: Callable[[float, float], tuple[float, float]]) -> bool:
        expected = [number for pair in _DIVIDED for number in slip(*pair)]
        return all(abs(a - b) < 1e-6 for a, b in zip(slopes, expected, strict=True))

    if is_like(lambda a, b: (1 / b, -a / b**2)):
        return None
    for slip, hint in _DIVISION_SLIPS:
        if is_like(slip):
            return hint
    return _DIVISION


_DIVIDED = ((6.0, 4.0), (-3.0, 2.0))
_DIVISION = Hint(
    zh="取 a = 6、b = 4：把 a 加上 0.001，商变多少？再把 b 加上 0.001 试试。",
    en="Take a = 6 and b = 4. If you add 0.001 to a, how much does the quotient "
    "change? Then try adding 0.001 to b.",
)
_DIVISION_SLIPS: list[tuple[Callable[[float, float], tuple[float, float]], Hint]] = [
    (
        lambda a, b: (1 / b, a / b**2),
        Hint(
            zh="第一个对了，第二个大小也对：b 变大时，商变大还是变小？",
            en="The first is right, and so is the size of the second. When b grows, "
            "does the quotient increase or decrease?",
        ),
    ),
    (
        lambda a, b: (-a / b**2, 1 / b),
        Hint(
            zh="两个斜率都对，次序反了：先是对 a 的，再是对 b 的。",
            en="Both slopes are right, but they are in the wrong order: the slope "
            "with respect to a comes first.",
        ),
    ),
    (
        lambda a, b: (1 / b, -1 / b**2),
        Hint(
            zh="第一个对了。第二个是 1/b 的斜率；这里是 a 个 1/b。",
            en="The first is right. The second is the slope of 1/b, but the quotient "
            "is a times 1/b.",
        ),
    ),
    (
        lambda a, b: (b, a),
        Hint(
            zh="这是乘法的两个斜率。",
            en="These are the slopes of a product, not of a quotient.",
        ),
    ),
    (
        lambda a, b: (1 / b, -a / b),
        Hint(
            zh="第一个对了。第二个还差一点：b 的几次方？",
            en="The first is right, and the second is close: to which power is b "
            "raised?",
        ),
    ),
]


def _tanh_arguments() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((5, 1), (5, 1), (1, 3), (3,), (3, 1), (1,))
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _tanh_gradients(
    x: Tensor,
    t: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    b2: Tensor,
    *,
    slope: str = "tanh",
    mean: bool = True,
) -> list[Tensor]:
    z = x @ w1 + b1  # (N, H)
    h = torch.tanh(z)  # (N, H)
    dy = 2 * (h @ w2 + b2 - t) / (len(x) if mean else 1)  # (N, 1)
    factor = {
        "tanh": 1 - h**2,
        "relu": (z > 0).float(),
        "twice": 1 - torch.tanh(h) ** 2,
        "none": torch.ones_like(h),
    }[slope]
    dz = dy @ w2.T * factor  # (N, H)
    return [x.T @ dz, dz.sum(dim=0), h.T @ dy, dy.sum(dim=0)]


_TANH_NAMES = ("dw1", "db1", "dw2", "db2")
_TANH_SLIPS: list[tuple[dict[str, Any], Hint]] = [
    (
        {"slope": "relu"},
        Hint(
            zh="输出层的两个对了，往回经过的却还是 ReLU 的斜率。",
            en="The two of the output layer are right, but the path back to the "
            "hidden layer still uses the slope of ReLU.",
        ),
    ),
    (
        {"slope": "none"},
        Hint(
            zh="从 h 走到 z 时，漏乘了激活函数的斜率。",
            en="The slope of the activation function is missing in the step from h to "
            "z.",
        ),
    ),
    (
        {"slope": "twice"},
        Hint(
            zh="tanh 取了两次：h 已经是 tanh 的结果了。",
            en="You applied tanh twice: h is already the result of tanh.",
        ),
    ),
    (
        {"mean": False},
        Hint(
            zh="全都大了同一个倍数：损失是总和，还是平均？",
            en="All of them are too large by the same factor: is the loss a sum or a "
            "mean?",
        ),
    ),
]


def _tanh_network(answer: Any) -> Hint | None:
    """Ask for the gradients of a network 1-H-1 with tanh and mean squared error."""
    if isinstance(answer, type) or not callable(answer):
        return wrong_kind("一个函数", "a function", answer)
    arguments = _tanh_arguments()
    banned = ["backward", "grad", "_make_dual"]
    result = call(answer, *arguments, banned=banned)
    if isinstance(result, Hint):
        return result
    if not isinstance(result, tuple | list) or len(result) != 4:
        return Hint(
            zh="函数要返回四个梯度的列表：[dw1, db1, dw2, db2]。",
            en="The function should return a list of four gradients: [dw1, db1, dw2, "
            "db2].",
        )

    def differences(expected: list[Tensor]) -> list[Hint]:
        hints = []
        for name, one, right in zip(_TANH_NAMES, result, expected, strict=True):
            other = Hint(
                zh=f"{name} 不对：从 dy 往回，一行一行与一小步比一比。",
                en=f"{name} is wrong. Go backward from dy and check each line with a "
                "small step.",
            )
            # (1, H) for a bias is as good as (H,).
            if isinstance(one, Tensor) and one.shape == (1, *right.shape):
                one = one[0]
            if hint := is_equal(one, right, within=1e-4, hint=other):
                hints.append(hint)
        return hints

    wrong = differences(_tanh_gradients(*arguments))
    if not wrong:
        return None
    for options, hint in _TANH_SLIPS:
        if not differences(_tanh_gradients(*arguments, **options)):
            return hint
    return wrong[-1]


CHECKS = {
    "backpropagation-1": _inactive_neuron,
    "backpropagation-2": _division,
    "backpropagation-3": _tanh_network,
}
