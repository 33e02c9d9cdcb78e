"""The chapter on Sequential and Module says what is true of them."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch

from nn_tutorial.models import TwoLayerNet

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters"
CHAPTER /= "module.md"


@pytest.fixture(scope="module")
def chapter():
    """What the chapter's visible cells define before its mistakes, in 200 steps."""
    threads = torch.get_num_threads()
    source = CHAPTER.read_text(encoding="utf8")
    before = source[: source.index("(module-mistakes)=")]
    namespace: dict = {}
    with plt.rc_context(), plt.ioff():
        for code in re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", before, re.M):
            exec(code.replace("steps=2000", "steps=200"), namespace)
        plt.close("all")
    yield namespace
    torch.set_num_threads(threads)


def test_the_2_4_1_network_has_17_parameters(chapter):
    assert chapter["total"] == 2 * 4 + 4 + 4 * 1 + 1


def test_named_layers_compute_tanh_between_two_affine_maps(chapter):
    net, x = chapter["named"], chapter["points"]
    w1, b1, w2, b2 = (p.detach() for p in net.parameters())
    expected = torch.tanh(x @ w1.T + b1) @ w2.T + b2
    assert torch.allclose(net(x), expected, atol=1e-5)


def test_the_package_has_the_class_of_the_chapter(chapter):
    package = TwoLayerNet(2, 4, 1)
    package.load_state_dict(chapter["named"].state_dict())
    assert torch.equal(package(chapter["points"]), chapter["named"](chapter["points"]))


def test_both_branches_are_added_and_trained(chapter):
    net, x = chapter["branches"], chapter["points"]
    assert torch.equal(net(x), net.bent(x) + net.straight(x))
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_printed_module_shows_parts_and_printed_sequential_shows_steps(chapter):
    assert "Tanh" in repr(chapter["quick"])
    assert "Tanh" not in repr(chapter["named"])


def test_layers_in_a_plain_list_never_move(chapter):
    cells = dict(chapter)
    source = CHAPTER.read_text(encoding="utf8")
    part = source[source.index("(module-mistake-list)=") :]
    part = part[: part.index("(module-mistake-sizes)=")]
    for code in re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", part, re.M):
        exec(code.replace("steps=500", "steps=20"), cells)
    net = cells["forgetful"]

    assert sum(p.numel() for p in net.parameters()) == 4 + 1
    assert torch.equal(net.hidden[0].weight, cells["first"])
    assert cells["losses"][-1] < cells["losses"][0]
    # Registered, the same layers do move.
    net.hidden = torch.nn.ModuleList(net.hidden)
    cells["train"](net, steps=2)
    assert not torch.equal(net.hidden[0].weight, cells["first"])


def test_hook_runs_when_the_layer_is_called_and_not_for_its_forward(chapter, capsys):
    layer = torch.nn.Linear(2, 4)
    layer.register_forward_hook(chapter["show"])

    layer(chapter["points"])
    assert capsys.readouterr().out == "Linear (400, 4)\n"
    layer.forward(chapter["points"])
    assert capsys.readouterr().out == ""


def test_super_init_forgotten_raises_the_error_that_the_chapter_shows():
    class Unprepared(torch.nn.Module):
        def __init__(self):
            self.hidden = torch.nn.Linear(2, 4)

    with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
        Unprepared()


def test_forward_under_another_name_raises_the_error_that_the_chapter_shows():
    class Renamed(torch.nn.Module):
        def compute(self, x):
            return torch.tanh(x)

    with pytest.raises(NotImplementedError, match='missing the required "forward"'):
        Renamed()(torch.ones(1))
