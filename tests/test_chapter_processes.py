"""The chapter on several processes runs, and its script gives the same everywhere.

Processes that start PyTorch take a while: each test starts as few as it can.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.skipif(
    sys.platform == "win32",
    reason="Windows has no SIGKILL, and torchrun no libuv there",
)
TWENTY_STEPS = ["--epochs", "5", "--batch-size", "512"]  # 2048 points: 4 an epoch


@pytest.fixture(scope="module")
def run(run_chapter, tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("processes")):
        yield run_chapter("processes")


def torchrun(script: str, n: int, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={n}", "--max-restarts=1", script, *options]
    variables = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, timeout=500
    )


def difference(a: str, b: str) -> float:
    one, two = (torch.load(file)["net"] for file in (a, b))
    assert one.keys() == two.keys()
    return max((one[name] - two[name]).abs().max().item() for name in one)


def test_gradients_averaged_by_hand_are_those_of_the_whole_batch(run):
    alone = run["alone"].state_dict()
    assert all(
        torch.allclose(alone[name], value, rtol=0, atol=1e-6)
        for name, value in run["first"].items()
    )
    # It has learned: equal because nothing moved would be no proof.
    start = run["make_net"]().state_dict()
    assert run["largest_difference"](alone, start) > 0.01


def test_whoever_is_left_alone_gets_the_error_that_is_shown(run):
    assert [process.returncode for process in run["started"]] == [1, 0]
    assert "RuntimeError" in run["said"][0][1]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_script_gives_the_parameters_of_one_process(run, n):
    done = torchrun("train_ddp.py", n, *TWENTY_STEPS, "--file", f"torchrun-{n}.pt")

    assert done.returncode == 0, done.stderr
    assert f"epoch 4 of {n}: " in done.stdout
    assert difference(f"torchrun-{n}.pt", "alone.pt") < 1e-6


def test_script_needs_no_torchrun_on_one_device(run):
    command = [sys.executable, "train_ddp.py", *TWENTY_STEPS, "--file", "plain.pt"]
    subprocess.run(command, check=True, capture_output=True, timeout=500)

    assert difference("plain.pt", "alone.pt") < 1e-6


def test_run_whose_worker_was_killed_is_complete_and_equal(run):
    # The chapter kills it; an uninterrupted run of two is the same to the last bit.
    assert "exitcode: -9" in run["done"].stderr
    epochs = [line.split()[1] for line in run["done"].stdout.splitlines() if line]
    assert epochs[-2:] == ["3", "4"]
    assert set(epochs[:-2]) == {"0", "1", "2"}

    if not Path("torchrun-2.pt").exists():  # the test above was not asked for
        torchrun("train_ddp.py", 2, *TWENTY_STEPS, "--file", "torchrun-2.pt")
    assert difference("two.pt", "torchrun-2.pt") == 0


def test_resumed_run_is_the_uninterrupted_one_noise_included(run):
    run["train"](["--noise", "0.1", "--file", "whole.pt"])
    run["train"](["--noise", "0.1", "--epochs", "2", "--file", "parts.pt"])
    run["train"](["--noise", "0.1", "--file", "parts.pt"])

    assert difference("whole.pt", "parts.pt") == 0
    assert difference("whole.pt", "alone.pt") > 1e-4


def test_checkpoint_is_whole_or_that_of_before(run, monkeypatch):
    net = run["make_net"]()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    run["save"]("kept.pt", net, optimizer, 0)

    def power_cut(state, file):
        Path(file).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", power_cut)
    with pytest.raises(KeyboardInterrupt):
        run["save"]("kept.pt", net, optimizer, 1)

    assert torch.load("kept.pt")["epoch"] == 0


def test_each_machine_gets_its_device(run, monkeypatch):
    assert run["join"]() == (0, 1, torch.device("cpu"))

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert run["join"]() == (0, 1, torch.device("mps"))

    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    backends = []
    monkeypatch.setattr(torch.distributed, "init_process_group", backends.append)
    for name, value in (("RANK", "5"), ("WORLD_SIZE", "8"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert run["join"]() == (5, 8, torch.device("cuda", 1))
    assert (chosen, backends) == ([torch.device("cuda", 1)], ["nccl"])

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run["join"]() == (5, 8, torch.device("cpu"))  # no MPS among several
    assert backends[1:] == ["gloo"]
