"""Measure plot_decision_boundary against the classic way, in one run.

The classic way asks the model at every point of a grid of step 0.01, which is a
million points for the flower set, and hands them to ``contourf``. Prints a table: the
time of the plotting call; the time of call and drawing, most of which goes into axes
and text whatever they hold (last line); and the part of the pixels in which the two
pictures differ by more than 16 of 255.
"""

import itertools
import statistics
import time
from collections.abc import Callable

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from nn_tutorial.plotting import INK, plot_decision_boundary, use_style
from nn_tutorial.plotting.boundaries import REGION_STRENGTH
from nn_tutorial.plotting.style import CLASS_COLORS

REPETITIONS = 7
EDGE = 5.0  # the flower set with the usual margin of 1
LIMITS = ((-EDGE, EDGE), (-EDGE, EDGE))


def network(*sizes: int) -> nn.Sequential:
    """Return a tanh network with a boundary as winding as a trained one."""
    generator = torch.Generator().manual_seed(3)
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(n_inputs, n_outputs), nn.Tanh()]
    net = nn.Sequential(*layers[:-1])
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=1.3, generator=generator)
    return net


def classic(ax: Axes, model: Callable[[Tensor], Tensor]) -> tuple[np.ndarray, ...]:
    """Fill the plane by ``contourf`` over a million points; return the grid."""
    side = np.arange(-EDGE, EDGE, 0.01)
    x_1, x_2 = np.meshgrid(side, side)
    points = np.stack([x_1.ravel(), x_2.ravel()], axis=1)
    with torch.no_grad():
        answer = model(torch.tensor(points, dtype=torch.float32))
    answer = answer.reshape(x_1.shape).double().numpy()
    level = 0.5 if np.isin(answer, [0, 1]).all() else 0.0
    tints = [(color, REGION_STRENGTH) for color in CLASS_COLORS[:2]]
    ax.contourf(x_1, x_2, answer, levels=[-1e9, level, 1e9], colors=tints)
    ax.set(xlim=LIMITS[0], ylim=LIMITS[1], xlabel="$x_1$", ylabel="$x_2$")
    return x_1, x_2, answer, np.array([level])


def measure(plot: Callable[[Axes], object]) -> tuple[float, float, np.ndarray]:
    """Return the seconds of a call, of a call with drawing, and the picture."""
    calls, totals = [], []
    for _ in range(REPETITIONS):
        figure, ax = plt.subplots(figsize=(4.5, 4.5), facecolor="white")
        start = time.perf_counter()
        plot(ax)
        calls.append(time.perf_counter() - start)
        figure.canvas.draw()
        totals.append(time.perf_counter() - start)
        picture = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
        plt.close(figure)
    return statistics.median(calls), statistics.median(totals), picture


def main() -> None:
    """Print the table."""
    matplotlib.use("agg")
    torch.set_num_threads(1)
    use_style()
    inputs = torch.tensor([[-4.0, -4.0], [4.0, 4.0]])
    print(f"median of {REPETITIONS}, one thread; ms: classic, ours, ratio")
    print(f"{'':24}{'call':^24}{'call and drawing':^24}  pixels that differ")
    for sizes in [(2, 4, 1), (2, 10, 10, 10, 1)]:
        net = network(*sizes)

        def labels(points: Tensor, net: nn.Module = net) -> Tensor:
            return (net(points) > 0).long()

        for kind, model, threshold in [("scores", net, 0.0), ("labels", labels, None)]:

            def ours(
                ax: Axes, model: Callable = model, threshold: float | None = threshold
            ) -> None:
                plot_decision_boundary(
                    ax, model, inputs, threshold=threshold, limits=LIMITS
                )

            def theirs(ax: Axes, model: Callable = model) -> None:
                classic(ax, model)

            def theirs_with_line(ax: Axes, model: Callable = model) -> None:
                *grid, level = classic(ax, model)
                ax.contour(*grid, levels=level, colors=INK, linewidths=1.2)

            our_call, our_total, our_picture = measure(ours)
            call, total, _ = measure(theirs)
            # Only the picture: the classic way has no line, ours has one.
            *_, picture = measure(theirs_with_line)
            differs = (np.abs(our_picture - picture).max(axis=-1) > 16).mean()
            name = f"{'-'.join(map(str, sizes))}, {kind}"
            print(
                f"{name:24}"
                f"{1e3 * call:8.0f}{1e3 * our_call:8.1f}{call / our_call:7.1f} "
                f"{1e3 * total:8.0f}{1e3 * our_total:8.1f}{total / our_total:7.1f} "
                f"{differs:14.2%}"
            )
    _, empty, _ = measure(lambda ax: ax.set(xlabel="$x_1$", ylabel="$x_2$"))
    print(f"{'empty axes':24}{1e3 * empty:40.1f}")


if __name__ == "__main__":
    main()
