"""The chapter on batch normalization runs, and what it computes is right."""

import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from nn_tutorial.exercises import check


@pytest.fixture(scope="module")
def run(run_chapter):
    return run_chapter("batchnorm")


def test_batch_norm_by_hand_is_that_of_pytorch_with_its_gradients(run):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(64, 300, generator=generator) * 3 + 1
    gamma, beta, upstream = (
        torch.randn(n, 300, generator=generator) for n in (1, 1, 64)
    )
    gradients = []
    for function in (
        run["batch_norm"],
        lambda z, g, b: nn.functional.batch_norm(
            z, None, None, g[0], b[0], training=True
        ),
    ):
        leaves = [t.clone().requires_grad_() for t in (z, gamma, beta)]
        outputs = function(*leaves)
        gradients.append([outputs, *torch.autograd.grad(outputs, leaves, upstream)])

    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_evaluation_weights_the_loss_by_batch_size(run):
    loss, right = run["evaluate"](run["net"], run["test_batches"], **run["options"])

    with torch.no_grad():
        logits = run["net"](run["test_inputs"])
    expected = nn.functional.cross_entropy(logits, run["test_targets"]).item()
    assert loss == pytest.approx(expected, rel=1e-5)
    hits = logits.argmax(1) == run["test_targets"]
    assert right == pytest.approx(hits.double().mean().item())
    # The last batch is smaller; without weights the loss would be another.
    assert len(run["test_batches"][-1][1]) < 128


def test_batch_normalization_learns_at_rates_a_hundredfold_apart(run):
    result, plain, batch = run["one_epoch"], run["plain_net"], run["BatchNet"]

    # Each of the three seeds, with the same architecture and rate on both sides.
    for lr in (0.01, 0.1, 1.0):
        assert (result[batch, lr] > result[plain, lr] + 0.3).all(), lr
    assert (result[plain, 1.0] < 0.2).all()


def test_both_sides_differ_in_batch_normalization_only(run):
    def shapes(net, kind):
        layers = [m for m in net.modules() if isinstance(m, kind)]
        return [tuple(p.shape) for m in layers for p in m.parameters()]

    plain, batch = run["plain_net"](), run["BatchNet"]()
    assert shapes(plain, nn.Linear) == shapes(batch, nn.Linear)
    assert shapes(plain, nn.BatchNorm1d) == []
    assert len(shapes(batch, nn.BatchNorm1d)) == 4


def test_batch_net_is_ahead_after_the_first_epoch_at_the_same_rate(run):
    first, plain_first = run["history"][0], run["plain_history"][0]

    assert first[2] > plain_first[2] + 0.1


def test_larger_weights_do_not_change_what_batch_normalization_puts_out(run):
    assert run["scaled"].weight.abs().max() > 5 / 784**0.5  # ten times the initial
    assert run["rescaled_by"] < 0.02


def test_batch_of_one_stops_with_the_error_explained(run):
    [error] = run["errors"]

    assert isinstance(error, ValueError)
    assert "Expected more than 1 value per channel when training" in str(error)


def test_forgotten_eval_makes_the_order_count_and_moves_the_means(run):
    scores = run["scores"]

    assert scores["train(), sorted by label"] < scores["train()"] - 0.1
    assert run["moved_by"] > 0


def test_folded_layer_is_that_of_pytorch(run):
    linear, norm = nn.Linear(7, 5), nn.BatchNorm1d(5)
    norm(torch.randn(50, 7) @ torch.randn(7, 5))
    norm.eval()

    ours, theirs = run["fold"](linear, norm), fuse_linear_bn_eval(linear.eval(), norm)

    assert torch.allclose(ours.weight, theirs.weight)
    assert torch.allclose(ours.bias, theirs.bias, atol=1e-6)
    assert check("batchnorm-3", run["fold"])
