"""Right and wrong answers to the exercises on saving and loading."""

import json
import math
import re

import safetensors.torch
import torch


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
                "has a dot",
            ),
            (named(lambda name: name[7:]), "which has a dot"),
            (in_place, "a new one is asked for"),
            (forgets_the_new_one, "still begin with"),
            (named(str.upper), "which has a dot"),
            (
                lambda s: {n.removeprefix("module."): torch.ones(2) for n in s},
                "the tensor that it had",
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
            (lambda s: 0.0, "Where does each tanh go"),
            (lambda s: s["2.weight"], "yours has shape (1, 10)"),
        ],
    ),
    "saving-3": (
        [count_numbers, by_offsets],
        [
            (lambda content: 66, "bytes"),
            (lambda content: 66 // 4, "dividing by 4"),
            (
                lambda content: sum(math.prod(s) for s in shapes(content) if s),
                "empty product",
            ),
            (lambda content: len(shapes(content)), "number of tensors"),
            (len, "shape of every tensor"),
            (
                lambda content: sum(
                    map(math.prod, shapes(content, is_tensor=lambda entry: True))
                ),
                "entry __metadata__",
            ),
            (by_library, "do without the library"),
        ],
    ),
    "saving-4": (
        [(0.0205, 0.0219), torch.tensor([0.02049, 0.02185])],
        [
            ((0.02158, 0.02254), "10000 more"),
            ((0.02185, 0.0205), "wrong way around"),
            ((0.0205, 0.0206), "nearly equal"),
            ((0.020494, 0.021725), "seed 0 are those of the training"),
            ((0.0200, 0.0300), "seeds 1 to 20"),
            (0.0205, "The answer has 2 numbers"),
        ],
    ),
}
