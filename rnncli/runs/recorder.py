"""Writes a training into its run folder as it goes."""

import csv
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from rnncli.config import yaml12
from rnncli.config.tree import as_tree
from rnncli.errors import InputError
from rnncli.runs import run_folder as names
from rnncli.runs.checkpoint import checkpoint_of, is_finite
from rnncli.runs.environment import environment
from rnncli.runs.files import append_line, remove_leftovers, storage, sync_file, write_text
from rnncli.runs.metrics import columns_of
from rnncli.runs.run_folder import read_record
from rnncli.runs.trainer import Experiment
from rnncli.runs.weights import weights_of
from rnncli.training.events import Epoch

# Saving may take a fiftieth of the time; what it costs, in seconds, until that is measured.
_PAUSE, _FIRST_COST = 50, 4e-3
_LONGEST_ROW = 512


class Recorder:
    """The run folder of one training.

    The end of every epoch is saved, but where epochs are so short that this would take more than
    a fiftieth of the time: then only as often as that allows, and always the last one.

    Parameters
    ----------
    experiment : Experiment
        What is trained.
    command : list of str
        The command line, for the record.

    Attributes
    ----------
    folder : Path
        The run folder, from `begin` or `resume` on.
    """

    def __init__(self, experiment: Experiment, command: list[str]) -> None:
        self.experiment = experiment
        self._saved, self._best_saved = True, 0
        self._saved_at, self._cost = perf_counter(), _FIRST_COST
        self.columns = columns_of(experiment.model.task.metric)
        self.record: dict[str, Any] = {
            "status": "running",
            "name": experiment.config.name,
            "seed": experiment.config.seed,
            "started": _now(),
            "ended": None,
            "command": command,
            "data_sha256": experiment.splits.sha256,
            "parameters": experiment.model.network.num_parameters,
            "best_epoch": None,
            "figures": None,
        } | environment()

    def begin(self, folder: Path) -> None:
        """Write what is known before the first step into a new folder."""
        self.folder = folder
        self._write_config()
        write_text(self.folder / names.METRICS, ",".join(self.columns) + "\n")
        self.write_record("running")

    def resume(self, folder: Path) -> None:
        """Take up an earlier record; drop the epochs that the checkpoint does not know.

        Raises
        ------
        InputError
            The loss log is not that of this run.
        """
        self.folder = folder
        progress = self.experiment.progress
        with suppress(InputError):
            self.record["started"] = read_record(folder).get("started", self.record["started"])
        lines = self._logged(progress.epoch)
        if progress.best_epoch:
            best = dict(zip(self.columns, lines[progress.best_epoch].split(","), strict=True))
            self._note_best(progress.best_epoch, best)
        remove_leftovers(self.folder)
        write_text(self.folder / names.METRICS, "\n".join(lines) + "\n")
        self._write_config()
        if progress.best_epoch:
            # A killed process may have left older or newer ones than the checkpoint knows.
            weights_of(self.experiment.best_model()).write(self.folder / names.WEIGHTS)
            self._best_saved = progress.best_epoch
        self._saved = False  # not with the number of epochs that is asked for now
        self.write_record("running")

    def _logged(self, epochs: int) -> list[str]:
        """Return the header and the rows of so many epochs."""
        path, lines = self.folder / names.METRICS, [",".join(self.columns)]
        if not epochs:
            return lines
        if not path.is_file():
            raise InputError(f"{path}: is missing; {epochs} epochs were trained")
        try:
            with storage(path), open(path, "rb") as file:
                text = file.read((epochs + 1) * _LONGEST_ROW).decode("ascii")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: is no loss log ({error.reason})") from None
        logged = text.splitlines()[: epochs + 1]
        if len(logged) <= epochs or logged[:1] != lines:
            raise InputError(f"{path}: is not the loss log of the {epochs} epochs trained")
        for epoch, line in enumerate(logged[1:], 1):
            if not _is_row(line, epoch, len(self.columns)):
                raise InputError(f"{path}:{epoch + 1}: is no row of epoch {epoch}")
        return logged

    def _note_best(self, epoch: int, row: Mapping[str, Any]) -> None:
        figures = {key: row[key] for key in self.columns[4:8]}
        self.record["best_epoch"] = epoch
        self.record["figures"] = {
            key: None if value in (None, "") else float(value) for key, value in figures.items()
        }

    def epoch(self, event: Epoch) -> None:
        """Log an epoch, and save it."""
        row = [
            *(event.epoch, event.step, f"{event.seconds:.3f}", event.learning_rate),
            *(event.train_loss, event.train_metric, event.val_loss, event.val_metric),
            event.gradient_norm,
        ]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        append_line(self.folder / names.METRICS, text.getvalue())
        if event.best:
            self._note_best(event.epoch, dict(zip(self.columns, row, strict=True)))
        self._saved = False
        every = self.experiment.config.training.checkpoint_every
        if every is not None or perf_counter() - self._saved_at >= _PAUSE * self._cost:
            self.save()

    def save(self) -> None:
        """Save all that going on needs, and the weights if there are better ones.

        A state with numbers that are not finite is none to go on from: the last one stays.
        """
        if not is_finite(self.experiment):
            return
        begun = perf_counter()
        sync_file(self.folder / names.METRICS)
        self._save_weights()
        # The checkpoint counts on all else, and so comes last.
        checkpoint_of(self.experiment).write(self.folder / names.CHECKPOINT)
        self._saved = True
        self._saved_at = perf_counter()
        self._cost = self._saved_at - begun

    def _save_weights(self) -> None:
        best = self.experiment.progress.best_epoch
        if best != self._best_saved:
            weights_of(self.experiment.best_model()).write(self.folder / names.WEIGHTS)
            self._best_saved = best

    def finished(self) -> None:
        """Save the end of the training."""
        if not self._saved:
            self.save()
        self.close("finished")

    def diverged(self) -> None:
        """Keep the last good weights and close the record."""
        self._save_weights()
        if not (self.folder / names.WEIGHTS).is_file():
            weights_of(self.experiment.model).write(self.folder / names.WEIGHTS)
        self.close("diverged")

    def close(self, status: str) -> None:
        """Write how the run ended."""
        self.record["ended"] = _now()
        self.write_record(status)

    def write_record(self, status: str) -> None:
        """Write ``run.json`` with a status."""
        self.record["status"] = status
        write_text(self.folder / names.RECORD, json.dumps(self.record, indent=2) + "\n")

    def _write_config(self) -> None:
        write_text(self.folder / names.CONFIG, yaml12.dump(as_tree(self.experiment.config)))


def _is_row(line: str, epoch: int, columns: int) -> bool:
    """Return whether a line is the row of an epoch, and the rest of it numbers or empty."""
    first, *values = line.split(",")
    try:
        [float(value) for value in values if value]
    except ValueError:
        return False
    return first == str(epoch) and len(values) == columns - 1


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
