import numpy as np
import pytest
import torch
from torch import nn

from nn_tutorial.models import (
    BiasRowLayer,
    TopologyNet,
    TwoLayerNet,
    count_parameters,
    initial_parameters,
    mlp,
)


def test_mlp_is_linear_layers_with_an_activation_between():
    assert str(mlp([2, 4, 1])) == str(
        nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    )
    assert str(mlp((2, 5, 3, 1), activation=nn.ReLU)) == str(
        nn.Sequential(
            nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1)
        )
    )
    assert str(mlp([2, 1])) == str(nn.Sequential(nn.Linear(2, 1)))


def test_mlp_starts_with_the_numbers_of_its_linear_layers():
    torch.manual_seed(0)
    expected = [*nn.Linear(2, 4).parameters(), *nn.Linear(4, 1).parameters()]
    torch.manual_seed(0)

    found = list(mlp([2, 4, 1]).parameters())

    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_sizes_may_be_integers_of_any_library():
    sizes = [np.int64(2), torch.tensor(4), np.uint8(1)]

    assert str(mlp(np.array([2, 4, 1]))) == str(mlp(sizes)) == str(mlp([2, 4, 1]))
    assert TwoLayerNet(*sizes)(torch.zeros(3, 2)).shape == (3, 1)
    assert TopologyNet(sizes)(torch.zeros(3, 2)).shape == (3, 1)
    assert [tuple(p.shape) for p in initial_parameters(sizes)][::2] == [(2, 4), (4, 1)]


@pytest.mark.parametrize("sizes", [[], [2], [2, 0, 1], [2, 4.0, 1], [True, 1]])
@pytest.mark.parametrize(
    "make", [mlp, initial_parameters, TopologyNet], ids=lambda make: make.__name__
)
def test_sizes_that_make_no_network_are_refused(make, sizes):
    with pytest.raises(ValueError, match=r"sizes=\[.*\]: "):
        make(sizes)


@pytest.mark.parametrize("make", [TwoLayerNet, BiasRowLayer])
def test_layer_without_neurons_is_refused(make):
    with pytest.raises(ValueError, match=r"0 is not a whole number of at least 1"):
        make(*{TwoLayerNet: (2, 0, 1), BiasRowLayer: (2, 0)}[make])


@pytest.mark.parametrize(
    ("activation", "message"),
    [(nn.Tanh(), r"give the class, nn\.Tanh"), (lambda: torch.tanh, "makes no module")],
)
def test_activation_that_is_no_class_of_a_module_is_refused(activation, message):
    with pytest.raises(TypeError, match=message):
        mlp([2, 4, 1], activation=activation)


def test_two_layer_net_computes_what_the_sequential_one_computes():
    net, sequential = TwoLayerNet(2, 4, 1), mlp([2, 4, 1])
    sequential[0].load_state_dict(net.hidden.state_dict())
    sequential[2].load_state_dict(net.output.state_dict())
    inputs = torch.randn(5, 2)

    assert torch.equal(net(inputs), sequential(inputs))


def test_two_layer_net_names_its_layers():
    assert {
        name: tuple(p.shape) for name, p in TwoLayerNet(2, 4, 1).named_parameters()
    } == {
        "hidden.weight": (4, 2),
        "hidden.bias": (4,),
        "output.weight": (1, 4),
        "output.bias": (1,),
    }


def test_parameters_are_counted_as_by_hand():
    assert count_parameters(TwoLayerNet(2, 4, 1)) == 2 * 4 + 4 + 4 * 1 + 1
    assert count_parameters(mlp([784, 400, 200, 100, 10])) == 415_310
    assert count_parameters(TopologyNet([2, 10, 4])) == 3 * 10 + 11 * 4
    assert count_parameters(nn.Tanh()) == 0


def test_initial_parameters_are_the_ones_drawn_by_hand():
    torch.manual_seed(0)
    w1, w2 = torch.randn(2, 4) * 0.01, torch.randn(4, 1) * 0.01
    expected = [w1, torch.zeros(4), w2, torch.zeros(1)]
    torch.manual_seed(0)

    found = initial_parameters([2, 4, 1])

    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert all(parameter.is_leaf and parameter.requires_grad for parameter in found)


def test_scale_is_the_standard_deviation_of_the_weights():
    weights, _ = initial_parameters([100, 100], scale=3.0)

    assert weights.std().item() == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match=f"scale={scale}"):
        initial_parameters([2, 1], scale=scale)


def test_last_row_of_the_weights_is_the_bias():
    layer = BiasRowLayer(2, 1, activation=torch.relu)
    layer.weight.data = torch.tensor([[2.0], [3.0], [5.0]])

    # 2 * 1 + 3 * 10 + 5 = 37, and relu(2 * -1 + 3 * -10 + 5) = 0.
    outputs = layer(torch.tensor([[1.0, 10.0], [-1.0, -10.0]]))
    assert outputs.tolist() == [[37.0], [0.0]]
    outputs.sum().backward()
    assert layer.weight.grad.tolist() == [[1.0], [10.0], [1.0]]


def test_layer_with_bias_row_agrees_with_linear_in_value_and_gradient():
    layer, linear = BiasRowLayer(3, 2), nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.cat([linear.weight.t(), linear.bias[None]]))
    inputs = torch.randn(5, 3)

    outputs, expected = layer(inputs), torch.sigmoid(linear(inputs))
    outputs.sum().backward()
    expected.sum().backward()

    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(layer.weight.grad[:3], linear.weight.grad.t())
    torch.testing.assert_close(layer.weight.grad[3], linear.bias.grad)


@pytest.mark.parametrize("shape", [(5, 3), (5, 1), (2,)])
def test_input_of_another_width_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(N, 2\) is wanted"):
        BiasRowLayer(2, 4)(torch.zeros(shape))


def test_topology_net_is_its_layers_one_after_the_other():
    torch.manual_seed(0)
    w1, w2 = torch.randn(3, 10) * 0.01, torch.randn(11, 4) * 0.01
    inputs = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
    ones = torch.ones(2, 1)
    hidden = torch.sigmoid(torch.cat([inputs, ones], 1) @ w1)
    expected = torch.sigmoid(torch.cat([hidden, ones], 1) @ w2)
    torch.manual_seed(0)

    net = TopologyNet([2, 10, 4])

    assert torch.equal(net(inputs), expected)
    assert [name for name, _ in net.named_children()] == ["layer1", "layer2"]


def test_topology_net_uses_the_given_activation_in_every_layer():
    net = TopologyNet([2, 3, 1], activation=torch.zeros_like)

    assert net(torch.ones(2, 2)).tolist() == [[0.0], [0.0]]
    assert all(layer.activation is torch.zeros_like for layer in net.children())
