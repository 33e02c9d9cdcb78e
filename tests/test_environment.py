import hashlib
import platform
import random
import re

import numpy as np
import pytest
import torch

from nn_tutorial.environment import pick_device, provenance, set_seed


def draw_from_each_generator():
    return random.random(), np.random.rand(), torch.rand(1).item()


def without_any_gpu(monkeypatch):
    monkeypatch.delenv("NN_TUTORIAL_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def with_one_gpu(monkeypatch, *, n_allocations):
    """What PyTorch answers on a machine with one GPU of the name "Test GPU"."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Test GPU")
    stats = {"allocation.all.allocated": n_allocations}
    monkeypatch.setattr(torch.cuda, "memory_stats", lambda device: stats)


def test_same_seed_draws_same_numbers_from_all_three_generators():
    set_seed(7)
    first = draw_from_each_generator()
    set_seed(7)
    again = draw_from_each_generator()
    set_seed(8)
    other = draw_from_each_generator()

    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_seed_means_what_it_means_to_each_library():
    set_seed(1)

    # The first value of each generator after seeding it by hand with 1.
    assert random.random() == random.Random(1).random()
    assert np.random.rand() == np.random.RandomState(1).rand()
    generator = torch.Generator().manual_seed(1)
    assert torch.equal(torch.rand(3), torch.rand(3, generator=generator))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "1", None])
def test_seed_outside_the_range_of_numpy_is_refused(seed):
    with pytest.raises(ValueError, match=re.escape(f"seed={seed!r}")):
        set_seed(seed)


def test_without_gpu_the_cpu_is_picked(monkeypatch):
    without_any_gpu(monkeypatch)

    assert pick_device() == torch.device("cpu")


def test_best_device_comes_first(monkeypatch):
    without_any_gpu(monkeypatch)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device() == torch.device("mps")

    with_one_gpu(monkeypatch, n_allocations=0)
    assert pick_device() == torch.device("cuda")


def test_variable_overrides_the_choice_and_a_name_overrides_both(monkeypatch):
    without_any_gpu(monkeypatch)
    with_one_gpu(monkeypatch, n_allocations=0)
    monkeypatch.setenv("NN_TUTORIAL_DEVICE", "cpu")

    assert pick_device() == torch.device("cpu")
    assert pick_device("cuda:0") == torch.device("cuda:0")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "", "CPU"])
def test_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"known are 'cuda', 'mps' and 'cpu'"):
        pick_device(name)


def test_unknown_name_in_the_variable_is_blamed_on_the_variable(monkeypatch):
    monkeypatch.setenv("NN_TUTORIAL_DEVICE", "tpu")

    with pytest.raises(
        ValueError, match=r"no device 'tpu' \(from NN_TUTORIAL_DEVICE\)"
    ):
        pick_device()


@pytest.mark.parametrize("name", ["cuda", "cuda:3", "mps"])
def test_device_that_is_not_there_is_refused(monkeypatch, name):
    without_any_gpu(monkeypatch)

    with pytest.raises(RuntimeError, match=f"no device '{name}'"):
        pick_device(name)
    with pytest.raises(RuntimeError, match=f"no device '{name}'"):
        provenance(device=name)


def test_gpu_beyond_the_last_one_is_refused(monkeypatch):
    with_one_gpu(monkeypatch, n_allocations=0)

    with pytest.raises(RuntimeError, match=r"sees 1 CUDA GPU\(s\)"):
        pick_device("cuda:1")


def test_provenance_names_cpu_threads_and_versions_in_one_line(monkeypatch):
    without_any_gpu(monkeypatch)

    device, python, torch_, numpy, seconds = provenance().split(" · ")

    assert device.startswith("CPU ")
    assert device.split(", ")[1].split()[0] == str(torch.get_num_threads())
    assert python == f"Python {platform.python_version()}"
    assert torch_ == f"torch {torch.__version__}"
    assert numpy == f"numpy {np.__version__}"
    assert float(seconds.removesuffix(" s")) >= 0


def test_unused_gpu_cannot_be_claimed(monkeypatch):
    with_one_gpu(monkeypatch, n_allocations=0)

    assert provenance().startswith("CPU ")
    with pytest.raises(RuntimeError, match="nothing in this process was put on 'cuda"):
        provenance(device="cuda")


def test_used_gpu_is_called_by_its_own_name(monkeypatch):
    with_one_gpu(monkeypatch, n_allocations=5)

    assert provenance().startswith("Test GPU · ")
    assert provenance(device="cuda:0").startswith("Test GPU · ")
    assert provenance(device="cpu").startswith("CPU ")


def test_device_that_is_neither_cpu_nor_gpu_is_not_called_a_cpu():
    with pytest.raises(ValueError, match="no device 'meta'"):
        provenance(device="meta")


def test_checksum_is_sha256_of_dtype_shape_and_bytes():
    array = np.array([[1.0, 2.0]], dtype="<f4")
    content = b"float32 (1, 2) " + b"\x00\x00\x80\x3f\x00\x00\x00\x40"
    expected = f"points sha256 {hashlib.sha256(content).hexdigest()[:12]}"

    for same in (array, array.astype(">f4"), torch.from_numpy(array)):
        assert provenance(data={"points": same}).endswith(f" · {expected}")


@pytest.mark.parametrize(
    "other",
    [
        torch.tensor([1.0, 2.0]),
        torch.tensor([[1, 2]]),
        torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16),
        torch.tensor([[2.0, 1.0]]),
        torch.tensor(1.0),
        torch.empty(0),
    ],
    ids=["shape", "dtype", "bfloat16", "order", "scalar", "empty"],
)
def test_checksum_tells_different_data_apart(other):
    lines = [provenance(data={"d": d}) for d in (torch.tensor([[1.0, 2.0]]), other)]

    assert len({line.split(" sha256 ")[1] for line in lines}) == 2


def test_checksum_ignores_layout_and_gradient():
    tensor = torch.arange(6.0).reshape(2, 3)
    columns_first = tensor.t().contiguous().t().requires_grad_()

    lines = [provenance(data={"d": d}) for d in (tensor, columns_first)]

    assert len({line.split(" sha256 ")[1] for line in lines}) == 1


def test_string_is_shown_as_it_stands():
    assert provenance(data={"MNIST": "stand-in"}).endswith(" · MNIST stand-in")


@pytest.mark.parametrize("value", [[1.0], 3, np.array([object()])])
def test_data_without_bytes_of_its_own_is_refused(value):
    with pytest.raises(TypeError, match=r"data\['d'\] is a"):
        provenance(data={"d": value})
