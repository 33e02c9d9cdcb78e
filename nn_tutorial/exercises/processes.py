"""The checks of the exercises on training with several processes."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data.distributed import DistributedSampler

from nn_tutorial.exercises.core import Hint, call, is_equal, number, wrong_kind


def _deals(answer: Any) -> Hint | None:
    """Ask for a function that deals indices as ``DistributedSampler`` does."""
    for n, world, epoch in ((8, 2, 0), (8, 2, 1), (10, 4, 3), (7, 3, 1)):
        for rank in range(world):
            # A length is all that it asks for.
            indices: Any = range(n)
            sampler: DistributedSampler[int] = DistributedSampler(indices, world, rank)
            sampler.set_epoch(epoch)
            result = call(answer, n, rank, world, epoch)
            if isinstance(result, Hint):
                return result
            if isinstance(result, Tensor):
                result = result.tolist()
            if not isinstance(result, list | tuple):
                return wrong_kind(
                    "一个返回列表的函数", "a function that returns a list", result
                )
            call_of = f"deal({n}, {rank}, {world}, {epoch})"
            if result != list(sampler):
                return _wrong_deal(call_of, list(result), list(sampler), n // world)
    return None


def _wrong_deal(
    call_of: str, found: list[int], expected: list[int], least: int
) -> Hint:
    """Say for which arguments the indices are wrong, and where to look."""
    if len(found) != len(expected):
        return Hint(
            zh=f"{call_of} 返回 {len(found)} 个序号，应有 {len(expected)} 个："
            "每个进程的个数要相同。",
            en=f"{call_of} returns {len(found)} indices instead of {len(expected)}: "
            "every process should have the same number.",
        )
    if found == sorted(found) and len(found) > 1:
        return Hint(
            zh=f"{call_of} 的序号从小到大：先洗牌，再分。",
            en=f"The indices of {call_of} are sorted: shuffle before you distribute "
            "them.",
        )
    if set(found) == set(expected) or found[:least] == expected[:least]:
        return Hint(
            zh=f"{call_of} 差一点：看看不够整除时补的是哪几个，次序又如何。",
            en=f"{call_of} is almost right: check which indices are added when the "
            "number is not divisible, and in which order.",
        )
    return Hint(
        zh=f"{call_of} 的序号不对：看看生成器的种子，以及洗牌以后谁拿哪几个。",
        en=f"The indices of {call_of} are wrong: check the seed of the generator, and "
        "which process gets which indices after shuffling.",
    )


def _accumulates(answer: Any) -> Hint | None:
    """Ask for a function that makes one step from the gradients of several parts."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(12, 3, generator=generator)
    targets = torch.randn(12, 1, generator=generator)
    net = nn.Linear(3, 1)
    nn.init.ones_(net.weight)
    start, lr = net.weight.detach().clone(), 0.1
    left_over = torch.full_like(start, 0.5)  # as after an earlier step
    net.weight.grad = left_over.clone()
    outputs = nn.functional.linear(inputs, start.requires_grad_(), net.bias.detach())
    loss = nn.functional.mse_loss(outputs, targets)
    [gradient] = torch.autograd.grad(loss, start)

    result = call(answer, net, torch.optim.SGD([net.weight], lr), inputs, targets, 4)
    if isinstance(result, Hint):
        return result
    if not isinstance(result, nn.Module):
        return wrong_kind(
            "一个返回网络的函数", "a function that returns the network", result
        )
    moved = (start.detach() - net.weight.detach()) / lr
    slips = [
        (
            torch.zeros_like(moved),
            Hint(
                zh="权重没有变：optimizer.step() 呢？",
                en="The weights have not changed: did you call optimizer.step()?",
            ),
        ),
        (
            4 * gradient,
            Hint(
                zh="步子是整批的 4 倍：几个平均值加起来，还不是平均值。",
                en="The step is 4 times as large as that of the whole batch: a sum of "
                "several means is not a mean.",
            ),
        ),
        (
            gradient + left_over,
            Hint(
                zh="开始时梯度里还有上一步留下的。",
                en="At the beginning, the gradients still contain those of the "
                "previous step.",
            ),
        ),
    ]
    for slip, hint in slips:
        if torch.allclose(moved, slip, atol=1e-4):
            return hint
    return is_equal(
        moved,
        gradient,
        within=1e-4,
        hint=Hint(
            zh="这一步与整批的不同：什么时候清零，更新几次，每一部分占多大的分量？",
            en="This step differs from that of the whole batch: when are the "
            "gradients set to zero, how many updates are there, and how much "
            "weight does each part have?",
        ),
    )


CHECKS = {
    "processes-1": number(
        3,
        within=1e-4,
        slips=[
            (
                4,
                Hint(
                    zh="这里每个进程都算一样重，可它们的样本数不同。",
                    en="You give every process the same weight, but they have "
                    "different numbers of examples.",
                ),
            ),
            (
                180,
                Hint(
                    zh="这是总和，要的是平均值。",
                    en="That is the sum. The exercise asks for the mean.",
                ),
            ),
        ],
        other=Hint(
            zh="先算出 60 个样本的梯度总共是多少。",
            en="First compute the sum of the gradients of all 60 examples.",
        ),
    ),
    "processes-2": _deals,
    "processes-3": number(
        60e6,
        within=1e5,
        slips=[
            (
                15e6,
                Hint(
                    zh="一个 float32 不止一个字节。",
                    en="A float32 takes more than one byte.",
                ),
            ),
            (
                80e6,
                Hint(
                    zh="进程只有 4 个，(n − 1)/n 还不能当作 1。",
                    en="There are only 4 processes, so (n − 1)/n is not close to 1 "
                    "yet.",
                ),
            ),
            (
                30e6,
                Hint(
                    zh="环要走两圈：一圈相加，一圈把和传给大家。",
                    en="The data go around the ring twice: once to add, and once to "
                    "distribute the sum.",
                ),
            ),
            (
                240e6,
                Hint(
                    zh="这是所有进程一共送出的，问的是一个。",
                    en="That is what all processes send together. The question is "
                    "about one process.",
                ),
            ),
        ],
        other=Hint(
            zh="先算全部梯度有多少字节，再用正文里环形 all_reduce 的规律。",
            en="First compute how many bytes all the gradients take, then use the "
            "rule for the ring all-reduce in the text.",
        ),
    ),
    "processes-4": _accumulates,
}
