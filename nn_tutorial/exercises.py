"""Check an answer to an exercise, with a hint in the reader's language.

Needs torch and numpy. In the book: the exercises at the end of every chapter.

`check` is all that a reader needs. Each exercise is one function below, registered
under the number that it has in the book. It returns None for a right answer, and for
a wrong one a `Hint` that says what to look at next, in both languages, without giving
the solution away. An answer can be anything, so a function first asks for what it
needs with the helpers ``_is_number``, ``_is_tensor``, ``_is_close``, ``_is_equal``,
``_call``, ``_gives`` and ``_is_module``: each returns None if all is well, else a
hint, so they join with ``or`` (``_numbers`` returns the numbers, or a hint)::

    @exercise("00-1")
    def _check_00_1(answer: Any) -> Hint | None:
        return _is_close(
            answer, 0.5, within=0.01,
            hint=Hint(zh="再看看 x = 0 处的曲线。", en="Look at the curve at x = 0."),
        )
"""

import copy
import ctypes
import json
import locale
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["Feedback", "Hint", "check", "exercise"]


@dataclass(frozen=True)
class Hint:
    """What to look at next: one line in Chinese and the same in English.

    Raises:
        ValueError: If a line is empty or holds a line break.
    """

    zh: str
    en: str

    def __post_init__(self) -> None:
        for text in (self.zh, self.en):
            if not text.strip() or len(text.splitlines()) != 1:
                raise ValueError(f"a hint is one line in each language, not {text!r}")


@dataclass(frozen=True, repr=False)
class Feedback:
    """What `check` found; shown, it is the message in the language chosen.

    Attributes:
        correct: Whether the answer is right; also the truth value of the feedback.
        message: The message in both languages.
        lang: ``"zh"``, ``"en"``, or ``"both"``: one line each, with its language.
    """

    correct: bool
    message: Hint
    lang: str

    def __bool__(self) -> bool:
        return self.correct

    def __repr__(self) -> str:
        if self.lang == "both":
            return f"zh: {self.message.zh}\nen: {self.message.en}"
        return self.message.zh if self.lang == "zh" else self.message.en


_Check = Callable[[Any], Hint | None]
_CHECKS: dict[str, _Check] = {}

_RIGHT = Hint(zh="答对了。", en="That is right.")
_NOT_ANSWERED = Hint(
    zh="还没有作答：把 `...` 换成你的答案，再运行一次。",
    en="Not answered yet: put your answer in place of `...` and run the cell again.",
)


def check(exercise: str, answer: object, *, lang: str | None = None) -> Feedback:
    """Say whether an answer is right, or what to look at next.

    Prints nothing and leaves PyTorch's random numbers (of the CPU) as they were.

    Args:
        exercise: The name of the exercise in the book, for example ``"logistic-2"``.
        answer: Whatever the exercise asks for. Any object is allowed: one of the
            wrong kind gets a hint, not an error.
        lang: ``"zh"``, ``"en"``, or ``"both"``. None: what the environment variable
            ``NN_TUTORIAL_LANG`` says, else the language of this computer if it is
            Chinese, else English.

    Raises:
        ValueError: If there is no such exercise or language.
    """
    if exercise not in _CHECKS:
        known = ", ".join(sorted(_CHECKS))
        raise ValueError(f"no exercise {exercise!r}; there are: {known}")
    lang = _choose_language(lang)
    if _is_missing(answer):
        return Feedback(False, _NOT_ANSWERED, lang)
    try:
        with torch.random.fork_rng(devices=[]):
            hint = _CHECKS[exercise](answer)
    except Exception as error:
        # An answer may be an object that raises as soon as it is looked at; its error
        # is told to the reader, to whom a traceback through this file says nothing.
        hint = _raised(error)
    return Feedback(hint is None, hint or _RIGHT, lang)


def exercise(number: str) -> Callable[[_Check], _Check]:
    """Register the decorated function as the check of an exercise.

    Args:
        number: The name of the chapter, a dash, and the number within it.

    Raises:
        ValueError: If the number looks otherwise or is taken.
    """
    if not re.fullmatch(r"[a-z][a-z-]*-[1-9]\d*", number):
        raise ValueError(f"exercise {number!r}: name it like 'logistic-2'")
    if number in _CHECKS:
        raise ValueError(f"exercise {number!r} already has a check")

    def register(function: _Check) -> _Check:
        _CHECKS[number] = function
        return function

    return register


# --- The exercises, in the order of the book --------------------------------------

# 01 Neurons and activation functions


@exercise("activations-1")
def _check_activations_1(answer: Any) -> Hint | None:
    """Ask for the number of parameters of a network 784-30-20-10."""
    hints = {
        24_320: Hint(
            zh="权重都数到了。图上每一层的第二行还加了什么？",
            en="All weights are there. What does the second line under each layer of "
            "the drawing add?",
        ),
        24_380 + 784: Hint(
            zh="输入不计算，所以没有偏置。",
            en="The input computes nothing, so it has no biases.",
        ),
        28 * 30 + 30 + 620 + 210: Hint(
            zh="一张 28×28 的图有多少个数？不是 28 个。",
            en="How many numbers has an image of 28×28? Not 28.",
        ),
    }
    other = Hint(
        zh="一层一层地数：前一层的大小 × 这一层的大小，再加偏置；一共三层。",
        en="Layer by layer: size of the one before × its own size, and the biases; "
        "there are three layers.",
    )
    for number, hint in hints.items():
        if _is_close(answer, number, within=0, hint=other) is None:
            return hint
    return _is_close(answer, 24_380, within=0, hint=other)


@exercise("activations-2")
def _check_activations_2(answer: Any) -> Hint | None:
    """Ask for the derivative of z * sigmoid(z), as a function of a tensor."""
    z = torch.linspace(-5, 5, 41)
    s = torch.sigmoid(z)
    other = Hint(
        zh="在 z = 0 处，导数应当是 0.5。用乘积的求导法则：一项一项地写。",
        en="At z = 0 the derivative is 0.5. Use the product rule and write one term "
        "after the other.",
    )
    right = _gives(answer, z, expected=s + z * s * (1 - s), within=1e-5, hint=other)
    if right is not other:
        return right
    slips = [
        (
            z * s,
            Hint(
                zh="这是 SiLU 本身，不是它的导数。",
                en="That is SiLU itself, not its derivative.",
            ),
        ),
        (
            s * (1 - s),
            Hint(
                zh="这是 sigmoid 的导数。SiLU 前面还乘了 z，那是一个乘积。",
                en="That is the derivative of sigmoid. SiLU multiplies it by z: a "
                "product.",
            ),
        ),
        (
            s,
            Hint(
                zh="z 变了，σ(z) 也跟着变：乘积的导数还有第二项。",
                en="When z changes, σ(z) changes, too: the derivative of a product "
                "has a second term.",
            ),
        ),
        (
            z * s * (1 - s),
            Hint(
                zh="这一项是 σ(z) 在变；z 自己也在变，那是另一项。",
                en="This term is for the change of σ(z); z itself changes as well, "
                "which is the other term.",
            ),
        ),
    ]
    for slip, hint in slips:
        if _gives(answer, z, expected=slip, within=1e-5, hint=other) is None:
            return hint
    return other


@exercise("activations-3")
def _check_activations_3(answer: Any) -> Hint | None:
    """Ask for the weights (1, -2, 1) that make a hat of three ReLUs."""
    weights = _numbers(answer, 3)
    if isinstance(weights, Hint):
        return weights
    first, second, third = weights
    if abs(first - 1) > 1e-6:
        return Hint(
            zh="−1 和 0 之间只有第一个神经元醒着，"
            f"曲线的斜率是 {first:g}。它要从 0 升到 1。",
            en="Between −1 and 0 only the first neuron is awake, and the slope is "
            f"{first:g}. The hat rises from 0 to 1 there.",
        )
    if abs(first + second + 1) > 1e-6:
        return Hint(
            zh="左边对了。0 和 1 之间醒着两个神经元，"
            f"斜率是 {first + second:g}。它要从 1 降到 0。",
            en="The left side is right. Between 0 and 1 two neurons are awake, and the "
            f"slope is {first + second:g}. The hat falls from 1 to 0 there.",
        )
    if abs(first + second + third) > 1e-6:
        return Hint(
            zh=f"就差最后一个：x = 1 以后，斜率是 {first + second + third:g}，"
            "曲线没有停在 0。",
            en="Only the last one is missing: beyond x = 1 the slope is "
            f"{first + second + third:g}, and the curve does not stay at 0.",
        )
    return None


@exercise("activations-4")
def _check_activations_4(answer: Any) -> Hint | None:
    """Ask for -2, the largest bias at which relu(2 x1 - 3 x2 + b) is dead on [0, 1]."""
    hints = {
        2: Hint(
            zh="大小对了，看看正负号：这样的偏置让它更清醒。",
            en="The size is right; look at the sign: this bias keeps it wide awake.",
        ),
        1: Hint(
            zh="你把 x = (1, 1) 当成了最坏的情况。"
            "第二个权重是负的：x2 取多少时和最大？",
            en="You took x = (1, 1) for the worst case. The second weight is negative: "
            "which x2 makes the sum largest?",
        ),
        -5: Hint(
            zh="它确实死了，但 b 还可以更大：输入不会是负数。",
            en="It is dead, but b can be larger: no input is negative.",
        ),
    }
    other = Hint(
        zh="对 0 到 1 之间的输入，2·x1 − 3·x2 最大能到多少？加上 b 以后不能大于 0。",
        en="How large can 2·x1 − 3·x2 get for inputs from 0 to 1? With b added it must "
        "not be above 0.",
    )
    for number, hint in hints.items():
        if _is_close(answer, number, within=1e-6, hint=other) is None:
            return hint
    return _is_close(answer, -2, within=1e-6, hint=other)


# 02 Regression


@exercise("regression-1")
def _check_regression_1(answer: Any) -> Hint | None:
    """Ask for the median of 1, 2, 3, 4 and 100."""
    hint = Hint(
        zh="站在你的数上往两边看：左边有几个，右边有几个？挪一小步，损失怎样变？",
        en="Stand on your number and look both ways: how many are to the left, how "
        "many to the right? What does a small step do to the loss?",
    )
    if _is_close(answer, 22, within=0.001, hint=hint) is None:
        hint = Hint(
            zh="22 是平均值，它让平方的损失最小。绝对值不一样。",
            en="22 is the mean, which is best for squares. Absolute values differ.",
        )
    return _is_close(answer, 3, within=0.001, hint=hint)


@exercise("regression-2")
def _check_regression_2(answer: Any) -> Hint | None:
    """Ask for the gradient of the mean squared error of a line."""
    x, y = torch.tensor([[1.0], [2.0], [-1.0]]), torch.tensor([[0.0], [3.0], [1.0]])
    w, b = torch.tensor(2.0, requires_grad=True), torch.tensor(-1.0, requires_grad=True)
    loss = ((w * x + b - y) ** 2).mean()
    expected = torch.stack(torch.autograd.grad(loss, [w, b]))
    return _gives(
        answer,
        w.detach(),
        b.detach(),
        x,
        y,
        expected=expected,
        within=1e-4,
        hint=Hint(
            zh="拿三个点在纸上算一遍：误差乘 x 再平均，误差平均，前面都有一个 2。",
            en="Work out three points on paper: the mean of error times x, the mean of "
            "the error, and a factor of 2 before both.",
        ),
    )


@exercise("regression-3")
def _check_regression_3(answer: Any) -> Hint | None:
    """Ask for 11, the pieces that ten kinks make."""
    hint = Hint(
        zh="一个神经元折几次？一根线折一次，成了几段？",
        en="How many kinks does one neuron make? Bend a wire once: how many pieces?",
    )
    return _is_close(answer, 11, within=0, hint=hint)


# 03 Softmax classification


@exercise("softmax-1")
def _check_softmax_1(answer: Any) -> Hint | None:
    """Ask for log(0.99 / 0.01), the lead that makes softmax 99% sure."""
    hint = Hint(
        zh="写出两类的 softmax，令它等于 0.99，解出 e 的 z 次方，最后取对数。",
        en="Write softmax for the two classes, set it to 0.99, solve for e to the z, "
        "and take the logarithm at the end.",
    )
    if _is_close(answer, 99, within=0.5, hint=hint) is None:
        hint = Hint(
            zh="这是概率的比，也就是 e 的 z 次方。还差一步。",
            en="This is the ratio of the probabilities, e to the z. One step is left.",
        )
    return _is_close(answer, math.log(99), within=0.006, hint=hint)


@exercise("softmax-2")
def _check_softmax_2(answer: Any) -> Hint | None:
    """Ask for a cross-entropy that is right for small and for huge scores."""
    labels = torch.tensor([0, 2])
    small = torch.tensor([[2.0, 0.0, 1.0], [0.5, 3.0, -1.0]])
    wrong = _gives(
        answer,
        small,
        labels,
        expected=nn.functional.cross_entropy(small, labels),
        within=1e-4,
        hint=Hint(
            zh="已经在普通的分数上就不对：先算每行的损失，再取平均。",
            en="Ordinary scores already come out wrong: compute the loss of each row, "
            "then take the mean.",
        ),
    )
    if wrong:
        return wrong
    huge = _call(answer, torch.tensor([[200.0, 0.0, 0.0], [0.0, 900.0, 0.0]]), labels)
    # The losses of the rows are 0 and 900.
    if _is_close(huge, 450, within=0.01, hint=_RIGHT):
        return Hint(
            zh="分数一大就不对：取指数之前，每行先减去它的最大值，也不要经过概率。",
            en="Large scores come out wrong: subtract the maximum of each row before "
            "the exponential, and do not pass through the probability.",
        )
    return None


@exercise("softmax-3")
def _check_softmax_3(answer: Any) -> Hint | None:
    """Ask for log(10), the loss of guessing among ten classes."""
    return _is_close(
        answer,
        math.log(10),
        within=0.006,
        hint=Hint(
            zh="正确的那一类得到的概率是多少？取它的自然对数，再变号。",
            en="What probability does the right class get? Take its natural logarithm "
            "and change the sign.",
        ),
    )


# 04 Logistic regression and a neural network


def _flower() -> tuple[np.ndarray, np.ndarray]:
    """Return the flower of chapter 04: points (400, 2) and which are of class 1.

    The same points as ``nn_tutorial.datasets.flower()``, written again so that this
    file can be copied alone.
    """
    random_state = np.random.RandomState(1)
    points = []
    for label in (0, 1):
        t = np.linspace(3.12 * label, 3.12 * (label + 1), 200)
        t = t + 0.2 * random_state.standard_normal(200)
        r = 4 * np.sin(4 * t) + 0.2 * random_state.standard_normal(200)
        points.append(np.stack([r * np.sin(t), r * np.cos(t)], axis=1))
    return np.concatenate(points), np.repeat([False, True], 200)


@exercise("logistic-1")
def _check_logistic_1(answer: Any) -> Hint | None:
    """Ask for the logit of probability 0.9: log(0.9 / 0.1)."""
    hint = Hint(
        zh="从概率走回分数：正文里 z 写成 p 的式子，有一个 log。",
        en="Walk back from the probability to the score: the text writes z in terms of "
        "p, with a log.",
    )
    if _is_close(answer, 0.9, within=0.001, hint=hint) is None:
        hint = Hint(
            zh="0.9 是概率。logits 是分数，要的是 sigmoid 之后等于 0.9 的那个分数。",
            en="0.9 is a probability. Logits are scores: which score has a sigmoid of "
            "0.9?",
        )
    elif _is_close(answer, 1 / (1 + math.exp(-0.9)), within=0.01, hint=hint) is None:
        hint = Hint(
            zh="你把 0.9 当作分数去求概率了，方向正好相反。",
            en="You took 0.9 for a score and computed its probability: that is the "
            "other direction.",
        )
    return _is_close(answer, math.log(9), within=0.01, hint=hint)


@exercise("logistic-2")
def _check_logistic_2(answer: Any) -> Hint | None:
    """Ask for a line (w1, w2, b) that gets 65% of the flower right."""
    line = _numbers(answer, 3)
    if isinstance(line, Hint):
        return line
    points, is_class_1 = _flower()
    right = np.mean((points @ line[:2] + line[2] > 0) == is_class_1)
    if right >= 0.65:
        return None
    if right <= 0.35:
        return Hint(
            zh=f"这条直线只分对 {right:.1%}：线也许是好线，两侧却弄反了。",
            en=f"This line gets only {right:.1%} right: perhaps a good line, with its "
            "sides the wrong way around.",
        )
    return Hint(
        zh=f"这条直线分对 {right:.1%}。绕着花走一圈：哪连续四片花瓣里，第 1 类最多？",
        en=f"This line gets {right:.1%} right. Walk around the flower: which four "
        "petals in a row hold the most of class 1?",
    )


@exercise("logistic-3")
def _check_logistic_3(answer: Any) -> Hint | None:
    """Ask for 4! * 2**4, the number of twins of a 2-4-1 network with tanh."""
    hints = {
        24: Hint(
            zh="排列数对了。再用 tanh 的性质：一个神经元的哪些数一起变号，输出不变？",
            en="The orderings are right. Now tanh: which numbers of one neuron can "
            "change sign together and leave the output as it is?",
        ),
        16: Hint(
            zh="变号的种数对了。神经元之间还可以换位置。",
            en="The changes of sign are right. The neurons can also change places.",
        ),
        40: Hint(
            zh="两种办法可以一起用：每一种排法都能配上每一种变号。",
            en="The two devices work together: each ordering goes with each change of "
            "sign.",
        ),
        383: Hint(zh="就差一个：它自己也算。", en="One is missing: it counts itself."),
    }
    other = Hint(
        zh="分开数：四个神经元有几种排法？每个神经元变不变号，一共有几种选法？",
        en="Count one after the other: the orderings of four neurons, then the choices "
        "of sign, one for each neuron.",
    )
    for number, hint in hints.items():
        if _is_close(answer, number, within=0, hint=other) is None:
            return hint
    return _is_close(answer, 384, within=0, hint=other)


@exercise("logistic-4")
def _check_logistic_4(answer: Any) -> Hint | None:
    """Ask for the mean losses of net and deep on the flowers of seeds 2 to 21."""
    losses = _numbers(answer, 2)
    if isinstance(losses, Hint):
        return losses
    net, deep = losses
    if abs(net - 0.213) <= 0.01 and abs(deep - 0.246) <= 0.03:
        return None
    if min(losses) > 0.5:
        return Hint(
            zh="这两个数像是准确率；要的是损失。",
            en="These two look like accuracies; the losses are asked for.",
        )
    if deep < 0.19:
        return Hint(
            zh="deep 的损失太低，像是在训练用的那朵花上量的：换成没见过的花。",
            en="The loss of deep is too low, as if measured on the flower it was "
            "trained on: take flowers it has not seen.",
        )
    if net > deep:
        return Hint(
            zh="先写 net，再写 deep：两个数是不是写反了？",
            en="First net, then deep: are the two numbers the wrong way around?",
        )
    return Hint(
        zh="种子从 2 到 21，共 20 朵花，每朵花算一个损失，再取平均；"
        "net 与 deep 不要再训练。",
        en="Seeds 2 to 21 make 20 flowers: one loss for each, then the mean; net and "
        "deep are not trained any further.",
    )


# 05 Sequential and Module


@exercise("module-1")
def _check_module_1(answer: Any) -> Hint | None:
    """Ask for the 151 parameters of a 2-10-10-1 network."""
    hint = Hint(
        zh="一层一层来：每个输出有几个权重？再加上它自己的一个偏置。",
        en="Go layer by layer: how many weights has each output? Add one bias for it.",
    )
    if _is_close(answer, 130, within=0, hint=hint) is None:
        hint = Hint(
            zh="权重数对了，还缺偏置。", en="The weights are right; add biases."
        )
    return _is_close(answer, 151, within=0, hint=hint)


@exercise("module-2")
def _check_module_2(answer: Any) -> Hint | None:
    """Ask for a module that computes x + tanh(linear(x))."""
    inputs = torch.tensor([[1.0, -2.0, 0.5, 0.0], [3.0, 0.0, -1.0, 2.0]])
    if wrong := _is_module(answer, inputs=inputs, output_shape=(2, 4)):
        return wrong
    parameters = {tuple(p.shape): p for p in answer.parameters()}
    if set(parameters) != {(4, 4), (4,)}:
        return Hint(
            zh=f"里面要有一个 nn.Linear(4, 4)；你的参数形状是 {list(parameters)}。",
            en="One nn.Linear(4, 4) is asked for; the shapes of your parameters are "
            f"{list(parameters)}.",
        )
    with torch.no_grad():
        linear = nn.functional.linear(inputs, parameters[4, 4], parameters[(4,)])
        outputs = answer(inputs)
    if torch.allclose(outputs, linear.tanh(), atol=1e-5):
        return Hint(
            zh="tanh 有了，捷径还没有：把输入加到结果上。",
            en="The tanh is there, the shortcut is not: add the input to the result.",
        )
    return _is_equal(
        outputs,
        inputs + linear.tanh(),
        within=1e-5,
        hint=Hint(
            zh="次序是：线性层，tanh，再加上原来的输入。",
            en="The order is: linear layer, tanh, then plus the input as it was.",
        ),
    )


@exercise("module-3")
def _check_module_3(answer: Any) -> Hint | None:
    """Ask which of four changes leads to the lowest loss."""
    choices = ("width", "depth", "lr", "steps")
    if not isinstance(answer, str) or answer not in choices:
        return Hint(
            zh='答案是 "width"、"depth"、"lr"、"steps" 四个词之一。',
            en='The answer is one of the words "width", "depth", "lr", "steps".',
        )
    if answer == "depth":
        return None
    return Hint(
        zh="把四组损失打印成四行，找出所有数里最小的那一个，看它在哪一行。",
        en="Print the losses as four rows, find the smallest of all numbers, and see "
        "which row it stands in.",
    )


# 06 Saving and loading


@exercise("saving-1")
def _check_saving_1(answer: Any) -> Hint | None:
    """Ask for a function that takes ``module.`` off the front of the names."""
    names = ["0.weight", "submodule.bias", "module.scale"]
    state = {f"module.{name}": torch.ones(2) * n for n, name in enumerate(names)}
    state["plain.weight"] = torch.zeros(3)
    wanted = dict(zip([*names, "plain.weight"], state.values(), strict=True))
    result = _call(answer, dict(state))
    if isinstance(result, Hint):
        return result
    if not isinstance(result, Mapping):
        return _wrong_kind(
            "一个返回字典的函数", "a function that returns a dictionary", result
        )
    found = list(result)
    if "subbias" in found or "scale" in found:
        return Hint(
            zh="名字中间的 module. 要留着，开头的也只去掉一个。",
            en="A module. in the middle of a name has to stay, and at the front only "
            "one goes.",
        )
    if set(state) & set(found) - {"plain.weight"}:
        return Hint(
            zh="返回的字典里还有名字以 module. 开头：返回的是新做的那个吗？",
            en="Some names still begin with module.: does the function return the new "
            "dictionary?",
        )
    if set(found) != set(wanted):
        return Hint(
            zh=f"名字应为 {list(wanted)}，而你的是 {found}；没有前缀的名字不动。",
            en=f"The names should be {list(wanted)}; yours are {found}. Names without "
            "the prefix stay.",
        )
    hint = Hint(
        zh="名字对了；每个名字还要配它原来的张量。",
        en="The names are right; each must keep the tensor that it had.",
    )
    for name, value in wanted.items():
        if wrong := _is_equal(result[name], value, hint=hint):
            return wrong
    return None


@exercise("saving-2")
def _check_saving_2(answer: Any) -> Hint | None:
    """Ask for the limit of a 1-10-1 tanh network: sum of w2 sign(w1), plus b2."""
    generator = torch.Generator().manual_seed(6)
    state = {
        "0.weight": torch.randn(10, 1, generator=generator),
        "0.bias": torch.randn(10, generator=generator),
        "2.weight": torch.randn(1, 10, generator=generator),
        "2.bias": torch.randn(1, generator=generator),
    }
    result = _call(answer, dict(state))
    if isinstance(result, Hint):
        return result
    sign, w2, b2 = state["0.weight"].sign(), state["2.weight"], state["2.bias"]
    limit = (w2 @ sign + b2).item()
    hints = {
        limit - b2.item(): Hint(
            zh="只差一样：输出层还有一个偏置。",
            en="One thing is missing: the output layer has a bias, too.",
        ),
        (w2.sum() + b2).item(): Hint(
            zh="不是每个 tanh 都走到 +1：权重为负的神经元走到哪里？",
            en="Not every tanh goes to +1: where does a neuron with a negative weight "
            "go?",
        ),
        (b2 - w2 @ sign).item(): Hint(
            zh="这是 x 往负的方向走到底的值。",
            en="That is where it goes as x becomes more and more negative.",
        ),
    }
    other = Hint(
        zh="x 很大时，每个 tanh 是 +1 或 −1：由谁的符号决定？输出层又怎样相加？",
        en="For large x every tanh is +1 or −1: whose sign decides? Then see how the "
        "output layer adds them up.",
    )
    for value, hint in hints.items():
        if _is_close(result, value, within=1e-4, hint=other) is None:
            return hint
    return _is_close(result, limit, within=1e-4, hint=other)


@exercise("saving-3")
def _check_saving_3(answer: Any) -> Hint | None:
    """Ask for a function that counts the numbers in a safetensors file."""
    header = {
        "a": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]},
        "b": {"dtype": "F16", "shape": [5], "data_offsets": [48, 58]},
        "c": {"dtype": "I64", "shape": [], "data_offsets": [58, 66]},
    }
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + bytes(66)
    result = _call(answer, content)
    if isinstance(result, Hint):
        return result
    other = Hint(
        zh="表头里每个张量都有 shape：一个张量有多少个数？再加起来。",
        en="The header gives the shape of every tensor: how many numbers does one "
        "hold? Then add up.",
    )
    hints = {
        66: Hint(
            zh="66 是字节数；要的是有多少个数。",
            en="66 is the number of bytes; how many numbers is asked for.",
        ),
        16: Hint(
            zh="F16 每个数占 2 个字节，I64 占 8 个：别除以 4，看 shape。",
            en="A number takes 2 bytes in F16 and 8 in I64: look at the shape instead "
            "of dividing by 4.",
        ),
        17: Hint(
            zh="形状 [] 的张量也有一个数：空的乘积是 1。",
            en="A tensor of shape [] holds a number, too: an empty product is 1.",
        ),
        3: Hint(
            zh="3 是张量的个数；每个张量里有许多数。",
            en="3 is the number of tensors; each holds many numbers.",
        ),
    }
    for value, hint in hints.items():
        if _is_close(result, value, within=0.5, hint=other) is None:
            return hint
    return _is_close(result, 18, within=0, hint=other)


@exercise("saving-4")
def _check_saving_4(answer: Any) -> Hint | None:
    """Ask for the losses after 20,000 steps: on the training points and on new ones."""
    losses = _numbers(answer, 2)
    if isinstance(losses, Hint):
        return losses
    own, new = losses
    if abs(own - 0.0205) <= 0.0003 and abs(new - 0.02185) <= 0.0003:
        return None
    if abs(own - 0.02158) <= 0.0003 and abs(new - 0.02254) <= 0.0003:
        return Hint(
            zh="这是 10000 步时的损失：装入以后还要再走 10000 步。",
            en="These are the losses at 10000 steps: after loading, take 10000 more.",
        )
    if own > new:
        return Hint(
            zh="先写训练点的损失，再写新点的：两个数是不是写反了？",
            en="First the points of the training, then the new ones: are the two "
            "numbers the wrong way around?",
        )
    if abs(own - new) <= 0.0003:
        return Hint(
            zh="两个损失几乎一样：新点的 y 换成新的了吗？",
            en="The two losses are nearly equal: did the new points get their new y?",
        )
    return Hint(
        zh="从 weights.pt 出发，学习率 0.05，再走 10000 步；新点的种子从 1 到 20，"
        "每组算一个损失，再取平均。",
        en="Start from weights.pt, learning rate 0.05, 10000 more steps; for the new "
        "points seeds 1 to 20, one loss for each set, then the mean.",
    )


# 07 MNIST: a deep network


@exercise("mnist-1")
def _check_mnist_1(answer: Any) -> Hint | None:
    if not _is_number(answer) and answer in (20 * 937, 20 * 60_000 / 64):
        return Hint(
            zh="每轮的最后一批不满 64 张，它也走一步。",
            en="The last batch of an epoch holds fewer than 64 images, and makes a "
            "step as well.",
        )
    return _is_close(
        answer,
        20 * 938,
        within=0,
        hint=Hint(
            zh="先数一轮有几批，一批走一步；再乘上轮数。",
            en="Count the batches of one epoch, one step each; then the epochs.",
        ),
    )


@exercise("mnist-2")
def _check_mnist_2(answer: Any) -> Hint | None:
    confusion = torch.tensor([[5, 1, 0], [2, 6, 4], [0, 3, 9]])
    found = _call(answer, confusion, 1)
    if not isinstance(found, Hint) and not _is_close(
        found, 6 / 12, within=1e-6, hint=_NOT_ANSWERED
    ):
        return Hint(
            zh="你除以的是一行的和，那里是真正的 9；网络的回答在列里。",
            en="You divided by the sum of a row, which holds the true nines; the "
            "answers of the network are in the columns.",
        )
    return _gives(
        answer,
        confusion,
        1,
        expected=6 / 10,
        within=1e-6,
        hint=Hint(
            zh="答对的在对角线上；把它除以网络一共回答了多少次这个数字。",
            en="The right answers are on the diagonal; divide by how often the "
            "network gave this answer.",
        ),
    )


@exercise("mnist-3")
def _check_mnist_3(answer: Any) -> Hint | None:
    probabilities = torch.full((4, 10), 0.02)
    probabilities[0, 3] = 0.82
    probabilities[1, 9] = 0.75  # as large as the threshold: not below it
    probabilities[2, 0] = 0.74
    probabilities[3] = 0.1
    return _gives(
        answer,
        probabilities,
        0.75,
        expected=torch.tensor([3, 9, -1, -1]),
        hint=Hint(
            zh="取每行最大的概率和它的位置；小于门槛的换成 −1，等于门槛的不换。",
            en="Take the largest probability of each row and its place; put −1 where "
            "it is below the threshold, not where it equals it.",
        ),
    )


@exercise("mnist-4")
def _check_mnist_4(answer: Any) -> Hint | None:
    images = torch.arange(2 * 28 * 28).view(2, 28, 28) / 784 - 1
    moved = torch.full((2, 28, 28), -1.0)
    moved[:, :, 3:] = images[:, :, :-3]
    rolled = images.roll(3, dims=2).flatten(1)
    result = _call(answer, images.flatten(1), 3)
    if isinstance(result, Tensor) and torch.equal(result.cpu(), rolled):
        return Hint(
            zh="从右边出去的像素又从左边进来了：空出来的地方填 −1。",
            en="Pixels that left on the right came back on the left: put −1 there.",
        )
    return _gives(
        answer,
        images.flatten(1),
        3,
        expected=moved.flatten(1),
        hint=Hint(
            zh="先变成 (N, 28, 28)；往右挪就是列号变大；最后变回 (N, 784)。",
            en="Turn the rows into (N, 28, 28); to the right means larger column "
            "numbers; in the end go back to (N, 784).",
        ),
    )


# 08 MNIST: batch normalization and the GPU


@exercise("batchnorm-1")
def _check_batchnorm_1(answer: Any) -> Hint | None:
    linear = 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10
    hints = {
        linear: Hint(
            zh="这是没有批标准化的网络。批标准化自己也有要训练的数。",
            en="That is the network without batch normalization, which has numbers to "
            "train as well.",
        ),
        linear + 4 * 400: Hint(
            zh="存下来的平均值和方差不由优化器训练，不算。",
            en="The kept means and variances are not trained: they do not count.",
        ),
    }
    default = Hint(
        zh="一层一层数：线性层的权重和偏置，批标准化的 γ 和 β，每个神经元各一个。",
        en="Count layer by layer: weights and biases of the linear layers, then gamma "
        "and beta, one of each for every neuron.",
    )
    hint = default if _is_number(answer) else hints.get(int(answer), default)
    return _is_close(answer, linear + 2 * 400, within=0, hint=hint)


@exercise("batchnorm-2")
def _check_batchnorm_2(answer: Any) -> Hint | None:
    inputs = torch.rand(4, 784, generator=torch.Generator().manual_seed(0))
    if isinstance(answer, nn.Module):
        answer = copy.deepcopy(answer).cpu().train()
    if wrong := _is_module(answer, inputs=inputs, output_shape=(4, 10)):
        return wrong
    norms = [m for m in answer.modules() if isinstance(m, nn.BatchNorm1d)]
    if [norm.num_features for norm in norms] != [300, 100]:
        return Hint(
            zh="除了去掉偏置，其余不变：300 和 100 个神经元之后各有一层批标准化。",
            en="Apart from the biases nothing changes: batch normalization follows the "
            "300 and the 100 neurons.",
        )
    linears = [m for m in answer.modules() if isinstance(m, nn.Linear)]
    if linears and linears[-1].bias is None:
        return Hint(
            zh="最后一层后面没有批标准化，它的偏置有用。",
            en="No batch normalization follows the last layer: its bias is of use.",
        )
    n_parameters = sum(p.numel() for p in answer.parameters())
    if n_parameters == 267_010:
        return None
    return Hint(
        zh=f"应剩下 267010 个参数，你有 {n_parameters} 个。看看是谁在减去平均值。",
        en=f"267010 parameters should be left; yours has {n_parameters}. Look at what "
        "subtracts the mean.",
    )


@exercise("batchnorm-3")
def _check_batchnorm_3(answer: Any) -> Hint | None:
    generator = torch.Generator().manual_seed(0)
    linear, norm = nn.Linear(3, 4), nn.BatchNorm1d(4).eval()
    mean, variance = torch.zeros(4), torch.ones(4)
    norm.running_mean, norm.running_var = mean, variance
    for tensor in (linear.weight, linear.bias, norm.weight, norm.bias):
        nn.init.normal_(tensor, generator=generator)
    mean.normal_(generator=generator)
    variance.uniform_(0.5, 2.0, generator=generator)
    inputs = torch.randn(5, 3, generator=generator)
    with torch.no_grad():
        expected = norm(linear(inputs))
        biased = expected + linear.bias  # what is left when the bias is not scaled
        biased -= linear.bias * norm.weight / (variance + norm.eps).sqrt()
    folded = _call(answer, linear, norm)
    if isinstance(folded, Hint):
        return folded
    if not isinstance(folded, nn.Linear):
        return _wrong_kind("一个 nn.Linear", "an nn.Linear", folded)
    outputs = _call(folded, inputs)
    if isinstance(outputs, Tensor) and torch.allclose(outputs, biased, atol=1e-5):
        return Hint(
            zh="权重对了；线性层的偏置也要减去平均值、乘同一个数。",
            en="The weights are right; the bias of the linear layer, too, has the mean "
            "subtracted and is multiplied by the same number.",
        )
    return _gives(
        folded,
        inputs,
        expected=expected,
        within=1e-5,
        hint=Hint(
            zh="写出 norm(Wx + b) 的式子，把乘 x 的和不乘 x 的分开。",
            en="Write down norm(Wx + b), and separate what multiplies x from the rest.",
        ),
    )


# 09 From raw autograd to nn.Module


@exercise("autograd-1")
def _check_autograd_1(answer: Any) -> Hint | None:
    return _is_close(
        answer,
        74,
        within=0,
        hint=Hint(
            zh="每层的权重有几行？输入的列数，再加上那一列 1。",
            en="How many rows have the weights of a layer? One for each column of the "
            "input, and one for the column of ones.",
        ),
    )


@exercise("autograd-2")
def _check_autograd_2(answer: Any) -> Hint | None:
    labels = torch.tensor([2, 0, 1, 2, 2])
    encoded = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]]
    return _gives(
        answer,
        labels,
        4,
        expected=torch.tensor(encoded, dtype=torch.float32),
        hint=Hint(
            zh="每行恰好有一个 1，在标签所指的那一列；没有出现过的类也占一列。",
            en="Each row holds exactly one 1, in the column that the label names; a "
            "class that does not occur has a column as well.",
        ),
    )


@exercise("autograd-3")
def _check_autograd_3(answer: Any) -> Hint | None:
    net = _call(answer, [2, 10, 10, 4])
    if isinstance(net, Hint):
        return net
    inputs = torch.tensor([[1.0, -1.0], [0.5, 2.0], [-3.0, 0.0]])
    if wrong := _is_module(net, inputs=inputs, output_shape=(3, 4)):
        return wrong
    shapes = [tuple(parameter.shape) for parameter in net.parameters()]
    if shapes != [(10, 2), (10,), (10, 10), (10,), (4, 10), (4,)]:
        return Hint(
            zh="[2, 10, 10, 4] 要三个 nn.Linear，各有权重和偏置；"
            f"你的参数是 {shapes}。",
            en="[2, 10, 10, 4] asks for three nn.Linear, each with weight and bias; "
            f"your parameters are {shapes}.",
        )
    *hidden, output = net.parameters()
    with torch.no_grad():
        for parameter in hidden:
            parameter.zero_()
        output.copy_(torch.tensor([-5.0, 0.0, 5.0, 10.0]))
        outputs = net(inputs)
    if not torch.equal(outputs, output.expand(3, 4)):
        return Hint(
            zh="最后一层之后还有别的运算：logits 应当原样交给 CrossEntropyLoss。",
            en="Something follows the last layer: CrossEntropyLoss takes the logits as "
            "they are.",
        )
    with torch.no_grad():
        hidden[4].fill_(1.0)
        output.zero_()
        outputs = net(inputs)
    return _is_equal(
        outputs,
        torch.full((3, 4), 5.0),
        within=1e-5,
        hint=Hint(
            zh="隐藏层的激活函数应当是 sigmoid，每个隐藏层一个。",
            en="The activation of the hidden layers should be sigmoid, one after each.",
        ),
    )


# 10 Old code, today's PyTorch


@exercise("old-code-1")
def _check_old_code_1(answer: Any) -> Hint | None:
    """Ask which of the lines a to f go wrong without a word."""
    if not isinstance(answer, (str, set, list, tuple)):
        return _wrong_kind("几个字母，例如 'ab'", "letters, such as 'ab'", answer)
    letters = {str(letter).strip().lower() for letter in answer} - {"", ","}
    silent, loud = set("bde"), set("acf")
    if letters - silent - loud:
        return Hint(
            zh="只用字母 a 到 f，例如 'ab'。",
            en="Use the letters a to f, such as 'ab'.",
        )
    if letters & loud:
        return Hint(
            zh="里面至少有一行今天会报错或警告。把它运行一次。",
            en="At least one of these stops or warns today. Run it once.",
        )
    if letters != silent:
        return Hint(
            zh="这几行都不出声，但还有别的。想想 eval() 之后、梯度和内存。",
            en="These are silent, but there are more. Think of what happens after "
            "eval(), of gradients and of memory.",
        )
    return None


@exercise("old-code-2")
def _check_old_code_2(answer: Any) -> Hint | None:
    """Ask for row and column of the brightest pixel, as whole numbers."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        image = torch.rand(28, 28, generator=generator)
        place = _call(answer, image.clone())
        if isinstance(place, Hint):
            return place
        if not isinstance(place, (tuple, list)) or len(place) != 2:
            return _wrong_kind("返回两个数的函数", "a function that gives two", place)
        if any(isinstance(part, Tensor) for part in place):
            return Hint(
                zh="返回的还是张量。怎样从只有一个元素的张量里取出数？",
                en="These are still tensors. How is the number taken out of a tensor "
                "of one element?",
            )
        if any(type(part) is not int for part in place):
            return Hint(
                zh="行号和列号要是整数。今天的 / 给出什么？",
                en="Row and column have to be whole numbers. What does / give today?",
            )
        if tuple(place) != divmod(int(image.argmax()), 28):
            return Hint(
                zh="这不是最亮的像素。一行有 28 个像素：商是行号，余数是列号。",
                en="This is not the brightest pixel. A row has 28: the quotient is the "
                "row, the remainder the column.",
            )
    return None


@exercise("old-code-3")
def _check_old_code_3(answer: Any) -> Hint | None:
    """Ask for an evaluation that drops nothing, records nothing, gives a number."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
    inputs, targets = torch.randn(20, 4), torch.arange(20) % 3
    recorded: list[tuple[bool, bool]] = []
    net.register_forward_hook(
        lambda module, arguments, output: recorded.append(
            (module.training, output.requires_grad)
        )
    )
    net.eval()
    with torch.no_grad():
        expected = nn.functional.cross_entropy(net(inputs), targets).item()
    net.train()
    recorded.clear()
    loss = _call(answer, net, inputs, targets)
    if isinstance(loss, Hint):
        return loss
    if not recorded:
        return Hint(
            zh="你的函数没有用到 net。", en="Your function makes no use of net."
        )
    if any(training for training, _ in recorded):
        return Hint(
            zh="Dropout 还在丢弃：评估之前少了一句。",
            en="Dropout still drops: a line is missing before the evaluation.",
        )
    if any(graph for _, graph in recorded):
        return Hint(
            zh="计算图还在建。今天用什么代替 volatile=True？",
            en="The graph is still built. What has taken the place of volatile=True?",
        )
    if not isinstance(loss, float):
        return _wrong_kind(
            "返回一个数（float）的函数", "a function giving a float", loss
        )
    if not net.training:
        return Hint(
            zh="网络来的时候在训练模式，还回去时不在了。",
            en="The network came in training mode and is handed back without it.",
        )
    hint = Hint(
        zh="数值不对：应当是整批的平均交叉熵，net 的输出是 logits。",
        en="The number is off: it should be the mean cross-entropy of the batch; net "
        "gives logits.",
    )
    return _is_close(loss, expected, within=1e-5, hint=hint)


# --- Helpers for the checks -------------------------------------------------------


def _is_number(answer: object) -> Hint | None:
    """Ask for one number: Python's, NumPy's, or a tensor or array with one element."""
    if isinstance(answer, (Tensor, np.ndarray, np.generic)):
        if math.prod(answer.shape) != 1:
            found = tuple(answer.shape)
            return Hint(
                zh=f"这里要一个数，而你给的形状是 {found}。",
                en=f"One number is asked for; yours has shape {found}.",
            )
        answer = answer.item()
    if not isinstance(answer, (int, float)) or isinstance(answer, bool):
        return _wrong_kind("一个数", "one number", answer)
    # Wrong for NaN and infinity, and for an integer too large to be compared.
    if not -sys.float_info.max <= answer <= sys.float_info.max:
        return Hint(
            zh=f"你的数是 {answer}：计算在某一步出了界，一步一步打印出来看看。",
            en=f"Your number is {answer}: some step left the range of numbers; "
            "print one step after the other.",
        )
    return None


def _numbers(answer: Any, count: int) -> list[float] | Hint:
    """Return the ``count`` numbers in a tuple, list, tensor or array, or a hint."""
    if isinstance(answer, (Tensor, np.ndarray)):
        answer = answer.flatten().tolist()
    if not isinstance(answer, (tuple, list)) or len(answer) != count:
        found = len(answer) if isinstance(answer, (tuple, list)) else 1
        return Hint(
            zh=f"这里要 {count} 个数，写成 (…, …)；你给了 {found} 个。",
            en=f"{count} numbers are asked for, as (…, …); you gave {found}.",
        )
    for number in answer:
        if wrong := _is_number(number):
            return wrong
    return [float(number) for number in answer]


def _is_close(
    answer: Any, expected: float, *, within: float, hint: Hint
) -> Hint | None:
    """Ask for a number at most ``within`` from the expected one, else give ``hint``."""
    if wrong := _is_number(answer):
        return wrong
    if isinstance(answer, (Tensor, np.ndarray, np.generic)):
        answer = answer.item()
    return None if abs(answer - expected) <= within else hint


def _is_tensor(
    answer: object,
    *,
    shape: Sequence[int | None] | None = None,
    dtype: torch.dtype | None = None,
) -> Hint | None:
    """Ask for a tensor of this shape (None fits any size) and dtype, without NaN."""
    if not isinstance(answer, Tensor):
        return _wrong_kind("一个张量", "a tensor", answer)
    found = tuple(answer.shape)
    if shape is not None and not (
        len(found) == len(shape)
        and all(want in (None, size) for want, size in zip(shape, found, strict=True))
    ):
        wanted = "(" + ", ".join("N" if n is None else str(n) for n in shape)
        wanted += ",)" if len(shape) == 1 else ")"
        return Hint(
            zh=f"形状应为 {wanted}，而你的是 {found}。",
            en=f"The shape should be {wanted}; yours is {found}.",
        )
    if dtype is not None and answer.dtype != dtype:
        return Hint(
            zh=f"类型应为 {dtype}，而你的是 {answer.dtype}。",
            en=f"The dtype should be {dtype}; yours is {answer.dtype}.",
        )
    if answer.isnan().any():
        return Hint(
            zh="你的张量里有 NaN：找出它最早出现在哪一步。",
            en="Your tensor holds NaN: find the first step at which it appears.",
        )
    return None


def _is_equal(
    answer: Any, expected: Tensor, *, hint: Hint, within: float = 0.0
) -> Hint | None:
    """Ask for a tensor of the shape, dtype and (up to ``within``) values expected."""
    if wrong := _is_tensor(answer, shape=expected.shape, dtype=expected.dtype):
        return wrong
    answer = answer.detach().cpu()
    return None if torch.allclose(answer, expected, rtol=0, atol=within) else hint


def _call(function: Any, *arguments: Any, timeout_s: float = 10.0) -> Any:
    """Return what ``function(*arguments)`` returns, or a hint if it does not return.

    The function runs in a thread of its own, which is stopped when the time is up.
    """
    if not callable(function):
        return _wrong_kind("一个函数", "a function", function)
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(function(*arguments))
        except BaseException as error:
            # Whatever the reader's function raises is what the reader has to see.
            outcome.append(_raised(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not outcome:
        # Python offers no other way to end a thread; a loop left running would slow
        # down all the reader does afterwards.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
        )
        return Hint(
            zh=f"你的函数 {timeout_s:g} 秒还没有返回：看看循环何时结束。",
            en=f"Your function did not return within {timeout_s:g} seconds: look at "
            "when its loop ends.",
        )
    if outcome[0] is None or outcome[0] is ...:
        return Hint(
            zh="你的函数什么也没有返回：是不是少了 return？",
            en="Your function returns nothing: is a return missing?",
        )
    return outcome[0]


def _gives(
    function: Any,
    *arguments: Any,
    expected: Tensor | float,
    hint: Hint,
    within: float = 0.0,
) -> Hint | None:
    """Ask for a function that returns the expected tensor or number."""
    result = _call(function, *arguments)
    if isinstance(result, Hint):
        return result
    if isinstance(expected, Tensor):
        return _is_equal(result, expected, within=within, hint=hint)
    return _is_close(result, expected, within=within, hint=hint)


def _is_module(
    answer: Any, *, inputs: Tensor, output_shape: Sequence[int | None]
) -> Hint | None:
    """Ask for a module that turns the inputs into this shape and can be trained."""
    if not isinstance(answer, nn.Module):
        return _wrong_kind("一个 nn.Module", "an nn.Module", answer)
    outputs = _call(answer, inputs)
    if isinstance(outputs, Hint):
        return outputs
    if wrong := _is_tensor(outputs, shape=output_shape):
        return wrong
    parameters = {n: p for n, p in answer.named_parameters() if p.requires_grad}
    gradients: Sequence[Tensor | None] = [None] * len(parameters)
    if parameters and outputs.requires_grad:
        gradients = torch.autograd.grad(
            outputs.sum(), list(parameters.values()), allow_unused=True
        )
    unused = [n for n, g in zip(parameters, gradients, strict=True) if g is None]
    if unused or not parameters:
        names = ", ".join(unused) or "-"
        return Hint(
            zh=f"输出的梯度到不了这些参数：{names}。看看 forward 用了哪些层。",
            en=f"No gradient of the output reaches these parameters: {names}. Look at "
            "which layers forward uses.",
        )
    return None


def _is_missing(answer: object) -> bool:
    if isinstance(answer, (tuple, list)):
        return any(part is ... for part in answer)
    return answer is None or answer is ...


def _wrong_kind(wanted_zh: str, wanted_en: str, answer: object) -> Hint:
    found = type(answer).__name__
    return Hint(
        zh=f"这里要{wanted_zh}，而你给的是 {found}。",
        en=f"What is asked for is {wanted_en}; you gave a {found}.",
    )


def _raised(error: BaseException) -> Hint:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return Hint(
        zh=f"用你的答案计算时出了错：{text}",
        en=f"Computing with your answer raised an error: {text}",
    )


def _choose_language(lang: str | None) -> str:
    source = "lang"
    if lang is None and os.environ.get("NN_TUTORIAL_LANG"):
        source, lang = "NN_TUTORIAL_LANG", os.environ["NN_TUTORIAL_LANG"]
    if lang is None:
        variables = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
        settings = [os.environ[name] for name in variables if os.environ.get(name)]
        # Windows sets none of these and calls its locale "Chinese (Simplified)_China".
        setting = settings[0] if settings else locale.getlocale()[0] or ""
        return "zh" if setting.lower().startswith(("zh", "chinese")) else "en"
    if lang not in ("zh", "en", "both"):
        raise ValueError(f"{source}={lang!r}: use 'zh', 'en' or 'both'")
    return lang
