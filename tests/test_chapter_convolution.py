"""The chapter on convolution runs on the stand-in, and what it computes is right."""

import pytest
import torch
from scipy.signal import correlate2d
from torch import nn

from nn_tutorial.exercises import check


@pytest.fixture(scope="module")
def run(run_chapter):
    return run_chapter("convolution")


def test_convolution_by_hand_is_the_cross_correlation_of_scipy(run):
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(7, 9, generator=generator)
    kernel = torch.randn(3, 3, generator=generator)

    expected = correlate2d(image.numpy(), kernel.numpy(), mode="valid")

    assert torch.allclose(run["convolve"](image, kernel), torch.from_numpy(expected))


def test_edge_filter_answers_at_the_edge_only(run):
    # Windows over columns 0-2 see no edge; those over 1-3 and 2-4 see it in 3 rows.
    assert run["by_hand"].tolist() == [[0, 3, 3, 0]] * 3


def test_convolutional_network_has_the_parameters_of_the_book(run):
    by_hand = 8 * (9 + 1) + 16 * (8 * 9 + 1) + (784 * 10 + 10)

    assert run["count"](run["conv_net"]()) == by_hand == 9_098
    assert run["count"](run["deep_net"]()) == 415_310


def test_convolutional_network_beats_the_deep_one_with_every_seed(run):
    conv, deep = run["rights"]["conv_net"], run["rights"]["deep_net"]

    assert min(conv) > max(deep)


def test_accuracy_is_the_fraction_of_correct_predictions(run):
    net, x, y = run["net"], run["validation_x"], run["validation_y"]
    with torch.no_grad():
        hits = net.eval()(x).argmax(dim=1) == y

    assert run["accuracy"](net, x, y) == pytest.approx(hits.double().mean().item())


def test_training_never_reads_the_test_set(chapter_text):
    assert "train=False" not in chapter_text("convolution")


def test_second_argument_of_normalize_is_the_standard_deviation(run):
    # The last scaled images of the chapter were divided by it.
    stds = run["scaled"].std(dim=(0, 2, 3))

    assert torch.allclose(stds, torch.ones(3), atol=1e-3)
    assert run["variance"] == pytest.approx([0.01, 0.04, 0.09], rel=0.05)


def test_shape_errors_are_those_explained(run):
    channels, size = map(str, run["errors"])

    assert "expected input[1, 64, 28, 28] to have 1 channels, but got 64" in channels
    assert "mat1 and mat2 shapes cannot be multiplied (64x3136 and 784x10)" in size


def test_executed_solutions_are_right(run):
    assert check("convolution-2", run["max_pool"])
    assert isinstance(run["answer"], nn.Module)
    assert check("convolution-3", run["answer"])
