"""The chapter on the GPU runs on the stand-in, and what it computes is right."""

import copy

import pytest
import torch

from nn_tutorial.exercises import check


@pytest.fixture(scope="module")
def run(run_chapter):
    return run_chapter("gpu")


def test_every_rung_trains_the_same_network(run):
    # Ways of fetching differ in speed, not in what is learned.
    torch.manual_seed(5)
    start = run["ladder_net"]()
    order = torch.randperm(len(run["train_set"]))[:200]
    trained = []
    for name in ("from_loader", "from_memory", "asking"):
        net = copy.deepcopy(start).train()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        run[name](net, optimizer, torch.device("cpu"))(order)
        trained.append(net.state_dict())

    for a, *others in zip(*(state.values() for state in trained), strict=True):
        assert all(torch.equal(a, b) for b in others)


def test_fewer_digits_train_nearly_the_same_network(run):
    torch.manual_seed(5)
    start, order = run["ladder_net"](), torch.randperm(len(run["train_set"]))[:200]
    trained = []
    try:
        for make in (run["from_memory"], run["in_tf32"](run["from_memory"])):
            net = copy.deepcopy(start).train()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
            make(net, optimizer, torch.device("cpu"))(order)
            trained.append(net[0].weight)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert torch.allclose(*trained, atol=1e-3)

    net = copy.deepcopy(start).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    run["in_bfloat16"](net, optimizer, torch.device("cpu"))(order)
    assert net[0].weight.dtype == torch.float32
    assert torch.allclose(net[0].weight, trained[0], atol=1e-3)
    assert not torch.equal(net[0].weight, trained[0])  # bfloat16 was at work


def test_captured_step_trains_like_the_other_rungs_on_whole_batches(run):
    # Without CUDA nothing is captured, but the step is the one that would be.
    torch.manual_seed(5)
    start = run["ladder_net"]()
    order = torch.randperm(len(run["train_set"]))[:200]
    trained = []
    for name, rows in (("from_memory", order[:192]), ("ready_made", order)):
        net = copy.deepcopy(start).train()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        run[name](net, optimizer, torch.device("cpu"))(rows)
        trained.append(net.state_dict())

    for a, b in zip(*(state.values() for state in trained), strict=True):
        assert torch.equal(a, b)


def test_both_ways_of_fetching_end_at_the_same_accuracy(run):
    (loader, memory, floor) = run["ladder"]

    assert [loader[0], memory[0]] == ["DataLoader", "tensors in memory"]
    assert loader[3] == memory[3]
    assert len(set(memory[3])) > 1  # three seeds, not one
    assert floor[0] == "the same batch"


def test_a_network_moves_in_place_and_a_tensor_does_not(run):
    assert next(run["moved"].parameters()).device.type == "meta"


def test_eight_digits_are_bfloat16(run):
    x = torch.randn(1000, generator=torch.Generator().manual_seed(2))

    assert torch.equal(run["keep_digits"](x, 8), x.bfloat16().float())


@pytest.mark.parametrize(
    ("number", "name"), [("gpu-2", "mean_loss"), ("gpu-3", "keep_digits")]
)
def test_executed_solution_is_right(run, number, name):
    assert check(number, run[name])
