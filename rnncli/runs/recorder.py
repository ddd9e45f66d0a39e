"""Writes a training into its run folder as it goes."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from rnncli.config import yaml12
from rnncli.config.validate import as_tree
from rnncli.errors import InputError
from rnncli.runs import folder as names
from rnncli.runs.archive import Contents
from rnncli.runs.background import Background
from rnncli.runs.checkpoint import checkpoint_of, is_finite
from rnncli.runs.environment import environment
from rnncli.runs.experiment import Experiment
from rnncli.runs.files import append_line, remove_leftovers, write_text
from rnncli.runs.weights import weights_of
from rnncli.training.fit import Epoch


class Recorder:
    """The run folder of one training.

    What has to reach the disk is copied, and saved beside the training; `close` waits for it.

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
        self.saving = Background()
        metric = experiment.model.task.metric
        self.columns = [
            *("epoch", "step", "seconds", "learning_rate"),
            *("train_loss", f"train_{metric}", "val_loss", f"val_{metric}", "grad_norm"),
        ]
        self.record: dict[str, Any] = {
            "status": "running",
            "name": experiment.config.name,
            "seed": experiment.config.seed,
            "started": _now(),
            "ended": None,
            "command": command,
            "data_sha256": experiment.partition.sha256,
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
        self.record["started"] = self._started()
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
        self.write_record("running")

    def _logged(self, epochs: int) -> list[str]:
        """Return the header and the rows of so many epochs."""
        path, lines = self.folder / names.METRICS, [",".join(self.columns)]
        if not epochs:
            return lines
        try:
            text = path.read_bytes().decode("ascii")
        except FileNotFoundError:
            raise InputError(f"{path}: is missing; {epochs} epochs were trained") from None
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: is no loss log ({error.reason})") from None
        logged = text.splitlines()[: epochs + 1]
        if len(logged) <= epochs or logged[:1] != lines:
            raise InputError(f"{path}: is not the loss log of the {epochs} epochs trained")
        for epoch, line in enumerate(logged[1:], 1):
            if not _is_row(line, epoch, len(self.columns)):
                raise InputError(f"{path}:{epoch + 1}: is no row of epoch {epoch}")
        return logged

    def _started(self) -> Any:
        """Return when the run began, if its record still tells."""
        try:
            record = json.loads((self.folder / names.RECORD).read_text("utf-8"))
            return record["started"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return self.record["started"]

    def _note_best(self, epoch: int, row: Mapping[str, Any]) -> None:
        figures = {key: row[key] for key in self.columns[4:8]}
        self.record["best_epoch"] = epoch
        self.record["figures"] = {
            key: None if value in (None, "") else float(value) for key, value in figures.items()
        }

    def epoch(self, event: Epoch) -> None:
        """Log an epoch, save the weights if they are the best, and a checkpoint."""
        row = [
            *(event.epoch, event.step, f"{event.seconds:.3f}", event.learning_rate),
            *(event.train_loss, event.train_figure, event.val_loss, event.val_figure),
            event.gradient_norm,
        ]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        if event.best:
            self._note_best(event.epoch, dict(zip(self.columns, row, strict=True)))
        weights = weights_of(self.experiment.model) if event.best else None
        state = checkpoint_of(self.experiment)
        self.saving.start(partial(self._save, text.getvalue(), weights, state))

    def _save(self, line: str, weights: Contents | None, state: Contents) -> None:
        """Save an epoch; the checkpoint, which counts on all else, comes last."""
        append_line(self.folder / names.METRICS, line)
        if weights is not None:
            weights.write(self.folder / names.WEIGHTS)
        state.write(self.folder / names.CHECKPOINT)

    def checkpoint(self) -> None:
        """Save all that going on needs, in the midst of an epoch.

        A state with numbers that are not finite is none to go on from: the last one stays.
        """
        if is_finite(self.experiment):
            state = checkpoint_of(self.experiment)
            self.saving.start(partial(state.write, self.folder / names.CHECKPOINT))

    def diverged(self) -> None:
        """Keep the last good weights, if none were saved yet, and close the record."""
        self.saving.wait()
        if not (self.folder / names.WEIGHTS).is_file():
            weights_of(self.experiment.model).write(self.folder / names.WEIGHTS)
        self.close("diverged")

    def close(self, status: str) -> None:
        """Wait for all that is being saved, and write how the run ended."""
        self.saving.wait()
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
