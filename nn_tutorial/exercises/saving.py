"""The checks of the exercises on saving and loading."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nn_tutorial.exercises.core import (
    Hint,
    call,
    function,
    is_close,
    is_equal,
    numbers_of,
    wrong_kind,
)


def _without_prefix(answer: Any) -> Hint | None:
    """Ask for a function that takes ``module.`` off the front of the names."""
    wanted = {
        name: torch.ones(2) * n
        for n, name in enumerate(
            [
                "0.weight",
                "embed.weight",  # all of its first letters are in "module."
                "module.scale",  # had the prefix twice
                "plain.weight",  # the rest had none
                "submodule.bias",
                "modulelist.bias",
            ]
        )
    }
    state = {
        f"module.{name}" if n < 3 else name: value
        for n, (name, value) in enumerate(wanted.items())
    }
    given = dict(state)
    result = call(answer, given)
    if isinstance(result, Hint):
        return result
    if not isinstance(result, Mapping):
        return wrong_kind(
            "一个返回字典的函数", "a function that returns a dictionary", result
        )
    if list(given) != list(state):
        return Hint(
            zh="你改动了交给函数的那个字典；要的是一个新的字典。",
            en="You changed the dictionary that was passed to the function. Return a "
            "new one.",
        )
    found = set(result)
    if "bed.weight" in found:
        return Hint(
            zh="lstrip 去掉的是一个一个的字母，不是整个词："
            "module.embed.weight 变成了什么？",
            en="lstrip removes single letters, not a word: what became of "
            "module.embed.weight?",
        )
    if {"subbias", "scale"} & found:
        return Hint(
            zh="名字中间的 module. 要留着，开头的也只去掉一个。",
            en="Keep a module. in the middle of a name, and remove only one at the "
            "beginning.",
        )
    if "modulelist.bias" not in found:
        return Hint(
            zh="modulelist.bias 也以 module 开头，可它没有那个前缀：前缀里还有一个点。",
            en="modulelist.bias also begins with module, but it does not have the "
            "prefix, which includes a dot.",
        )
    if "module.0.weight" in found:
        return Hint(
            zh="返回的字典里还有名字以 module. 开头：返回的是新做的那个吗？",
            en="Some names in the returned dictionary still begin with module.: do "
            "you return the new dictionary?",
        )
    if found != set(wanted):
        return Hint(
            zh=f"名字应为 {list(wanted)}，而你的是 {list(result)}；"
            "没有前缀的名字不动。",
            en=f"The names should be {list(wanted)}, but yours are {list(result)}. "
            "Names without the prefix should not change.",
        )
    hint = Hint(
        zh="名字对了；每个名字还要配它原来的张量。",
        en="The names are right, but each name has to keep its original tensor.",
    )
    wrong = (is_equal(result[name], wanted[name], hint=hint) for name in wanted)
    return next(filter(None, wrong), None)


def _state() -> tuple[dict[str, Tensor]]:
    """Return the parameters of a 1-10-1 network, one of them very small."""
    generator = torch.Generator().manual_seed(6)
    state = {
        "0.weight": torch.randn(10, 1, generator=generator),
        "0.bias": torch.randn(10, generator=generator),
        "2.weight": torch.randn(1, 10, generator=generator),
        "2.bias": torch.randn(1, generator=generator),
    }
    state["0.weight"][3] = 1e-30  # no x that one would try brings its tanh to the end
    return (state,)


def _limit(state: dict[str, Tensor]) -> Tensor:
    return state["2.weight"] @ state["0.weight"].sign() + state["2.bias"]


def _at(x: float) -> Callable[[dict[str, Tensor]], Tensor]:
    """Return a function that tries one large x."""

    def output(state: dict[str, Tensor]) -> Tensor:
        hidden = torch.tanh(state["0.weight"][:, 0] * x + state["0.bias"])
        return state["2.weight"] @ hidden + state["2.bias"]

    return output


_ONE_X = Hint(
    zh="你代入了一个很大的 x；权重可以小到让它还不够大。不用 x，只看每个权重的什么？",
    en="You tried a large x, but a weight may be so small that this x is not large "
    "enough. Without using any x: which property of each weight decides?",
)


def _safetensors(*, about: bool = False, data: bool = True) -> bytes:
    """Return a safetensors file with three tensors that hold 12, 5 and 1 numbers."""
    header: dict[str, Any] = {
        "a": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]},
        "b": {"dtype": "F16", "shape": [5], "data_offsets": [48, 58]},
        "c": {"dtype": "I64", "shape": [], "data_offsets": [58, 66]},
    }
    if about:
        header = {"__metadata__": {"format": "pt"}, **header}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(66 if data else 0)


def _count_numbers(answer: Any) -> Hint | None:
    """Ask for a function that counts the numbers in a safetensors file."""
    if wrong := _COUNT(answer):
        return wrong
    entry = Hint(
        zh="表头里还可以有一项 __metadata__，写着关于文件的文字；它不是张量。",
        en="A header may also contain an entry __metadata__ with text about the file. "
        "It is not a tensor.",
    )
    if is_close(call(answer, _safetensors(about=True)), 18, within=0, hint=entry):
        return entry
    beginning = Hint(
        zh="表头以后的字节去掉了，你的函数就算不出来："
        "只看表头，也不要用 safetensors 库。",
        en="Without the bytes after the header, your function fails: read only the "
        "header, and do not use the safetensors library.",
    )
    if is_close(call(answer, _safetensors(data=False)), 18, within=0, hint=beginning):
        return beginning
    return None


_COUNT = function(
    lambda: (_safetensors(),),
    lambda content: 18,
    slips=[
        (
            lambda content: 66,
            Hint(
                zh="66 是字节数；要的是有多少个数。",
                en="66 is the number of bytes. The exercise asks how many numbers "
                "there are.",
            ),
        ),
        (
            lambda content: 66 / 4,
            Hint(
                zh="F16 每个数占 2 个字节，I64 占 8 个：别除以 4，看 shape。",
                en="A number takes 2 bytes in F16 and 8 in I64: do not divide by 4, "
                "but look at the shape.",
            ),
        ),
        (
            lambda content: 66 // 4,
            Hint(
                zh="F16 每个数占 2 个字节，I64 占 8 个：别除以 4，看 shape。",
                en="A number takes 2 bytes in F16 and 8 in I64: do not divide by 4, "
                "but look at the shape.",
            ),
        ),
        (
            lambda content: 17,
            Hint(
                zh="形状 [] 的张量也有一个数：空的乘积是 1。",
                en="A tensor of shape [] holds one number too: the product of no "
                "factors is 1.",
            ),
        ),
        (
            lambda content: 3,
            Hint(
                zh="3 是张量的个数；每个张量里有许多数。",
                en="3 is the number of tensors. Each tensor holds many numbers.",
            ),
        ),
    ],
    other=Hint(
        zh="表头里每个张量都有 shape：一个张量有多少个数？再加起来。",
        en="The header gives the shape of every tensor: how many numbers does each "
        "tensor hold? Add them up.",
    ),
)


def _longer(answer: Any) -> Hint | None:
    """Ask for the losses after 20,000 steps: on the training points and on new ones."""
    losses = numbers_of(answer, 2)
    if isinstance(losses, Hint):
        return losses
    own, new = losses
    if abs(own - 0.0205) <= 0.0003 and abs(new - 0.021855) <= 0.00006:
        return None
    if abs(own - 0.0205) <= 0.0003 and abs(new - 0.021725) <= 0.00006:
        return Hint(
            zh="种子 0 的点就是训练用的点，不算新点：种子从 1 到 20。",
            en="The points of seed 0 are the training points, not new ones: use seeds "
            "1 to 20.",
        )
    if abs(own - 0.02158) <= 0.0003 and abs(new - 0.02254) <= 0.0003:
        return Hint(
            zh="这是 10000 步时的损失：装入以后还要再走 10000 步。",
            en="These are the losses after 10000 steps: after loading, take 10000 "
            "more.",
        )
    if own > new:
        return Hint(
            zh="先写训练点的损失，再写新点的：两个数是不是写反了？",
            en="Give the loss on the training points first, then on the new ones: did "
            "you swap the two numbers?",
        )
    if abs(own - new) <= 0.0003:
        return Hint(
            zh="两个损失几乎一样：新点的 y 换成新的了吗？",
            en="The two losses are almost equal: did you compute new y values for the "
            "new points?",
        )
    return Hint(
        zh="从 weights.pt 出发，学习率 0.05，再走 10000 步；新点的种子从 1 到 20，"
        "每组算一个损失，再取平均。",
        en="Start from weights.pt and take 10000 more steps with learning rate 0.05. "
        "For the new points use seeds 1 to 20: compute one loss for each set and "
        "take the mean.",
    )


def _net() -> nn.Sequential:
    """Return a small network whose parameters are all 1."""
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 4))
    for parameter in net.parameters():
        nn.init.ones_(parameter)
    return net


def _load_fitting(answer: Any) -> Hint | None:
    """Ask for a function that loads what fits and returns the names of the rest."""
    net = _net()
    pointers = [parameter.data_ptr() for parameter in net.parameters()]
    left_out = call(
        answer,
        net,
        {
            "extra": torch.zeros(2),
            "2.bias": torch.full((4,), 5.0),
            "0.weight": torch.full((3, 2), 2.0),
            "0.bias": torch.full((3,), 3.0),
            "1.weight": torch.zeros(3, 4),  # as many numbers, in another shape
            "2.weight": torch.zeros(1, 4),  # could be broadcast
        },
    )
    if isinstance(left_out, Hint):
        return left_out
    if not isinstance(left_out, list | tuple):
        return wrong_kind(
            "一个返回列表的函数", "a function that returns a list", left_out
        )
    names = list(left_out)
    expected = ["1.weight", "1.bias", "2.weight"]
    if "extra" in names:
        return Hint(
            zh="extra 只在状态字典里；要列出的是网络自己的名字。",
            en="extra stands only in the state dict; the names of the network are "
            "asked for.",
        )
    if set(names) == {"0.weight", "0.bias", "2.bias"}:
        return Hint(
            zh="这些是写入了的名字；要列出的是其余的。",
            en="These are the names that were written; the others are asked for.",
        )
    if set(names) == set(net.state_dict()):
        return Hint(
            zh="你的函数一个也没有写入：相符的那些应当写入。",
            en="Your function wrote none of them: those that agree should be written.",
        )
    if not {"1.weight", "2.weight"} <= set(names):
        return Hint(
            zh="有的名字相符而形状不符，例如 (1, 4) 与 (4, 4)，或者 (3, 4) 与 (4, 3)："
            "形状要完全相同。",
            en="Some agree in name but not in shape, such as (1, 4) and (4, 4), or "
            "(3, 4) and (4, 3): the shapes have to be equal.",
        )
    if names != expected:
        return Hint(
            zh=f"应当列出三个名字，按 net.state_dict() 的次序；你的是 {names}。",
            en="Three names should be listed, in the order of net.state_dict(); yours "
            f"are {names}.",
        )
    if [parameter.data_ptr() for parameter in net.parameters()] != pointers:
        return Hint(
            zh="网络的参数换成了别的张量，优化器手里还是旧的：写进现有的参数。",
            en="The network has other tensors as parameters now, and an optimizer "
            "would still hold the old ones: write into the existing parameters.",
        )
    values = [parameter.flatten()[0].item() for parameter in net.parameters()]
    if values != [2.0, 3.0, 1.0, 1.0, 1.0, 5.0]:
        return Hint(
            zh="名字对了，网络里的数却不对：相符的张量要写进去，其余的不要动。",
            en="The names are right, the numbers in the network are not: those that "
            "agree are to be written, the others to stay as they are.",
        )
    return None


CHECKS = {
    "saving-1": _without_prefix,
    "saving-2": function(
        _state,
        _limit,
        within=1e-4,
        slips=[
            (
                lambda state: state["2.weight"] @ state["0.weight"].sign(),
                Hint(
                    zh="只差一样：输出层还有一个偏置。",
                    en="Only one thing is missing: the output layer has a bias too.",
                ),
            ),
            (
                lambda state: state["2.weight"].sum() + state["2.bias"],
                Hint(
                    zh="不是每个 tanh 都走到 +1：权重为负的神经元走到哪里？",
                    en="Not every tanh approaches +1: what does a neuron with a "
                    "negative weight approach?",
                ),
            ),
            (
                lambda state: 2 * state["2.bias"] - _limit(state),
                Hint(
                    zh="这是 x 往负的方向走到底的值。",
                    en="That is the value that the network approaches when x becomes "
                    "more and more negative.",
                ),
            ),
            (
                lambda state: (
                    state["2.weight"] @ state["0.bias"].sign() + state["2.bias"]
                ),
                Hint(
                    zh="x 很大时，权重那一项越来越大，偏置一直是那么多：谁说了算？",
                    en="As x grows, the term with the weight grows and the bias stays "
                    "the same: which of the two decides?",
                ),
            ),
            (_at(1e2), _ONE_X),
            (_at(1e6), _ONE_X),
            (_at(1e20), _ONE_X),
        ],
        other=Hint(
            zh="x 很大时，每个 tanh 走到哪里？由谁决定？输出层又怎样相加？",
            en="What value does each tanh approach for large x, and what does that "
            "depend on? How does the output layer add these values?",
        ),
    ),
    "saving-3": _count_numbers,
    "saving-4": _longer,
    "saving-5": _load_fitting,
}
