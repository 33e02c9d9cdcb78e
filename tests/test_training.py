import io
import math
import sys

import pytest
import torch
from torch import nn

from nn_tutorial.training import accuracy, evaluate, fit, train_one_epoch

CPU = torch.device("cpu")


def one_weight(value=1.0):
    model = nn.Linear(1, 1, bias=False).eval()
    nn.init.constant_(model.weight, value)
    return model


# Loss (w x)^2 with x = 2: dloss/dw = 8 w. From w = 1, lr 1/8: w = 0, then stays.
TWO, ZERO = torch.tensor([[2.0]]), torch.tensor([[0.0]])


# --- accuracy -------------------------------------------------------------------


def test_accuracy_counts_the_rows_whose_largest_logit_is_right():
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, -1.0, 3.0], [0.0, 5.0, 1.0]])

    assert accuracy(logits, torch.tensor([0, 2, 0])) == 2 / 3
    assert accuracy(logits, torch.tensor([0, 2, 1])) == 1
    assert accuracy(logits, torch.tensor([1, 1, 2])) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_one_column_of_logits_is_class_1_above_0(dtype):
    logits = torch.tensor([[0.3], [-0.3], [0.0], [9.0]])
    targets = torch.tensor([[1], [1], [0], [1]]).to(dtype)

    assert accuracy(logits, targets) == 3 / 4


def test_accuracy_of_many_rows_is_not_rounded():
    # 764 right of 800 is 0.955; a float32 mean would say 0.9549999833106995.
    targets = torch.ones(800, 1)
    logits = torch.ones(800, 1)
    logits[:36] = -1

    assert accuracy(logits, targets) == 0.955


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        (torch.zeros(3), torch.zeros(3), r"logits have shape \(3,\)"),
        (torch.zeros(0, 2), torch.zeros(0).long(), "with at least one row"),
        (torch.zeros(3, 0), torch.zeros(3).long(), r"logits have shape \(3, 0\)"),
        (torch.tensor([[0.0, 1], [0, math.nan]]), torch.ones(2), "first in row 1"),
        (
            torch.zeros(3, 2),
            torch.eye(3)[:, :2].long(),
            r"wanted for logits of shape \(3, 2\); targets\.argmax\(dim=1\) turns",
        ),
        (torch.zeros(3, 2), torch.zeros(3, 1).long(), r"targets\.reshape\(3\) does"),
        (torch.zeros(3, 1), torch.zeros(3), r"targets\.reshape\(3, 1\) does it"),
        (
            torch.zeros(3, 2),
            torch.zeros(4).long(),
            r"targets have shape \(4,\): \(3,\)",
        ),
        (torch.zeros(3, 2), torch.zeros(3), r"torch\.float32: .* use \.long\(\)"),
        (torch.zeros(3, 2), torch.tensor([0, 1, 2]), "targets hold 2: .* from 0 to 1"),
        (torch.zeros(3, 2), torch.tensor([0, 1, -1]), "targets hold -1"),
        (
            torch.zeros(1, 1),
            torch.tensor([[0.5]]),
            r"targets hold 0\.5: .* from 0 to 1",
        ),
        (torch.zeros(1, 1), torch.tensor([[math.nan]]), "targets hold nan"),
    ],
)
def test_accuracy_of_what_does_not_fit_is_refused(logits, targets, message):
    with pytest.raises(ValueError, match=message):
        accuracy(logits, targets)


# --- fit ------------------------------------------------------------------------


def test_two_steps_of_fit_match_hand_arithmetic():
    model = one_weight()

    losses = fit(
        model,
        TWO,
        ZERO,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=1 / 8),
        steps=2,
    )

    assert losses == [4.0, 0.0]
    assert model.weight.item() == 0.0
    assert model.training


def test_fit_forgets_the_gradient_of_the_step_before():
    # From w = 1 with lr 1/16: w = 1/2, then 1/4; with the first gradient kept, 0 - ...
    model = one_weight()

    losses = fit(
        model,
        TWO,
        ZERO,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=1 / 16),
        steps=3,
    )

    assert losses == [4.0, 1.0, 0.25]
    assert model.weight.item() == 1 / 8


def test_fit_trains_a_function_of_raw_parameters_like_a_module():
    weight = torch.tensor([[1.0]], requires_grad=True)

    losses = fit(
        lambda inputs: inputs @ weight,
        TWO,
        ZERO,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD([weight], lr=1 / 16),
        steps=3,
    )

    assert losses == [4.0, 1.0, 0.25]


def test_callback_sees_the_model_that_has_the_loss_and_its_gradient():
    model, seen = one_weight(), []

    losses = fit(
        model,
        TWO,
        ZERO,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=1 / 16),
        steps=2,
        callback=lambda step, loss: seen.append(
            (step, loss, model.weight.item(), model.weight.grad.item())
        ),
    )

    assert seen == [(0, 4.0, 1.0, 8.0), (1, 1.0, 0.5, 4.0)]
    assert [loss for _, loss, _, _ in seen] == losses


def fit_one_weight(inputs=TWO, targets=ZERO, *, loss_fn=None, lr=0.1, steps=1):
    model = one_weight()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn = loss_fn or nn.MSELoss()
    return fit(
        model, inputs, targets, loss_fn=loss_fn, optimizer=optimizer, steps=steps
    )


def test_loss_that_blows_up_stops_with_its_step_and_a_way_out():
    # w grows by 1 - 8 lr = -799999 a step: (2 w)^2 passes 3.4e38, the largest
    # float32, at step 4 (4 * 799999**6 = 1.0e36, 4 * 799999**8 = 6.7e47).
    with pytest.raises(FloatingPointError, match=r"inf at step 4: .* than 100000"):
        fit_one_weight(lr=1e5, steps=100)


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (torch.zeros(0, 1), torch.zeros(0, 1), "0 inputs and 0 targets"),
        (torch.zeros(3, 1), torch.zeros(2, 1), "3 inputs and 2 targets"),
        (torch.zeros(3, 1), torch.zeros(3), r"shape \(3, 1\), targets \(3,\)"),
        (
            torch.zeros(3, 1).double(),
            torch.zeros(3, 1),
            r"use inputs\.to\(torch\.float32",
        ),
        (torch.zeros(3, 1).long(), torch.zeros(3, 1), r"inputs are torch\.int64"),
        (torch.tensor([[math.nan]]), ZERO, "inputs hold NaN or infinity"),
        (TWO, torch.tensor([[math.inf]]), "targets hold NaN or infinity"),
    ],
)
def test_examples_that_cannot_be_learnt_from_are_refused(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        fit_one_weight(inputs, targets)


def test_examples_have_the_dtype_of_the_model():
    model = one_weight().double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"loss_fn": nn.MSELoss(), "optimizer": optimizer, "steps": 1}

    assert fit(model, TWO.double(), ZERO.double(), **options) == [4.0]  # (1 * 2)**2
    with pytest.raises(ValueError, match=r"float32, the model torch\.float64"):
        fit(model, TWO, ZERO, **options)


def test_one_example_alone_may_be_learnt():
    logits = nn.Linear(1, 2)
    optimizer = torch.optim.SGD(logits.parameters(), lr=1)

    losses = fit(
        logits,
        TWO,
        torch.tensor([1]),
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=optimizer,
        steps=2,
    )

    assert losses[1] < losses[0]


def test_array_is_refused_with_the_way_to_a_tensor():
    with pytest.raises(TypeError, match=r"inputs are a ndarray: use torch\.as_tensor"):
        fit_one_weight(TWO.numpy())


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_number_of_steps_below_1_is_refused(steps):
    with pytest.raises(ValueError, match=f"steps={steps}"):
        fit_one_weight(steps=steps)


# --- train_one_epoch and evaluate -----------------------------------------------


def test_two_batches_of_an_epoch_match_hand_arithmetic():
    model = one_weight()
    optimizer = torch.optim.SGD(model.parameters(), lr=1 / 16)

    loss = train_one_epoch(
        model,
        [(TWO, ZERO), (TWO, ZERO)],
        optimizer,
        loss_fn=nn.MSELoss(),
        device=CPU,
    )

    assert model.weight.item() == 1 / 4
    assert loss == (4.0 + 1.0) / 2
    assert model.training


def test_mean_loss_weights_batches_by_size():
    model = one_weight()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
    batches = [(TWO.repeat(3, 1), ZERO.repeat(3, 1)), (ZERO, ZERO)]

    trained = train_one_epoch(
        model, batches, optimizer, loss_fn=nn.MSELoss(), device=CPU
    )
    assert trained == pytest.approx((3 * 4.0 + 0.0) / 4)

    # -log softmax(0, 1)[0] = log(1 + e) for three rows, log(2) for the last.
    identity = nn.Identity()
    batches = [
        (torch.tensor([[0.0, 1.0]] * 3), torch.tensor([0, 0, 1])),
        (torch.zeros(1, 2), torch.tensor([1])),
    ]
    loss, fraction_right = evaluate(
        identity, batches, loss_fn=nn.CrossEntropyLoss(), device=CPU
    )
    wrong, right = math.log(1 + math.e), math.log(1 + math.e) - 1
    assert loss == pytest.approx((2 * wrong + right + math.log(2)) / 4)
    assert fraction_right == 1 / 4


def test_evaluation_changes_nothing_and_switches_dropout_off():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batches = [(torch.randn(8, 2), torch.arange(8) % 2)]

    first, again = (
        evaluate(model, batches, loss_fn=nn.CrossEntropyLoss(), device=CPU)
        for _ in range(2)
    )

    assert first == again
    assert not model.training
    assert all(torch.equal(before[name], v) for name, v in model.state_dict().items())


def test_evaluation_keeps_no_graph():
    model, graphs = nn.Linear(1, 2), []

    def loss_fn(logits, targets):
        graphs.append(logits.requires_grad)
        return nn.functional.cross_entropy(logits, targets)

    evaluate(model, [(TWO, torch.tensor([1]))], loss_fn=loss_fn, device=CPU)

    assert graphs == [False]


def test_batches_are_moved_to_the_device():
    # The device "meta" has no numbers, only shapes: enough to see where tensors go.
    def tell(outputs, targets):
        raise RuntimeError(f"{outputs.device} against {targets.device}")

    meta = torch.device("meta")
    model = nn.Linear(1, 1, device=meta)
    optimizer = torch.optim.SGD(model.parameters(), lr=1)

    with pytest.raises(RuntimeError, match="meta against meta"):
        train_one_epoch(model, [(TWO, ZERO)], optimizer, loss_fn=tell, device=meta)
    with pytest.raises(RuntimeError, match="meta against meta"):
        evaluate(model, [(TWO, ZERO)], loss_fn=None, metric=tell, device=meta)


def test_epoch_without_batches_is_refused():
    used_up = iter([])
    optimizer = torch.optim.SGD(one_weight().parameters(), lr=1)

    with pytest.raises(ValueError, match=r"^there is no batch: .* or a DataLoader$"):
        train_one_epoch(
            one_weight(), used_up, optimizer, loss_fn=nn.MSELoss(), device=CPU
        )
    with pytest.raises(ValueError, match="there is no batch"):
        evaluate(one_weight(), used_up, loss_fn=nn.MSELoss(), device=CPU)


def test_sum_in_place_of_a_mean_is_refused():
    loss_fn = nn.MSELoss(reduction="sum")
    optimizer = torch.optim.SGD(one_weight().parameters(), lr=1)
    batches = [(TWO, ZERO)]

    with pytest.raises(ValueError, match="reduction='sum'"):
        train_one_epoch(one_weight(), batches, optimizer, loss_fn=loss_fn, device=CPU)
    with pytest.raises(ValueError, match="reduction='sum'"):
        evaluate(one_weight(), batches, loss_fn=loss_fn, device=CPU)


def test_loss_that_is_nan_names_its_batch():
    model = one_weight()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    batches = [(TWO, ZERO), (torch.tensor([[math.nan]]), ZERO)]

    with pytest.raises(FloatingPointError, match=r"nan at batch 1: .* lr than 0\.5"):
        train_one_epoch(model, batches, optimizer, loss_fn=nn.MSELoss(), device=CPU)


# --- More than classifiers of rows ------------------------------------------------


def test_accuracy_of_pixels_leaves_out_what_is_ignored():
    # Two images of 1 x 3 pixels, three classes: (2, 3, 1, 3).
    logits = nn.functional.one_hot(torch.tensor([[[0, 1, 2]], [[2, 2, 0]]]), 3)
    logits = logits.movedim(-1, 1).float()
    targets = torch.tensor([[[0, 1, 1]], [[2, 0, -100]]])

    assert accuracy(logits, targets.clamp(min=0)) == 4 / 6
    assert accuracy(logits, targets, ignore_index=-100) == 3 / 5
    with pytest.raises(ValueError, match="targets hold -100"):
        accuracy(logits, targets)
    with pytest.raises(ValueError, match="every target is 1, which is ignored"):
        accuracy(logits, torch.ones(2, 1, 3).long(), ignore_index=1)
    with pytest.raises(ValueError, match=r"\(2, 1, 3\) is wanted"):
        accuracy(logits, torch.zeros(2, 3).long())


def test_evaluation_takes_any_metric_and_weights_it_by_batch():
    # Outputs 2, 2, 2 and 0 for targets 0: absolute errors 2, 2, 2 and 0.
    batches = [(TWO.repeat(3, 1), ZERO.repeat(3, 1)), (ZERO, ZERO)]

    loss, error = evaluate(
        nn.Identity(),
        batches,
        loss_fn=nn.MSELoss(),
        device=CPU,
        metric=nn.functional.l1_loss,
    )

    assert (loss, error) == ((4 * 3 + 0) / 4, (2 * 3 + 0) / 4)


def test_embedding_learns_from_whole_numbers_of_any_class():
    model = nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(6, 2))
    words = torch.tensor([[0, 1, 2], [2, 3, 4]])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    for targets in (torch.tensor([0, 1]), torch.tensor([1, 1])):
        losses = fit(
            model,
            words,
            targets,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=optimizer,
            steps=20,
        )
        assert losses[-1] < losses[0]


@pytest.mark.parametrize("waits", [True, False])
def test_fit_shows_a_bar_only_to_somebody_who_waits_in_a_terminal(waits, monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: waits
    monkeypatch.setattr(sys, "stderr", stream)
    model = one_weight()
    optimizer = torch.optim.SGD(model.parameters(), lr=1 / 8)

    fit(model, TWO, ZERO, loss_fn=nn.MSELoss(), optimizer=optimizer, steps=3)

    assert ("training [####" in stream.getvalue()) is waits
    assert waits or stream.getvalue() == ""
