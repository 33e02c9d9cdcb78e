"""The checks of the exercises on Sequential and Module."""

from typing import Any

import torch
from torch import nn

from nn_tutorial.exercises.core import Hint, is_equal, is_module, number, numbers_of


def _shortcut(answer: Any) -> Hint | None:
    """Ask for a module that computes x + tanh(linear(x))."""
    inputs = torch.tensor([[1.0, -2.0, 0.5, 0.0], [3.0, 0.0, -1.0, 2.0]])
    if wrong := is_module(answer, inputs=inputs, output_shape=(2, 4)):
        return wrong
    parameters = {tuple(p.shape): p for p in answer.parameters()}
    if set(parameters) != {(4, 4), (4,)}:
        return Hint(
            zh=f"里面要有一个 nn.Linear(4, 4)；你的参数形状是 {list(parameters)}。",
            en="The network should contain one nn.Linear(4, 4); the shapes of your "
            f"parameters are {list(parameters)}.",
        )
    with torch.no_grad():
        linear = nn.functional.linear(inputs, parameters[4, 4], parameters[(4,)])
        outputs = answer(inputs)
    slips = [
        (
            linear.tanh(),
            Hint(
                zh="tanh 有了，捷径还没有：输入还要再用一次。",
                en="The tanh is there, but the shortcut is missing: use the input "
                "once more.",
            ),
        ),
        (
            inputs + linear,
            Hint(
                zh="捷径有了，tanh 还没有。",
                en="The shortcut is there, but the tanh is missing.",
            ),
        ),
        (
            (inputs + linear).tanh(),
            Hint(
                zh="tanh 用得太晚了：输入要绕过它。",
                en="You apply tanh too late: the input should bypass it.",
            ),
        ),
    ]
    for slip, hint in slips:
        if torch.allclose(outputs, slip, atol=1e-5):
            return hint
    return is_equal(
        outputs,
        inputs + linear.tanh(),
        within=1e-5,
        hint=Hint(
            zh="把题目里的式子从里往外读：先算什么，再算什么，最后加上什么？",
            en="Read the formula of the exercise from the inside out: what is "
            "computed first, what comes next, and what is added at the end?",
        ),
    )


def _width_and_depth(answer: Any) -> Hint | None:
    """Ask for the mean losses of a wider and of a deeper network over five seeds."""
    losses = numbers_of(answer, 2)
    if isinstance(losses, Hint):
        return losses
    wider, deeper = losses
    if abs(wider - 0.2148) <= 0.004 and abs(deeper - 0.2255) <= 0.004:
        return None
    if abs(wider - 0.2255) <= 0.004 and abs(deeper - 0.2148) <= 0.004:
        return Hint(
            zh="先写更宽的，再写更深的：两个数是不是写反了？",
            en="Give the wider network first, then the deeper one: did you swap the "
            "two numbers?",
        )
    if min(losses) > 0.6:
        return Hint(
            zh="这像是训练之前的损失，或者是准确率：取最后一步的损失。",
            en="These look like losses before training, or like accuracies: take the "
            "loss of the last step.",
        )
    if abs(wider - 0.2148) <= 0.004:
        return Hint(
            zh="更宽的对了。更深的是 2-4-4-1：隐藏层多一个，每层还是 4 个，其余不变。",
            en="The wider one is right. The deeper one is 2-4-4-1: one more hidden "
            "layer, also with 4 neurons, and everything else unchanged.",
        )
    if abs(deeper - 0.2255) <= 0.004:
        return Hint(
            zh="更深的对了。更宽的是 2-10-1：隐藏层还是一个，其余不变。",
            en="The deeper one is right. The wider one is 2-10-1: still one hidden "
            "layer, and everything else unchanged.",
        )
    return Hint(
        zh="种子 0 到 4，每个种子重新建网络、训练 2000 步，取最后一步的损失，再平均。",
        en="For each seed from 0 to 4, build the network again, train it for 2000 "
        "steps, and take the last loss. Then take the mean.",
    )


CHECKS = {
    "module-1": number(
        151,
        slips=[
            (
                130,
                Hint(
                    zh="权重数对了，还缺偏置。",
                    en="The number of weights is right. Add the biases.",
                ),
            ),
            (
                151 + 2,
                Hint(
                    zh="输入不计算，所以没有偏置。",
                    en="The input layer does not compute anything, so it has no "
                    "biases.",
                ),
            ),
            (
                150,
                Hint(
                    zh="就差一个：输出的那个神经元也有偏置。",
                    en="It is one short: the output neuron has a bias too.",
                ),
            ),
            (
                41,
                Hint(
                    zh="这是只有一个隐藏层的网络；2-10-10-1 有两个。",
                    en="That is the network with one hidden layer; 2-10-10-1 has two.",
                ),
            ),
        ],
        other=Hint(
            zh="一层一层来：每个输出有几个权重？再加上它自己的一个偏置。",
            en="Count layer by layer: how many weights does each output have? Add one "
            "bias for each output.",
        ),
    ),
    "module-2": _shortcut,
    "module-3": _width_and_depth,
}
