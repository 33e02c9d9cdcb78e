"""The checks of the exercises on the data of MNIST."""

from typing import Any

import torch
from torch import Tensor

from nn_tutorial.exercises.core import (
    Hint,
    call,
    function,
    is_equal,
    wrong_kind,
)


def _row() -> tuple[Tensor]:
    """Return a row with each gray level; many come back a little below a whole."""
    gray = torch.arange(784).remainder(256).float()
    return ((gray / 255 - 0.5) / 0.5,)


def _gray(row: Tensor) -> Tensor:
    return (row * 0.5 + 0.5) * 255


def _images() -> tuple[Tensor]:
    """Return two images of bytes, one dark and one light."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 100, (2, 28, 28), generator=generator)
    images[1] += 150
    return (images.to(torch.uint8),)


def _mean_and_std(images: Tensor) -> Tensor:
    pixels = images.double() / 255
    return torch.stack([pixels.mean(), pixels.std()])


def _only_digits(answer: Any) -> Hint | None:
    """Ask for a data set of the examples with some labels, in their order."""
    labels = [3, 1, 8, 3, 0, 8, 8, 5]
    rows = torch.arange(16.0).view(8, 2)
    data_set = list(zip(rows, labels, strict=True))
    for digits in ({3, 8}, {5}):
        kept = [i for i in range(8) if labels[i] in digits]
        chosen = call(answer, data_set, digits)
        if isinstance(chosen, Hint):
            return chosen
        if not (hasattr(chosen, "__len__") and hasattr(chosen, "__getitem__")):
            return wrong_kind(
                "一个有 `__len__` 和 `__getitem__` 的类",
                "a class with `__len__` and `__getitem__`",
                chosen,
            )
        length = call(len, chosen)
        if isinstance(length, Hint):
            return length
        if length == len(data_set) - len(kept):
            return Hint(
                zh="反了：留下的是标签不在 digits 里的样本。",
                en="It is the wrong way around: you kept the examples whose label is "
                "not in digits.",
            )
        if length != len(kept):
            return Hint(
                zh=f"8 个样本里有 {len(kept)} 个的标签在 {sorted(digits)} 里，"
                f"而 len 是 {length}。",
                en=f"Of 8 examples {len(kept)} have a label in {sorted(digits)}, but "
                f"len is {length}.",
            )
        for place, i in enumerate(kept):
            example = call(chosen.__getitem__, place)
            if isinstance(example, Hint):
                return example
            if not (isinstance(example, tuple | list) and len(example) == 2):
                return Hint(
                    zh="`[i]` 应当给出两样：输入和标签，与 data_set 的一样。",
                    en="`[i]` should return two things, an input and a label, as "
                    "data_set does.",
                )
            hint = Hint(
                zh=f"[{place}] 应当是 data_set 的第 {i} 个样本：先记下留着哪些位置。",
                en=f"[{place}] should be example {i} of data_set: first note which "
                "positions are kept.",
            )
            if wrong := is_equal(example[0], rows[i], hint=hint):
                return wrong
            if int(example[1]) != labels[i]:
                return hint
    return None


CHECKS = {
    "mnist-data-1": function(
        _row,
        lambda row: _gray(row).round().to(torch.uint8).view(28, 28),
        slips=[
            (
                lambda row: _gray(row).to(torch.uint8).view(28, 28),
                Hint(
                    zh="有的灰度少了 1：换成整数时小数部分直接舍去，先四舍五入。",
                    en="Some gray levels are 1 too low: the conversion to whole "
                    "numbers cuts off the fraction. Round first.",
                ),
            ),
            (
                lambda row: (row * 255).round().to(torch.int16).view(28, 28),
                Hint(
                    zh="−1 应当变回 0：先把 −1 到 1 变成 0 到 1。",
                    en="−1 should become 0 again: first map −1 to 1 onto 0 to 1.",
                ),
            ),
            (
                lambda row: (row * 0.5 + 0.5).round().to(torch.uint8).view(28, 28),
                Hint(
                    zh="现在在 0 和 1 之间；还要乘以 255。",
                    en="The values lie between 0 and 1 now: multiply by 255.",
                ),
            ),
            (
                lambda row: _gray(row).round().to(torch.uint8).view(28, 28).T,
                Hint(
                    zh="行和列交换了。",
                    en="Rows and columns are swapped.",
                ),
            ),
        ],
        other=Hint(
            zh="把 to_row 的三步倒过来做：先乘 0.5、再加 0.5、再乘 255。",
            en="Undo the three steps of to_row in reverse: multiply by 0.5, add 0.5, "
            "multiply by 255.",
        ),
    ),
    "mnist-data-2": function(
        _images,
        _mean_and_std,
        within=1e-3,
        slips=[
            (
                lambda images: _mean_and_std(images) * 255,
                Hint(
                    zh="先把每个像素除以 255。",
                    en="Divide each pixel by 255 first.",
                ),
            ),
            (
                lambda images: torch.stack(
                    [
                        (images.double() / 255).mean(),
                        (images.double() / 255).flatten(1).std(dim=1).mean(),
                    ]
                ),
                Hint(
                    zh="这是各张图片的标准差的平均；所有像素要放在一起算。",
                    en="That is the mean of the standard deviations of the images. "
                    "Take all pixels together.",
                ),
            ),
            (
                lambda images: torch.stack(
                    [(images.double() / 255).mean(), (images.double() / 255).var()]
                ),
                Hint(
                    zh="第二个数是方差；要的是标准差。",
                    en="The second number is the variance. The exercise asks for the "
                    "standard deviation.",
                ),
            ),
            (
                lambda images: _mean_and_std(images).flip(0),
                Hint(
                    zh="次序反了：先平均值，后标准差。",
                    en="The order is reversed: the mean comes first.",
                ),
            ),
        ],
        other=Hint(
            zh="先换成浮点数，除以 255，再对全部像素求平均值和标准差。",
            en="Convert to floats, divide by 255, then take mean and standard "
            "deviation over all pixels.",
        ),
    ),
    "mnist-data-3": _only_digits,
}
