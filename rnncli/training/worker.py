"""A process that trains some members of an ensemble for the process that has started it.

It writes no files and nothing to the terminal. It ends when the other process does, however that
ends: then the connection is closed. Signals that stop a training run are blocked from its start on,
as those of a terminal reach all processes; the other process handles them.
"""

import pickle
from contextlib import suppress
from multiprocessing.connection import Connection
from time import perf_counter
from traceback import format_exception
from typing import NamedTuple

from rnncli.blas import one_thread
from rnncli.errors import DivergedError, InputError
from rnncli.nn.arrays import Array
from rnncli.training.events import Epoch, Step
from rnncli.training.members import Member
from rnncli.training.state import TrainingState
from rnncli.training.turns import Job, train_in_turn

# Seconds between two reports of steps, and between two looks for a command.
_REPORT_SECONDS, _LOOK_SECONDS = 0.05, 0.02

# A command is the number of completed epochs, whose next one is to be trained, or this.
STOP = -1


class Snapshot(NamedTuple):
    """All that changes in a member while it is trained."""

    parameters: Array
    state: TrainingState


class Report(NamedTuple):
    """What happened to a member, and perhaps its state afterwards; without an event, it stopped."""

    number: int
    event: Step | Epoch | DivergedError | None
    snapshot: Snapshot | None


class Failure(NamedTuple):
    """An error that ends the process."""

    error: BaseException


class Stopped(NamedTuple):
    """The process has stopped and reported all its members."""


def main(descriptor: int) -> None:
    """Serve the process at the other end of a connection, as long as it exists."""
    connection = Connection(descriptor)
    try:
        members, job = pickle.loads(connection.recv_bytes())
        _Worker(connection, members, job).serve()
    except (EOFError, ConnectionError):
        return
    except BaseException as error:
        with suppress(ConnectionError):
            connection.send(Failure(_portable(error)))


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent to another process."""
    if type(error) in (InputError, MemoryError):
        return error
    return RuntimeError("".join(format_exception(error)))


class _Worker:
    """The members of this process, and the connection to the other one."""

    def __init__(self, connection: Connection, members: dict[int, Member], job: Job) -> None:
        self.connection, self.members, self.job = connection, members, job
        self.look_at, self.report_at = 0.0, 0.0
        # The command that has arrived and is not yet carried out.
        self.arrived: int | None = None
        self._forget_steps()

    def serve(self) -> None:
        """Train the members epoch by epoch, until the command to stop."""
        trainer = self.job.shared_trainer(next(iter(self.members.values())))
        with one_thread():
            pending: list[int] = []
            while (epoch := self._next_command()) != STOP:
                pending = [
                    index
                    for index, member in self.members.items()
                    if member.state.epoch == epoch
                    and not member.state.is_finished(self.job.settings)
                ]
                for event in train_in_turn(trainer, self.members, pending, self.should_stop):
                    self.report(*event)
        for index in pending:
            self._send(index, None, with_state=True)
        self.connection.send(Stopped())

    def _next_command(self) -> int:
        """Return the next command; wait for it if necessary."""
        command: int = self.connection.recv() if self.arrived is None else self.arrived
        self.arrived = None
        return command

    def should_stop(self) -> bool:
        """Return whether the command to stop has arrived."""
        now = perf_counter()
        if self.arrived is None and now >= self.look_at:
            self.look_at = now + _LOOK_SECONDS
            if self.connection.poll():
                # After a member's last report, this may also be the command for the next epoch.
                self.arrived = self.connection.recv()
        return self.arrived == STOP

    def report(self, index: int, event: Step | Epoch | DivergedError) -> None:
        """Report an event, steps only from time to time and several of them as one."""
        if not isinstance(event, Step):
            self._send(index, event, with_state=True)
            return
        self.size += event.size
        self.loss_sum += event.loss * event.size
        every, now = self.job.settings.checkpoint_every, perf_counter()
        is_due = every is not None and event.step is not None and event.step % every == 0
        if is_due or event.batch == event.batches or now >= self.report_at:
            step = event.step if is_due else None
            loss = self.loss_sum / max(self.size, 1)
            combined = event._replace(size=self.size, loss=loss, step=step)
            self._send(index, combined, with_state=is_due)
            self._forget_steps()
            self.report_at = now + _REPORT_SECONDS

    def _forget_steps(self) -> None:
        """Begin to sum up steps anew."""
        self.size, self.loss_sum = 0, 0.0

    def _send(
        self, index: int, event: Step | Epoch | DivergedError | None, with_state: bool
    ) -> None:
        member = self.members[index]
        snapshot = Snapshot(member.network.parameters, member.state) if with_state else None
        self.connection.send(Report(index, event, snapshot))
