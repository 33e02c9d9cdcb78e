"""Training and evaluation: the loops that the chapters first write by hand.

Needs torch. To copy: this file and ``progress.py``. No function here moves, prints or
saves the model; `fit` shows a progress bar where somebody waits in a terminal.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from .progress import with_progress

__all__ = ["accuracy", "evaluate", "fit", "train_one_epoch"]


def accuracy(
    logits: Tensor, targets: Tensor, *, ignore_index: int | None = None
) -> float:
    """Return the fraction of predictions that are correct.

    Args:
        logits: Unnormalized scores. With shape ``(N, C)``, the largest score of a row
            is the predicted class; with ``(N, 1)``, for two classes, a score above 0
            means class 1. As in `torch.nn.CrossEntropyLoss`, more dimensions may
            follow: ``(N, C, H, W)`` has a prediction for each pixel and
            ``(N, C, T)`` one for each time step.
        targets: Class indices, shape ``(N,)`` or ``(N, ...)``, int64, each in
            ``[0, C)``. For logits of shape ``(N, 1)``: zeros and ones of the same
            shape.
        ignore_index: Targets with this value are not counted, for example -100 for
            padding.

    Returns:
        A fraction in ``[0, 1]``, not a percentage.

    Raises:
        ValueError: If there is no row, a shape or a class does not fit, a logit is
            NaN, class indices are not integers, or every target is ignored.
    """
    if logits.ndim < 2 or 0 in logits.shape:
        msg = f"logits have shape {tuple(logits.shape)}: (N, C) is wanted, or (N, 1)"
        raise ValueError(f"{msg} for two classes, with at least one row")
    if logits.isnan().any():
        row = logits.isnan().flatten(1).any(dim=1).nonzero()[0].item()
        msg = f"logits hold NaN, first in row {row}: the training has diverged"
        raise ValueError(f"{msg}; a smaller lr may help")
    in_one_column = logits.shape[1] == 1
    expected_shape = (
        logits.shape if in_one_column else logits.shape[:1] + logits.shape[2:]
    )
    if targets.shape != expected_shape:
        msg = f"targets have shape {tuple(targets.shape)}: {tuple(expected_shape)} is"
        msg += f" wanted for logits of shape {tuple(logits.shape)}"
        if targets.shape == logits.shape:
            msg += "; targets.argmax(dim=1) turns one-hot rows into class indices"
        elif targets.shape.numel() == expected_shape.numel():
            msg += f"; targets.reshape({', '.join(map(str, expected_shape))}) does it"
        raise ValueError(msg)

    if in_one_column:
        n_classes = 2
        known = (targets == 0) | (targets == 1)  # (N, 1)
        predictions = (logits > 0).long()  # (N, 1)
    elif targets.is_floating_point():
        msg = f"targets are {targets.dtype}: class indices are integers; use .long()"
        raise ValueError(msg)
    else:
        n_classes = logits.shape[1]
        known = (targets >= 0) & (targets < n_classes)  # (N,) or (N, ...)
        predictions = logits.argmax(dim=1)  # (N,) or (N, ...)
    counts = torch.ones_like(known) if ignore_index is None else targets != ignore_index
    known |= ~counts
    if not known.all():
        msg = f"targets hold {targets[~known][0].item()}: classes are the whole numbers"
        raise ValueError(f"{msg} from 0 to {n_classes - 1}")
    if not counts.any():
        raise ValueError(f"every target is {ignore_index}, which is ignored")
    return int(((predictions == targets) & counts).sum()) / int(counts.sum())


def fit(
    model: Callable[[Tensor], Tensor],
    inputs: Tensor,
    targets: Tensor,
    *,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    steps: int,
    callback: Callable[[int, float], object] | None = None,
) -> list[float]:
    """Train on all examples at once, in place, and return the loss of every step.

    If the model is a module, it is set to training mode and stays in it.

    Args:
        model: A module, or a function of the inputs that uses the parameters the
            optimizer holds.
        inputs: All examples, shape ``(N, ...)``, of the dtype of the model; whole
            numbers for a model that begins with an `torch.nn.Embedding`.
        targets: What ``loss_fn`` compares the outputs with: floating point and of
            the shape of the outputs, or class indices, shape ``(N,)``, int64.
        loss_fn: Returns one number for outputs and targets, for example
            ``nn.MSELoss()``.
        optimizer: The optimizer of the parameters, with the learning rate.
        steps: Number of updates.
        callback: Called as ``callback(step, loss)`` after the backward pass and before
            the update, with steps counted from 0: the model still has this loss, and
            its gradients are available.

    Returns:
        ``steps`` losses; entry 0 is the loss before the first update.

    Raises:
        TypeError: If inputs or targets are not tensors.
        ValueError: If a shape or dtype does not fit, an input or target is NaN or
            infinite, there are no examples, or ``steps`` is not at least 1.
        FloatingPointError: If a loss is NaN or infinite; the parameters are then
            those of the step in the message.
    """
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps={steps!r}: use a whole number of at least 1")
    _require_examples(model, inputs, targets)
    if isinstance(model, nn.Module):
        model.train()
    losses: list[float] = []
    for step in with_progress(range(steps), "training"):
        outputs = model(inputs)
        if step == 0:
            _require_same_shape(outputs, targets)
        loss = loss_fn(outputs, targets)
        losses.append(_require_finite(loss.item(), f"step {step}", optimizer))
        optimizer.zero_grad()
        loss.backward()
        if callback is not None:
            callback(step, losses[-1])
        optimizer.step()
    return losses


def train_one_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    *,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    device: torch.device,
) -> float:
    """Train on every batch once, in place, and return the mean loss per example.

    The loss of a batch is measured before its update. The model stays in training
    mode.

    Args:
        model: Already on ``device``.
        batches: Inputs and targets of each batch, for example a `DataLoader`.
        optimizer: The optimizer of the model's parameters.
        loss_fn: Returns the mean loss of a batch.
        device: The device to move the batches to.

    Raises:
        ValueError: If there is no batch, or ``loss_fn`` does not return a mean.
        FloatingPointError: If a loss is NaN or infinite.
    """
    model.train()
    _require_mean(loss_fn)
    total_loss, n_examples = 0.0, 0
    for i, (inputs, targets) in enumerate(batches):
        inputs, targets = inputs.to(device), targets.to(device)
        loss = loss_fn(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean_loss = _require_finite(loss.item(), f"batch {i}", optimizer)
        # The last batch is often smaller, so weight each batch by its size.
        total_loss += mean_loss * len(inputs)
        n_examples += len(inputs)
    return total_loss / _require_some(n_examples)


def evaluate(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    device: torch.device,
    metric: Callable[[Tensor, Tensor], float | Tensor] = accuracy,
) -> tuple[float, float]:
    """Return the mean loss and the mean metric of a model, without changing it.

    The model stays in evaluation mode, in which batch normalization and dropout behave
    as they do in use.

    Args:
        model: Already on ``device``.
        batches: Inputs and targets of each batch, for example a `DataLoader`.
        loss_fn: Returns the mean loss of a batch.
        device: The device to move the batches to.
        metric: Returns a mean over the examples of a batch from its outputs and
            targets: `accuracy` for a classifier, or ``nn.functional.l1_loss`` for
            regression, for example.

    Returns:
        The loss and the metric per example (`accuracy` is a fraction in ``[0, 1]``):
        the means of the batches, weighted by their sizes.

    Raises:
        ValueError: If there is no batch, ``loss_fn`` does not return a mean, or
            outputs and targets do not fit (see `accuracy`).
    """
    model.eval()
    _require_mean(loss_fn)
    total_loss, total_metric, n_examples = 0.0, 0.0, 0
    with torch.inference_mode():
        for inputs, targets in batches:
            inputs, targets = inputs.to(device), targets.to(device)
            outputs = model(inputs)
            total_metric += float(metric(outputs, targets)) * len(inputs)
            total_loss += loss_fn(outputs, targets).item() * len(inputs)
            n_examples += len(inputs)
    return total_loss / _require_some(n_examples), total_metric / n_examples


def _require_examples(
    model: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor
) -> None:
    for name, values in (("inputs", inputs), ("targets", targets)):
        if not isinstance(values, Tensor):
            msg = f"{name} are a {type(values).__name__}: use torch.as_tensor({name})"
            raise TypeError(msg)
        if not values.isfinite().all():
            raise ValueError(f"{name} hold NaN or infinity: drop or repair those rows")
    if len(inputs) == 0 or len(inputs) != len(targets):
        msg = f"{len(inputs)} inputs and {len(targets)} targets: there must be as many"
        raise ValueError(f"{msg} of one as of the other, and at least one")
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    embeds = any(isinstance(part, nn.Embedding | nn.EmbeddingBag) for part in modules)
    if embeds and not inputs.is_floating_point():
        return
    parameters = list(model.parameters()) if isinstance(model, nn.Module) else []
    dtype = parameters[0].dtype if parameters else torch.float32
    if inputs.dtype != dtype:
        msg = f"inputs are {inputs.dtype}, the model {dtype}: use inputs.to({dtype})"
        raise ValueError(msg)


def _require_same_shape(outputs: Tensor, targets: Tensor) -> None:
    # nn.MSELoss would stretch (N, 1) against (N,) to (N, N) and learn nothing.
    if targets.is_floating_point() and targets.shape != outputs.shape:
        msg = f"outputs have shape {tuple(outputs.shape)}, targets"
        raise ValueError(f"{msg} {tuple(targets.shape)}: give both the same")


def _require_finite(
    loss: float, moment: str, optimizer: torch.optim.Optimizer
) -> float:
    if not math.isfinite(loss):
        lr = optimizer.param_groups[0]["lr"]
        msg = f"the loss is {loss} at {moment}: the steps were too large;"
        raise FloatingPointError(f"{msg} try a smaller lr than {lr:g}")
    return loss


def _require_mean(loss_fn: Callable[[Tensor, Tensor], Tensor]) -> None:
    reduction = getattr(loss_fn, "reduction", "mean")
    if reduction != "mean":
        msg = (
            f"loss_fn has reduction={reduction!r}: the mean over examples needs 'mean'"
        )
        raise ValueError(msg)


def _require_some(n_examples: int) -> int:
    if n_examples == 0:
        msg = "there is no batch: an iterator can be used up, so give a list or a"
        raise ValueError(f"{msg} DataLoader")
    return n_examples
