"""Right and wrong answers to the exercises on saving and loading."""

import json
import math
import re

import safetensors.torch
import torch
from torch import nn


def named(rename):
    """Return a function that gives a new dictionary with other names."""
    return lambda state: {rename(name): value for name, value in state.items()}


def in_place(state):
    for name in list(state):
        state[name.removeprefix("module.")] = state.pop(name)
    return state


def forgets_the_new_one(state):
    {name.removeprefix("module."): value for name, value in state.items()}
    return state


def limit(s):
    return (s["2.weight"] @ s["0.weight"].sign() + s["2.bias"]).item()


def output_at(x):
    def output(s):
        hidden = torch.tanh(s["0.weight"] * x + s["0.bias"][:, None])
        return (s["2.weight"] @ hidden).squeeze() + s["2.bias"]

    return output


def shapes(content, *, is_tensor=lambda entry: "shape" in entry):
    n = int.from_bytes(content[:8], "little")
    entries = json.loads(content[8 : 8 + n]).values()
    return [entry["shape"] for entry in entries if is_tensor(entry)]


def count_numbers(content):
    return sum(math.prod(shape) for shape in shapes(content))


def by_library(content):
    return sum(t.numel() for t in safetensors.torch.load(content).values())


def by_offsets(content):
    """Right without a shape: the bytes of each tensor by the bytes of its type."""
    n = int.from_bytes(content[:8], "little")
    sizes = {"F32": 4, "F16": 2, "I64": 8}
    header = json.loads(content[8 : 8 + n].decode())
    header.pop("__metadata__", None)
    return sum(
        (t["data_offsets"][1] - t["data_offsets"][0]) // sizes[t["dtype"]]
        for t in header.values()
    )


def fitting(*, fits=lambda own, new: own.shape == new.shape, write=None):
    """Return a function that writes what fits and returns the names of the rest."""

    def load(net, state):
        left_out = []
        for name, own in net.state_dict().items():
            if name in state and fits(own, state[name]):
                (write or own.copy_)(state[name])
            else:
                left_out.append(name)
        return left_out

    return load


def by_load_state_dict(net, state):
    own = net.state_dict()
    some = {k: v for k, v in state.items() if k in own and v.shape == own[k].shape}
    return net.load_state_dict(some, strict=False).missing_keys


def loaded(net, state):
    return [name for name in net.state_dict() if name not in fitting()(net, state)]


def with_new_parameters(net, state):
    left_out = fitting()(net, state)
    for module in net:
        module.bias = nn.Parameter(module.bias.detach().clone())
    return left_out


def with_unexpected(net, state):
    return [*fitting()(net, state), *(set(state) - set(net.state_dict()))]


ANSWERS = {
    "saving-1": (
        [
            named(lambda name: name.removeprefix("module.")),
            named(lambda name: re.sub(r"^module\.", "", name)),
            named(lambda name: name[7:] if name.startswith("module.") else name),
        ],
        [
            (named(lambda name: name.replace("module.", "")), "in the middle"),
            (named(lambda name: name.replace("module.", "", 1)), "in the middle"),
            (named(lambda name: name.lstrip("module.")), "single letters"),
            (
                named(lambda name: name[7:] if name.startswith("module") else name),
                "modulelist.bias also begins",
            ),
            (named(lambda name: name[7:]), "modulelist.bias also begins"),
            (in_place, "You changed the"),
            (forgets_the_new_one, "still begin with"),
            (named(str.upper), "modulelist.bias also begins"),
            (
                lambda s: {n.removeprefix("module."): torch.ones(2) for n in s},
                "The names are",
            ),
            (list, "returns a dictionary"),
            (lambda s: [n.removeprefix("module.") for n in s], "returns a dictionary"),
            (lambda s: print(s), "returns nothing"),
        ],
    ),
    "saving-2": (
        [limit, output_at(math.inf), lambda s: torch.tensor([limit(s)]).double()],
        [
            (lambda s: s["2.weight"] @ s["0.weight"].sign(), "has a bias"),
            (lambda s: s["2.weight"].sum() + s["2.bias"], "negative weight"),
            (lambda s: 2 * s["2.bias"] - limit(s), "more and more negative"),
            (
                lambda s: s["2.weight"] @ s["0.bias"].sign() + s["2.bias"],
                "which of the two decides",
            ),
            (output_at(1e4), "You tried a large x"),
            (output_at(1e9), "You tried a large x"),
            (lambda s: 0.0, "What value does"),
            (lambda s: s["2.weight"], "yours has shape (1, 10)"),
        ],
    ),
    "saving-3": (
        [count_numbers, by_offsets],
        [
            (lambda content: 66, "bytes"),
            (
                lambda content: 66 // 4,
                "do not divide by 4, but look at the shape",
            ),
            (
                lambda content: sum(math.prod(s) for s in shapes(content) if s),
                "A tensor of",
            ),
            (lambda content: len(shapes(content)), "number of tensors"),
            (len, "shape of every tensor"),
            (
                lambda content: sum(
                    map(math.prod, shapes(content, is_tensor=lambda entry: True))
                ),
                "entry __metadata__",
            ),
            (by_library, "Without the bytes"),
        ],
    ),
    "saving-4": (
        [(0.0205, 0.0219), torch.tensor([0.02049, 0.02185])],
        [
            ((0.02158, 0.02254), "10000 more"),
            ((0.02185, 0.0205), "Give the loss"),
            ((0.0205, 0.0206), "The two losses"),
            ((0.020494, 0.021725), "The points of"),
            ((0.0200, 0.0300), "seeds 1 to 20"),
            (0.0205, "numbers, written as"),
        ],
    ),
    "saving-5": (
        [fitting(), by_load_state_dict, lambda n, s: tuple(fitting()(n, s))],
        [
            (lambda n, s: n.load_state_dict(s, strict=False), "RuntimeError"),
            (lambda n, s: print(fitting()(n, s)), "returns nothing"),
            (
                fitting(fits=lambda own, new: own.numel() == new.numel()),
                "RuntimeError",
            ),
            (
                fitting(
                    fits=lambda own, new: own.ndim == new.ndim and own.ndim == 1,
                    write=lambda new: None,
                ),
                "order of net.state_dict",
            ),
            (
                fitting(fits=lambda o, n: o.shape[-1:] == n.shape[-1:]),
                "shapes have to be equal",
            ),
            (fitting(write=lambda new: None), "the numbers in the network are not"),
            (fitting(fits=lambda own, new: False), "wrote none"),
            (loaded, "the others are asked for"),
            (with_unexpected, "only in the state dict"),
            (with_new_parameters, "an optimizer"),
            (lambda n, s: sorted(fitting()(n, s)), "order of net.state_dict"),
            (lambda n, s: set(fitting()(n, s)), "returns a list"),
        ],
    ),
}
