"""Training into a run folder: from a config or a run to a finished, stopped or failed run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import FrameType

from rnncli.config.schema import Config
from rnncli.config.validate import as_tree, read_config
from rnncli.errors import DivergedError, InputError, InterruptError
from rnncli.runs import folder as names
from rnncli.runs.checkpoint import restore_checkpoint
from rnncli.runs.experiment import Experiment, build
from rnncli.runs.folder import create_run, find_run
from rnncli.runs.recorder import Recorder
from rnncli.training.fit import Epoch, Step


class Session:
    """One training and the folder that it writes."""

    def __init__(self, folder: Path, experiment: Experiment, command: list[str]) -> None:
        self.folder, self.experiment = folder, experiment
        self.recorder = Recorder(folder, experiment, command)

    def events(self) -> Iterator[Step | Epoch]:
        """Train, record, and pass every event on.

        Raises
        ------
        DivergedError
            After the last good weights are safe.
        InterruptError
            After a signal, when the step in hand is done and a checkpoint saved.
        """
        recorder = self.recorder
        try:
            with _signals() as received:
                for event in self.experiment.fit():
                    if isinstance(event, Epoch):
                        recorder.epoch(event)
                    yield event
                    if received:
                        recorder.checkpoint()
                        recorder.close("interrupted")
                        raise InterruptError(
                            f"stopped by {received[0].name}; saved. To go on: "
                            f"rnn train --resume {self.folder}",
                            received[0],
                        )
        except DivergedError:
            recorder.diverged()
            raise
        except InterruptError:
            raise
        except BaseException:
            with suppress(Exception):
                recorder.close("failed")
            raise
        recorder.close("finished")


def new_session(config: Config, runs: Path, command: list[str]) -> Session:
    """Read the data, then make the run folder: wrong data leaves no folder behind."""
    experiment = build(config)
    session = Session(create_run(runs, config.name, datetime.now()), experiment, command)
    session.recorder.begin()
    return session


def resumed_session(run: str, overrides: list[str], command: list[str]) -> Session:
    """Take up a run where its checkpoint stands.

    Raises
    ------
    InputError
        No such run, other data, or an override of anything but ``training.num_epochs``.
    """
    folder = find_run(run)
    before = read_config(folder / names.CONFIG)
    config = read_config(folder / names.CONFIG, overrides)
    training = replace(config.training, num_epochs=before.training.num_epochs)
    if as_tree(replace(config, training=training)) != as_tree(before):
        raise InputError("--set: only training.num_epochs can change when a run is resumed")
    experiment = build(config)
    checkpoint = folder / names.CHECKPOINT
    if checkpoint.is_file():
        restore_checkpoint(checkpoint, experiment)
    if experiment.progress.epoch > config.training.num_epochs:
        raise InputError(
            f"{folder}: has {experiment.progress.epoch} epochs already; training.num_epochs="
            f"{config.training.num_epochs} can not take them back"
        )
    session = Session(folder, experiment, command)
    session.recorder.resume()
    return session


@contextmanager
def _signals() -> Iterator[list[signal.Signals]]:
    """Collect SIGINT, SIGTERM and SIGHUP instead of dying of them; a second one ends at once."""
    received: list[signal.Signals] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {}
    with suppress(ValueError):  # only the main thread may watch signals
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                before[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        restore()
