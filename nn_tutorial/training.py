"""Training and measuring: the loops that the chapters write by hand first.

Needs torch. Nothing here moves, prints or saves a model: the caller owns it.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

__all__ = ["accuracy", "evaluate", "fit", "train_one_epoch"]


def accuracy(
    logits: Tensor, targets: Tensor, *, ignore_index: int | None = None
) -> float:
    """Return the fraction of answers that are the right class.

    Args:
        logits: Unnormalised scores: shape ``(N, C)``, where the largest of a row is
            its class; or ``(N, 1)`` for two classes, where a row above 0 is class 1.
            As in `torch.nn.CrossEntropyLoss` more axes may follow: ``(N, C, H, W)``
            holds an answer for each pixel, ``(N, C, T)`` one for each step.
        targets: Class indices, shape ``(N,)`` or ``(N, ...)``, int64, each in
            ``[0, C)``. For two classes in one column zeros and ones, of the shape of
            the logits.
        ignore_index: Targets of this value do not count, such as -100 for padding.

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

    A model that is a module is set to training mode first and left in it.

    Args:
        model: A module, or a function of the inputs that uses the parameters the
            optimizer holds.
        inputs: All examples, shape ``(N, ...)``, of the dtype of the model; whole
            numbers for a model that begins with an `torch.nn.Embedding`.
        targets: What ``loss_fn`` compares the outputs with: floating point and of
            the shape of the outputs, or class indices, shape ``(N,)``, int64.
        loss_fn: Returns one number for outputs and targets, for example
            ``nn.MSELoss()``.
        optimizer: Holds the parameters, and the learning rate.
        steps: How many updates to make.
        callback: Called as ``callback(step, loss)``, steps counted from 0, after the
            backward pass and before the update: the model still is the one that has
            this loss, and its gradients are there to be looked at.

    Returns:
        ``steps`` losses; entry 0 is the loss before the first update.

    Raises:
        TypeError: If inputs or targets are not tensors.
        ValueError: If a shape or dtype does not fit, an input or target is NaN or
            infinite, there are no examples, or ``steps`` is not at least 1.
        FloatingPointError: If a loss is NaN or infinite; the parameters then are
            those of the step named.
    """
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps={steps!r}: use a whole number of at least 1")
    _require_examples(model, inputs, targets)
    if isinstance(model, nn.Module):
        model.train()
    losses: list[float] = []
    for step in range(steps):
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
    """Train on every batch once, in place, and return the mean loss of an example.

    The loss of a batch is taken before its update. The model is left in training
    mode.

    Args:
        model: Already on ``device``.
        batches: Inputs and targets of each batch, for example a `DataLoader`.
        optimizer: Holds the parameters of the model.
        loss_fn: Returns the mean loss of a batch.
        device: Where the batches are moved to.

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
    """Return mean loss and mean metric of a model, without changing it.

    The model is left in evaluation mode: batch normalisation and dropout then do
    what they do in use.

    Args:
        model: Already on ``device``.
        batches: Inputs and targets of each batch, for example a `DataLoader`.
        loss_fn: Returns the mean loss of a batch.
        device: Where the batches are moved to.
        metric: Returns a number for outputs and targets of a batch that is a mean over
            its examples; `accuracy` for a classifier, for example
            ``nn.functional.l1_loss`` for regression.

    Returns:
        The loss of an example and the metric of an example (for `accuracy` a fraction
        in ``[0, 1]``): the means of the batches, weighted by their sizes.

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
