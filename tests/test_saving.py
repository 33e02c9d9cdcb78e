import copyreg
import io
import json
import os
import pickle
import random
import stat
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import bench_saving
import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from nn_tutorial import _files, saving
from nn_tutorial.saving import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)

FORMATS = pytest.mark.parametrize("suffix", [".pt", ".safetensors"])


def net():
    return nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def assert_equal_states(found, expected):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def copy_of_state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


# --- Weights ----------------------------------------------------------------------


@FORMATS
def test_weights_and_buffers_come_back_bit_for_bit(tmp_path, suffix):
    saved, loaded = net(), net()
    saved(torch.randn(8, 2))  # moves the running mean of the batch normalization
    path = tmp_path / f"model{suffix}"

    save_weights(saved, path)
    load_weights(loaded, str(path))

    assert_equal_states(loaded.state_dict(), saved.state_dict())
    assert list(tmp_path.iterdir()) == [path]


def test_each_format_is_what_its_own_library_reads(tmp_path):
    model = net()
    save_weights(model, tmp_path / "model.pt")
    save_weights(model, tmp_path / "model.safetensors")

    by_torch = torch.load(tmp_path / "model.pt", weights_only=True)
    by_safetensors = safetensors.torch.load_file(tmp_path / "model.safetensors")

    assert_equal_states(by_torch, model.state_dict())
    assert_equal_states(by_safetensors, model.state_dict())


@FORMATS
def test_weights_that_two_layers_share_or_that_are_a_view_can_be_saved(
    tmp_path, suffix
):
    def shared():
        model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
        model[0].weight = nn.Parameter(torch.randn(3, 3).t())
        model[2].weight = model[0].weight
        return model

    saved, loaded = shared(), shared()
    save_weights(saved, tmp_path / f"model{suffix}")
    load_weights(loaded, tmp_path / f"model{suffix}")

    assert_equal_states(loaded.state_dict(), saved.state_dict())
    assert loaded[2].weight is loaded[0].weight


def test_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    save_weights(net(), tmp_path / "model.pt")

    modes = [(tmp_path / name).stat().st_mode for name in ("plain", "model.pt")]
    assert modes[0] == modes[1]


# --- A crash in the middle --------------------------------------------------------

SAVE_AND_STOP_HALFWAY = """
import io, sys, time
sys.path.insert(0, sys.argv[1])
import torch
from nn_tutorial import saving

model = torch.nn.Linear(100, 100)
torch.nn.init.constant_(model.weight, 1.0)
saving.save_weights(model, sys.argv[2])

save = torch.save
def write_half(state, file):
    content = io.BytesIO()
    save(state, content)
    half = content.getvalue()[: len(content.getvalue()) // 2]
    stream = open(file, "wb") if isinstance(file, str) else file
    stream.write(half)
    stream.flush()
    print("half", flush=True)
    time.sleep(60)

torch.save = write_half
torch.nn.init.constant_(model.weight, 2.0)
saving.save_weights(model, sys.argv[2])
"""


def test_program_killed_while_it_writes_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "model.pt"
    folder = str(Path(saving.__file__).parents[1])
    command = [sys.executable, "-c", SAVE_AND_STOP_HALFWAY, folder, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "half\n"
        writer.kill()

    model = nn.Linear(100, 100)
    load_weights(model, path)
    assert (model.weight == 1).all()
    # What was written of the new one lies beside it, and is no file to load.
    (leftover,) = set(tmp_path.iterdir()) - {path}
    with pytest.raises(ValueError, match="cut off, damaged or of another kind"):
        load_weights(model, leftover)
    # The next writer removes it.
    save_weights(model, path)
    assert list(tmp_path.iterdir()) == [path]


def test_leftover_of_a_living_writer_stays(tmp_path):
    path = tmp_path / "model.pt"

    def save_another(file):
        (mine,) = tmp_path.iterdir()
        save_weights(net(), path)  # a second writer, while the first is at work
        assert set(tmp_path.iterdir()) == {mine, path}

    _files.write_file(path, save_another)

    assert list(tmp_path.iterdir()) == [path]


def test_other_files_with_the_look_of_leftovers_stay(tmp_path):
    others = [".model.pt.tmp", ".model.pt.0.tmp", ".other.pt.0123456789abcdef.tmp"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".model.pt.0123456789abcdef.tmp").symlink_to(tmp_path / others[0])

    save_weights(net(), tmp_path / "model.pt")

    assert {*others, "model.pt"} <= {path.name for path in tmp_path.iterdir()}


@FORMATS
def test_writers_and_readers_of_one_file_never_meet_a_half(tmp_path, suffix):
    assert bench_saving.race(tmp_path / f"model{suffix}", rounds=20) == []
    assert [path.name for path in tmp_path.iterdir()] == [f"model{suffix}"]


def test_killed_writers_leave_a_whole_file_and_nothing_else(tmp_path):
    assert bench_saving.kill(tmp_path / "model.pt", times=3) == []


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_failure_before_the_end_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch, function
):
    path = tmp_path / "model.pt"
    old, new = net(), net()
    save_weights(old, path)

    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(os if function == "fsync" else Path, function, fail)
    with pytest.raises(OSError, match="disk full"):
        save_weights(new, path)

    load_weights(new, path)
    assert_equal_states(new.state_dict(), old.state_dict())
    assert list(tmp_path.iterdir()) == [path]


@FORMATS
def test_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"model{suffix}"
    synced = []
    sync = os.fsync

    def record(file_descriptor):
        about = os.fstat(file_descriptor)
        size = None if stat.S_ISDIR(about.st_mode) else about.st_size
        synced.append((size, path.exists()))
        sync(file_descriptor)

    monkeypatch.setattr(os, "fsync", record)
    save_weights(net(), path)

    # First the content, before it has the name, then the folder with the new name.
    assert synced == [(path.stat().st_size, False), (None, True)]


@pytest.mark.parametrize("name", ["模型" * 20 + ".pt", "n" * 251 + ".pt"])
def test_name_may_be_as_long_as_a_file_name_may_be(tmp_path, name):
    save_weights(net(), tmp_path / name)

    assert [path.name for path in tmp_path.iterdir()] == [name]


# --- Files that are refused -------------------------------------------------------


def refused(path, message, *, error=ValueError):
    """Load ``path`` both ways: each refuses it and leaves model and optimizer alone."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = copy_of_state(model)
    loads = [lambda: load_weights(model, path)]
    if path.suffix != ".safetensors":
        loads.append(lambda: load_checkpoint(model, optimizer, path))
    for load in loads:
        with pytest.raises(error, match=message):
            load()
    assert_equal_states(model.state_dict(), before)
    assert optimizer.param_groups[0]["lr"] == 0.1


@FORMATS
def test_file_cut_off_anywhere_is_refused(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    save_weights(net(), path)
    content = path.read_bytes()

    for length in (0, 1, 8, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        refused(path, "cut off, damaged or of another kind")


def test_one_flipped_bit_is_found(tmp_path):
    path = tmp_path / "model.pt"
    model = nn.Linear(100, 100)
    save_weights(model, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    # PyTorch itself reads the wrong number without a word.
    assert not torch.equal(
        torch.load(path, weights_only=True)["weight"], model.state_dict()["weight"]
    )
    refused(path, "wrong checksum of .*/data/")


@FORMATS
@pytest.mark.parametrize("kind", ["text", "npz", "pickle", "other format"])
def test_file_of_another_kind_is_refused(tmp_path, suffix, kind):
    path = tmp_path / f"model{suffix}"
    if kind == "text":
        path.write_text("0.5 0.25\n" * 20)
    elif kind == "npz":
        content = io.BytesIO()
        np.savez(content, weight=np.zeros(3))
        path.write_bytes(content.getvalue())
    elif kind == "pickle":
        path.write_bytes(pickle.dumps({"weight": [1.0]}))
    else:
        other = {".pt": ".safetensors", ".safetensors": ".pt"}[suffix]
        save_weights(net(), tmp_path / f"other{other}")
        (tmp_path / f"other{other}").replace(path)

    refused(path, "cut off, damaged or of another kind")


class MakesAFolder:
    """Unpickled, it makes a folder: harmless, but any other call would do as well."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    trace, path = tmp_path / "trace", tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(1), "extra": MakesAFolder(trace)}, path)

    refused(path, r"refused: .* code that it names \(\w+\.mkdir\) would run")
    assert not trace.exists()

    # The file is not harmless by accident: read without care, it does run.
    torch.load(path, weights_only=False)
    assert trace.is_dir()


def test_whole_model_is_refused_with_the_way_out(tmp_path):
    torch.save(net(), tmp_path / "model.pt")

    refused(
        tmp_path / "model.pt",
        r"torch\.nn\.modules\.container\.Sequential\) .* a whole model of your own",
    )


def state_of(**changes):
    """The state dict of a net with entries changed, or left out where None."""
    state = {**net().state_dict(), **changes}
    return {name: value for name, value in state.items() if value is not None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            state_of(**{"0.weight": torch.zeros(10, 2), "2.bias": None}),
            r"first at '0\.weight': expected shape \(4, 2\), found shape \(10, 2\)",
        ),
        (
            state_of(**{"2.weight": None}),
            r"first at '2\.weight': expected shape \(1, 4\), found nothing",
        ),
        (
            state_of(**{"3.weight": torch.zeros(1)}),
            r"first at '3\.weight': expected nothing, found shape \(1,\)",
        ),
        ([torch.zeros(1)], "holds no state dict"),
        ({"epoch": 3}, "holds no state dict"),
        ({0: torch.zeros(1)}, "holds no state dict"),
    ],
    ids=["shape", "missing", "extra", "list", "numbers", "no names"],
)
def test_first_difference_between_file_and_model_is_named(tmp_path, content, message):
    path = tmp_path / "model.pt"
    torch.save(content, path)
    model = net()
    before = copy_of_state(model)

    with pytest.raises(ValueError, match=message):
        load_weights(model, path)

    assert_equal_states(model.state_dict(), before)


def test_file_that_is_not_there_is_named_with_the_current_folder(tmp_path):
    for suffix in (".pt", ".safetensors"):
        refused(
            tmp_path / f"nothing{suffix}", "the current folder", error=FileNotFoundError
        )
    with pytest.raises(FileNotFoundError, match=r"make it first, with Path\.mkdir"):
        save_weights(net(), tmp_path / "no folder" / "model.pt")


def test_checkpoint_and_weights_are_not_taken_for_each_other(tmp_path):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    save_weights(model, tmp_path / "weights.pt")
    save_checkpoint(model, optimizer, tmp_path / "checkpoint.pt", step=1)

    with pytest.raises(ValueError, match="is a checkpoint: use load_checkpoint"):
        load_weights(model, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is not a checkpoint: load_weights may"):
        load_checkpoint(model, optimizer, tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"use the suffix \.pt"):
        save_checkpoint(model, optimizer, tmp_path / "c.safetensors", step=1)


# --- Checkpoints ------------------------------------------------------------------

OPTIMIZERS = {
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01),
}


class Run:
    """A run that draws from all three generators and whose optimizer has a memory."""

    def __init__(self, optimizer):
        self.model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())

    def train(self, steps):
        losses = []
        for _ in range(steps):
            noise = random.random() + np.random.randn()
            loss = (self.model(torch.randn(16, 2)) - noise).square().mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return losses


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_resumed_run_goes_on_bit_for_bit(tmp_path, optimizer):
    seed_all(0)
    straight = Run(optimizer)
    losses = straight.train(10)

    seed_all(0)
    stopped = Run(optimizer)
    first_losses = stopped.train(5)
    save_checkpoint(stopped.model, stopped.optimizer, tmp_path / "run.pt", step=5)
    seed_all(1)
    resumed = Run(optimizer)
    resumed.train(3)
    step = load_checkpoint(resumed.model, resumed.optimizer, tmp_path / "run.pt")
    last_losses = resumed.train(5)

    assert step == 5
    assert first_losses + last_losses == losses
    assert_equal_states(resumed.model.state_dict(), straight.model.state_dict())


def test_learning_rate_comes_back(tmp_path):
    run, other = Run("momentum"), Run("momentum")
    run.optimizer.param_groups[0]["lr"] = 0.025
    save_checkpoint(run.model, run.optimizer, tmp_path / "run.pt", step=0)

    load_checkpoint(other.model, other.optimizer, tmp_path / "run.pt")

    assert other.optimizer.param_groups[0]["lr"] == 0.025


def test_checkpoint_that_does_not_fit_changes_nothing(tmp_path):
    run = Run("adam")
    save_checkpoint(run.model, run.optimizer, tmp_path / "run.pt", step=0)

    wider = nn.Sequential(nn.Linear(2, 9), nn.Dropout(0.5), nn.Linear(9, 1))
    same = Run("adam")
    cases = [
        (wider, OPTIMIZERS["adam"](wider.parameters()), r"'0\.weight'"),
        (
            same.model,
            OPTIMIZERS["momentum"](same.model.parameters()),
            "Adam, not to SGD",
        ),
        (same.model, torch.optim.Adam(same.model[2].parameters()), "parameter group"),
    ]
    for model, optimizer, message in cases:
        before, random_state = copy_of_state(model), torch.get_rng_state()
        settings = dict(optimizer.param_groups[0])
        with pytest.raises(ValueError, match=message):
            load_checkpoint(model, optimizer, tmp_path / "run.pt")
        assert_equal_states(model.state_dict(), before)
        assert dict(optimizer.param_groups[0]) == settings
        assert torch.equal(torch.get_rng_state(), random_state)


def test_scheduler_scaler_and_extra_values_come_back(tmp_path):
    def new(scale):
        run = Run("momentum")
        scheduler = torch.optim.lr_scheduler.MultiStepLR(run.optimizer, [2, 4])
        return run, scheduler, torch.amp.GradScaler("cpu", init_scale=scale)

    run, scheduler, scaler = new(4.0)
    for _ in range(3):
        run.train(1)
        scheduler.step()
    extra = {"losses": [0.5, 0.25], "best": (1, {"lr": 0.1}), "mean": torch.ones(2)}
    path = tmp_path / "run.pt"
    save_checkpoint(
        *(run.model, run.optimizer, path),
        **{"step": np.int64(3), "scheduler": scheduler, "scaler": scaler},
        extra=extra,
    )

    other, its_scheduler, its_scaler = new(8.0)
    found = {"kept": True}
    step = load_checkpoint(
        *(other.model, other.optimizer, path),
        **{"scheduler": its_scheduler, "scaler": its_scaler},
        extra=found,
    )

    assert step == 3
    assert its_scheduler.state_dict() == scheduler.state_dict()
    assert its_scaler.get_scale() == 4.0
    assert torch.equal(found.pop("mean"), torch.ones(2))
    assert found == {"kept": True, "losses": [0.5, 0.25], "best": (1, {"lr": 0.1})}
    # The rate falls again where it would have fallen.
    for schedule in (scheduler, its_scheduler):
        schedule.optimizer.step()
        schedule.step()
    assert other.optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.1 * 0.1)

    with pytest.raises(ValueError, match="holds the state of a scheduler: pass the"):
        load_checkpoint(other.model, other.optimizer, path)
    save_checkpoint(run.model, run.optimizer, path, step=3)
    with pytest.raises(ValueError, match="holds no state of a scaler"):
        load_checkpoint(other.model, other.optimizer, path, scaler=scaler)


@pytest.mark.parametrize(
    ("extra", "error", "message"),
    [
        ({"mean": np.float64(1)}, TypeError, r"extra\['mean'\] is of type float64"),
        ({"a": [{"b": nn.Linear}]}, TypeError, r"extra\['a'\]\[0\]\['b'\] is of type"),
        ({"step": 1}, ValueError, "a checkpoint has this name itself"),
    ],
)
def test_extra_value_that_could_not_be_loaded_is_not_saved(
    tmp_path, extra, error, message
):
    run = Run("adam")
    with pytest.raises(error, match=message):
        save_checkpoint(
            run.model, run.optimizer, tmp_path / "run.pt", step=0, extra=extra
        )
    assert not any(tmp_path.iterdir())


def test_common_checkpoint_of_other_programs_is_read(tmp_path):
    run, other = Run("adam"), Run("adam")
    run.train(2)
    content = {
        "epoch": 7,
        "model_state_dict": run.model.state_dict(),
        "optimizer_state_dict": run.optimizer.state_dict(),
        "loss": 0.25,
    }
    torch.save(content, tmp_path / "run.pt")
    extra = {}

    assert load_checkpoint(other.model, other.optimizer, tmp_path / "run.pt") == 7
    assert_equal_states(other.model.state_dict(), run.model.state_dict())
    states = [r.optimizer.state_dict()["state"][0]["exp_avg"] for r in (run, other)]
    assert torch.equal(*states)
    load_checkpoint(other.model, None, tmp_path / "run.pt", extra=extra)
    assert extra == {"epoch": 7, "loss": 0.25}

    del content["epoch"]
    torch.save(content, tmp_path / "run.pt")
    with pytest.raises(ValueError, match="says neither its step nor its epoch"):
        load_checkpoint(other.model, other.optimizer, tmp_path / "run.pt")


@FORMATS
def test_partial_load_changes_what_fits_and_names_the_rest(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    saved = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 10))
    other = nn.Sequential(
        *(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3), nn.Linear(3, 3))
    )
    before = copy_of_state(other)
    save_weights(saved, path)
    with pytest.raises(ValueError, match=r"first at '2\.weight'"):
        load_weights(other, path)
    assert_equal_states(other.state_dict(), before)

    misfits = load_weights(other, path, strict=False)

    assert misfits.mismatched == ["2.weight", "2.bias"]
    assert misfits.missing == ["3.weight", "3.bias"]
    assert misfits.unexpected == []
    assert torch.equal(other[0].weight, saved[0].weight)
    assert torch.equal(other.state_dict()["2.weight"], before["2.weight"])
    assert load_weights(saved, path) == ([], [], [])
    with pytest.raises(ValueError, match="holds no parameter that fits"):
        load_weights(nn.Linear(2, 2), path, strict=False)


# --- Attacks ----------------------------------------------------------------------


def packed(pickle_bytes, **parts):
    """An archive as `torch.save` writes it, around any pickle."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("archive/data.pkl", pickle_bytes)
        for name, part in {"version": b"3\n", "byteorder": b"little", **parts}.items():
            archive.writestr(f"archive/{name}", part)
    return content.getvalue()


def legacy(value):
    content = io.BytesIO()
    torch.save(value, content, _use_new_zipfile_serialization=False)
    return content.getvalue()


def tarred(value):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        part = pickle.dumps(value, protocol=2)
        about = tarfile.TarInfo("pickle")
        about.size = len(part)
        archive.addfile(about, io.BytesIO(part))
    return content.getvalue()


MKDIR = b"cos\nmkdir\n(X\x05\x00\x00\x00tracetR."
EVIL = {
    "reduce": (lambda evil: packed(pickle.dumps(evil, 2)), r"refused: .*\w+\.mkdir"),
    "global": (lambda evil: packed(b"\x80\x02" + MKDIR), r"refused: .* \(os\.mkdir\)"),
    "inst": (
        lambda evil: packed(b"(X\x05\x00\x00\x00traceios\nmkdir\n."),
        r"refused: .* \(os\.mkdir\)",
    ),
    "stack global": (lambda evil: packed(pickle.dumps(evil, 4)), "refused: .* would"),
    "extension": (lambda evil: packed(b"\x80\x02\x82\xf0."), "refused: .* would run"),
    "second pickle": (
        lambda evil: packed(pickle.dumps({}, 2), **{"x.pkl": MKDIR}),
        r"refused: .* \(os\.mkdir\)",
    ),
    "program": (lambda evil: packed(pickle.dumps({}, 2), **{"code/a": b""}), "Script"),
    "allowed by others": (
        lambda evil: packed(pickle.dumps(Run, 2)),
        r"refused: .*\.Run\) would run",
    ),
    "legacy": (lambda evil: legacy({"w": evil}), "the format of PyTorch before 1.6"),
    "tar": (tarred, "the format of PyTorch before 1.6"),
    "bare pickle": (pickle.dumps, "cut off, damaged or of another kind"),
}


@pytest.mark.parametrize("kind", EVIL)
def test_no_container_runs_code(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    make, message = EVIL[kind]
    path = tmp_path / "model.pt"
    path.write_bytes(make(MakesAFolder("trace")))
    copyreg.add_extension("os", "mkdir", 0xF0)
    try:
        with torch.serialization.safe_globals([Run, os.mkdir]):
            refused(path, message)
    finally:
        copyreg.remove_extension("os", "mkdir", 0xF0)
    assert not Path("trace").exists()


def test_old_format_is_named_even_when_harmless(tmp_path):
    path = tmp_path / "model.pth"
    path.write_bytes(legacy(net().state_dict()))

    refused(path, "before 1.6, which has no checksums. .* convert it once")
    torch.save(torch.load(path, weights_only=True), path)
    load_weights(net(), path)


@FORMATS
def test_cut_at_each_percent_is_refused(tmp_path, suffix):
    assert bench_saving.cut(tmp_path / f"model{suffix}") == []


@FORMATS
def test_flipped_bit_never_changes_a_number_unnoticed(tmp_path, suffix):
    assert bench_saving.flip(tmp_path / f"model{suffix}", times=200) == []


def test_part_that_is_called_a_folder_is_refused(tmp_path):
    """Bit 4 of a part's attributes, in APPNOTE 4.4.15: `torch.load` skips a folder."""
    path = tmp_path / "model.pt"
    save_weights(net(), path)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    content[entry + 38] |= 0x10
    path.write_bytes(content)

    refused(path, "said to be a folder")


TERABYTES = 10**13


def test_sizes_of_terabytes_are_refused_before_anything_is_allocated(tmp_path):
    content = io.BytesIO()
    torch.save({"w": torch.zeros(200)}, content)
    with zipfile.ZipFile(content) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (data,) = (name for name in parts if name.endswith("data.pkl"))
    # 200 numbers become 10**13 in the pickle: K is one byte, \x8a as many as told.
    many = b"\x8a\x06" + TERABYTES.to_bytes(6, "little")
    numbers = packed(parts[data].replace(b"K\xc8", many), **{"data/0": bytes(800)})

    compressed = io.BytesIO()
    with zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10**7))

    header = json.dumps(
        {"w": {"dtype": "U8", "shape": [TERABYTES], "data_offsets": [0, TERABYTES]}}
    ).encode()
    cases = [
        ("model.pt", numbers, "record size|damaged"),
        ("model.pt", compressed.getvalue(), "is compressed"),
        (
            "model.pt",
            packed(b"\x80\x02cbuiltins\nbytearray\n" + many + b"\x85R."),
            "bytear",
        ),
        ("a.safetensors", len(header).to_bytes(8, "little") + header, "damaged"),
        ("a.safetensors", TERABYTES.to_bytes(8, "little") + header, "damaged"),
    ]
    for name, attack, message in cases:
        (tmp_path / name).write_bytes(attack)
        tracemalloc.start()
        refused(tmp_path / name, message)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10**7


@FORMATS
@pytest.mark.parametrize("kind", ["pipe", "link to itself", "link to a pipe", "device"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, suffix, kind):
    path = tmp_path / f"model{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "link to a pipe":
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    else:
        path.symlink_to("/dev/zero")

    refused(path, "is a pipe or a device|cannot be read as a file")
    if kind != "link to itself":
        with pytest.raises(ValueError, match="is no file: choose another name"):
            save_weights(net(), path)


def test_link_to_a_file_is_read_and_replaced_by_a_file(tmp_path):
    save_weights(net(), tmp_path / "target.pt")
    before = (tmp_path / "target.pt").read_bytes()
    link = tmp_path / "link.pt"
    link.symlink_to("target.pt")

    load_weights(net(), link)
    save_weights(net(), link)

    assert not link.is_symlink()
    assert (tmp_path / "target.pt").read_bytes() == before


def test_missing_library_is_named_with_the_way_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)

    for use in (save_weights, load_weights):
        with pytest.raises(ModuleNotFoundError, match=r"pip install safetensors$"):
            use(net(), tmp_path / "model.safetensors")
