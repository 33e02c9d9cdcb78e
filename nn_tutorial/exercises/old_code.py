"""The checks of the exercises on old code and today's PyTorch."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nn_tutorial.exercises.core import Hint, call, is_close, wrong_kind


def _silent(answer: Any) -> Hint | None:
    """Ask which of the lines a to f go wrong without a word."""
    if not isinstance(answer, str | set | list | tuple):
        return wrong_kind("几个字母，例如 'ab'", "letters, such as 'ab'", answer)
    letters = {str(letter).strip().lower() for letter in answer} - {"", ","}
    silent, loud = set("bde"), set("acf")
    if letters - silent - loud or not letters:
        return Hint(
            zh="只用字母 a 到 f，例如 'ab'。",
            en="Use only the letters a to f, for example 'ab'.",
        )
    if letters & loud:
        return Hint(
            zh="里面至少有一行今天会报错或警告。把它运行一次。",
            en="At least one of these lines raises an error or a warning today. Run "
            "them once.",
        )
    if letters != silent:
        return Hint(
            zh="这几行都不出声，但还有别的。想想 eval() 之后、梯度和内存。",
            en="These lines raise no error, but there are others. Think of what is "
            "missing after eval(), of gradients, and of memory.",
        )
    return None


def _brightest(answer: Any) -> Hint | None:
    """Ask for row and column of the brightest pixel, as whole numbers."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        image = torch.rand(28, 28, generator=generator)
        place = call(answer, image.clone())
        if isinstance(place, Hint):
            return place
        if not isinstance(place, tuple | list) or len(place) != 2:
            return wrong_kind("返回两个数的函数", "a function that gives two", place)
        if any(isinstance(part, Tensor) for part in place):
            return Hint(
                zh="返回的还是张量。怎样从只有一个元素的张量里取出数？",
                en="These are still tensors. How do you get the number out of a "
                "tensor with one element?",
            )
        if any(isinstance(part, np.generic) for part in place):
            return Hint(
                zh="这是 NumPy 的数；这里要 Python 自己的整数。",
                en="These are NumPy numbers. The exercise asks for Python integers.",
            )
        if any(type(part) is not int for part in place):
            return Hint(
                zh="行号和列号要是整数。今天的 / 给出什么？",
                en="Row and column have to be integers. What does / return today?",
            )
        row, column = divmod(int(image.argmax()), 28)
        if tuple(place) == (column, row):
            return Hint(
                zh="行号和列号写反了：先行后列。",
                en="Row and column are swapped: the row comes first.",
            )
        if tuple(place) != (row, column):
            return Hint(
                zh="这不是最亮的像素：一行有 28 个像素，编号怎样变成行和列？",
                en="This is not the brightest pixel. A row has 28 pixels, so how do "
                "you compute the row and the column from the index?",
            )
    return None


def _evaluation(answer: Any) -> Hint | None:
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
    loss = call(answer, net, inputs, targets)
    if isinstance(loss, Hint):
        return loss
    if not recorded:
        return Hint(zh="你的函数没有用到 net。", en="Your function does not use net.")
    if any(training for training, _ in recorded):
        return Hint(
            zh="Dropout 还在丢弃：评估之前少了一句。",
            en="Dropout is still active: a line is missing before the evaluation.",
        )
    if any(graph for _, graph in recorded):
        return Hint(
            zh="计算图还在建。今天用什么代替 volatile=True？",
            en="The computational graph is still built. What replaces volatile=True "
            "today?",
        )
    if not isinstance(loss, float):
        return wrong_kind(
            "返回一个数（float）的函数", "a function giving a float", loss
        )
    if not net.training:
        return Hint(
            zh="网络来的时候在训练模式，还回去时不在了。",
            en="The network was in training mode before the call, and it is not "
            "afterward.",
        )
    hint = Hint(
        zh="数值不对：应当是整批的平均交叉熵，net 的输出是 logits。",
        en="The value is wrong: it should be the mean cross-entropy over the batch, "
        "and net returns logits.",
    )
    return is_close(loss, expected, within=1e-5, hint=hint)


CHECKS = {
    "old-code-1": _silent,
    "old-code-2": _brightest,
    "old-code-3": _evaluation,
}
