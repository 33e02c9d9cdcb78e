"""The chapter on MNIST's data runs as it stands, and what it computes is right."""

import itertools
import math

import pytest
import torch
from torch.utils.data import Subset
from torchvision.transforms import functional

from nn_tutorial import mnist
from nn_tutorial.exercises import check


@pytest.fixture(scope="module")
def run(run_chapter):
    return run_chapter("mnist-data")


def test_rows_are_those_that_torchvision_makes(run):
    for i in range(20):
        image, _ = run["without"][i]
        tensor = functional.normalize(functional.to_tensor(image), [0.5], [0.5])
        assert torch.allclose(run["train_set"][i][0], tensor.flatten(), atol=1e-6)


def test_in_memory_pieces_are_those_of_the_package(run):
    inputs, targets = mnist.load_tensors(run["source"].root, train=True)
    assert torch.equal(inputs, run["all_inputs"])
    assert torch.equal(targets, run["all_targets"])

    torch.manual_seed(7)
    ours = list(mnist.in_memory_batches(inputs, targets, batch_size=64))
    torch.manual_seed(7)
    chapters = list(run["in_memory_batches"](inputs, targets, 64))

    assert len(ours) == len(chapters) == math.ceil(1497 / 64)
    for (a, b), (c, d) in zip(ours, chapters, strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)


def test_every_way_of_fetching_gives_every_image_once(run):
    expected = run["few_inputs"].sum(dim=1).sort().values
    assert len(expected) == len(run["few"])

    for name, batches in run["ways"].items():
        sums = torch.cat([inputs.sum(dim=1) for inputs, _ in batches()])
        assert torch.allclose(sums.sort().values, expected), name


def test_data_set_of_a_folder_gives_the_images_saved_in_it(run):
    # The chapter enlarges the first image at its end, to show an error.
    for row, label in itertools.islice(run["mine"], 1, 20):
        rows = run["all_inputs"][:20][run["all_targets"][:20] == label]
        assert any(torch.equal(row, one) for one in rows)
    assert len(run["mine"]) == 20


def test_workers_fetch_all_images_in_a_program_of_their_own(run):
    lines = run["done"].stdout.splitlines()

    n = min(len(run["train_set"]), 6400)
    assert [line.partition(" in ")[0] for line in lines] == [
        f"0 workers: {n} images",
        f"2 workers: {n} images",
    ]


def test_validation_set_is_the_last_sixth_of_the_training_images(run):
    n = len(run["train_set"])

    assert len(run["validation_part"]) == n // 6
    kept = [*run["training_part"].indices, *run["validation_part"].indices]
    assert kept == list(range(n))


def test_the_errors_are_those_explained(run):
    no_transform, sizes = run["errors"]

    assert "must contain tensors, numpy arrays, numbers, dicts or lists" in str(
        no_transform
    )
    assert "stack expects each tensor to be equal size" in str(sizes)


def test_only_some_digits_are_those_of_a_subset(run):
    labels = run["all_targets"][:1000]
    places = [i for i, label in enumerate(labels.tolist()) if label in {3, 8}]
    expected = Subset(run["train_set"], places)

    chosen = run["threes_and_eights"]
    assert len(chosen) == len(expected)
    for i in (0, 7, len(chosen) - 1):
        assert torch.equal(chosen[i][0], expected[i][0])
        assert chosen[i][1] == expected[i][1]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("mnist-data-1", "to_image"),
        ("mnist-data-2", "mean_and_std"),
        ("mnist-data-3", "OnlyDigits"),
    ],
)
def test_executed_solution_is_right(run, number, name):
    assert check(number, run[name])
