"""The checks of the exercises on softmax classification."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nn_tutorial.exercises.core import Hint, all_of, call, function, is_close, number


def _small() -> tuple[Tensor, Tensor]:
    """Return scores (2, 3) of everyday size and their labels (2,)."""
    return torch.tensor([[2.0, 0.0, 1.0], [0.5, 3.0, -1.0]]), torch.tensor([0, 2])


def _maximum_forgotten(z: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(z, labels) - z.amax(dim=1).mean()


def _maximum_twice(z: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(z, labels) + z.amax(dim=1).mean()


def _bears_large_scores(answer: Any) -> Hint | None:
    scores = torch.tensor([[200.0, 0.0, 0.0], [0.0, 900.0, 0.0]])
    loss = call(answer, scores, torch.tensor([0, 2]))
    # The losses of the rows are 0 and 900.
    hint = Hint(
        zh="分数一大就不对：取指数之前，先让每一行的分数都不大，也不要经过概率。",
        en="Large scores give wrong results: before you take the exponential, make "
        "the scores in each row small, and do not compute probabilities on the "
        "way.",
    )
    return hint if is_close(loss, 450, within=0.01, hint=hint) else None


CHECKS = {
    # "Correct to two decimals": 4.60 is right, 4.59 is not.
    "softmax-1": number(
        math.log(99),
        within=0.005,
        slips=[
            (
                99,
                Hint(
                    zh="这是概率的比，也就是 e 的 z 次方。还差一步。",
                    en="That is the ratio of the probabilities, which is e to the "
                    "power of z. One step is missing.",
                ),
            ),
            (
                4.59,
                Hint(
                    zh="几乎对了：再多算一位小数，然后四舍五入。",
                    en="Almost: compute one more decimal, then round.",
                ),
            ),
            (
                math.log10(99),
                Hint(
                    zh="这是以 10 为底的对数；softmax 里的底是 e。",
                    en="That is the logarithm to base 10. Softmax uses base e.",
                ),
            ),
            (
                math.log(0.99),
                Hint(
                    zh="你取了概率的对数；要的是领先多少，先看两个概率的比。",
                    en="You took the logarithm of the probability. To find the "
                    "difference of the scores, look at the ratio of the two "
                    "probabilities.",
                ),
            ),
            (
                -math.log(99),
                Hint(
                    zh="正负号反了：类 0 要领先，z 应当是正的。",
                    en="The sign is wrong: class 0 has the higher score, so z should "
                    "be positive.",
                ),
            ),
        ],
        other=Hint(
            zh="写出两类的 softmax，令它等于 0.99，再把 z 解出来。",
            en="Write down softmax for the two classes, set it equal to 0.99, and "
            "solve for z.",
        ),
    ),
    "softmax-2": all_of(
        function(
            _small,
            cross_entropy,
            within=1e-4,
            slips=[
                (
                    _maximum_forgotten,
                    Hint(
                        zh="你只在一处减去了最大值：两处的 z 要是同一个 z。",
                        en="You subtracted the maximum in only one place: z has to be "
                        "the same in both.",
                    ),
                ),
                (
                    _maximum_twice,
                    Hint(
                        zh="最大值多算了一次：看看哪一处的 z 减过，哪一处没有。",
                        en="You counted the maximum once too often: check in which "
                        "place it has been subtracted from z.",
                    ),
                ),
                (
                    lambda z, labels: cross_entropy(z, labels, reduction="sum"),
                    Hint(
                        zh="你把各行的损失加了起来；要的是平均。",
                        en="You added the losses of the rows. The exercise asks for "
                        "the mean.",
                    ),
                ),
                (
                    lambda z, labels: -cross_entropy(z, labels),
                    Hint(
                        zh="正负号反了：损失不会小于 0。",
                        en="The sign is wrong: the loss is never negative.",
                    ),
                ),
                (
                    lambda z, labels: z.logsumexp(dim=1).mean(),
                    Hint(
                        zh="还没有用到标签：正确那一类的分数在哪里？",
                        en="You have not used the labels: where is the score of the "
                        "correct class?",
                    ),
                ),
            ],
            other=Hint(
                zh="已经在普通的分数上就不对：先算每行的损失，再取平均。",
                en="Even ordinary scores give wrong results: compute the loss of each "
                "row first, then take the mean.",
            ),
            banned=["cross_entropy", "log_softmax", "special_log_softmax"],
        ),
        _bears_large_scores,
    ),
    "softmax-3": number(
        math.log(10),
        within=0.005,
        slips=[
            (
                0.1,
                Hint(
                    zh="0.1 是正确那一类的概率；由它怎样得到损失？",
                    en="0.1 is the probability of the correct class. How do you "
                    "compute the loss from it?",
                ),
            ),
            (
                1,
                Hint(
                    zh="这是以 10 为底的对数；交叉熵用的是自然对数。",
                    en="That is the logarithm to base 10. Cross-entropy uses the "
                    "natural logarithm.",
                ),
            ),
            (
                -math.log(10),
                Hint(
                    zh="正负号反了：损失不会小于 0。",
                    en="The sign is wrong: the loss is never negative.",
                ),
            ),
            (
                math.log(2),
                Hint(
                    zh="这是两类时的损失；这里有十类。",
                    en="That is the loss with two classes, but there are ten here.",
                ),
            ),
            (
                0.9,
                Hint(
                    zh="0.9 是猜错的比例；要的是损失，不是错误率。",
                    en="0.9 is the fraction of wrong guesses. The exercise asks for "
                    "the loss.",
                ),
            ),
        ],
        other=Hint(
            zh="正确的那一类得到的概率是多少？再想想一个样本的损失怎样由它得到。",
            en="What probability does the correct class get? How do you compute the "
            "loss of one example from it?",
        ),
    ),
}
