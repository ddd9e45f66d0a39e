"""The networks that a run trains, most often one, and how far their training has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from sys import float_info
from typing import Any

import numpy as np

from rnncli.inference.metric_sums import checked_number
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network
from rnncli.training.events import Epoch, Step
from rnncli.training.settings import Training
from rnncli.training.state import TrainingState


@dataclass
class Member:
    """A network in training.

    Attributes
    ----------
    network : Network
        The network with its current weights.
    seed : int
        The seed of its initial weights, of shuffling and of dropout.
    state : TrainingState
        The progress of its training.
    last : Epoch or None
        Its last completed epoch.
    """

    network: Network
    seed: int
    state: TrainingState
    last: Epoch | None = None

    def vectors(self) -> dict[str, Array]:
        """Return all arrays of its state by the names that they have in a checkpoint."""
        state = self.state
        return {
            "parameters": self.network.parameters,
            "best_parameters": state.best_parameters,
            **{f"optimizer.{name}": array for name, array in state.slots.items()},
            **{
                f"carried.{number}.{name}": array
                for number, cell in enumerate(state.carried)
                for name, array in cell.items()
            },
        }


def member_prefixes(count: int) -> list[str]:
    """Return what precedes the names of each network's arrays in a file: nothing for only one.

    Otherwise they are the names in a PyTorch module whose ``ModuleList`` is called ``members``.
    """
    return [""] if count == 1 else [f"members.{number}." for number in range(count)]


class Members(Sequence[Member]):
    """All networks of a run, and their progress as a whole.

    In each epoch of the run, every member is trained for an epoch, except those whose training is
    finished: they wait.

    Parameters
    ----------
    members : sequence of Member
        The members.
    settings : Training
        The config section ``training``.

    Attributes
    ----------
    best_epoch, best_loss : int, float
        The epoch with the lowest mean of the members' validation losses, without validation the
        last one; and this mean.
    seconds : float
        Time spent in training so far.
    """

    def __init__(self, members: Sequence[Member], settings: Training) -> None:
        self._members, self.settings = list(members), settings
        self.best_epoch, self.best_loss, self.seconds = 0, float_info.max, 0.0

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, index: Any) -> Any:
        return self._members[index]

    @property
    def epoch(self) -> int:
        """The number of epochs that all members have completed, apart from finished ones."""
        unfinished = [m.state.epoch for m in self if not m.state.is_finished(self.settings)]
        return min(unfinished) if unfinished else max(m.state.epoch for m in self)

    @property
    def best_epochs(self) -> list[int]:
        """The best epoch of each member."""
        return [member.state.best_epoch for member in self]

    @property
    def num_steps(self) -> int:
        """The steps that all members together have taken."""
        return sum(member.state.step for member in self)

    def num_remaining_steps(self, batches_per_epoch: int) -> int:
        """Return how many steps of all members together remain, if none is finished early."""
        total = self.settings.num_epochs * batches_per_epoch
        unfinished = [m for m in self if not m.state.is_finished(self.settings)]
        return sum(total - member.state.step for member in unfinished)

    def pending(self) -> list[int]:
        """Return the indices of the members that have not yet completed the current epoch."""
        epoch = self.epoch
        return [
            index
            for index, member in enumerate(self)
            if member.state.epoch == epoch and not member.state.is_finished(self.settings)
        ]

    def end_epoch(self) -> Epoch:
        """Return the epoch that all members have completed now, with the means of their results.

        A member whose training has finished earlier counts with its last epoch.
        """
        last = [member.last for member in self if member.last is not None]
        newest = max(last, key=lambda epoch: epoch.epoch)
        loss, validation = _mean(last, "train_loss"), _mean(last, "val_loss")
        best = validation is None or validation < self.best_loss
        if best:
            self.best_epoch = newest.epoch
            self.best_loss = loss if validation is None else validation
        return newest._replace(
            seconds=self.seconds,
            train_loss=loss,
            train_metric=_mean(last, "train_metric"),
            val_loss=validation,
            val_metric=_mean(last, "val_metric"),
            gradient_norm=_mean(last, "gradient_norm"),
            best=best,
        )

    def plan_epochs(self) -> None:
        """Record how many epochs are planned from here on; see `TrainingState.plan_epochs`."""
        for member in self:
            member.state.plan_epochs(self.settings.num_epochs)

    def vectors(self) -> dict[str, Array]:
        """Return all arrays of the state by the names that they have in a checkpoint."""
        return {
            prefix + name: array
            for prefix, member in zip(member_prefixes(len(self)), self, strict=True)
            for name, array in member.vectors().items()
        }

    def numbers(self) -> dict[str, Any]:
        """Return all but the vectors, for a checkpoint; of a single network, those of its state."""
        numbers = [member.state.numbers() for member in self]
        if len(self) == 1:
            return numbers[0]
        last = [member.last and member.last._asdict() for member in self]
        return {
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "seconds": self.seconds,
            "members": [
                values | {"last": epoch} for values, epoch in zip(numbers, last, strict=True)
            ],
        }

    def restore(self, numbers: dict[str, Any], batches_per_epoch: int) -> None:
        """Restore the state from what `numbers` returned, for so many steps per epoch.

        Raises
        ------
        KeyError, TypeError, ValueError
            The numbers are missing or invalid, or contradict each other.
        """
        self.best_epoch = checked_number(numbers["best_epoch"], int)
        self.best_loss = checked_number(numbers["best_loss"], float)
        self.seconds = checked_number(numbers["seconds"], float)
        for member, values in zip(self, members_of(numbers), strict=True):
            member.state.restore(values)
            if values.get("last") is not None:
                member.last = _restored_epoch(values["last"])
            if not member.state.is_consistent(batches_per_epoch):
                raise ValueError("numbers that contradict each other")
        if len(self) > 1 and not self._is_consistent():
            raise ValueError("numbers of members that contradict each other")

    def _is_consistent(self) -> bool:
        epoch = self.epoch
        return (
            self.best_epoch <= epoch
            and (self.best_epoch > 0) == (epoch > 0)
            and max(member.state.epoch for member in self) <= epoch + 1
            and all((m.last.epoch if m.last else 0) == m.state.epoch for m in self)
        )

    def is_finite(self) -> bool:
        """Return whether all numbers of the state are finite, so that it can be resumed."""
        return all(
            bool(np.isfinite(member.network.parameters).all()) and member.state.is_finite()
            for member in self
        )


def members_of(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the numbers of each member from what `Members.numbers` returned."""
    members: list[dict[str, Any]] = numbers.get("members", [numbers])
    return members


class EpochProgress:
    """Counts the steps of all members within an epoch, for the events that are shown."""

    def __init__(self, members: Members) -> None:
        self.epoch = members.epoch + 1
        pending = members.pending()
        self.num_complete = sum(member.state.epoch == self.epoch for member in members)
        self.batches = {index: members[index].state.batch for index in pending}

    def step(self, index: int, event: Step) -> Step:
        """Return the event of a member's step as one of the whole run."""
        self.batches[index] = event.batch
        batch = sum(self.batches.values()) + self.num_complete * event.batches
        batches = (len(self.batches) + self.num_complete) * event.batches
        return event._replace(epoch=self.epoch, batch=batch, batches=batches)


def _mean(epochs: list[Epoch], name: str) -> Any:
    """Return the mean of a result of several epochs; None if they do not have it."""
    values = [getattr(epoch, name) for epoch in epochs]
    return None if None in values else sum(values) / len(values)


def _restored_epoch(values: dict[str, Any]) -> Epoch:
    """Return an epoch from its plain values; raise ``ValueError`` if they are invalid."""
    epoch = Epoch(**values)
    for name in ("epoch", "step"):
        checked_number(getattr(epoch, name), int)
    for name in _RESULTS:
        value = getattr(epoch, name)
        if value is not None and not (isinstance(value, float) and isfinite(value)):
            raise ValueError(f"{value!r} is not a valid {name}")
    return epoch


_RESULTS = (
    *("learning_rate", "train_loss", "train_metric", "val_loss", "val_metric", "gradient_norm"),
)
