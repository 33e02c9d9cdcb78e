"""The chapter on convolution runs on the stand-in, and what it computes is right."""

import json
from base64 import b64decode
from hashlib import sha256

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


def test_network_handed_over_to_the_page_is_the_first_one(run, chapter_text):
    [cell] = [
        cell.partition("```")[0]
        for cell in chapter_text("convolution").split(":tags: [remove-cell]\n")
        if 'glue("convolution_network"' in cell.partition("```")[0]
    ]
    glued = {}
    exec(
        cell,
        {
            **run,
            "net": run["nets"]["conv_net"][0],
            "glue": lambda key, value, display: glued.update({key: value}),
        },
    )
    network = json.loads(glued["convolution_network"])

    parameters = b64decode(network["parameters"])
    assert network["sha256"] == sha256(parameters).hexdigest()
    vector = torch.frombuffer(bytearray(parameters), dtype=torch.float32)
    trained = nn.utils.parameters_to_vector(run["nets"]["conv_net"][0].parameters())
    assert torch.equal(vector, trained.detach())


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
