"""Training of all networks of a run, in this process or with the help of others.

The members of an ensemble do not depend on each other, and are trained by the same code anywhere,
so that every bit is the same for any number of processes.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from math import inf
from time import perf_counter

from rnncli.blas import one_thread
from rnncli.errors import DivergedError
from rnncli.training.events import Epoch, Step
from rnncli.training.members import EpochProgress, Members
from rnncli.training.trainer import Trainer
from rnncli.training.turns import Job, raise_first, train_in_turn

# An ensemble is first trained in this process for so many seconds. If the rest would then take
# more than so many seconds, other processes take over: to start them takes about half a second.
_TRIAL_SECONDS, _MIN_SHARED_SECONDS = 0.5, 3.0


def fit(
    members: Members, job: Job, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[Step | Epoch]:
    """Train all members from their states on; yield an event after each step and each epoch.

    While the generator is suspended, the members may be saved; from there, training continues with
    bit-identical results. When `should_stop` has returned True, the generator ends after the
    current step of each member, and within a validation after the current batch.

    Raises
    ------
    DivergedError
        A loss or gradient is not finite. In an ensemble, all other members have then completed the
        epoch.
    """
    members.plan_epochs()
    if len(members) == 1:
        return _fit_alone(members, job, should_stop)
    return _fit_ensemble(members, job, should_stop)


def _fit_alone(
    members: Members, job: Job, should_stop: Callable[[], bool]
) -> Iterator[Step | Epoch]:
    member = members[0]
    for event in job.trainer_of(member).fit(should_stop):
        members.seconds = member.state.seconds
        if isinstance(event, Epoch):
            member.last = event
            event = members.end_epoch()
        yield event
        if should_stop():
            return


def _fit_ensemble(
    members: Members, job: Job, should_stop: Callable[[], bool]
) -> Iterator[Step | Epoch]:
    """Train the members in turn; after a while in several processes, if that is worth it."""
    trial = _Trial(members, job, job.shared_trainer(members[0]))
    yield from _fit_in_turn(members, trial, should_stop)
    if trial.num_workers > 1 and not should_stop():
        from rnncli.training.workers import fit_in_processes

        yield from fit_in_processes(members, job, trial.num_workers, should_stop)


def _fit_in_turn(
    members: Members, trial: "_Trial", should_stop: Callable[[], bool]
) -> Iterator[Step | Epoch]:
    """Train the members in turn, until the trial shows that several processes are worth it."""
    trainer = trial.trainer
    counted = [member.state.seconds for member in members]
    with one_thread():
        while pending := members.pending():
            progress, diverged = EpochProgress(members), dict[int, DivergedError]()
            with closing(train_in_turn(trainer, members, pending, should_stop)) as events:
                for index, event in events:
                    now = members[index].state.seconds
                    members.seconds, counted[index] = members.seconds + now - counted[index], now
                    if isinstance(event, DivergedError):
                        diverged[index] = event
                    elif isinstance(event, Step):
                        yield progress.step(index, event)
                        if not diverged and trial.ends_here(event.batches):
                            return
            raise_first(diverged, len(members))
            if members.epoch < progress.epoch:
                return
            yield members.end_epoch()
            if should_stop():
                return


class _Trial:
    """Decides once, by the speed of training in this process, how many processes to use.

    Attributes
    ----------
    trainer : Trainer
        The trainer in this process.
    num_workers : int
        The number of processes that take over; 1 if this process goes on by itself.
    """

    def __init__(self, members: Members, job: Job, trainer: Trainer) -> None:
        self.members, self.job, self.trainer, self.num_workers = members, job, trainer, 1
        self.started, self.steps_before = perf_counter(), members.num_steps
        self.ends_at = self.started + _TRIAL_SECONDS

    def ends_here(self, batches_per_epoch: int) -> bool:
        """Return, after a step, whether the trial ends now and other processes take over."""
        now = perf_counter()
        if now < self.ends_at:
            return False
        self.ends_at = inf
        seconds_per_step = (now - self.started) / (self.members.num_steps - self.steps_before)
        steps = self.members.num_remaining_steps(batches_per_epoch)
        if steps * seconds_per_step >= _MIN_SHARED_SECONDS:
            from rnncli.training.workers import affordable_workers

            pool = self.trainer.step.objective.pool
            self.num_workers = affordable_workers(self.members, self.job, pool.bytes_when_full())
        return self.num_workers > 1
