"""The chapter on overfitting runs on the stand-in, and what it computes is right."""

import math
import statistics

import pytest
import torch
from torch import nn

from nn_tutorial.exercises import check


@pytest.fixture(scope="module")
def run(run_chapter):
    return run_chapter("overfitting")


def test_training_watched_and_judged_images_are_different_ones(run):
    parts = [run["train_x"], run["watched_x"], run["judged_x"]]

    assert torch.equal(torch.cat(parts), run["images"])
    assert len(parts[1]) + len(parts[2]) == len(run["images"]) // 6


def test_test_set_is_read_after_every_decision(chapter_text):
    before, _, after = chapter_text("overfitting").partition("(overfitting-open)=")

    assert "train=False" not in before
    assert "train=False" in after


def test_network_fits_the_training_images_and_predicts_unseen_ones_worse(run):
    assert run["results"]["training"][1] == 1.0
    assert run["results"]["validation"][1] < 0.98


def test_random_labels_say_nothing_of_new_images(run):
    assert run["guessed"] < 0.2


def test_network_of_the_chapter_can_memorize_random_labels(run):
    # On noise instead of the stand-in, whose coarse images take far more steps.
    torch.manual_seed(0)
    inputs, labels = torch.randn(200, 784), torch.randint(10, (200,))
    net = run["make_net"]()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for _ in range(100):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs), labels).backward()
        optimizer.step()

    assert run["evaluate"](net, inputs, labels)[1] == 1.0


def test_standard_error_is_the_deviation_over_the_root_of_the_count(run):
    values = [0.9, 0.91, 0.95, 0.92, 0.9]
    mean, error = run["mean_and_error"](values)

    assert mean == pytest.approx(statistics.mean(values))
    assert error == pytest.approx(statistics.stdev(values) / math.sqrt(5), rel=1e-4)


def test_early_stopping_keeps_the_network_of_the_lowest_watched_loss(run):
    for net, best, history in run["plain"]:
        lowest = min(watched for _, _, watched in history)
        kept, _ = run["evaluate"](best, run["watched_x"], run["watched_y"])
        last, _ = run["evaluate"](net, run["watched_x"], run["watched_y"])

        assert kept == pytest.approx(lowest, rel=1e-5)
        assert last == pytest.approx(history[-1][2], rel=1e-5)
        assert kept <= last


def test_recipes_change_one_thing_each_and_give_five_networks(run):
    assert all(len(changes) == 1 for changes in run["recipes"].values())
    assert all(len(group) == 5 for group in run["nets"].values())


def test_weight_decay_leaves_smaller_weights(run):
    def length(net):
        return nn.utils.parameters_to_vector(net.parameters()).norm().item()

    for decayed, plain in zip(
        run["nets"]["weight decay"], run["nets"]["no remedy"], strict=True
    ):
        assert length(decayed) < length(plain)


def test_dropout_by_hand_keeps_the_mean_and_does_nothing_in_evaluation(run):
    torch.manual_seed(0)
    values = torch.ones(100_000)
    dropped = run["dropout"](values, 0.25, training=True)

    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(run["dropout"](values, 0.25, training=False), values)


def test_choosing_on_a_small_set_reports_too_much(run):
    assert run["reported"][0] > run["honest"][0]
    # On all judged images together nothing is chosen: the mean of the group.
    assert run["honest"][0] < run["right"].mean(dim=1).max().item() + 1e-6


def test_forgotten_eval_gives_another_accuracy_each_time(run):
    assert len(set(run["careless"])) > 1


@pytest.mark.parametrize(
    ("number", "name"), [("overfitting-3", "best_epoch"), ("overfitting-3", "answer")]
)
def test_executed_solution_is_right(run, number, name):
    assert check(number, run[name])
