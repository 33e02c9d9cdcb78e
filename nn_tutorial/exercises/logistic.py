"""The checks of the exercises on logistic regression and a neural network."""

import math
from typing import Any

import torch

from nn_tutorial.datasets import flower
from nn_tutorial.exercises.core import Hint, number, numbers_of


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


def _fresh_flowers(answer: Any) -> Hint | None:
    """Ask for the mean losses of net and deep on the flowers of seeds 2 to 21."""
    losses = numbers_of(answer, 2)
    if isinstance(losses, Hint):
        return losses
    net, deep = losses
    if abs(net - 0.213) <= 0.01 and abs(deep - 0.246) <= 0.03:
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
    "logistic-3": number(
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
    "logistic-4": _fresh_flowers,
    "logistic-5": _uniform_flower,
}
