"""Attack the files of `nn_tutorial.saving` and count what does not hold.

``python tests/bench_saving.py [factor [attack ...]]`` does everything in full: 4
writers and 4 readers for 10,000 rounds, 500 writers that are killed, 10,000 flipped
bits, and a cut at each percent. A factor of 0.01 does a hundredth; "killed" does only
what has this word. Every figure should be 0.
"""

import itertools
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from torch import nn

from nn_tutorial import saving

SIZE = 64


def net(value: float) -> nn.Linear:
    model = nn.Linear(SIZE, SIZE)
    for parameter in model.parameters():
        nn.init.constant_(parameter, value)
    return model


def fault(path: Path) -> str:
    """Return what is wrong with a file that `net` may have written, or ""."""
    model = net(-1)
    try:
        saving.load_weights(model, path)
    except Exception as error:
        return repr(error)
    values = {p.unique().item() for p in model.parameters() if len(p.unique()) == 1}
    return "" if len(values) == 1 and values != {-1.0} else "a mixture of two files"


def race(path: Path, *, rounds: int, n_writers: int = 4, n_readers: int = 4) -> list:
    """Let threads save to and load from one file; return what went wrong."""
    saving.save_weights(net(0), path)
    faults: list[str] = []
    done = threading.Event()

    def write(number: int) -> None:
        for n in range(rounds):
            try:
                saving.save_weights(net(number * rounds + n), path)
            except Exception as error:
                faults.append(f"writer: {error!r}")

    def read() -> None:
        while not done.is_set():
            if wrong := fault(path):
                faults.append(f"reader: {wrong}")

    writers = [threading.Thread(target=write, args=(n,)) for n in range(n_writers)]
    readers = [threading.Thread(target=read) for _ in range(n_readers)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    return faults


def save_for_ever(path: Path, started: Connection) -> None:
    """Save one network after another, and say when the first one is on disk."""
    torch.set_num_threads(1)
    for n in itertools.count():
        saving.save_weights(net(n), path)
        if n == 0:
            started.send("started")


def kill(path: Path, *, times: int) -> list:
    """Kill writers at random moments; return what went wrong, leftovers included."""
    # Where there is a fork server, it has imported PyTorch once for all writers.
    if "forkserver" in multiprocessing.get_all_start_methods():
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(["nn_tutorial.saving"])
    else:
        processes = multiprocessing.get_context("spawn")
    faults = []
    generator = random.Random(0)
    for _ in range(times):
        mine, its = processes.Pipe()
        writer = processes.Process(target=save_for_ever, args=(path, its), daemon=True)
        writer.start()
        mine.recv()
        time.sleep(generator.random() * 0.05)
        writer.kill()
        writer.join()
        if wrong := fault(path):
            faults.append(wrong)
    saving.save_weights(net(0), path)
    faults += [f"left: {other}" for other in path.parent.iterdir() if other != path]
    return faults


def flip(path: Path, *, times: int) -> list[int]:
    """Flip one bit at a time; return the bits that changed numbers unnoticed."""
    torch.manual_seed(0)
    model = nn.Linear(SIZE, SIZE)
    saving.save_weights(model, path)
    content = path.read_bytes()
    unnoticed = []
    generator = random.Random(0)
    for _ in range(times):
        bit = generator.randrange(8 * len(content))
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        loaded = net(-1)
        try:
            saving.load_weights(loaded, path)
        except ValueError:
            continue
        same = zip(loaded.parameters(), model.parameters(), strict=True)
        if not all(torch.equal(one, other) for one, other in same):
            unnoticed.append(bit)
    return unnoticed


def cut(path: Path) -> list[int]:
    """Cut a file off at each percent; return the percents that were loaded."""
    saving.save_weights(net(1), path)
    content = path.read_bytes()
    loaded = []
    for percent in range(100):
        path.write_bytes(content[: len(content) * percent // 100])
        try:
            saving.load_weights(net(-1), path)
        except ValueError:
            continue
        loaded.append(percent)
    return loaded


def main(factor: float, attacks: list[str]) -> None:
    rounds, times, flips = (round(n * factor) for n in (10_000, 500, 10_000))
    all_attacks = {
        f"4 writers, 4 readers, {rounds} rounds each: {{}} faults": lambda path: race(
            path, rounds=rounds
        ),
        f"{times} killed writers: {{}} faults or leftovers": lambda path: kill(
            path, times=times
        ),
        f"{flips} flipped bits: {{}} changed a number": lambda path: flip(
            path, times=flips
        ),
        "cut at each percent: {} loaded": cut,
    }
    for suffix in (".pt", ".safetensors"):
        for told, attack in all_attacks.items():
            if attacks and not any(word in told for word in attacks):
                continue
            # A folder for each: what another attack leaves is no leftover of this one.
            with tempfile.TemporaryDirectory() as folder:
                found = attack(Path(folder, f"model{suffix}"))
            print(f"{suffix}: {told.format(len(found))}", found[:5] or "", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0, sys.argv[2:])
