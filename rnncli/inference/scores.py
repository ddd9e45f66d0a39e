"""Loss and accuracy (or RMSE) over many batches."""

from math import inf, sqrt
from typing import Any, TypeVar

import numpy as np

from rnncli.datasets.task import Task
from rnncli.nn.arrays import Array


class Tally:
    """Running sums of the loss and of the task's figure.

    For classes the figure is the accuracy; for values it is the root of the mean squared error,
    over all values, in the units of the data.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.std = np.array(task.target_std)[:, np.newaxis]
        self.count, self.loss_sum, self.figure_sum = 0, 0.0, 0.0

    def add(self, losses: Array, z: Array, y: Array) -> float:
        """Count answers: losses (N,), outputs (O, N), targets (N, K); return their mean loss."""
        batch = len(losses)
        loss_sum = float(np.add.reduce(losses))
        self.count += batch
        self.loss_sum += loss_sum
        if self.task.kind == "binary":
            self.figure_sum += np.count_nonzero((z[0] > 0) == y[:, 0])
        elif self.task.kind == "multiclass":
            self.figure_sum += np.count_nonzero(z.argmax(axis=0) == y[:, 0])
        else:
            self.figure_sum += float(np.square((z - y.T) * self.std).sum()) / len(self.std)
        return loss_sum / max(batch, 1)

    @property
    def loss(self) -> float:
        """Mean loss over all sequences."""
        return self.loss_sum / max(self.count, 1)

    @property
    def figure(self) -> float:
        """Accuracy, or RMSE."""
        mean = self.figure_sum / max(self.count, 1)
        return sqrt(mean) if self.task.kind == "regression" else mean

    def state(self) -> dict[str, Any]:
        """Return the sums, for a checkpoint."""
        return {"count": self.count, "loss_sum": self.loss_sum, "figure_sum": self.figure_sum}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the sums of a checkpoint."""
        self.count = restored(state["count"], int)
        self.loss_sum = restored(state["loss_sum"], float)
        self.figure_sum = restored(state["figure_sum"], float)


_LARGEST = {int: 2**63, float: inf}
_Number = TypeVar("_Number", int, float)


def restored(value: Any, kind: type[_Number]) -> _Number:
    """Return a number that was saved, if it is one of this kind, finite and not negative.

    Raises
    ------
    ValueError
        It is not.
    """
    if type(value) not in (int, kind) or not 0 <= value < _LARGEST[kind]:
        raise ValueError(f"{value!r} is no {kind.__name__} of a training's state")
    return kind(value)
