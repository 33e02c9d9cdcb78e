"""The checks of the exercises on convolutional networks."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from nn_tutorial.exercises.core import Hint, function, is_module, number

_POOLING = (
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveAvgPool2d,
)
_N_PARAMETERS = 8 * (9 + 1) + 16 * (8 * 9 + 1) + 784 * 10 + 10


def _images() -> tuple[Tensor, int]:
    """Return images (2, 3, 4, 6) of different numbers, some negative, and a size."""
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randperm(144, generator=generator) - 100
    return numbers.float().view(2, 3, 4, 6), 2


def _by_blocks(images: Tensor, size: int) -> Tensor:
    """Return the images as (N, C, H // size, W // size, size * size)."""
    n, c, height, width = images.shape
    blocks = images.view(n, c, height // size, size, width // size, size)
    return blocks.transpose(3, 4).flatten(4)


def _with_strides(answer: Any) -> Hint | None:
    """Ask for conv_net with strides of 2 in place of its pooling."""
    inputs = torch.rand(4, 784, generator=torch.Generator().manual_seed(0))
    if isinstance(answer, nn.Module):
        answer = copy.deepcopy(answer).cpu().float()
        if any(isinstance(module, _POOLING) for module in answer.modules()):
            return Hint(
                zh="网络里还有汇聚层。这里应当由卷积的步幅把高和宽减半。",
                en="There is still a pooling layer. Here the stride of the "
                "convolutions should halve the height and width.",
            )
    if wrong := is_module(answer, inputs=inputs, output_shape=(4, 10)):
        return wrong
    convolutions = [m for m in answer.modules() if isinstance(m, nn.Conv2d)]
    if [m.out_channels for m in convolutions] != [8, 16]:
        return Hint(
            zh="卷积层与 conv_net 相同：先 8 个滤波器，再 16 个。",
            en="The convolutional layers should be those of conv_net: 8 filters, then "
            "16.",
        )
    if any(m.stride != (2, 2) for m in convolutions):
        return Hint(
            zh="两个卷积层的步幅都应是 2。",
            en="Both convolutional layers should have a stride of 2.",
        )
    n_parameters = sum(p.numel() for p in answer.parameters())
    if n_parameters == _N_PARAMETERS:
        return None
    return Hint(
        zh=f"参数有 {n_parameters} 个，与 conv_net 不同：看看核的大小、填充，"
        "以及最后送进全连接层的边长。",
        en=f"Your network has {n_parameters} parameters, which is not the same as "
        "conv_net. Check the kernel size, the padding, and the size of the "
        "image before the last layer.",
    )


CHECKS = {
    "convolution-1": number(
        16 * (3 * 25 + 1),
        slips=[
            (16 * 75, Hint(zh="还没有数偏置。", en="You have not counted the biases.")),
            (
                lambda count: count in (16 * 26, 16 * 25),
                Hint(
                    zh="每个滤波器要看输入的所有通道。",
                    en="Each filter covers all channels of the input.",
                ),
            ),
            (
                16 * 3 * 26,
                Hint(
                    zh="一个滤波器只有一个偏置，不是每个通道一个。",
                    en="A filter has one bias, not one for each channel.",
                ),
            ),
            (
                lambda count: count in (75, 76),
                Hint(
                    zh="这是一个滤波器的。",
                    en="That is the number for a single filter.",
                ),
            ),
            (
                16 * (3 * 5 + 1),
                Hint(zh="核是 5×5 的。", en="The kernel is 5×5."),
            ),
        ],
        other=Hint(
            zh="一个滤波器有多少个权重和偏置？一共有几个滤波器？",
            en="How many weights and biases does one filter have, and how many "
            "filters are there?",
        ),
    ),
    "convolution-2": function(
        _images,
        lambda images, size: _by_blocks(images, size).amax(-1),
        banned=("max_pool2d", "max_pool1d", "adaptive_max_pool2d"),
        slips=[
            (
                lambda images, size: _by_blocks(images, size).mean(-1),
                Hint(
                    zh="这是每块的平均值；要的是最大值。",
                    en="That is the mean of each block. The exercise asks for the "
                    "maximum.",
                ),
            ),
            (
                lambda images, size: images.reshape(
                    *images.shape[:2],
                    images.shape[2] // size,
                    images.shape[3] // size,
                    size * size,
                ).amax(-1),
                Hint(
                    zh="你取的是同一行里连着的几个像素；一块有好几行。",
                    en="You took neighboring pixels in one row only, but a block has "
                    "several rows.",
                ),
            ),
            (
                lambda images, size: _by_blocks(images, size).amin(-1),
                Hint(zh="这是最小值。", en="That is the minimum."),
            ),
            (
                lambda images, size: images[:, :, ::size, ::size],
                Hint(
                    zh="你只取了每块左上角的数，没有比较。",
                    en="You took the number in the upper left corner of each block "
                    "without comparing it with the others.",
                ),
            ),
            (
                lambda images, size: _by_blocks(images, size).amax(-1).clamp(min=0),
                Hint(
                    zh="最大值可以是负数，不要从 0 开始比。",
                    en="The maximum may be negative, so do not start the comparison "
                    "at 0.",
                ),
            ),
        ],
        other=Hint(
            zh="第一块由第 0、1 行与第 0、1 列组成（size = 2 时）：先取出这一块看看。",
            en="If size is 2, the first block consists of rows 0 and 1 and columns 0 "
            "and 1. Extract that block first and look at it.",
        ),
    ),
    "convolution-3": _with_strides,
}
