"""Processes that train the members of an ensemble at the same time, each some of them.

A member is always trained by the same process. After each epoch, and where a checkpoint within an
epoch is due, its state is copied into this process, which alone saves it. The processes are new
ones that share nothing with this one but a connection.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from rnncli.cores import VARIABLE, num_cores
from rnncli.errors import DivergedError, StorageError
from rnncli.memory import max_memory, memory_in_use
from rnncli.nn.buffer_sizes import bytes_of_arrays
from rnncli.training.events import Epoch, Step
from rnncli.training.members import EpochProgress, Members
from rnncli.training.stopwatch import running_stopwatch
from rnncli.training.turns import Job, raise_first
from rnncli.training.worker import STOP, Failure, Report, Stopped

# Python, NumPy and this package take about so many bytes in a process.
_BYTES_OF_PROCESS = 60 << 20
# Seconds to wait for a report before looking whether to stop.
_WAIT_SECONDS = 0.1
# Seconds that a process may take to end when its connection is closed.
_EXIT_SECONDS = 2.0
# The signals that stop a training run; the processes never receive them.
_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_WORKER = "import sys; sys.path[:] = {path!r}; from rnncli.training.worker import main; main({fd})"


def affordable_workers(members: Members, job: Job, bytes_of_training: int) -> int:
    """Return how many processes can train the members at the same time.

    There are no more of them than cores and unfinished members, and all together stay within the
    memory budget.

    Parameters
    ----------
    members, job : Members, Job
        The members, and what they have in common.
    bytes_of_training : int
        What a process needs besides the data and the states of its members.

    Raises
    ------
    InputError
        The variable of the number of cores, or of the memory budget, is invalid.
    """
    if os.name != "posix":
        return 1
    unfinished = [m for m in members if not m.state.is_finished(job.settings)]
    count = min(num_cores(), len(unfinished))
    data, state = bytes_of_arrays(job), bytes_of_arrays(members[0])
    fixed = _BYTES_OF_PROCESS + bytes_of_training
    available = max_memory() - memory_in_use() - data
    while count > 1:
        members_each = -(-len(unfinished) // count)
        # The data is received as bytes before it becomes arrays.
        each = fixed + 2 * data + 2 * members_each * state
        if count * each <= available:
            break
        count -= 1
    return count


def fit_in_processes(
    members: Members, job: Job, count: int, should_stop: Callable[[], bool]
) -> Iterator[Step | Epoch]:
    """Train all members to the end in `count` processes; see `rnncli.training.fit.fit`.

    Raises
    ------
    StorageError
        A process has ended unexpectedly.
    """
    with closing(_Workers(members, job, count)) as workers, running_stopwatch() as watch:
        pending = set(members.pending())
        workers.command(members.epoch)
        while pending:
            progress, diverged = EpochProgress(members), dict[int, DivergedError]()
            while pending:
                for index, event in workers.reports():
                    members.seconds += watch.read()
                    if isinstance(event, Step):
                        yield progress.step(index, event)
                        continue
                    pending.discard(index)
                    if isinstance(event, DivergedError):
                        diverged[index] = event
                if should_stop() and pending:
                    workers.stop()
                    break
            raise_first(diverged, len(members))
            if members.epoch < progress.epoch:
                return
            epoch, pending = members.end_epoch(), set(members.pending())
            if pending and not should_stop():
                workers.command(members.epoch)
            yield epoch
            if should_stop():
                workers.stop()
                return


class _Workers:
    """The processes, each with the connection to it."""

    def __init__(self, members: Members, job: Job, count: int) -> None:
        self.members, self.is_stopped = members, False
        self.processes: dict[Connection, subprocess.Popen[bytes]] = {}
        unfinished = [i for i, m in enumerate(members) if not m.state.is_finished(job.settings)]
        try:
            for _ in range(count):
                connection, process = _started(max(1, num_cores() // count))
                self.processes[connection] = process
            for number, connection in enumerate(self.processes):
                own = {index: members[index] for index in unfinished[number::count]}
                with self._alive(connection):
                    connection.send_bytes(pickle.dumps((own, job), pickle.HIGHEST_PROTOCOL))
        except BaseException:
            self.close()
            raise

    def command(self, command: int) -> None:
        """Send a command to all processes."""
        for connection in self.processes:
            with self._alive(connection):
                connection.send(command)

    def reports(self) -> Iterator[tuple[int, Step | Epoch | DivergedError | None]]:
        """Yield what has arrived, or nothing after a while; the members are up to date then."""
        ready = wait(list(self.processes), _WAIT_SECONDS)
        for connection in [own for own in self.processes if own in ready]:
            message = self._receive(connection)
            if isinstance(message, Report):
                self._apply(message)
                yield message.number, message.event

    def stop(self) -> None:
        """Stop the training of all members after their current steps, if that is not yet done."""
        if self.is_stopped:
            return
        self.is_stopped = True
        self.command(STOP)
        for connection in self.processes:
            while not isinstance(message := self._receive(connection), Stopped):
                self._apply(message)

    def close(self) -> None:
        """End all processes, which have nothing of their own to save."""
        for connection, process in self.processes.items():
            connection.close()
            process.kill()
            process.wait()

    def _receive(self, connection: Connection) -> Any:
        with self._alive(connection):
            message = connection.recv()
        if isinstance(message, Failure):
            raise message.error
        return message

    def _apply(self, report: Report) -> None:
        """Take over the state of a member."""
        member = self.members[report.number]
        if report.snapshot is not None:
            member.network.parameters[...] = report.snapshot.parameters
            member.state = report.snapshot.state
        if isinstance(report.event, Epoch):
            member.last = report.event

    @contextmanager
    def _alive(self, connection: Connection) -> Iterator[None]:
        """Convert the errors of a connection whose other end is gone."""
        try:
            yield
        except (EOFError, ConnectionError):
            code = _exit_code(self.processes[connection])
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            raise StorageError(
                "training: one of the processes that train the ensemble",
                OSError(f"has ended unexpectedly ({how}); the run can be resumed"),
            ) from None


def _exit_code(process: "subprocess.Popen[bytes]") -> int:
    """Return the exit code of a process that ends now."""
    try:
        return process.wait(_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _started(cores: int) -> tuple[Connection, "subprocess.Popen[bytes]"]:
    """Start a process that may use some cores; return the connection to it, and the process."""
    connection, other_end = Pipe()
    with other_end, _blocked_signals():
        descriptor = other_end.fileno()
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER.format(path=sys.path, fd=descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[descriptor],
            env=os.environ
            | {VARIABLE: str(cores), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
    return connection, process


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """Block the stop signals; a process that is started within the block never receives them."""
    signals = [getattr(signal, name) for name in _STOP_SIGNALS]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
