"""The checks of the exercises on batch normalization."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from nn_tutorial.exercises.core import (
    Hint,
    call,
    is_equal,
    is_module,
    number,
    wrong_kind,
)

_LINEAR = 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10


def _without_biases(answer: Any) -> Hint | None:
    """Ask for BatchNet without the biases that batch normalization makes useless."""
    inputs = torch.rand(4, 784, generator=torch.Generator().manual_seed(0))
    if isinstance(answer, nn.Module):
        answer = copy.deepcopy(answer).cpu().float().train()
    if wrong := is_module(answer, inputs=inputs, output_shape=(4, 10)):
        return wrong
    norms = [m for m in answer.modules() if isinstance(m, nn.BatchNorm1d)]
    if [norm.num_features for norm in norms] != [300, 100]:
        return Hint(
            zh="除了去掉偏置，其余不变：300 和 100 个神经元之后各有一层批标准化。",
            en="Nothing else changes: batch normalization still follows the layers "
            "with 300 and 100 neurons.",
        )
    if any(norm.weight is None or norm.bias is None for norm in norms):
        return Hint(
            zh="批标准化自己的 γ 和 β 是有用的，要留着；没用的偏置在别处。",
            en="Keep γ and β of batch normalization, because they are needed. The "
            "useless biases are elsewhere.",
        )
    linears = [m for m in answer.modules() if isinstance(m, nn.Linear)]
    if linears and linears[-1].bias is None:
        return Hint(
            zh="最后一层后面没有批标准化，它的偏置有用。",
            en="The last layer is not followed by batch normalization, so its bias "
            "has an effect.",
        )
    n_parameters = sum(p.numel() for p in answer.parameters())
    if n_parameters == _LINEAR + 2 * 400 - 400:
        return None
    return Hint(
        zh=f"参数的个数不对，你有 {n_parameters} 个：应当比 BatchNet 少 400 个。"
        "哪些偏置后面会减去平均值，因而不起作用？",
        en=f"The network has {n_parameters} parameters, which is wrong: it should "
        "have 400 fewer than BatchNet. Which biases have no effect because a "
        "mean is subtracted afterward?",
    )


def _layers(*, bias: bool) -> tuple[nn.Linear, nn.BatchNorm1d]:
    """Return two layers with numbers of their own, in evaluation mode."""
    generator = torch.Generator().manual_seed(0)
    linear = nn.Linear(3, 4, bias=bias)
    norm = nn.BatchNorm1d(4, eps=0.1).eval()  # large: to forget it should show
    assert norm.running_mean is not None and norm.running_var is not None
    for tensor in (*linear.parameters(), *norm.parameters(), norm.running_mean):
        nn.init.normal_(tensor, generator=generator)
    nn.init.uniform_(norm.running_var, 0.5, 2.0, generator=generator)
    return linear, norm


def _slips(
    linear: nn.Linear, norm: nn.BatchNorm1d, inputs: Tensor
) -> list[tuple[Tensor, Hint]]:
    """Return what typical wrong answers give for the inputs, with their hints."""
    assert norm.running_mean is not None and norm.running_var is not None
    z, mean, variance = linear(inputs), norm.running_mean, norm.running_var
    gamma, beta = norm.weight, norm.bias
    factor = gamma / (variance + norm.eps).sqrt()
    own = z - linear.bias  # without the bias of the linear layer
    return [
        (
            (z - mean) * gamma / variance.sqrt() + beta,
            Hint(
                zh="方差上还要加一个很小的数，norm 里有它：不然方差为 0 时会除以 0。",
                en="norm adds a small number to the variance, so that a variance of 0 "
                "does not cause a division by 0.",
            ),
        ),
        (
            own * factor + linear.bias + beta - mean * factor,
            Hint(
                zh="权重对了；线性层的偏置也要经过批标准化。",
                en="The weights are right. The bias of the linear layer also goes "
                "through batch normalization.",
            ),
        ),
        (
            z * factor + beta,
            Hint(
                zh="还没有减去平均值。",
                en="You have not subtracted the mean.",
            ),
        ),
        (
            (z - mean) * gamma / (variance + norm.eps) + beta,
            Hint(
                zh="你除以了方差；批标准化除以的是标准差。",
                en="You divided by the variance; batch normalization divides by the "
                "standard deviation.",
            ),
        ),
        (
            (z - mean) / (variance + norm.eps).sqrt(),
            Hint(
                zh="标准化对了，γ 和 β 还没有折进去。",
                en="The normalization is right, but γ and β are still missing.",
            ),
        ),
        (
            z,
            Hint(
                zh="这还是原来的线性层：norm 没有折进去。",
                en="This is still the original linear layer: norm has not been merged "
                "into it.",
            ),
        ),
    ]


def _fold(answer: Any) -> Hint | None:
    """Ask for a function that folds batch normalization into a linear layer."""
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    for bias in (True, False):
        linear, norm = _layers(bias=bias)
        with torch.no_grad():
            expected = norm(linear(inputs))
            slips = _slips(linear, norm, inputs) if bias else []
        folded = call(answer, copy.deepcopy(linear), copy.deepcopy(norm))
        if isinstance(folded, Hint) and not bias:
            return Hint(
                zh="线性层有偏置时对了；没有偏置（bias=False）的线性层，bias 是 None。"
                + folded.zh,
                en="It works for a linear layer with a bias. Without one "
                f"(bias=False), bias is None. {folded.en}",
            )
        if isinstance(folded, Hint):
            return folded
        if not isinstance(folded, nn.Linear):
            return wrong_kind("一个 nn.Linear", "an nn.Linear", folded)
        outputs = call(folded, inputs)
        if isinstance(outputs, Hint):
            return outputs
        hint = Hint(
            zh="写出 norm(Wx + b) 的式子，把乘 x 的和不乘 x 的分开。",
            en="Write out norm(Wx + b) and separate the part that multiplies x from "
            "the rest.",
        )
        wrong = is_equal(outputs, expected, within=1e-5, hint=hint)
        for slip, its_hint in slips if wrong else []:
            if not is_equal(outputs, slip, within=1e-5, hint=hint):
                return its_hint
        if wrong:
            return wrong
    return None


CHECKS = {
    "batchnorm-1": number(
        _LINEAR + 2 * 400,
        slips=[
            (
                _LINEAR,
                Hint(
                    zh="这是没有批标准化的网络。批标准化自己也有要训练的数。",
                    en="That is the network without batch normalization, which also "
                    "has numbers that are trained.",
                ),
            ),
            (
                _LINEAR + 4 * 400,
                Hint(
                    zh="存下来的平均值和方差不由优化器训练，不算。",
                    en="The stored means and variances are not trained by the "
                    "optimizer, so they do not count.",
                ),
            ),
            (
                _LINEAR + 400,
                Hint(
                    zh="批标准化给每个神经元的不只一个数。",
                    en="Batch normalization has more than one number for each neuron.",
                ),
            ),
            (
                _LINEAR + 2 * 410,
                Hint(
                    zh="最后一层后面没有批标准化。",
                    en="The last layer is not followed by batch normalization.",
                ),
            ),
            (
                _LINEAR + 4,
                Hint(
                    zh="γ 和 β 不是每层一个：每个神经元都有自己的。",
                    en="There is not just one γ and one β in each layer: every neuron "
                    "has its own.",
                ),
            ),
        ],
        other=Hint(
            zh="一层一层数：线性层的权重和偏置，再加上批标准化里要训练的数。",
            en="Count layer by layer: the weights and biases of the linear layers, "
            "then the numbers that are trained in batch normalization.",
        ),
    ),
    "batchnorm-2": _without_biases,
    "batchnorm-3": _fold,
}
