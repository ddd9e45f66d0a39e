"""Training into a run folder: from a config or a run to a finished, stopped or failed run."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from rnncli.config.config import Config
from rnncli.config.reading import read_config
from rnncli.config.tree import as_tree, flatten
from rnncli.errors import DivergedError, InputError, InterruptError, StorageError
from rnncli.runs import run_folder as names
from rnncli.runs.checkpoint import restore_checkpoint, saved_config
from rnncli.runs.lock import holding
from rnncli.runs.recorder import Recorder
from rnncli.runs.run_folder import create_run, find_run
from rnncli.runs.trainer import Experiment, build
from rnncli.signals import handling
from rnncli.training.events import Epoch, Step

_CAN_CHANGE = "training.num_epochs"


class Session:
    """One training and the folder that it writes.

    Parameters
    ----------
    recorder : Recorder
        Of a folder that is begun or resumed.
    held : ExitStack
        What to let go of in the end: the folder's lock.
    """

    def __init__(self, recorder: Recorder, held: ExitStack) -> None:
        self.recorder, self._held = recorder, held
        self.experiment: Experiment = recorder.experiment

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.recorder.folder

    def events(self) -> Iterator[Step | Epoch]:
        """Train, record, and pass every event on.

        Raises
        ------
        DivergedError
            After the last good weights are safe.
        StorageError
            Something could not be saved; the last checkpoint that could be stays.
        InterruptError
            After a signal, when the step in hand is done and a checkpoint saved.
        """
        every = self.experiment.config.training.checkpoint_every
        with self._held:
            try:
                with _signals() as received:
                    for event in self.experiment.fit(lambda: bool(received)):
                        if isinstance(event, Epoch):
                            self.recorder.epoch(event)
                        elif every is not None and self._is_due(event, every):
                            self.recorder.save()
                        yield event
                        if received:
                            break
                    if received:
                        self._stop(received[0])
                    self.recorder.finished()
            except DivergedError:
                self.recorder.diverged()
                raise
            except (InterruptError, KeyboardInterrupt, GeneratorExit):
                with suppress(StorageError):
                    self.recorder.close("interrupted")
                raise
            except BaseException:
                with suppress(StorageError):
                    self.recorder.close("failed")
                raise

    def _is_due(self, event: Step, every: int) -> bool:
        return self.experiment.progress.step % every == 0 and event.batch < event.batches

    def _stop(self, number: signal.Signals) -> NoReturn:
        self.recorder.save()
        raise InterruptError(
            f"stopped by {number.name}; saved. To go on: rnn train --resume {self.folder}", number
        )


def new_session(config: Config, runs: Path, command: list[str]) -> Session:
    """Read the data, then make the run folder: wrong data leaves no folder behind."""
    recorder = Recorder(build(config), command)
    recorder.folder = create_run(runs, config.name, datetime.now(), recorder.begin)
    with ExitStack() as held:
        held.enter_context(holding(recorder.folder))
        return Session(recorder, held.pop_all())


def resumed_session(run: str, overrides: list[str], command: list[str]) -> Session:
    """Take up a run where its checkpoint stands.

    Raises
    ------
    InputError
        No such run, other data, a changed key besides ``training.num_epochs``, or a run that
        another process is training.
    """
    for override in overrides:
        if override.partition("=")[0].strip() != _CAN_CHANGE:
            raise InputError(f"--set {override}: only {_CAN_CHANGE} can change when a run goes on")
    folder = find_run(run)
    with ExitStack() as held:
        held.enter_context(holding(folder))
        config = read_config(folder / names.CONFIG, overrides)
        checkpoint = folder / names.CHECKPOINT
        there = checkpoint.exists()
        if there:
            check_unchanged(folder, config)
        recorder = Recorder(build(config, from_the_start=not there), command)
        progress = recorder.experiment.progress
        if there:
            restore_checkpoint(checkpoint, recorder.experiment)
        if progress.epoch > config.training.num_epochs:
            raise InputError(
                f"{folder}: has {progress.epoch} epochs already; training.num_epochs="
                f"{config.training.num_epochs} can not take them back"
            )
        recorder.resume(folder)
        return Session(recorder, held.pop_all())


def check_unchanged(folder: Path, config: Config) -> None:
    """Check a run's config against that of its checkpoint.

    Raises
    ------
    InputError
        A key besides ``training.num_epochs`` is another; one line for each.
    """
    before = saved_config(folder / names.CHECKPOINT)
    changed = list(_changed_keys(before, as_tree(config)))
    if changed:
        raise InputError(
            *(
                f"{folder / names.CONFIG}: {key}: is {new!r}, was {old!r}; only {_CAN_CHANGE} can "
                "change when a run goes on"
                for key, old, new in changed
            )
        )


def _changed_keys(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, old and new value of what differs between two configs, but for the epochs."""
    old, new = flatten(before), flatten(after)
    for key in new | old:
        if old.get(key) != new.get(key) and key != _CAN_CHANGE:
            yield key, old.get(key), new.get(key)


@contextmanager
def _signals() -> Iterator[list[signal.Signals]]:
    """Collect the first signal to stop, instead of dying of it; a second one acts at once."""
    received: list[signal.Signals] = []

    def note(number: signal.Signals) -> None:
        received.append(number)
        restore()

    with handling(("SIGINT", "SIGTERM", "SIGHUP"), note) as restore:
        yield received
