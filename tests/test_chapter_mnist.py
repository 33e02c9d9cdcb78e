"""The chapter on a deep network runs on the stand-in, and its results are right."""

import itertools
import json
import math
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from sklearn.metrics import confusion_matrix
from torch import nn
from torchvision.datasets import MNIST

from nn_tutorial.exercises import check


@pytest.fixture(scope="module")
def run(run_chapter):
    return run_chapter("mnist")


def whole_set(run, net, inputs, targets):
    """Loss and accuracy in one go, without batches."""
    net.eval()
    with torch.no_grad():
        logits = net(inputs)
    right = (logits.argmax(1) == targets).double().mean()
    return nn.functional.cross_entropy(logits, targets).item(), right.item()


def test_network_has_the_sizes_of_the_book(run):
    sizes = [784, 400, 200, 100, 10]
    by_hand = sum((a + 1) * b for a, b in itertools.pairwise(sizes))

    assert sum(p.numel() for p in run["net"].parameters()) == by_hand == 415_310


def test_evaluation_gives_the_mean_over_images_and_sets_the_mode(run):
    net = run["net"].train()

    loss, right = run["evaluate"](net, run["test_batches"])

    assert not net.training
    by_hand = whole_set(run, net, run["test_inputs"], run["test_targets"])
    assert (loss, right) == pytest.approx(by_hand, rel=1e-5)


def test_training_epoch_without_steps_gives_the_mean_over_images(run):
    net = run["net"].eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    batches = run["train_batches"]()

    loss, right = run["train_epoch"](net, batches, optimizer)

    assert net.training
    by_hand = whole_set(run, net, run["train_inputs"], run["train_targets"])
    assert (loss, right) == pytest.approx(by_hand, rel=1e-4)


def test_validation_set_is_the_last_sixth_and_takes_no_part_in_training(run):
    n = len(run["all_inputs"])
    n_validation = n // 6

    assert len(run["validation_inputs"]) == n_validation
    inputs, targets = run["all_inputs"], run["all_targets"]
    assert torch.equal(run["train_inputs"], inputs[: n - n_validation])
    assert torch.equal(run["validation_inputs"], inputs[n - n_validation :])
    assert torch.equal(run["validation_targets"], targets[n - n_validation :])


def test_test_set_is_read_after_every_decision(chapter_text):
    before, _, after = chapter_text("mnist").partition("(mnist-test)=")

    assert "train=False" not in before
    assert "test_batches" not in before
    assert "train=False" in after


def test_drop_of_the_validation_curve_is_the_largest_fall_after_epoch_5(run):
    rights = [right for _, right in run["validation"]]
    falls = {epoch: rights[epoch - 1] - rights[epoch] for epoch in range(5, 20)}

    assert falls[run["dip"]] == max(falls.values())


def test_small_steps_calm_the_result_and_seeds_agree_better(run):
    jumpy, calm = run["jumpy"], run["calm"]
    assert max(calm) - min(calm) < (max(jumpy) - min(jumpy)) / 2

    large, small = run["results"].std(dim=0)
    assert small < large


def test_confusion_matrix_is_that_of_scikit_learn(run):
    expected = confusion_matrix(run["truths"], run["predictions"])

    assert run["confusion"].tolist() == expected.tolist()


def test_worst_mistakes_are_wrong_and_the_most_confident_first(run):
    worst, p = run["worst"], run["probabilities"]
    wrong = [i for i in range(300) if p[i].argmax() != run["truths"][i]]
    by_hand = sorted(wrong, key=lambda i: -p[i].max().item())[:10]

    assert worst.tolist() == by_hand


def test_network_handed_over_to_the_page_is_the_trained_one(run):
    text = Path(__file__).parents[1] / "docs/chapters/mnist.md"
    [cell] = [
        cell.partition("```")[0]
        for cell in text.read_text(encoding="utf8").split(":tags: [remove-cell]\n")
        if 'glue("mnist_network"' in cell.partition("```")[0]
    ]
    glued = {}
    exec(cell, {**run, "glue": lambda key, value, display: glued.update({key: value})})
    network = json.loads(glued["mnist_network"])

    parameters = b64decode(network["parameters"])
    assert network["sha256"] == sha256(parameters).hexdigest()
    assert glued["mnist_network_checksum"] == network["sha256"][:12]
    vector = torch.frombuffer(bytearray(parameters), dtype=torch.float32)
    trained = nn.utils.parameters_to_vector(run["net"].parameters())
    assert torch.equal(vector, trained.detach())
    assert network["stand_in"] is True

    test_set = MNIST(run["source"].root, train=False)
    labels = [sample["label"] for sample in network["samples"]]
    assert labels[:20] == [digit for digit in range(10) for _ in range(2)]
    for sample in network["samples"]:
        image, _ = test_set[sample["index"]]
        assert b64decode(sample["pixels"]) == image.tobytes()
        assert sample["label"] == run["truths"][sample["index"]]
    wrong = [sample["index"] for sample in network["samples"][20:]]
    assert len(wrong) == 4
    assert (run["predictions"] != run["truths"])[wrong].all()


def test_image_that_is_not_flattened_stops_with_the_error_explained(run):
    [error] = run["errors"]

    assert "mat1 and mat2 shapes cannot be multiplied (1792x28 and 784x400)" in str(
        error
    )


def test_pixels_that_are_not_scaled_explode_to_nan_or_the_plateau(run):
    for loss in run["ends"]:
        assert math.isnan(loss) or loss == pytest.approx(math.log(10), abs=0.2)


def test_learning_rate_that_is_too_large_ends_in_nan_or_on_the_plateau(run):
    ends = [last for last in run["lasts"] if not math.isnan(last)]

    assert ends == pytest.approx([math.log(10)] * len(ends), abs=0.1)
    assert any(len(outputs.unique(dim=0)) == 1 for outputs in run["outputs"])


def test_last_batch_of_an_epoch_is_the_one_that_is_not_full(run):
    sizes = [len(targets) for _, targets in run["batches"]]

    assert set(sizes[:-1]) == {64}
    assert sizes[-1] == len(run["train_inputs"]) % 64


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("mnist-2", "precision"),
        ("mnist-3", "answer_or_pass"),
        ("mnist-4", "shift_right"),
    ],
)
def test_executed_solution_is_right(run, number, name):
    assert check(number, run[name])
