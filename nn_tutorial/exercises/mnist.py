"""The checks of the exercises on MNIST with a deep network."""

from typing import Any

import torch
from torch import Tensor

from nn_tutorial.exercises.core import Check, Hint, all_of, function, number


def _images(n: int) -> tuple[Tensor, int]:
    """Return two rows of 784 different pixels, and ``n``."""
    return torch.arange(2.0 * 784).view(2, 784) / 784 - 1, n


def _moved(rows: Tensor, n: int, *, dim: int = 2, blank: float = -1.0) -> Tensor:
    """Return the images moved by ``n`` (left or up if negative) along an axis."""
    images = rows.view(-1, 28, 28)
    moved = torch.full_like(images, blank)
    kept = 28 - abs(n)
    moved.narrow(dim, max(n, 0), kept).copy_(images.narrow(dim, max(-n, 0), kept))
    return moved.flatten(1)


def _shift(n: int) -> Check:
    return function(
        lambda: _images(n),
        _moved,
        slips=[
            (
                lambda rows, n: rows.view(-1, 28, 28).roll(n, dims=2).flatten(1),
                Hint(
                    zh="从右边出去的像素又从左边进来了：空出来的地方填 −1。",
                    en="Pixels that left on the right came back on the left: fill the "
                    "empty columns with −1.",
                ),
            ),
            (
                lambda rows, n: rows.roll(n, dims=1),
                Hint(
                    zh="一行的最后几个像素跑到了下一行的开头：先变回 28×28。",
                    en="The last pixels of each row moved to the beginning of the "
                    "next row: reshape to 28×28 first.",
                ),
            ),
            (
                lambda rows, n: _moved(rows, -n),
                Hint(
                    zh="图往左挪了：往右，列号变大。",
                    en="The image moves to the left. To move it to the right, the "
                    "column numbers have to increase.",
                ),
            ),
            (
                lambda rows, n: _moved(rows, n, dim=1),
                Hint(
                    zh="图往下挪了：形状 (N, 28, 28) 的最后一维才是列。",
                    en="The image moves down: in (N, 28, 28), the columns are the "
                    "last dimension.",
                ),
            ),
            (
                lambda rows, n: _moved(rows, n, blank=0.0),
                Hint(
                    zh="空出来的地方是 0；白纸是 −1。",
                    en="You filled the empty columns with 0, but blank paper is −1.",
                ),
            ),
        ],
        other=Hint(
            zh=f"n = {n} 时不对。先变回 28×28 的图，最后再变回 (N, 784)。",
            en=f"It is wrong for n = {n}. Reshape to 28×28 images first, and back to "
            "(N, 784) at the end.",
        ),
    )


def _no_shift(answer: Any) -> Hint | None:
    """Ask for the image itself when n is 0, where ``:-n`` takes nothing at all."""
    rows, _ = _images(0)
    wrong = function(
        lambda: (rows.clone(), 0),
        _moved,
        other=Hint(
            zh="n = 0 时图应当不变。", en="For n = 0 the image should not change."
        ),
    )(answer)
    if wrong is None:
        return None
    return Hint(
        zh=f"n = 0 时不对，图应当不变：想想 -0 作为切片的终点是哪里。（{wrong.zh}）",
        en="It is wrong for n = 0, where the image should not change: what does a "
        f"slice that ends at -0 contain? ({wrong.en})",
    )


def _doubtful() -> tuple[Tensor, float]:
    """Return probabilities (4, 10) and a threshold that one of them equals."""
    probabilities = torch.full((4, 10), 0.02)
    probabilities[0, 3] = 0.82
    probabilities[1, 9] = 0.75
    probabilities[2, 0] = 0.74
    probabilities[3] = 0.1
    return probabilities, 0.75


def _answer_or_pass(probabilities: Tensor, threshold: float) -> Tensor:
    confidence, digits = probabilities.max(dim=1)
    return digits.masked_fill(confidence < threshold, -1)


CHECKS = {
    "mnist-1": number(
        20 * 938,
        slips=[
            (
                lambda steps: steps in (20 * 937, 20 * 60_000 / 64),
                Hint(
                    zh="每轮的最后一批不满 64 张，它也走一步。",
                    en="The last batch of each epoch has fewer than 64 images, but it "
                    "is a step too.",
                ),
            ),
            (
                938,
                Hint(
                    zh="这是一轮的步数。",
                    en="That is the number of steps in one epoch.",
                ),
            ),
            (
                20 * 60_000,
                Hint(
                    zh="一步用的是一批，不是一张图。",
                    en="One step uses a whole batch, not a single image.",
                ),
            ),
            (
                20 * 64,
                Hint(
                    zh="64 是一批有几张图；一轮有几批？",
                    en="64 is the number of images in a batch. How many batches does "
                    "an epoch have?",
                ),
            ),
        ],
        other=Hint(
            zh="先数一轮有几批，一批走一步；再乘上轮数。",
            en="Count the batches in one epoch, with one step for each batch. Then "
            "multiply by the number of epochs.",
        ),
    ),
    "mnist-2": function(
        lambda: (torch.tensor([[5, 1, 0], [2, 6, 4], [0, 3, 9]]), 1),
        lambda confusion, digit: confusion[digit, digit] / confusion[:, digit].sum(),
        within=1e-6,
        slips=[
            (
                lambda confusion, digit: (
                    confusion[digit, digit] / confusion[digit].sum()
                ),
                Hint(
                    zh="你除以的是一行的和，那里是真正的 9；网络的预测在列里。",
                    en="You divided by the sum of a row, which contains the true "
                    "nines. The predictions of the network are in the columns.",
                ),
            ),
            (
                lambda confusion, digit: confusion[digit, digit] / confusion.sum(),
                Hint(
                    zh="你除以了所有的图；只有预测成这个数字的才算。",
                    en="You divided by the number of all images. Count only those "
                    "that were predicted as this digit.",
                ),
            ),
            (
                lambda confusion, digit: confusion.diag().sum() / confusion.sum(),
                Hint(
                    zh="这是所有数字合在一起的准确率；只问这一个数字。",
                    en="That is the accuracy over all digits. The question is about "
                    "this digit only.",
                ),
            ),
            (
                lambda confusion, digit: confusion[digit, digit],
                Hint(
                    zh="这是个数；要的是比例。",
                    en="That is a count. The exercise asks for a fraction.",
                ),
            ),
        ],
        other=Hint(
            zh="预测对的在对角线上；网络一共预测了多少次这个数字？",
            en="The correct predictions are on the diagonal. How many times in total "
            "did the network predict this digit?",
        ),
    ),
    "mnist-3": function(
        _doubtful,
        _answer_or_pass,
        slips=[
            (
                lambda p, threshold: p.argmax(1).masked_fill(
                    p.amax(1) <= threshold, -1
                ),
                Hint(
                    zh="第二行的概率正好等于门槛：它不小于门槛。",
                    en="In the second row the probability is equal to the threshold, "
                    "so it is not below the threshold.",
                ),
            ),
            (
                lambda p, threshold: p.argmax(1),
                Hint(
                    zh="还没有用到门槛：没有把握的要换成 −1。",
                    en="You have not used the threshold: replace the uncertain "
                    "predictions with −1.",
                ),
            ),
            (
                lambda p, threshold: p.argmax(1).masked_fill(
                    p.amax(1) >= threshold, -1
                ),
                Hint(
                    zh="反了：有把握的成了 −1。",
                    en="It is the wrong way around: the certain predictions became −1.",
                ),
            ),
            (
                lambda p, threshold: p.amax(1).masked_fill(p.amax(1) < threshold, -1),
                Hint(
                    zh="你返回的是概率；要的是数字，也就是它的位置。",
                    en="You returned the probability. The exercise asks for the "
                    "digit, which is its position.",
                ),
            ),
        ],
        other=Hint(
            zh="每行要两样：最大的概率有多大，它在哪个位置。",
            en="You need two things from each row: the largest probability and its "
            "position.",
        ),
    ),
    "mnist-4": all_of(_shift(3), _no_shift),
}
