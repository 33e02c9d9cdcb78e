"""Right and wrong answers to the exercises on old code."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy


def evaluation(net, x, y, *, mode=True, graph=False, back=True, **options):
    if mode:
        net.eval()
    with torch.set_grad_enabled(graph):
        loss = cross_entropy(net(x), y, **options)
    if back:
        net.train()
    return loss.item()


def by_inference_mode(net, x, y):
    was_training = net.training
    with torch.inference_mode():
        log_p = net.eval()(x).log_softmax(1)
    net.train(was_training)
    return float(-log_p[range(len(y)), y].mean())


ANSWERS = {
    "old-code-1": (
        ["bde", {"b", "d", "e"}, "B, D, E"],
        [
            ("bd", "These lines raise"),
            ("bdef", "At least one"),
            ("abcdef", "At least one"),
            ("xyz", "letters a to f"),
            ("", "letters a to f"),
            (3, "but the type"),
        ],
    ),
    "old-code-2": (
        [
            lambda image: divmod(image.argmax().item(), 28),
            lambda image: [
                int(i) for i in np.unravel_index(int(image.argmax()), (28, 28))
            ],
        ],
        [
            (lambda image: (image.argmax() // 28, 0), "still tensors"),
            (lambda image: (image.argmax().item() / 28, 0), "and column have"),
            (
                lambda image: np.unravel_index(image.numpy().argmax(), (28, 28)),
                "These are NumPy",
            ),
            (lambda image: divmod(image.argmax().item(), 28)[::-1], "and column are"),
            (lambda image: divmod(image.argmax().item(), 27), "This is not"),
            (lambda image: image.argmax().item(), "a function that gives two"),
            (lambda image: print(image.argmax()), "returns nothing"),
        ],
    ),
    "old-code-3": (
        [evaluation, by_inference_mode],
        [
            (lambda *given: evaluation(*given, mode=False), "Dropout"),
            (lambda *given: evaluation(*given, graph=True), "graph"),
            (lambda *given: evaluation(*given, back=False), "training mode"),
            (lambda *given: evaluation(*given, reduction="sum"), "mean cross-entropy"),
            (lambda *given: torch.tensor(evaluation(*given)), "giving a float"),
            (lambda net, x, y: 1.0, "Your function does"),
        ],
    ),
}
