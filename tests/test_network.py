"""The network of chapter 07 on its way to the page: small, and still the same."""

import itertools
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nn_book.render import digit_weights
from sphinx.errors import ExtensionError
from torch import nn

SIZES = [784, 40, 10]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10))


def handed_over(net) -> dict:
    vector = nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
    parameters = vector.astype("<f4").tobytes()
    return {
        "sizes": SIZES,
        "parameters": parameters,
        "sha256": sha256(parameters).hexdigest(),
        "stand_in": False,
        "data": "checksum",
        "samples": [],
    }


def read(letters: str) -> np.ndarray:
    """Read the two characters of each step, as the page does."""
    digits = [ord(letter) - (36 if letter > "\\" else 35) for letter in letters]
    pairs = np.array(digits).reshape(-1, 2)
    return pairs @ [91, 1] - 4140


def unpacked(script: str) -> list[tuple[np.ndarray, np.ndarray]]:
    packed = json.loads(script.removeprefix("pieces.network(").removesuffix(");\n"))
    return unpacked_layers(packed["layers"])


def unpacked_layers(packed: list[dict]) -> list[tuple[np.ndarray, np.ndarray]]:
    layers = []
    for layer in packed:
        scales, biases = (
            np.frombuffer(b64decode(layer[part]), "<f4")
            for part in ("scales", "biases")
        )
        steps = read(layer["weights"]).reshape(len(scales), -1)
        layers.append((steps * scales[:, None].astype(float), biases))
    return layers


def test_layers_are_those_of_pytorch(net):
    layers = digit_weights.layers_of(
        handed_over(net)["parameters"], itertools.pairwise(SIZES)
    )

    for linear, (weights, biases) in zip([net[0], net[2]], layers, strict=True):
        assert torch.equal(torch.tensor(weights), linear.weight.detach())
        assert torch.equal(torch.tensor(biases), linear.bias.detach())


def test_each_weight_comes_back_within_half_a_step_or_one_where_sums_are_rounded(net):
    layers = unpacked(digit_weights.script_of(handed_over(net)))

    for linear, (weights, biases), allowed in zip(
        [net[0], net[2]], layers, (1, 0.5), strict=True
    ):
        exact = linear.weight.detach().double().numpy()
        step = np.abs(exact).max(axis=1, keepdims=True) / 4139
        assert np.abs(weights - exact).max(axis=1) == pytest.approx(
            0, abs=1.001 * allowed * step.max()
        )
        assert np.array_equal(biases, linear.bias.detach().numpy())


def test_paper_alone_is_read_as_if_nothing_had_been_rounded(net):
    [(weights, _), _] = unpacked(digit_weights.script_of(handed_over(net)))
    exact = net[0].weight.detach().double().numpy()
    step = np.abs(exact).max(axis=1) / 4139

    paper = -np.ones(784)
    error = np.abs(weights @ paper - exact @ paper)

    assert (error <= 0.501 * step).all()


def test_a_script_needs_nothing_escaped_and_two_characters_a_weight(net):
    script = digit_weights.script_of(handed_over(net))

    assert "\\" not in script
    assert script.isascii()
    assert len(script) == pytest.approx(2 * (784 * 40 + 40 * 10), rel=0.02)


def test_the_largest_steps_and_a_row_of_zeros_come_back():
    weights = np.array([[1, -1, 0.5, -1, -1], [0, 0, 0, 0, 0]], np.float32)

    for carry in (False, True):
        steps, scales = digit_weights.steps_of(weights, carry=carry)

        assert np.array_equal(read(digit_weights.letters_of(steps)), steps.ravel())
        np.testing.assert_allclose(steps * scales[:, None], weights, atol=1 / 4139)


def test_convolutions_travel_beside_the_network(net):
    torch.manual_seed(1)
    beside = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3), nn.Linear(16 * 7 * 7, 10)
    )
    vector = nn.utils.parameters_to_vector(beside.parameters()).detach().numpy()
    handed = {"parameters": vector.astype("<f4").tobytes(), "sha256": "checksum"}

    script = digit_weights.script_of(handed_over(net), handed)

    packed = json.loads(script.removeprefix("pieces.network(").removesuffix(");\n"))
    layers = unpacked_layers(packed["convolution"]["layers"])
    for module, (weights, biases) in zip(beside, layers, strict=True):
        expected = module.weight.detach().flatten(1).numpy()
        steps = np.abs(expected).max(axis=1, keepdims=True) / 4139
        assert (np.abs(weights - expected) <= 0.51 * steps).all()
        assert np.array_equal(biases, module.bias.detach().numpy())
    assert len(script) - len(digit_weights.script_of(handed_over(net))) < 20_000


def test_parameters_that_do_not_fit_their_checksum_are_refused(net, tmp_path):
    glued = handed_over(net)
    tampered = bytearray(glued["parameters"])
    tampered[5] ^= 1
    glued["parameters"] = b64encode(tampered).decode()
    record = {"mnist_network": {"data": {"text/plain": repr(json.dumps(glued))}}}
    path = tmp_path / f"{digit_weights.CHAPTER}.glue.json"
    path.parent.mkdir()
    path.write_text(json.dumps(record), "utf8")
    config = SimpleNamespace(output_folder=str(tmp_path))
    app = SimpleNamespace(env=SimpleNamespace(mystnb_config=config))

    with pytest.raises(ExtensionError, match="does not fit its checksum"):
        digit_weights.handed_over(app)


def test_a_book_without_the_chapter_has_no_network(tmp_path):
    config = SimpleNamespace(output_folder=str(tmp_path))
    app = SimpleNamespace(env=SimpleNamespace(mystnb_config=config))

    assert digit_weights.handed_over(app) is None


def test_no_rounded_sum_asks_for_a_step_that_two_characters_cannot_write():
    draw = np.random.default_rng(0)
    weights = draw.choice([-1, 1, 0.123, -0.456, 0.789], (2000, 784))
    weights *= draw.random((2000, 1))

    steps, _ = digit_weights.steps_of(weights.astype(np.float32), carry=True)

    assert np.abs(steps).max() <= 4140
