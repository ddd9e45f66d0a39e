"""The runs of a folder, summarized from their records alone, so that listing hundreds is fast."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rnncli.config import RECORD
from rnncli.errors import InputError, RnnError
from rnncli.runs.files import storage
from rnncli.runs.lock import is_locked
from rnncli.runs.metrics_log import METRIC_NAMES
from rnncli.runs.older_runs import older_results
from rnncli.runs.run_folder import CONFIG, METRICS, is_file, is_run
from rnncli.runs.run_record import STATUSES, Record, read_record, start_time
from rnncli.suggestions import suggest

LISTED_STATUSES = (*STATUSES, "killed", "unknown", "damaged")
# The keys of a record that a summary needs, with their types.
_RESULT_TYPES: dict[str, type | tuple[type, ...]] = {
    "cell": str,
    "hidden_size": int,
    "num_layers": int,
    "ensemble": int,
    "epochs": int,
    "seconds": (int, float),
    "best_epoch": (int, type(None)),
    "has_validation": bool,
    "figures": (dict, type(None)),
}


@dataclass(frozen=True)
class RunSummary:
    """The summary of a run; that of a damaged run has only name, path, status and problem.

    While a run is being trained, and after it was killed, its results are those of the last save,
    from which it can be resumed.

    Attributes
    ----------
    name, path : str
        The name and the path of the run folder.
    status : str
        The status in ``run.json``; if that is ``running``, ``killed`` if no process trains the run,
        and ``unknown`` where locks cannot tell; ``damaged`` if a file is missing or the record is
        invalid.
    problem : str or None
        What is damaged.
    started : str or None
        As in ``run.json``.
    cell, hidden_size, num_layers : str, int, int or None
        The kind and the size of the model.
    ensemble : int
        The number of its networks.
    metric : {"accuracy", "rmse"} or None
        The task's metric.
    epochs, best_epoch : int or None
        The number of epochs trained, and the epoch with the lowest validation loss (without
        validation, the last one).
    seconds : float or None
        Time spent in training.
    has_validation : bool
        Whether the run has a validation split.
    results : dict of str to float
        Loss and metric of the best epoch, named as in the metrics log.
    """

    name: str
    path: str
    status: str
    problem: str | None = None
    started: str | None = None
    cell: str | None = None
    hidden_size: int | None = None
    num_layers: int | None = None
    metric: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    seconds: float | None = None
    has_validation: bool = False
    results: dict[str, float] | None = None
    ensemble: int = 1

    @property
    def when(self) -> datetime | None:
        """When the run was started, in local time."""
        return None if self.started is None else datetime.fromisoformat(self.started).astimezone()

    @property
    def loss(self) -> float | None:
        """The loss of the best epoch on the validation split, or else on the training split."""
        return self._result("loss")

    @property
    def metric_value(self) -> float | None:
        """The accuracy or RMSE where `loss` is."""
        return self._result(str(self.metric))

    def value_of(self, metric: str) -> float | None:
        """Return the accuracy or the RMSE; None for a run with the other metric."""
        return self.metric_value if self.metric == metric else None

    def as_json(self) -> dict[str, Any]:
        """Return the summary under the keys of ``rnn runs --json``, which must not change."""
        keys = ("name", "path", "status", "problem", "started", "metric", "epochs", "best_epoch")
        return {
            **{key: getattr(self, key) for key in keys},
            "loss": self.loss,
            "figure": self.metric_value,
            "held_out": self.has_validation,
            "cell": self.cell,
            "hidden_size": self.hidden_size,
            "num_layers": self.num_layers,
            "ensemble": self.ensemble,
            "seconds": self.seconds,
        }

    def _result(self, name: str) -> float | None:
        split = "val" if self.has_validation else "train"
        return (self.results or {}).get(f"{split}_{name}")


def summarize_run(folder: Path) -> RunSummary:
    """Return the summary of a run.

    Raises
    ------
    InputError
        The run is damaged.
    """
    record = read_record(folder)
    for name in (CONFIG, METRICS):
        path = folder / name
        with storage(path):
            if not is_file(path) or not path.stat().st_size:
                raise InputError(f"{path}: missing or empty; every run has one")
    status = record.get("status")
    if status not in STATUSES or start_time(record) is None:
        raise InputError(f"{folder / RECORD}: status or start missing; the file is damaged")
    if status == "running":
        status = {True: "running", False: "killed", None: "unknown"}[is_locked(folder)]
    results = _results(folder, record)
    figures = results["figures"] or {}
    return RunSummary(
        name=folder.name,
        path=str(folder),
        status=status,
        started=record["started"],
        cell=results["cell"],
        hidden_size=results["hidden_size"],
        num_layers=results["num_layers"],
        metric=results["metric"],
        epochs=results["epochs"],
        best_epoch=results["best_epoch"],
        seconds=results["seconds"],
        has_validation=results["has_validation"],
        results={name: value for name, value in figures.items() if value is not None},
        ensemble=results["ensemble"],
    )


def _results(folder: Path, record: Record) -> Record:
    """Return a record with valid results; those of older runs are read from config and log."""
    if "epochs" not in record:
        record = older_results(folder)
    single: Record = {"ensemble": 1}
    record = single | record
    for key, types in _RESULT_TYPES.items():
        # In Python, bool is a subclass of int.
        is_wrong_bool = isinstance(record.get(key), bool) and types is not bool
        if key not in record or not isinstance(record[key], types) or is_wrong_bool:
            raise InputError(f"{folder / RECORD}: {key} missing or invalid; the file is damaged")
    values = (record["figures"] or {}).values()
    if record.get("metric") not in METRIC_NAMES or not all(map(_is_result, values)):
        raise InputError(f"{folder / RECORD}: metric or figures invalid; the file is damaged")
    return record


def _is_result(value: Any) -> bool:
    return value is None or isinstance(value, float)


# What runs can be sorted by, and whether the largest comes first; runs without it come last.
SORTS: dict[str, tuple[Callable[[RunSummary], Any], bool]] = {
    "when": (lambda run: run.when, True),
    "name": (lambda run: run.name, False),
    "status": (lambda run: run.status, False),
    "accuracy": (lambda run: run.value_of("accuracy"), True),
    "rmse": (lambda run: run.value_of("rmse"), False),
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
) -> list[RunSummary]:
    """Return the runs of a folder.

    Parameters
    ----------
    runs : Path
        The folder.
    sort : str
        One of `SORTS`; ties are sorted by start time, the newest first.
    status : str, optional
        Only runs of this status.
    name : str, optional
        Only runs whose name contains this; ``*`` and ``?`` are wildcards.
    limit : int, optional
        The largest number of runs to return.

    Raises
    ------
    InputError
        The folder does not exist, or the order or the status is unknown.
    """
    if sort not in SORTS:
        raise InputError(f"--sort: '{sort}' is not known; {suggest(sort, SORTS)}")
    if status is not None and status not in LISTED_STATUSES:
        raise InputError(f"--status: '{status}' is not known; {suggest(status, LISTED_STATUSES)}")
    if not runs.is_dir():
        raise InputError(f"{runs}: no such folder; 'rnn train' creates one")
    pattern = f"*{name or ''}*"
    with storage(runs):
        folders = [folder for folder in runs.iterdir() if fnmatchcase(folder.name, pattern)]
    summaries = [run for folder in folders if (run := _summary(folder)) is not None]
    chosen = [run for run in summaries if status in (None, run.status)]
    chosen.sort(key=lambda run: run.name, reverse=True)
    for order in ("when", sort):
        chosen = _sorted(chosen, *SORTS[order])
    return chosen[:limit]


def _summary(folder: Path) -> RunSummary | None:
    """Return the summary of a run, even of a damaged one; None if the folder is not a run."""
    if not is_run(folder):
        return None
    try:
        return summarize_run(folder)
    except RnnError as error:
        problem = str(error).partition("\n")[0]
    # A deletion that has ended by now has released its lock, and left no run.
    if _is_being_deleted(folder) or not is_run(folder):
        return None
    return RunSummary(folder.name, str(folder), "damaged", problem)


def _is_being_deleted(folder: Path) -> bool:
    """Return whether another process deletes a run now: the config first, and under the lock."""
    with suppress(RnnError):
        return not is_file(folder / CONFIG) and is_locked(folder) is True
    return True


def _sorted(
    runs: list[RunSummary], key: Callable[[RunSummary], Any], largest_first: bool
) -> list[RunSummary]:
    known = [run for run in runs if key(run) is not None]
    unknown = [run for run in runs if key(run) is None]
    return sorted(known, key=key, reverse=largest_first) + unknown
