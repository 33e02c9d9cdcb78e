"""The checks of the exercises on a neural network for the flower."""

from typing import Any

from nn_tutorial.exercises.core import Hint, number, numbers_of


def _fresh_flowers(answer: Any) -> Hint | None:
    """Ask for the mean losses of net and deep on the flowers of seeds 2 to 21."""
    losses = numbers_of(answer, 2)
    if isinstance(losses, Hint):
        return losses
    net, deep = losses
    if abs(net - 0.213) <= 0.01 and abs(deep - 0.227) <= 0.03:
        return None
    if min(losses) > 0.5:
        return Hint(
            zh="这两个数像是准确率；要的是损失。",
            en="These two numbers look like accuracies. The exercise asks for losses.",
        )
    if deep < 0.19:
        return Hint(
            zh="deep 的损失太低，像是在训练用的那朵花上量的：换成没见过的花。",
            en="The loss of deep is too low, as if it were measured on the training "
            "flower: use flowers that the network has not seen.",
        )
    if net > deep:
        return Hint(
            zh="先写 net，再写 deep：两个数是不是写反了？",
            en="Give net first, then deep: did you swap the two numbers?",
        )
    return Hint(
        zh="种子从 2 到 21，共 20 朵花，每朵花算一个损失，再取平均；"
        "net 与 deep 不要再训练。",
        en="Seeds 2 to 21 give 20 flowers. Compute one loss for each and take the "
        "mean; do not train net and deep any further.",
    )


def _uniform_flower(answer: Any) -> Hint | None:
    """Ask for the losses of a line and of a 2-4-1 network on the uniform flower."""
    losses = numbers_of(answer, 2)
    if isinstance(losses, Hint):
        return losses
    line, net = losses
    if abs(line - 0.641) <= 0.003 and abs(net - 0.100) <= 0.01:
        return None
    if abs(line - 0.673) <= 0.002 or abs(net - 0.254) <= 0.002:
        return Hint(
            zh="这是正态噪声那朵花上的损失：换成 uniform 的花了吗？",
            en="That is a loss on the flower with normal noise: did you use the "
            "uniform one?",
        )
    if line < net:
        return Hint(
            zh="先写逻辑回归的，再写网络的：两个数是不是写反了？",
            en="Give logistic regression first, then the network: did you swap the "
            "two numbers?",
        )
    if min(losses) > 0.8:
        return Hint(
            zh="这两个数像是准确率；要的是损失。",
            en="These two numbers look like accuracies. The exercise asks for losses.",
        )
    if abs(line - 0.641) <= 0.003:
        return Hint(
            zh="直线的对了。网络的：种子 0，由 nn.Linear 初始化，学习率 1，10000 步。",
            en="The line is right. For the network: seed 0, initialized by nn.Linear, "
            "learning rate 1, 10000 steps.",
        )
    return Hint(
        zh="先把直线训练好：学习率 0.1，走到损失不再变为止；网络另外训练。",
        en="Start with the line: use a learning rate of 0.1 and train until the loss "
        "no longer changes. Train the network separately.",
    )


CHECKS = {
    "logistic-network-1": number(
        384,
        slips=[
            (
                24,
                Hint(
                    zh="排列数对了。再用 tanh 的性质：一个神经元的哪些数一起变号，"
                    "输出不变？",
                    en="The number of orders is right. Now use a property of tanh: "
                    "which numbers of one neuron can change their sign together "
                    "without changing the output?",
                ),
            ),
            (
                16,
                Hint(
                    zh="变号的种数对了。神经元之间还可以换位置。",
                    en="The number of sign changes is right. The neurons can also be "
                    "reordered.",
                ),
            ),
            (
                40,
                Hint(
                    zh="两种办法可以一起用：每一种排法都能配上每一种变号。",
                    en="You can use both ways at once: each order can be combined "
                    "with each choice of signs.",
                ),
            ),
            (
                383,
                Hint(
                    zh="就差一个：它自己也算。",
                    en="It is one short: count the network itself as well.",
                ),
            ),
        ],
        other=Hint(
            zh="分开数：四个神经元有几种排法？每个神经元变不变号，一共有几种选法？",
            en="Count separately: in how many orders can you put four neurons, and in "
            "how many ways can you choose the sign of each?",
        ),
    ),
    "logistic-network-2": _fresh_flowers,
    "logistic-network-3": _uniform_flower,
}
