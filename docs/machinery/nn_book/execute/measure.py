"""Climb the ladder of the chapter on the GPU for real, and keep what was measured.

    nox -s gpu -- --measure

What runs is the code that the page shows: its cells with the tag ``ladder``. Each rung
trains for two epochs with three seeds; the first and the last also for twenty. The page
shows the file (see `nn_book.render.measurements`) as what it is: measured there and
then, and not in the build. Needs torch, torchvision and numpy, and no notebook.
"""

import datetime
import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision import transforms

from nn_book import DOCS
from nn_tutorial.mnist import load_tensors, mnist_root, with_progress

PAGE = DOCS / "chapters" / "gpu.md"
FOLDER = DOCS / "measurements"
CELL = re.compile(
    r"^```\{code-cell\}.*\n:tags: \[.*\bladder\b.*\]\n((?:.*\n)*?)```$", re.MULTILINE
)
SEEDS = 3
SHORT, LONG = 2, 20  # epochs


def ladder_of(page: Path, root: Path) -> dict[str, Any]:
    """Return what the cells of the ladder define, with all of MNIST at hand.

    The page keeps a sixth of the training images for validation. Here all of them
    train, and the accuracy is that on the test images: nothing is chosen by it.

    Raises:
        SystemExit: If the page has no such cells.
    """
    cells = CELL.findall(page.read_text("utf8"))
    if not cells:
        sys.exit(f"{page.name} has no cell with the tag 'ladder'")
    scale = [transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
    inputs, targets = load_tensors(root, train=True)
    names: dict[str, Any] = {
        **{"torch": torch, "nn": nn, "F": nn.functional},
        **{"train_inputs": inputs, "train_targets": targets, "n_rows": len(inputs)},
        "held_out": load_tensors(root, train=False),
        "train_set": torchvision.datasets.MNIST(
            root, train=True, transform=transforms.Compose(scale)
        ),
    }
    for number, code in enumerate(cells):
        exec(compile(code, f"<{page.stem}, ladder {number}>", "exec"), names)
    return names


def climb(ladder: dict[str, Any], device: torch.device) -> list[dict[str, Any]]:
    """Measure every rung; a rung that fails says so and does not stop the others.

    Returns:
        One entry for each: ``name``, ``device``, ``epochs``, and for each seed
        ``seconds`` of every epoch and ``accuracy``, or ``error``.
    """
    cpu = torch.device("cpu")
    plan = [(name, cpu, make, SHORT) for name, make in ladder["on_cpu"].items()]
    plan.append((*plan[-1][:3], LONG))
    if device.type == "cuda":
        rungs = ladder["on_cuda"].items()
        plan += [(name, device, make, SHORT) for name, make in rungs]
        plan.append((*plan[-1][:3], LONG))
    rungs = []
    for name, where, make_epoch, epochs in with_progress(plan, "rungs"):
        rung = {"name": name, "device": where.type, "epochs": epochs}
        rung |= {"seconds": [], "accuracy": []}
        try:
            for seed in range(SEEDS):
                seconds, right = ladder["measure"](make_epoch, where, seed, epochs)
                rung["seconds"].append([round(s, 5) for s in seconds])
                rung["accuracy"].append(round(right, 4))
        except Exception as error:
            rung["error"] = f"{type(error).__name__}: {str(error).strip()[:300]}"
        print(json.dumps(rung), flush=True)
        rungs.append(rung)
    return rungs


def machine(device: torch.device) -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    found: dict[str, Any] = {"device": f"CPU {platform.machine()}", "driver": ""}
    if device.type == "cuda":
        found["device"] = torch.cuda.get_device_name(device)
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        found["driver"] = said_by(query).partition("\n")[0]
    found["versions"] = {
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "CUDA": torch.version.cuda or "",
    }
    return found


def said_by(command: list[str]) -> str:
    """Return what a command prints, or "" if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=DOCS)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def measure(device: torch.device) -> dict[str, Any]:
    """Return the whole measurement, ready to be written as JSON.

    Raises:
        SystemExit: If not a single rung of the device could be climbed.
    """
    source = mnist_root(stand_in=True)
    result = {
        **machine(device),
        "commit": said_by(["git", "rev-parse", "--short=12", "HEAD"]),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "data": source.description,
    }
    rungs = climb(ladder_of(PAGE, source.root), device)
    result["rungs"] = rungs
    if not any(r["device"] == device.type and "error" not in r for r in rungs):
        sys.exit(f"no rung could be climbed on {device.type}: nothing is kept")
    return result


def write(path: Path = FOLDER / "mnist-ladder.json") -> None:
    """Measure on the GPU, or on the CPU where there is none, and write the file."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    text = json.dumps(measure(device), indent=1, ensure_ascii=False)
    # One line for each list of numbers: a change of a rung is a change of a line.
    text = re.sub(r"\[\s+([-\d., \s]*?)\s+\]", compact, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf8")
    print(f"kept in {path}")


def compact(numbers: re.Match[str]) -> str:
    """Return a list of numbers on one line."""
    return "[" + re.sub(r"\s+", " ", numbers[1]) + "]"
