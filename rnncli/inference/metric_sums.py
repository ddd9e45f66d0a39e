"""Running sums of the loss and the metric over many batches."""

from math import inf, sqrt
from typing import Any, TypeVar

import numpy as np

from rnncli.datasets.task import Task
from rnncli.nn.arrays import Array


class MetricSums:
    """Running sums of the loss and of the task's metric.

    The metric is the accuracy for classes. For values it is the root mean squared error over all
    values, in the units of the data.

    Attributes
    ----------
    count : int
        How many predictions were added.
    loss_sum : float
        The sum of their losses.
    metric_sum : float
        How many of them were correct; for values the sum of their mean squared errors.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.std = np.array(task.target_std)[:, np.newaxis]
        self.count, self.loss_sum, self.metric_sum = 0, 0.0, 0.0

    def add(self, losses: Array, z: Array, y: Array) -> float:
        """Add N predictions and return their mean loss.

        Parameters
        ----------
        losses : array (N,)
            The loss of each prediction.
        z : array (O, N)
            The outputs of the network.
        y : array (N, K)
            The targets: class indices, or standardized values.
        """
        loss_sum = float(np.add.reduce(losses))
        self.count += len(losses)
        self.loss_sum += loss_sum
        if self.task.kind == "binary":
            self.metric_sum += int(np.count_nonzero((z[0] > 0) == y[:, 0]))
        elif self.task.kind in ("multiclass", "next_symbol"):
            self.metric_sum += int(np.count_nonzero(z.argmax(axis=0) == y[:, 0]))
        else:
            self.metric_sum += float(np.square((z - y.T) * self.std).sum()) / len(self.std)
        return loss_sum / max(len(losses), 1)

    @property
    def loss(self) -> float:
        """Mean loss over all predictions."""
        return self.loss_sum / max(self.count, 1)

    @property
    def metric(self) -> float:
        """Accuracy, or root mean squared error."""
        mean = self.metric_sum / max(self.count, 1)
        return sqrt(mean) if self.task.kind == "regression" else mean

    def state(self) -> dict[str, Any]:
        """Return the sums under the names that they have in a checkpoint."""
        return {"count": self.count, "loss_sum": self.loss_sum, "figure_sum": self.metric_sum}

    def restore(self, state: dict[str, Any]) -> None:
        """Set the sums to those of a checkpoint.

        Raises
        ------
        KeyError, ValueError
            A sum is missing or invalid.
        """
        self.count = checked_number(state["count"], int)
        self.loss_sum = checked_number(state["loss_sum"], float)
        self.metric_sum = checked_number(state["figure_sum"], float)


_UPPER_BOUNDS = {int: 2**63, float: inf}
_Number = TypeVar("_Number", int, float)


def checked_number(value: Any, kind: type[_Number]) -> _Number:
    """Return a number from a checkpoint after checking its type and range.

    Raises
    ------
    ValueError
        The value is not a finite, non-negative number of this type.
    """
    if type(value) not in (int, kind) or not 0 <= value < _UPPER_BOUNDS[kind]:
        raise ValueError(f"{value!r} is not a finite, non-negative {kind.__name__}")
    return kind(value)
