"""The runs of a folder, read lightly: hundreds of them in the blink of an eye."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from rnncli.config import yaml12
from rnncli.errors import InputError, RnnError
from rnncli.runs.files import storage
from rnncli.runs.lock import is_held
from rnncli.runs.metrics import best_row, metric_of, read_metrics, row_of
from rnncli.runs.run_folder import CONFIG, METRICS, RECORD, find_run, read_record
from rnncli.suggestions import suggest

_RECORDED = ("running", "finished", "interrupted", "diverged", "failed")
STATUSES = (*_RECORDED, "killed", "damaged")
# The model's section as the recorder writes it: its lines need no parser of YAML.
_MODEL = re.compile(r"^model:\n((?:  [a-z_]+: [\w.+-]+\n)+)(?=\S)", re.MULTILINE | re.ASCII)


@dataclass(frozen=True)
class Entry:
    """A run in a few words.

    Attributes
    ----------
    name, path : str
        Of its folder.
    status : str
        What ``run.json`` says; ``killed`` where that is ``running`` and no process is; ``damaged``
        where a file is missing or broken.
    problem : str or None
        What is damaged; the rest is None then.
    started : str or None
        As in ``run.json``.
    metric : {"accuracy", "rmse"} or None
        The figure besides the loss.
    epochs, best_epoch : int or None
        How many there are, and the one of the lowest validation loss (the last one without).
    loss, figure : float or None
        Of the best epoch: on the validation part, or on the training part without one.
    held_out : bool
        Whether they are of the validation part.
    cell, hidden_size, num_layers : str, int, int or None
        Of the model.
    seconds : float or None
        Time spent in training.
    """

    name: str
    path: str
    status: str
    problem: str | None = None
    started: str | None = None
    metric: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    loss: float | None = None
    figure: float | None = None
    held_out: bool = False
    cell: str | None = None
    hidden_size: int | None = None
    num_layers: int | None = None
    seconds: float | None = None

    @property
    def when(self) -> datetime | None:
        """When the run was started, in local time."""
        return None if self.started is None else datetime.fromisoformat(self.started).astimezone()

    def figure_of(self, metric: str) -> float | None:
        """Return the accuracy or RMSE, if that is what the run has."""
        return self.figure if self.metric == metric else None


def is_run(folder: Path) -> bool:
    """Return whether a folder is that of a run, be it a damaged one."""
    with suppress(OSError):  # of a folder that is closed to us nothing is known
        return any((folder / name).is_file() for name in (CONFIG, RECORD, METRICS))
    return False


def find_folder(run: str, runs: Path) -> Path:
    """Return the folder of a RUN as `find_run` does, be it a damaged one.

    Raises
    ------
    InputError
        There is no such run.
    """
    for path in (Path(run), runs / run):
        if run != "latest" and is_run(path):
            return path
    return find_run(run, runs)


def read_entry(folder: Path) -> Entry:
    """Return a run's entry; of a damaged run, what is wrong with it."""
    try:
        return sound_entry(folder)
    except RnnError as error:
        return Entry(folder.name, str(folder), "damaged", str(error).splitlines()[0])


def sound_entry(folder: Path) -> Entry:
    """Return the entry of a run that must not be damaged.

    Raises
    ------
    InputError
        It is.
    """
    record, model, metrics = read_record(folder), _model(folder / CONFIG), read_metrics(folder)
    status, started = record.get("status"), record.get("started")
    if status not in _RECORDED or not _is_time(started):
        raise InputError(f"{folder / RECORD}: has no status or no time; the record is damaged")
    if status == "running" and not is_held(folder):
        status = "killed"
    metric, best = metric_of(metrics), best_row(metrics)
    known = Entry(
        name=folder.name,
        path=str(folder),
        status=status,
        started=started,
        metric=metric,
        epochs=len(metrics["epoch"]),
        cell=model["cell"],
        hidden_size=model["hidden_size"],
        num_layers=model["num_layers"],
    )
    if best is None:
        return known
    row = row_of(metrics, best)
    part = "train" if row["val_loss"] is None else "val"
    return replace(
        known,
        best_epoch=best + 1,
        loss=row[f"{part}_loss"],
        figure=row[f"{part}_{metric}"],
        held_out=part == "val",
        seconds=row_of(metrics, -1)["seconds"],
    )


def _is_time(text: Any) -> bool:
    try:
        datetime.fromisoformat(text).astimezone()
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _model(path: Path) -> dict[str, Any]:
    """Return the model's section of a config."""
    if not path.is_file():
        raise InputError(f"{path}: is missing; it belongs to a run")
    with storage(path), open(path, "rb") as file:
        content = file.read(yaml12.MAX_BYTES + 1)
    found = _MODEL.search(content.decode(errors="replace"))
    if found is not None and content.endswith(b"\n"):
        lines = [line.partition(": ") for line in found[1].splitlines()]
        model: Any = {key.strip(): _scalar(value) for key, _, value in lines}
    else:
        model = yaml12.load(content, str(path)).tree.get("model")
    kinds = {"cell": str, "hidden_size": int, "num_layers": int}
    if not isinstance(model, dict) or any(type(model.get(k)) is not t for k, t in kinds.items()):
        raise InputError(f"{path}: has no whole model; the config is damaged")
    return model


_scalar = cache(yaml12.scalar)


# What can be sorted by, each with its first at the top; runs without it come last.
SORTS: dict[str, tuple[Callable[[Entry], Any], bool]] = {
    "when": (lambda run: run.when, True),
    "name": (lambda run: run.name, False),
    "status": (lambda run: run.status, False),
    "accuracy": (lambda run: run.figure_of("accuracy"), True),
    "rmse": (lambda run: run.figure_of("rmse"), False),
    "loss": (lambda run: run.loss, False),
    "cell": (lambda run: run.cell, False),
    "size": (lambda run: run.hidden_size, True),
    "seconds": (lambda run: run.seconds, True),
}


def list_runs(
    runs: Path,
    sort: str = "when",
    status: str | None = None,
    name: str | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """Return the runs of a folder.

    Parameters
    ----------
    runs : Path
        The folder.
    sort : str
        One of `SORTS`; among equals the newest comes first.
    status : str, optional
        Only those of this status.
    name : str, optional
        Only those with this in their name; ``*`` and ``?`` stand for any characters, or any one.
    limit : int, optional
        How many at most.

    Raises
    ------
    InputError
        There is no such folder, no such order, or no such status.
    """
    if sort not in SORTS:
        raise InputError(f"--sort: '{sort}' is not known; {suggest(sort, SORTS)}")
    if status is not None and status not in STATUSES:
        raise InputError(f"--status: '{status}' is not known; {suggest(status, STATUSES)}")
    if not runs.is_dir():
        raise InputError(f"{runs}: is no folder of runs; 'rnn train' makes one")
    pattern = f"*{name or ''}*"
    with storage(runs):
        folders = [
            folder
            for folder in runs.iterdir()
            if not folder.name.startswith(".") and fnmatchcase(folder.name, pattern)
        ]
    found = [read_entry(folder) for folder in folders if is_run(folder)]
    chosen = [run for run in found if status in (None, run.status)]
    chosen.sort(key=lambda run: run.name, reverse=True)
    for order in ("when", sort):
        chosen = _sorted(chosen, *SORTS[order])
    return chosen[:limit]


def _sorted(found: list[Entry], key: Callable[[Entry], Any], last_first: bool) -> list[Entry]:
    known = [run for run in found if key(run) is not None]
    unknown = [run for run in found if key(run) is None]
    return sorted(known, key=key, reverse=last_first) + unknown
