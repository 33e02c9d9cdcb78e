"""Right and wrong answers to the exercises on batch normalization."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval


def net(*, bias=False, last=True, affine=True, sizes=(300, 100)):
    layers, n_in = [], 784
    for n in sizes:
        norm = nn.BatchNorm1d(n, affine=affine)
        layers += [nn.Linear(n_in, n, bias=bias), norm, nn.ReLU()]
        n_in = n
    return nn.Sequential(*layers, nn.Linear(n_in, 10, bias=last))


class BatchNet(nn.Module):
    """The right network as a class, with a ModuleList."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(net())

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def without_norm_bias():
    """The trap: the count of parameters is right, and the wrong biases are gone."""
    model = net(bias=True)
    for norm in (model[1], model[4]):
        norm.bias = None
    return model


def fold(linear, norm, *, eps=True, root=True, mean=True, bias=True, affine=True):
    """Fold, or make one of the typical mistakes."""
    variance = norm.running_var + (norm.eps if eps else 0)
    factor = 1 / (variance.sqrt() if root else variance)
    if affine:
        factor = factor * norm.weight
    folded = nn.Linear(linear.in_features, linear.out_features)
    own = 0.0 if linear.bias is None else linear.bias
    shift = -norm.running_mean if mean else 0.0
    with torch.no_grad():
        folded.weight.copy_(linear.weight * factor[:, None])
        if bias:
            folded.bias.copy_((own + shift) * factor)
        else:
            folded.bias.copy_(own + shift * factor)
        if affine:
            folded.bias += norm.bias
    return folded


def needs_a_bias(linear, norm):
    return fold(linear, norm) if linear.bias.sum() else None


ANSWERS = {
    "batchnorm-1": (
        [267_410, np.int64(267_410)],
        [
            (266_610, "without batch normalization"),
            (268_210, "are not trained"),
            (267_010, "more than one number"),
            (267_430, "is not followed by"),
            (266_614, "There is not"),
            (1, "Count layer by layer"),
        ],
    ),
    "batchnorm-2": (
        [net(), BatchNet(), net().double().eval()],
        [
            (net(bias=True), "400 fewer"),
            (without_norm_bias(), "Keep γ and"),
            (net(affine=False), "Keep γ and"),
            (net(last=False), "so its bias has an effect"),
            (net(sizes=(300,)), "Nothing else changes"),
            (BatchNet, "but an object"),
            (nn.Linear(784, 3), "yours is (4, 3)"),
        ],
    ),
    "batchnorm-3": (
        [fold, lambda linear, norm: fuse_linear_bn_eval(linear.eval(), norm)],
        [
            (lambda *layers: fold(*layers, eps=False), "norm adds a"),
            (lambda *layers: fold(*layers, bias=False), "The weights are"),
            (lambda *layers: fold(*layers, mean=False), "You have not"),
            (lambda *layers: fold(*layers, root=False), "standard deviation"),
            (lambda *layers: fold(*layers, affine=False), "The normalization is"),
            (lambda linear, norm: linear, "This is still"),
            (lambda linear, norm: nn.Linear(3, 4), "Write out norm(Wx"),
            (needs_a_bias, "It works for"),
            (lambda linear, norm: norm, "but the type"),
            (lambda linear, norm: print(linear), "returns nothing"),
            (fold(nn.Linear(2, 3), nn.BatchNorm1d(3)), "error"),
        ],
    ),
}
