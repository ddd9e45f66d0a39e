"""The state of a training run.

Together with the parameters it is all that is needed to resume the run.
"""

from dataclasses import dataclass, field
from math import isfinite
from sys import float_info
from typing import Any

import numpy as np

from rnncli.datasets.task import Task
from rnncli.inference.metric_sums import MetricSums, checked_number
from rnncli.nn.arrays import Array
from rnncli.nn.batch import State
from rnncli.nn.network import Network
from rnncli.training.settings import Training

# Vectors of all parameters in a training run, besides the optimizer's slots: the parameters, their
# gradient, those before the last step and the best ones.
NUM_PARAMETER_VECTORS = 4
# Those of them that a checkpoint has.
NUM_SAVED_VECTORS = 2
_NUMBERS = ("epoch", "batch", "step", "best_epoch", "best_loss", "seconds", "norm_sum")


@dataclass
class TrainingState:
    """The state of a training run between two steps.

    Attributes
    ----------
    epoch, batch, step : int
        Completed epochs, completed batches of the next one, and optimizer steps in total.
    slots : dict of str to array (P,)
        The optimizer's vectors.
    best_parameters : array (P,)
        The parameters of the lowest validation loss; the last ones where there is no validation.
    best_epoch, best_loss : int, float
        The epoch of the best parameters, and its loss.
    seconds : float
        Time spent in training so far.
    sums, norm_sum : MetricSums, float
        Sums over the unfinished epoch.
    plan : list of list of int
        Pairs of a step and the number of epochs planned from that step on, which schedules depend
        on.
    carried : State
        The carried states after the last step, which are the initial states of the next one; empty
        where sequences are independent.
    """

    slots: dict[str, Array]
    best_parameters: Array
    sums: MetricSums
    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_loss: float = float_info.max
    seconds: float = 0.0
    norm_sum: float = 0.0
    plan: list[list[int]] = field(default_factory=list)
    carried: State = field(default_factory=list)

    @classmethod
    def initial(
        cls, network: Network, task: Task, settings: Training, num_streams: int = 0
    ) -> "TrainingState":
        """Return the state before the first step; the state of `num_streams` is carried."""
        parameters = network.parameters
        slots = {name: np.zeros_like(parameters) for name in settings.optimizer.slots}
        carried = network.zero_state(num_streams) if num_streams else []
        return cls(slots, parameters.copy(), MetricSums(task), carried=carried)

    def begin_epoch(self, task: Task) -> None:
        """Reset the sums over an epoch, and the carried states."""
        self.sums, self.batch, self.norm_sum = MetricSums(task), 0, 0.0
        self.carried = [{k: np.zeros_like(v) for k, v in cell.items()} for cell in self.carried]

    def numbers(self) -> dict[str, Any]:
        """Return all but the vectors, for a checkpoint."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        plan = [list(planned) for planned in self.plan]
        return numbers | {"tally": self.sums.state(), "plan": plan}

    def restore(self, numbers: dict[str, Any]) -> None:
        """Restore the state from what `numbers` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            The numbers are missing or invalid.
        """
        for name in _NUMBERS:
            setattr(self, name, checked_number(numbers[name], type(getattr(self, name))))
        self.sums.restore(numbers["tally"])
        self.plan = restored_plan(numbers["plan"])

    def is_consistent(self, batches_per_epoch: int) -> bool:
        """Return whether a training run with `batches_per_epoch` can be in this state."""
        return (
            self.step == self.epoch * batches_per_epoch + self.batch
            and self.batch <= batches_per_epoch
            and self.best_epoch <= self.epoch
            and (self.best_epoch > 0) == (self.epoch > 0)
            and self.plan[-1][0] <= self.step
        )

    def is_finite(self) -> bool:
        """Return whether all numbers are finite, those of the vectors too."""
        sums = (self.best_loss, self.norm_sum, self.sums.loss_sum, self.sums.metric_sum)
        vectors = (self.best_parameters, *self.slots.values())
        return all(map(isfinite, sums)) and all(np.isfinite(v).all() for v in vectors)

    def is_finished(self, settings: Training) -> bool:
        """Return whether no epoch remains: by their number, or as `patience` is exhausted."""
        if settings.patience is not None and self.epoch - self.best_epoch >= settings.patience:
            return True
        return self.epoch >= settings.num_epochs

    def plan_epochs(self, num_epochs: int) -> None:
        """Record how many epochs are planned from here on."""
        if not self.plan or self.plan[-1][1] != num_epochs:
            self.plan.append([self.step, num_epochs])


def restored_plan(plan: Any) -> list[list[int]]:
    """Return a `TrainingState.plan` that was saved; raise ``ValueError`` if it is invalid."""
    pairs = [[checked_number(step, int), checked_number(epochs, int)] for step, epochs in plan]
    if not pairs or pairs[0][0] or pairs != sorted(pairs) or not all(n for _, n in pairs):
        raise ValueError(f"{plan!r} is not the plan of a training run")
    return pairs
