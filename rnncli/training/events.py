"""The events that the training loop yields.

In an ensemble, the steps of all members count, and an epoch has the means over the members.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """A completed step of the optimizer.

    Attributes
    ----------
    epoch, batch : int
        The epoch of the step, and its batch within the epoch, both counted from 1.
    batches : int
        How many batches the epoch has.
    size : int
        How many sequences the batch has; of a text, how many symbols are predicted.
    loss : float
        The mean loss of the batch before the step.
    gradient_norm : float
        The norm of its gradient before clipping.
    step : int or None
        The number of steps of this network's optimizer since the first one. None if the event
        stands for several steps in another process, whose state is not known here.
    """

    epoch: int
    batch: int
    batches: int
    size: int
    loss: float
    gradient_norm: float
    step: int | None = None


class Epoch(NamedTuple):
    """A completed epoch; the metric is the accuracy or the RMSE.

    Attributes
    ----------
    epoch, step : int
        The epoch, counted from 1, and the number of steps of the optimizer since the first one.
    seconds : float
        The time spent in training so far, without the time for which the process was stopped.
    learning_rate : float
        The learning rate of the epoch's last step.
    train_loss, train_metric : float
        Loss and metric over the training data, of each batch before its step.
    val_loss, val_metric : float or None
        Loss and metric over the validation data after the epoch; None without validation.
    gradient_norm : float
        The mean norm of the gradients before clipping.
    best : bool
        Whether the parameters are the best so far; always true without validation.
    sample : str or None
        Of a language model, a few lines of text that it generates.
    """

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
    sample: str | None = None
