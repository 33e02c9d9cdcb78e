"""Why is my GPU not faster? Seconds per epoch of MNIST, way by way, in one run.

    python tests/bench_mnist.py              two epochs a way, three seeds
    python tests/bench_mnist.py --threads 2  with both cores (quiet machine only)

Every way trains 784-400-200-100-10 with SGD, learning rate 0.1, batch size 64. The
ways take turns, seed by seed, so that a machine that gets slower slows all of them;
the time of a way is its fastest epoch. "bare arithmetic" repeats one fixed batch: no
loop over data can be faster. The ways on CUDA run only where there is CUDA.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from nn_tutorial.mnist import (
    captured_step,
    in_memory_batches,
    load_tensors,
    mnist_root,
    with_progress,
)

BATCH_SIZE = 64
LONG_RUN = 20  # epochs of the chapters

Epoch = Callable[[], None]


def deep_net() -> nn.Sequential:
    """The network of chapter 07."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(784, 400), nn.ReLU()),
        *(nn.Linear(400, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU()),
        nn.Linear(100, 10),
    )


def batch_net() -> nn.Sequential:
    """The network of chapter 08."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(784, 300), nn.BatchNorm1d(300), nn.ReLU()),
        *(nn.Linear(300, 100), nn.BatchNorm1d(100), nn.ReLU()),
        nn.Linear(100, 10),
    )


def train_on(batches, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for inputs, targets in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()


def ways(inputs: Tensor, targets: Tensor, loader: DataLoader) -> dict[str, Callable]:
    """Return what each way does in one epoch, as name -> (model, optimizer) -> epoch.

    ``inputs`` and ``targets`` decide the device.
    """
    n_steps = -(-len(inputs) // BATCH_SIZE)
    device = inputs.device

    def from_loader(model, optimizer) -> Epoch:
        return lambda: train_on(
            ((x.to(device), y.to(device)) for x, y in loader), model, optimizer
        )

    def in_memory(model, optimizer) -> Epoch:
        return lambda: train_on(
            in_memory_batches(inputs, targets, batch_size=BATCH_SIZE), model, optimizer
        )

    def bare(model, optimizer) -> Epoch:
        batch = inputs[:BATCH_SIZE], targets[:BATCH_SIZE]
        return lambda: train_on((batch for _ in range(n_steps)), model, optimizer)

    def captured(model, optimizer) -> Epoch:
        step = captured_step(model, optimizer, inputs, targets, batch_size=BATCH_SIZE)

        def epoch() -> None:
            order = torch.randperm(len(inputs), device=device)
            # The graph does whole batches only; the rest of the shuffled rows, another
            # one each epoch, is left out.
            for rows in order.split(BATCH_SIZE)[: len(inputs) // BATCH_SIZE]:
                step(rows)

        return epoch

    if device.type == "cuda":
        return {
            "DataLoader, batches moved to the GPU": from_loader,
            "tensors on the GPU": in_memory,
            "bare arithmetic on the GPU": bare,
            "tensors on the GPU, captured graph": captured,
        }
    return {
        "DataLoader with a Python transform": from_loader,
        "tensors in memory": in_memory,
        "bare arithmetic": bare,
    }


def seconds(epoch: Epoch, device: torch.device) -> float:
    started = time.perf_counter()
    epoch()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def accuracy(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    model.eval()
    with torch.inference_mode():
        return (model(inputs).argmax(1) == targets).float().mean().item()


def measure(root, device: torch.device, *, seeds: int, epochs: int) -> dict[str, float]:
    """Print one table and return the fastest epoch of each way in seconds."""
    scale = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
    )
    loader = DataLoader(
        MNIST(root, transform=scale), batch_size=BATCH_SIZE, shuffle=True
    )
    inputs, targets = load_tensors(root, train=True, device=device)
    test = load_tensors(root, train=False, device=device)
    fastest: dict[str, float] = {}
    accuracies: dict[str, list[float]] = {}
    all_ways = ways(inputs, targets, loader).items()
    turns = [(seed, *way) for seed in range(seeds) for way in all_ways]
    for seed, name, make in with_progress(turns, f"on {device.type}"):
        torch.manual_seed(seed)
        model = deep_net().to(device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        epoch = make(model, optimizer)
        for _ in range(epochs):
            spent = seconds(epoch, device)
            fastest[name] = min(spent, fastest.get(name, spent))
        accuracies.setdefault(name, []).append(accuracy(model, *test))

    print(f"{'':40}{'s / epoch':>10}{'steps / s':>11}{'accuracy':>18}")
    n_steps = -(-len(inputs) // BATCH_SIZE)
    for name, spent in fastest.items():
        mean, spread = statistics.mean(accuracies[name]), 0.0
        if seeds > 1:
            spread = statistics.stdev(accuracies[name])
        told = "" if name.startswith("bare") else f"{mean:.4f} ± {spread:.4f}"
        print(f"{name:40}{spent:10.3f}{n_steps / spent:11.0f}{told:>18}")
    return fastest


def long_run(root, device: torch.device) -> None:
    """Print how long 20 epochs take with one captured graph, and what they reach."""
    inputs, targets = load_tensors(root, train=True, device=device)
    test = load_tensors(root, train=False, device=device)
    for name, make_net, lr in (("07", deep_net, 0.1), ("08", batch_net, 0.01)):
        torch.manual_seed(0)
        model = make_net().to(device)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        step = captured_step(model, optimizer, inputs, targets, batch_size=BATCH_SIZE)

        def epochs(step=step) -> None:
            for _ in range(LONG_RUN):
                order = torch.randperm(len(inputs), device=device)
                for rows in order.split(BATCH_SIZE)[: len(inputs) // BATCH_SIZE]:
                    step(rows)

        spent = seconds(epochs, device)
        print(
            f"network of chapter {name}, {LONG_RUN} epochs captured: {spent:.2f} s, "
            f"accuracy {accuracy(model, *test):.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each way (3)")
    parser.add_argument("--epochs", type=int, default=2, help="epochs a run (2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    source = mnist_root(stand_in=True)
    print(f"{source.description}; torch {torch.__version__}")

    cpu = torch.device("cpu")
    print(f"\n{platform.machine()}, {options.threads} thread(s)")
    fastest = measure(source.root, cpu, seeds=options.seeds, epochs=options.epochs)
    loader, memory, bare = fastest.values()
    print(f"in memory {loader / memory:.2f} times as fast as the DataLoader (>= 1.8)")
    print(f"in memory {memory / bare:.2f} times the bare arithmetic (<= 1.25)")

    if not torch.cuda.is_available():
        print("\nno CUDA here: the GPU was not measured")
        return
    device = torch.device("cuda")
    print(f"\n{torch.cuda.get_device_name(device)}")
    measure(source.root, device, seeds=options.seeds, epochs=options.epochs)
    long_run(source.root, device)


if __name__ == "__main__":
    main()
