"""A run being trained: even if the process is killed, it can be resumed from the last save."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

from rnncli.config.config import Config
from rnncli.errors import DivergedError, InterruptError, StorageError
from rnncli.runs.checkpoint import checkpoint_of
from rnncli.runs.files import remove_temporary_files, write_text
from rnncli.runs.lock import lock_warnings
from rnncli.runs.metrics_log import MetricsLog, finite, result_columns
from rnncli.runs.new_record import new_record, new_session
from rnncli.runs.run_folder import CHECKPOINT, CONFIG, WEIGHTS, create_run_folder
from rnncli.runs.run_record import Record, now, write_record
from rnncli.runs.training_setup import TrainingSetup, set_up
from rnncli.runs.weights import weights_of
from rnncli.signals import handling
from rnncli.training.events import Epoch, Step

# Saving may take a fiftieth of the run's time. The first save is assumed to take 4 ms.
_PAUSE_FACTOR, _FIRST_SAVE_SECONDS = 50, 4e-3


class TrainingRun:
    """A training run that is saved in its run folder while it runs.

    `start_run` and `rnncli.runs.resume.resume_run` create one. The end of every epoch is saved,
    unless epochs are so short that this would take more than a fiftieth of the time: then only as
    often as that allows, and always the last one. With ``training.checkpoint_every``, every epoch
    is saved, and every so many steps within an epoch.

    Parameters
    ----------
    setup : TrainingSetup
        The training run, where it starts or resumes.
    folder : Path
        The run folder.
    record : dict
        The content of ``run.json``.
    lock : ExitStack
        Releases the folder's lock when the training run ends.
    warnings : sequence of str
        What a user should know before the run is trained, one line each.
    """

    def __init__(
        self,
        setup: TrainingSetup,
        folder: Path,
        record: Record,
        lock: ExitStack,
        warnings: Sequence[str] = (),
    ) -> None:
        self.setup, self.folder, self.record, self._lock = setup, folder, record, lock
        self.warnings = warnings
        self._log = MetricsLog(folder, setup.model.task.metric)
        self._saved, self._recorded_epochs = True, 0
        self._saved_best_epochs: list[int] = []
        self._saved_at, self._save_seconds = perf_counter(), _FIRST_SAVE_SECONDS

    def events(self) -> Iterator[Step | Epoch]:
        """Train, save, and yield every event of the training run.

        Raises
        ------
        DivergedError
            A loss or a gradient is not finite. The best weights were saved or, if no epoch was
            completed, the last finite ones.
        StorageError
            Something could not be saved; the last complete checkpoint is kept.
        InterruptError
            After a signal, when the current step is finished and a checkpoint saved.
        """
        every = self.setup.config.training.checkpoint_every
        with self._lock:
            try:
                with _collected_signals() as received:
                    for event in self.setup.fit(lambda: bool(received)):
                        if isinstance(event, Epoch):
                            self._save_epoch(event)
                        elif every is not None and self._is_due(event, every):
                            self.save()
                        yield event
                    if received:
                        self._stop(received[0])
                    self._finish()
            except DivergedError:
                self._keep_finite_weights()
                self._close("diverged")
                raise
            except (InterruptError, KeyboardInterrupt, GeneratorExit):
                with suppress(StorageError):
                    self._close("interrupted")
                raise
            except BaseException:
                with suppress(StorageError):
                    self._close("failed")
                raise

    def save(self) -> None:
        """Save everything that resuming needs, and the best weights and the record if they changed.

        A state with numbers that are not finite cannot be resumed, so it is not saved.
        """
        start = perf_counter()
        self._save_state()
        if self.record["epochs"] != self._recorded_epochs:
            # The record is written last, so that for a killed run it describes the checkpoint.
            self._write_record("running")
        self._saved_at = perf_counter()
        self._save_seconds = self._saved_at - start

    def restore_files(self, metrics_sha256: str | None) -> None:
        """Make the files of a resumed run agree with its checkpoint.

        Parameters
        ----------
        metrics_sha256 : str or None
            The hash of the metrics log that the checkpoint has.

        Raises
        ------
        InputError
            The metrics log is not that of this run, or was changed.
        """
        members = self.setup.members
        rows = self._log.read_rows(members.epoch, metrics_sha256)
        self.record |= {"epochs": members.epoch, "seconds": round(members.seconds, 3)}
        if members.best_epoch:
            self._record_best(members.best_epoch, self._log.parse(rows[members.best_epoch]))
        remove_temporary_files(self.folder)
        self._log.rewrite(rows)
        write_text(self.folder / CONFIG, self.setup.config_text)
        # A killed process may have left weights of another epoch than the checkpoint's.
        self._save_best_weights()
        self._saved = False  # The checkpoint has the old number of epochs.
        self._write_record("running")

    def _save_epoch(self, event: Epoch) -> None:
        self._log_epoch(event)
        pause = perf_counter() - self._saved_at
        every = self.setup.config.training.checkpoint_every
        if every is not None or pause >= _PAUSE_FACTOR * self._save_seconds:
            self.save()

    def _is_due(self, event: Step, every: int) -> bool:
        # The last step of an epoch is saved with the epoch.
        return event.step is not None and event.step % every == 0 and event.batch < event.batches

    def _log_epoch(self, event: Epoch) -> None:
        metric = self.setup.model.task.metric
        row = {
            "epoch": event.epoch,
            "step": event.step,
            "seconds": f"{event.seconds:.3f}",
            "learning_rate": event.learning_rate,
            "train_loss": event.train_loss,
            f"train_{metric}": event.train_metric,
            "val_loss": event.val_loss,
            f"val_{metric}": event.val_metric,
            "grad_norm": event.gradient_norm,
        }
        self._log.append(row)
        self.record |= {"epochs": event.epoch, "seconds": round(event.seconds, 3)}
        if event.sample is not None:
            self.record["sample"] = event.sample
        if event.best:
            self._record_best(event.epoch, row)
        self._saved = False

    def _record_best(self, epoch: int, row: dict[str, Any]) -> None:
        results = {name: row[name] for name in result_columns(self.setup.model.task.metric)}
        self.record |= {"best_epoch": epoch, "figures": finite(results)}

    def _save_state(self) -> None:
        if not self.setup.members.is_finite():
            return
        self._log.sync()
        self._save_best_weights()
        # The checkpoint is written last: resuming from it needs the rows and weights of its epochs.
        checkpoint = checkpoint_of(self.setup, self.record["config_sha256"], self._log.sha256)
        checkpoint.write(self.folder / CHECKPOINT)
        self.record["seconds"] = round(self.setup.members.seconds, 3)
        self._saved = True

    def _save_best_weights(self) -> None:
        members = self.setup.members
        best = members.best_epochs
        # Before the end of the first epoch, some members have no best weights.
        if members.best_epoch and best != self._saved_best_epochs:
            weights_of(self.setup.best_model()).write(self.folder / WEIGHTS)
            self._saved_best_epochs = best

    def _keep_finite_weights(self) -> None:
        """Save the best weights, or the last finite ones if no epoch was completed."""
        self._save_best_weights()
        if not (self.folder / WEIGHTS).is_file():
            weights_of(self.setup.current_model()).write(self.folder / WEIGHTS)

    def _stop(self, number: signal.Signals) -> NoReturn:
        self._save_state()
        raise InterruptError(
            f"stopped by {number.name}; saved. To resume: rnn train --resume {self.folder}", number
        )

    def _finish(self) -> None:
        if not self._saved:
            self._save_state()
        self._close("finished")

    def _close(self, status: str) -> None:
        self.record["ended"] = self.record["sessions"][-1]["ended"] = now()
        self._write_record(status)

    def _write_record(self, status: str) -> None:
        self.record |= {"status": status, "metrics_sha256": self._log.sha256}
        if len(self.setup.members) > 1:
            self.record["best_epochs"] = self.setup.members.best_epochs
        write_record(self.folder, self.record)
        self._recorded_epochs = self.record["epochs"]


def start_run(config: Config, runs: Path, command: list[str]) -> TrainingRun:
    """Create a run; invalid data leaves no folder behind.

    Parameters
    ----------
    config : Config
        The config of the training run.
    runs : Path
        The folder in which to create the run folder.
    command : list of str
        The command line, for the record.

    Raises
    ------
    InputError
        The data is invalid.
    StorageError
        The run folder could not be created.
    """
    setup = set_up(config)
    session = new_session(command)
    record = new_record(setup, session, [session])

    def fill(folder: Path) -> None:
        write_text(folder / CONFIG, setup.config_text)
        log = MetricsLog(folder, setup.model.task.metric)
        log.create()
        write_record(folder, record | {"metrics_sha256": log.sha256})

    with ExitStack() as lock:
        started = datetime.fromisoformat(session["started"])
        folder = create_run_folder(runs, config.name, started, fill, lock)
        warnings = lock_warnings(folder)
        return TrainingRun(setup, folder, record, lock.pop_all(), warnings)


@contextmanager
def _collected_signals() -> Iterator[list[signal.Signals]]:
    """Yield a list that receives the first stop signal; a second one stops the process at once."""
    received: list[signal.Signals] = []

    def receive(number: signal.Signals) -> None:
        received.append(number)
        restore()

    with handling(("SIGINT", "SIGTERM", "SIGHUP"), receive) as restore:
        yield received
