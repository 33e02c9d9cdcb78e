"""The checks of the exercises from raw autograd to nn.Module."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from nn_tutorial.exercises.core import (
    Hint,
    call,
    count_lines,
    function,
    is_equal,
    is_module,
    is_tensor,
    number,
    wrong_kind,
)


def _one_hot(labels: Tensor, n_classes: int) -> Tensor:
    return torch.eye(n_classes)[labels]


_ENCODES = function(
    lambda: (torch.tensor([2, 0, 1, 2, 2]), 4),
    _one_hot,
    slips=[
        (
            lambda labels, n_classes: _one_hot(labels, n_classes).T,
            Hint(
                zh="行和列反了：一个样本一行。",
                en="Rows and columns are swapped: each row is one example.",
            ),
        ),
        (
            lambda labels, n_classes: _one_hot(labels, int(labels.max()) + 1),
            Hint(
                zh="没有出现过的类也占一列：一共 n_classes 列。",
                en="A class that does not occur still has a column: there are "
                "n_classes columns.",
            ),
        ),
        (
            lambda labels, n_classes: 1 - _one_hot(labels, n_classes),
            Hint(zh="0 和 1 反了。", en="0 and 1 are swapped."),
        ),
        (
            lambda labels, n_classes: labels[:, None] * _one_hot(labels, n_classes),
            Hint(
                zh="位置对了，值应当是 1，不是标签。",
                en="The positions are right, but the value should be 1, not the label.",
            ),
        ),
    ],
    other=Hint(
        zh="每行恰好有一个 1，在标签所指的那一列。",
        en="Each row contains exactly one 1, in the column given by the label.",
    ),
    banned=["one_hot"],
)


def _encode(answer: Any) -> Hint | None:
    """Ask for one-hot encoding without a loop."""
    if wrong := _ENCODES(answer):
        return wrong
    few, many = torch.tensor([2, 0, 1]), torch.arange(300) % 4
    if wrong := is_tensor(call(answer, few, 4), dtype=torch.float32):
        return wrong
    if count_lines(answer, many, 4) > count_lines(answer, few, 4):
        return Hint(
            zh="结果对了，可里面有循环：标签越多，运行的行数越多。一次处理所有的标签。",
            en="The result is right, but the function contains a loop, which takes "
            "longer with more labels. Process all labels at once.",
        )
    return None


def _forward(
    parameters: list[Tensor],
    inputs: Tensor,
    *,
    hidden: Callable[[Tensor], Tensor] = torch.sigmoid,
    last: Callable[[Tensor], Tensor] = lambda z: z,
) -> Tensor:
    """Compute what linear layers with these weights and biases give."""
    for n in range(0, len(parameters) - 2, 2):
        inputs = hidden(nn.functional.linear(inputs, *parameters[n : n + 2]))
    return last(nn.functional.linear(inputs, *parameters[-2:]))


def _any_depth(answer: Any) -> Hint | None:
    """Ask for a class of networks of any depth that end in logits."""
    if isinstance(answer, nn.Module):
        name = type(answer).__name__
        return Hint(
            zh=f"你给的是 {name} 的一个对象，这里要的是类：去掉括号和里面的参数。",
            en=f"You gave an object of {name}, but the exercise asks for the class: "
            "remove the parentheses and what is in them.",
        )
    if not callable(answer):
        return wrong_kind("一个类", "a class", answer)
    for n, topology in enumerate(([2, 10, 10, 4], [3, 5, 2], [2, 6, 5, 4, 3])):
        net = call(answer, topology)
        if isinstance(net, Hint):
            return net
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(6, topology[0], generator=generator)
        shape = (6, topology[-1])
        if wrong := is_module(net, inputs=inputs, output_shape=shape):
            if n == 0:
                return wrong
            return Hint(
                zh=f"[2, 10, 10, 4] 可以，{topology} 不行：层要照着参数建。{wrong.zh}",
                en=f"It works for [2, 10, 10, 4] but not for {topology}: build the "
                f"layers from the argument. {wrong.en}",
            )
        wanted = [s for a, b in pairwise(topology) for s in ((b, a), (b,))]
        shapes = [tuple(parameter.shape) for parameter in net.parameters()]
        if shapes != wanted:
            return Hint(
                zh=f"{topology} 要 {len(topology) - 1} 个 nn.Linear，各有权重和偏置；"
                f"你的参数是 {shapes}。",
                en=f"{topology} needs {len(topology) - 1} nn.Linear, each with a "
                f"weight and a bias; your parameters are {shapes}.",
            )
        with torch.no_grad():
            for parameter in net.parameters():
                nn.init.normal_(parameter, generator=generator)
            parameters = list(net.parameters())
            outputs = net(inputs)
            expected = _forward(parameters, inputs)
            slips = [
                _forward(parameters, inputs, last=torch.sigmoid),
                _forward(parameters, inputs, last=lambda z: z.softmax(1)),
                _forward(parameters, inputs, last=lambda z: z.log_softmax(1)),
            ]
        if any(torch.allclose(outputs, slip, atol=1e-5) for slip in slips):
            return Hint(
                zh="最后一层之后还有别的运算：logits 应当原样交给 CrossEntropyLoss。",
                en="Something is computed after the last layer, but CrossEntropyLoss "
                "expects the logits themselves.",
            )
        hint = Hint(
            zh="隐藏层的激活函数应当是 sigmoid，每个隐藏层一个。",
            en="The activation function of the hidden layers should be sigmoid, one "
            "after each hidden layer.",
        )
        if wrong := is_equal(outputs, expected, within=1e-4, hint=hint):
            return wrong
    return None


CHECKS = {
    "autograd-1": number(
        74,
        slips=[
            (
                60,
                Hint(
                    zh="每层的输入还多一列 1，它也有权重。",
                    en="The input of each layer has one extra column, of ones, and "
                    "this column has weights too.",
                ),
            ),
            (
                70,
                Hint(
                    zh="第一层的那一列 1 数到了；第二层的输入也有一列。",
                    en="You have counted the column of ones in the first layer. The "
                    "input of the second layer has one as well.",
                ),
            ),
            (
                64,
                Hint(
                    zh="第二层的那一列 1 数到了；第一层的输入也有一列。",
                    en="You have counted the column of ones in the second layer. The "
                    "input of the first layer has one as well.",
                ),
            ),
            (
                lambda count: count in (84, 88),
                Hint(
                    zh="偏置数了两遍：那一列 1 的权重就是偏置。",
                    en="You have counted the biases twice: the weights of the column "
                    "of ones are the biases.",
                ),
            ),
        ],
        other=Hint(
            zh="每层的权重有几行、几列？行数看这一层的输入有几列。",
            en="How many rows and columns does the weight matrix of each layer have? "
            "It has as many rows as the input of the layer has columns.",
        ),
    ),
    "autograd-2": _encode,
    "autograd-3": _any_depth,
}
