"""The checks of the exercises on overfitting and what helps."""

import math

from nn_tutorial.exercises.core import Check, Hint, all_of, function, number

_SQUARES = 0.02**2 + 0.0**2 + 0.01**2 + 0.03**2  # of the deviations from 0.92
_AFTER = 0.999**500  # what is left of a weight


def _best_epoch(
    losses: list[float],
    patience: int,
    *,
    ties: bool = False,
    in_a_row: bool = True,
    stops: bool = True,
) -> int:
    """Return the best epoch seen before stopping; the options are the usual slips."""
    best = waited = 0
    for epoch, loss in enumerate(losses[1:], start=1):
        if loss < losses[best] or (ties and loss == losses[best]):
            best, waited = epoch, waited if not in_a_row else 0
        else:
            waited += 1
            if stops and waited >= patience:
                break
    return best


def _stopped_at(losses: list[float], patience: int) -> int:
    """Return the epoch after which no other is looked at."""
    best = _best_epoch(losses, patience)
    return min(best + patience, len(losses) - 1)


def _tried_on(losses: list[float], patience: int) -> Check:
    return function(
        lambda: (list(losses), patience),
        _best_epoch,
        slips=[
            (
                lambda losses, patience: _best_epoch(losses, patience, stops=False),
                Hint(
                    zh="你看完了整个列表：停止以后的轮数不算。",
                    en="You looked at the whole list, but epochs after the stop do "
                    "not count.",
                ),
            ),
            (
                _stopped_at,
                Hint(
                    zh="这是停止的那一轮；要的是损失最小的那一轮。",
                    en="That is the epoch at which training stops. The exercise asks "
                    "for the epoch with the smallest loss.",
                ),
            ),
            (
                lambda losses, patience: _best_epoch(losses, patience + 1),
                Hint(
                    zh="停得晚了一轮：数一数连续几轮没有变好。",
                    en="It stops one epoch too late: count how many epochs in a row "
                    "have not improved.",
                ),
            ),
            (
                lambda losses, patience: _best_epoch(losses, patience - 1),
                Hint(
                    zh="停得早了一轮：数一数连续几轮没有变好。",
                    en="It stops one epoch too early: count how many epochs in a row "
                    "have not improved.",
                ),
            ),
            (
                lambda losses, patience: _best_epoch(losses, patience, ties=True),
                Hint(
                    zh="与此前的最小值相等，不算低于它。",
                    en="A loss that is equal to the smallest one so far is not below "
                    "it.",
                ),
            ),
            (
                lambda losses, patience: _best_epoch(losses, patience, in_a_row=False),
                Hint(
                    zh="要连续几轮都没有变好；一有变好，就重新数起。",
                    en="The epochs have to be consecutive: start counting again after "
                    "each improvement.",
                ),
            ),
        ],
        other=Hint(
            zh=f"losses = {losses}、patience = {patience} 时不对：在纸上走一遍。",
            en=f"It is wrong for losses = {losses} and patience = {patience}: work "
            "through them on paper.",
        ),
    )


CHECKS = {
    "overfitting-1": number(
        math.sqrt(_SQUARES / 3) / 2,
        within=1e-4,
        slips=[
            (
                math.sqrt(_SQUARES / 3),
                Hint(
                    zh="这是标准差，说的是一个种子；问的是四个种子的平均值。",
                    en="That is the standard deviation, which describes a single "
                    "seed. The question is about the mean of four seeds.",
                ),
            ),
            (
                math.sqrt(_SQUARES / 4) / 2,
                Hint(
                    zh="标准差里除以的不是 4：看看公式的分母。",
                    en="The standard deviation does not divide by 4: check the "
                    "denominator of its formula.",
                ),
            ),
            (
                math.sqrt(_SQUARES / 3) / 4,
                Hint(
                    zh="种子多 4 倍，标准误差只小一半。",
                    en="With four times as many seeds, the standard error is only "
                    "halved.",
                ),
            ),
            (
                _SQUARES / 3,
                Hint(
                    zh="这是方差，还没有开方。",
                    en="That is the variance: take the square root.",
                ),
            ),
            (0.92, Hint(zh="这是平均值。", en="That is the mean.")),
        ],
        other=Hint(
            zh="两步：先算四个数的标准差，再由它算平均值的标准误差。",
            en="Do it in two steps: compute the standard deviation of the four "
            "numbers, and from it the standard error of their mean.",
        ),
    ),
    "overfitting-2": number(
        2 * _AFTER,
        within=1e-3,
        slips=[
            (
                2 * 0.99**500,
                Hint(
                    zh="每一步缩小多少，还要看学习率。",
                    en="How much the weight shrinks in each step also depends on the "
                    "learning rate.",
                ),
            ),
            (
                1.0,
                Hint(
                    zh="每一步缩小的是当时的权重，它越来越小。",
                    en="Each step shrinks the current weight, which gets smaller and "
                    "smaller.",
                ),
            ),
            (
                _AFTER,
                Hint(zh="权重不是从 1 开始的。", en="The weight does not start at 1."),
            ),
            (
                2 * 1.001**500,
                Hint(
                    zh="它变大了：衰减是变小。",
                    en="The weight has grown, but decay makes it smaller.",
                ),
            ),
            (1.998, Hint(zh="这只走了一步。", en="That is only one step.")),
        ],
        other=Hint(
            zh="先写出一步：梯度为 0 时，权重乘以多少？再连走 500 步。",
            en="First write down one step: what is the weight multiplied by when the "
            "gradient is 0? Then take 500 of these steps.",
        ),
    ),
    "overfitting-3": all_of(
        _tried_on([1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.76, 0.77, 0.5], 2),
        _tried_on([1.0, 0.8, 0.9, 0.85, 0.7, 0.75], 3),
        _tried_on([1.0, 1.0, 1.0, 0.7, 0.8, 0.8, 0.5], 2),
        _tried_on([1.0, 0.9, 1.0, 0.8, 0.9, 0.7], 2),
        _tried_on([3.0, 2.0, 1.0], 2),
    ),
}
