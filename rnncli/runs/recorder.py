"""Writes a training into its run folder as it goes."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rnncli.config import yaml12
from rnncli.config.validate import as_tree
from rnncli.runs import folder as names
from rnncli.runs.checkpoint import save_checkpoint
from rnncli.runs.environment import environment
from rnncli.runs.experiment import Experiment
from rnncli.runs.files import remove_leftovers, storage, write_text
from rnncli.runs.weights import save_model
from rnncli.training.fit import Epoch


class Recorder:
    """The run folder of one training.

    Parameters
    ----------
    folder : Path
        The run folder; it exists.
    experiment : Experiment
        What is trained.
    command : list of str
        The command line, for the record.
    """

    def __init__(self, folder: Path, experiment: Experiment, command: list[str]) -> None:
        self.folder, self.experiment = folder, experiment
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

    def begin(self) -> None:
        """Write what is known before the first step."""
        config = yaml12.dump(as_tree(self.experiment.config))
        write_text(self.folder / names.CONFIG, config)
        write_text(self.folder / names.METRICS, ",".join(self.columns) + "\n")
        self.write_record("running")

    def resume(self) -> None:
        """Take up an earlier record; drop the epochs that the checkpoint does not know."""
        remove_leftovers(self.folder)
        progress = self.experiment.progress
        self.record["started"] = self._started()
        path = self.folder / names.METRICS
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        lines = [",".join(self.columns), *lines[1 : progress.epoch + 1]]
        for row in csv.DictReader(lines):
            if row["epoch"] == str(progress.best_epoch):
                self._note_best(progress.best_epoch, row)
        write_text(path, "\n".join(lines) + "\n")
        write_text(self.folder / names.CONFIG, yaml12.dump(as_tree(self.experiment.config)))
        self.write_record("running")

    def _started(self) -> Any:
        """Return when the run began, if its record still tells."""
        try:
            record = json.loads((self.folder / names.RECORD).read_text("utf-8"))
            return record["started"]
        except (OSError, ValueError, KeyError, TypeError):
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
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        path = self.folder / names.METRICS
        with storage(path), open(path, "a", encoding="utf-8") as file:
            file.write(line.getvalue())
        if event.best:
            save_model(self.folder / names.WEIGHTS, self.experiment.model)
            self._note_best(event.epoch, dict(zip(self.columns, row, strict=True)))
        self.checkpoint()

    def checkpoint(self) -> None:
        """Save all that going on needs."""
        save_checkpoint(self.folder / names.CHECKPOINT, self.experiment)

    def diverged(self) -> None:
        """Keep the last good weights, if none were saved yet, and close the record."""
        if not (self.folder / names.WEIGHTS).is_file():
            save_model(self.folder / names.WEIGHTS, self.experiment.model)
        self.close("diverged")

    def close(self, status: str) -> None:
        """Write how the run ended."""
        self.record["ended"] = _now()
        self.write_record(status)

    def write_record(self, status: str) -> None:
        """Write ``run.json`` with a status."""
        self.record["status"] = status
        write_text(self.folder / names.RECORD, json.dumps(self.record, indent=2) + "\n")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
