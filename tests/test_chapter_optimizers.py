"""The chapter on optimizers says what is true: closed forms and torch.optim agree."""

import math
import re
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "optimizers.md"
CELL = re.compile(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", re.M)


@pytest.fixture(scope="module")
def chapter():
    """What the visible cells define before the mistakes; the long comparison left out.

    The sweep over learning rates is one cell, which `results` begins.
    """
    threads = torch.get_num_threads()
    source = CHAPTER.read_text(encoding="utf8")
    before = source[: source.index("(optimizers-mistakes)=")]
    namespace: dict = {}
    with plt.rc_context(), plt.ioff():
        for code in CELL.findall(before):
            left_out = ("results", "fig, ax = plt.subplots()\nstyles", ":tags:")
            if "results = {}" in code or code.startswith(left_out):
                continue
            exec(code, namespace)
            plt.close("all")
    yield namespace
    torch.set_num_threads(threads)


def losses_at(chapter, name: str, lr: float) -> torch.Tensor:
    make = chapter["choices"][name]
    return chapter["final_losses"](lambda ps: make(ps, lr))


# -- The valley ------------------------------------------------------------------------


@pytest.mark.parametrize("lr", [0.02, 0.07, 0.09])
def test_sgd_multiplies_each_coordinate_by_one_minus_lr_times_steepness(chapter, lr):
    path = chapter["descend"](chapter["sgd"], lr, steps=40)

    assert path[-1, 0].item() == pytest.approx(-4 * (1 - lr) ** 40, rel=1e-3)
    assert path[-1, 1].item() == pytest.approx(
        1.5 * (1 - 25 * lr) ** 40, rel=1e-3, abs=1e-6
    )


def test_steps_of_momentum_under_a_constant_gradient_grow_tenfold(chapter):
    p, state = torch.tensor(0.0), {}
    steps = []
    for _ in range(200):
        before = p
        p = chapter["momentum"](p, torch.tensor(2.0), state, lr=0.01)
        steps.append((before - p).item())

    assert steps[0] == pytest.approx(0.02)
    assert steps[1] == pytest.approx(0.038, rel=1e-5)  # 0.01 * (0.9 * 2 + 2)
    assert steps[-1] == pytest.approx(0.2, rel=1e-3)


def test_first_step_of_adam_is_the_learning_rate_and_of_rmsprop_ten_times_it(chapter):
    gradient = torch.tensor([1e-4, 1.0, -100.0])
    sign = torch.tensor([-1.0, -1.0, 1.0])

    adam = chapter["adam"](torch.zeros(3), gradient, {}, lr=0.01)
    rmsprop = chapter["rmsprop"](torch.zeros(3), gradient, {}, lr=0.01)

    torch.testing.assert_close(adam, 0.01 * sign, rtol=1e-3, atol=0)
    torch.testing.assert_close(rmsprop, 0.1 * sign, rtol=2e-3, atol=0)


def test_scale_of_the_loss_changes_the_steps_of_sgd_and_not_of_rmsprop(chapter):
    gradient = torch.tensor([0.5, -2.0])
    for name, factor in (("sgd", 1000), ("rmsprop", 1)):
        rule = chapter[name]
        step = rule(torch.zeros(2), gradient, {}, 0.1)
        scaled = rule(torch.zeros(2), 1000 * gradient, {}, 0.1)
        torch.testing.assert_close(scaled, factor * step)


# -- The rules and torch.optim ---------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.1)),
        ("momentum", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        ("rmsprop", lambda p: torch.optim.RMSprop(p, lr=0.1)),
        ("adam", lambda p: torch.optim.Adam(p, lr=0.1)),
        ("adamw", lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1)),
        ("adam_with_penalty", lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.1)),
    ],
)
def test_rule_takes_the_steps_of_torch_optim_on_random_gradients(chapter, rule, make):
    generator = torch.Generator().manual_seed(0)
    ours = torch.randn(5, generator=generator, dtype=torch.float64)
    theirs = ours.clone().requires_grad_()
    optimizer, state = make([theirs]), {}
    for _ in range(50):
        theirs.grad = torch.randn(5, generator=generator, dtype=torch.float64)
        ours = chapter[rule](ours, theirs.grad, state, 0.1)
        optimizer.step()

        torch.testing.assert_close(ours, theirs.detach())


def test_gap_of_a_wrong_rule_is_seen(chapter):
    gap = chapter["largest_gap"](
        chapter["sgd"], lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9), lr=0.1
    )

    assert gap > 0.1


# -- What the chapter says of its measurements -----------------------------------------


def test_momentum_needs_about_a_tenth_of_the_learning_rate_of_sgd(chapter):
    for rate in (0.1, 1.0):
        sgd = losses_at(chapter, "SGD", rate).median().item()
        assert losses_at(chapter, "momentum", rate / 10).median() == pytest.approx(
            sgd, abs=0.03
        )


def test_smallest_learning_rates_that_reach_0_32_are_those_stated(chapter):
    for name, reached, short in (
        ("SGD", 1.0, 10**-0.5),
        ("momentum", 0.1, 10**-1.5),
        ("RMSprop", 0.01, 10**-2.5),
        ("Adam", 0.01, 10**-2.5),
    ):
        assert losses_at(chapter, name, reached).median() < 0.32
        assert losses_at(chapter, name, short).median() > 0.32


def test_schedules_lower_the_loss_of_small_batches_and_the_spread(chapter):
    constant, cosine = chapter["noisy"]["constant"], chapter["noisy"]["cosine"]
    error = ((constant.var() + cosine.var()) / 20).sqrt()

    assert constant.mean() - cosine.mean() > 4 * error
    assert cosine.std() < constant.std()
    between = chapter["noisy"]["step"].mean() - cosine.mean()
    assert between.abs() < cosine.std()


def test_schedules_by_hand_have_the_values_that_paper_gives(chapter):
    assert [chapter["step_rate"](t) for t in (0, 249, 250)] == pytest.approx(
        [0.3, 0.3, 0.03]
    )
    assert chapter["cosine_rate"](125) == pytest.approx(
        0.15 * (1 + math.sqrt(0.5)), abs=1e-12
    )


def test_penalty_in_adam_hardly_moves_a_weight_with_large_gradients(chapter):
    after = chapter["after_1000_steps"]
    decayed = (1 - 0.01 * 0.1) ** 1000

    assert after(torch.optim.AdamW) == pytest.approx([decayed] * 3, abs=0.01)
    assert after(torch.optim.SGD) == pytest.approx([decayed] * 3, abs=0.04)
    large, small, none = after(torch.optim.Adam)
    assert large > 0.9
    assert abs(small) < 0.01
    assert abs(none) < 0.01


# -- What can go wrong -----------------------------------------------------------------


def test_optimizer_made_before_a_layer_was_replaced_does_not_move_it(chapter):
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    net[2] = nn.Linear(3, 1)
    first = net[2].weight.detach().clone()
    source = CHAPTER.read_text(encoding="utf8")
    code = next(code for code in CELL.findall(source) if "def not_held" in code)
    exec(code.split("\n\nprint")[0], chapter)

    net(torch.ones(4, 2)).sum().backward()
    optimizer.step()

    assert torch.equal(net[2].weight, first)
    assert chapter["not_held"](optimizer, net) == ["2.weight", "2.bias"]
    again = torch.optim.Adam(net.parameters())
    assert chapter["not_held"](again, net) == []


def test_scheduler_before_the_optimizer_warns_and_skips_the_first_rate():
    weights = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scheduler.step()

    assert "before `optimizer.step()`" in str(caught[0].message)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


# -- Form ------------------------------------------------------------------------------


def test_visible_cells_are_small_enough_to_read():
    for code in CELL.findall(CHAPTER.read_text(encoding="utf8")):
        if not code.startswith(":tags: [remove"):
            lines = code.splitlines()
            assert len(lines) <= 15, code
            assert max(map(len, lines)) <= 72, code
