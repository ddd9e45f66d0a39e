"""Where a training stands: what a checkpoint holds besides the network's parameters."""

from dataclasses import dataclass, field
from math import isfinite
from sys import float_info
from typing import Any

import numpy as np

from rnncli.datasets.task import Task
from rnncli.inference.metric_sums import MetricSums, checked_number
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network
from rnncli.training.settings import Training

_NUMBERS = ("epoch", "batch", "step", "best_epoch", "best_loss", "stale", "seconds", "norm_sum")


@dataclass
class Progress:
    """Where a training stands: with the network's parameters, all that going on needs.

    Attributes
    ----------
    epoch, batch, step : int
        Epochs completed, batches done of the next one, and steps in all.
    slots : dict of str to array (P,)
        The optimizer's vectors.
    best_parameters : array (P,)
        The parameters of the lowest validation loss; the last ones where there is no validation.
    best_epoch, best_loss, stale : int, float, int
        The epoch of the best parameters, its loss, and the epochs since.
    seconds : float
        Time spent in training so far.
    tally, norm_sum : MetricSums, float
        Sums over the unfinished epoch.
    plan : list of list of int
        From which step on there were to be how many epochs; a schedule depends on it.
    """

    slots: dict[str, Array]
    best_parameters: Array
    tally: MetricSums
    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_loss: float = float_info.max
    stale: int = 0
    seconds: float = 0.0
    norm_sum: float = 0.0
    plan: list[list[int]] = field(default_factory=list)

    @classmethod
    def start(cls, network: Network, task: Task, settings: Training) -> "Progress":
        """Return the state before the first step."""
        parameters = network.parameters
        slots = {name: np.zeros_like(parameters) for name in settings.optimizer.slots}
        return cls(slots, parameters.copy(), MetricSums(task))

    def state(self) -> dict[str, Any]:
        """Return all but the vectors, for a checkpoint."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        plan = [list(leg) for leg in self.plan]
        return numbers | {"tally": self.tally.state(), "plan": plan}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is not what `state` returned.
        """
        for name in _NUMBERS:
            setattr(self, name, checked_number(state[name], type(getattr(self, name))))
        self.tally.restore(state["tally"])
        self.plan = restored_plan(state["plan"])

    def fits(self, batches: int) -> bool:
        """Return whether a training with so many batches an epoch can stand here."""
        return (
            self.step == self.epoch * batches + self.batch
            and self.batch <= batches
            and self.best_epoch + self.stale == self.epoch
            and (self.best_epoch > 0) == (self.epoch > 0)
            and self.plan[-1][0] <= self.step
        )

    def is_finite(self) -> bool:
        """Return whether all numbers are finite, those of the vectors too."""
        sums = (self.best_loss, self.norm_sum, self.tally.loss_sum, self.tally.metric_sum)
        vectors = (self.best_parameters, *self.slots.values())
        return all(map(isfinite, sums)) and all(np.isfinite(v).all() for v in vectors)

    def follow(self, num_epochs: int) -> None:
        """Note how many epochs there are to be from here on."""
        if not self.plan or self.plan[-1][1] != num_epochs:
            self.plan.append([self.step, num_epochs])


def restored_plan(plan: Any) -> list[list[int]]:
    """Return a `Progress.plan` that was saved; raise ``ValueError`` if it is none."""
    found = [[checked_number(step, int), checked_number(epochs, int)] for step, epochs in plan]
    if not found or found[0][0] or found != sorted(found) or not all(n for _, n in found):
        raise ValueError(f"{plan!r} is no plan of a training")
    return found
