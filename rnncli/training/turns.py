"""Members of an ensemble, trained one after the other by one trainer."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from rnncli.datasets.task import Task
from rnncli.errors import DivergedError
from rnncli.training.events import Epoch, Step
from rnncli.training.members import Member
from rnncli.training.resolved import ResolvedTraining
from rnncli.training.trainer import Trainer, TrainingData


@dataclass(frozen=True)
class Job:
    """What the members of a run have in common.

    Attributes
    ----------
    task : Task
        The learning task.
    data : TrainingData
        The training and validation data.
    settings : ResolvedTraining
        The config section ``training``.
    """

    task: Task
    data: TrainingData
    settings: ResolvedTraining

    def trainer_of(self, member: Member) -> Trainer:
        """Return the trainer of a member's own network."""
        network, seed = member.network, member.seed
        return Trainer(network, self.task, self.data, self.settings, seed, member.state)

    def shared_trainer(self, member: Member) -> Trainer:
        """Return a trainer with a network of its own, for members with networks of this shape."""
        network = member.network.astype(member.network.parameters.dtype)
        return self.trainer_of(replace(member, network=network))


def train_in_turn(
    trainer: Trainer,
    members: Mapping[int, Member] | Sequence[Member],
    indices: Sequence[int],
    should_stop: Callable[[], bool],
) -> Generator[tuple[int, Step | Epoch | DivergedError]]:
    """Train one member after the other to the end of its epoch.

    Parameters
    ----------
    trainer : Trainer
        The trainer; see `Job.shared_trainer`.
    members : mapping or sequence of Member
        The members by index.
    indices : sequence of int
        Those to train.
    should_stop : callable
        Returns whether to stop after the current step.

    Yields
    ------
    (int, Step or Epoch or DivergedError)
        The index of a member, and an event of its training. An error ends only the training of
        this member. All members are up to date.
    """
    for index in indices:
        yield from ((index, event) for event in _turn(trainer, members[index], should_stop))
        if should_stop():
            return


def _turn(
    trainer: Trainer, member: Member, should_stop: Callable[[], bool]
) -> Generator[Step | Epoch | DivergedError]:
    trained = trainer.network.parameters
    trainer.take_over(member.network.parameters, member.seed, member.state)
    with closing(trainer.fit(should_stop)) as events:
        try:
            for event in events:
                member.network.parameters[...] = trained
                if isinstance(event, Epoch):
                    member.last = event
                yield event
                if isinstance(event, Epoch) or should_stop():
                    return
        except DivergedError as error:
            member.network.parameters[...] = trained
            yield error


def raise_first(errors: Mapping[int, DivergedError], num_members: int) -> None:
    """Raise the error of the first member that has one."""
    if errors:
        index = min(errors)
        raise DivergedError(f"member {index + 1} of {num_members}: {errors[index]}")
