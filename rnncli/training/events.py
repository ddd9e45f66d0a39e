"""The events that a training yields."""

from typing import NamedTuple


class Step(NamedTuple):
    """A completed step of the optimizer."""

    epoch: int
    batch: int
    batches: int
    sequences: int
    loss: float
    gradient_norm: float


class Epoch(NamedTuple):
    """A completed epoch; the metric is the accuracy or the RMSE."""

    epoch: int
    step: int
    seconds: float
    learning_rate: float
    train_loss: float
    train_metric: float
    val_loss: float | None
    val_metric: float | None
    gradient_norm: float
    best: bool
