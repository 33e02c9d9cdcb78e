"""The checks of the exercises on the GPU."""

import torch
from torch import Tensor

from nn_tutorial.exercises.core import Check, Hint, all_of, function, number

_BYTES = 60_000 * 784 * 4


def _losses() -> tuple[list[Tensor], list[int]]:
    """Return the mean losses of three batches and their sizes."""
    return [torch.tensor(2.0), torch.tensor(1.0), torch.tensor(4.0)], [64, 64, 16]


def _mean_loss(losses: list[Tensor], sizes: list[int]) -> Tensor:
    return (torch.stack(losses) * torch.tensor(sizes)).sum() / sum(sizes)


def _numbers(n: int) -> tuple[Tensor, int]:
    """Return numbers of very different sizes and both signs, and ``n``."""
    numbers = torch.tensor([1 / 3, -1 / 3, 0.335, 1000.5, -7e-6, 1.0, 3e7, 0.999999])
    return numbers, n


def _kept(x: Tensor, n: int) -> Tensor:
    m, e = torch.frexp(x)
    return torch.ldexp((m * 2**n).round() / 2**n, e)


def _digits(n: int) -> Check:
    return function(
        lambda: _numbers(n),
        _kept,
        slips=[
            (
                lambda x, n: torch.ldexp(
                    (torch.frexp(x)[0] * 2**n).trunc() / 2**n, torch.frexp(x)[1]
                ),
                Hint(
                    zh="多余的位被直接舍去了：应当四舍五入。",
                    en="The extra digits are cut off. Round instead.",
                ),
            ),
            (
                lambda x, n: _kept(x, n + 1),
                Hint(zh="多留了一位。", en="You keep one digit too many."),
            ),
            (
                lambda x, n: _kept(x, n - 1),
                Hint(zh="少留了一位。", en="You keep one digit too few."),
            ),
            (
                lambda x, n: (x * 2**n).round() / 2**n,
                Hint(
                    zh="这是小数点后的位数；有效数字从第一个不是 0 的数字数起，"
                    "先用 frexp 把 m 和 e 分开。",
                    en="Those are digits after the point. Significant digits count "
                    "from the first that is not 0: separate m and e with frexp first.",
                ),
            ),
            (
                lambda x, n: (torch.frexp(x)[0] * 2**n).round() / 2**n,
                Hint(
                    zh="还没有乘回 2 的 e 次方。",
                    en="The result still has to be multiplied by 2 to the power e.",
                ),
            ),
        ],
        other=Hint(
            zh=f"n = {n} 时不对。把 m 乘以 2 的 n 次方，取整，再除回来。",
            en=f"It is wrong for n = {n}. Multiply m by 2 to the power n, round, and "
            "divide again.",
        ),
    )


CHECKS = {
    "gpu-1": number(
        _BYTES / 1e6,
        within=0.1,
        slips=[
            (
                _BYTES / 4 / 1e6,
                Hint(
                    zh="这是每个数占一个字节；float32 占几个字节？",
                    en="That is one byte for each number. How many bytes does a "
                    "float32 take?",
                ),
            ),
            (
                _BYTES * 8 / 1e6,
                Hint(
                    zh="这是位数；8 位是一个字节。",
                    en="Those are bits. A byte has 8.",
                ),
            ),
            (
                _BYTES / 2**20,
                Hint(
                    zh="你除以了 2 的 20 次方；这里 1 MB 是 10 的 6 次方字节。",
                    en="You divided by 2 to the power 20. Here one MB is 10 to the "
                    "power 6 bytes.",
                ),
            ),
            (
                lambda answer: abs(answer - _BYTES) < 1,
                Hint(zh="这是字节数；要的是 MB。", en="Those are bytes, not MB."),
            ),
        ],
        other=Hint(
            zh="图片数乘以每张的数的个数，再乘以每个数的字节数。",
            en="Multiply the number of images by the numbers in each image, and by "
            "the bytes of each number.",
        ),
    ),
    "gpu-2": function(
        _losses,
        _mean_loss,
        within=1e-5,
        banned=("item", "tolist", "__float__", "numpy"),
        slips=[
            (
                lambda losses, sizes: torch.stack(losses).mean(),
                Hint(
                    zh="最后一批小一些：每批的损失要按张数加权。",
                    en="The last batch is smaller. Weight the loss of each batch by "
                    "its size.",
                ),
            ),
            (
                lambda losses, sizes: torch.stack(losses).sum(),
                Hint(
                    zh="这是各批损失之和；要的是所有图片的平均。",
                    en="That is the sum over the batches. The exercise asks for the "
                    "mean over all images.",
                ),
            ),
            (
                lambda losses, sizes: _mean_loss(losses, sizes) * sum(sizes),
                Hint(
                    zh="这是所有图片的损失之和；还要除以总张数。",
                    en="That is the sum over all images. Divide it by their number.",
                ),
            ),
            (
                lambda losses, sizes: _mean_loss(losses, sizes) * sum(sizes) / 3,
                Hint(
                    zh="你除以了批数；应当除以总张数。",
                    en="You divided by the number of batches. Divide by the number of "
                    "images.",
                ),
            ),
        ],
        other=Hint(
            zh="每批的平均损失乘以它的张数，相加，再除以总张数。",
            en="Multiply each mean loss by the size of its batch, add them up, and "
            "divide by the number of images.",
        ),
    ),
    "gpu-3": all_of(_digits(8), _digits(11)),
}
