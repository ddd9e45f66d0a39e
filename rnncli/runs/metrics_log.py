"""``metrics.csv``, the metrics log: one row per epoch."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import isfinite, nan
from pathlib import Path
from typing import BinaryIO

from rnncli.config import RECORD
from rnncli.errors import InputError
from rnncli.memory import within_memory
from rnncli.runs.files import append_line, storage, sync_file, write_text
from rnncli.runs.run_folder import CHECKPOINT, METRICS

METRIC_NAMES = ("accuracy", "rmse")
# A row has nine numbers of at most 25 characters.
_MAX_ROW_BYTES = 512
# Rows whose values take about ten megabytes.
_ROWS_PER_CHECK = 1 << 17

# The values of each column, epoch by epoch; NaN where a cell is empty.
Metrics = dict[str, Sequence[float]]


def columns_of(metric: str) -> list[str]:
    """Return the columns for a task with the given metric, ``accuracy`` or ``rmse``."""
    return ["epoch", "step", "seconds", "learning_rate", *result_columns(metric), "grad_norm"]


def result_columns(metric: str) -> list[str]:
    """Return the columns of the loss and the metric, of the training and the validation split."""
    return ["train_loss", f"train_{metric}", "val_loss", f"val_{metric}"]


class MetricsLog:
    """The metrics log of a run that is being trained.

    Parameters
    ----------
    folder : Path
        The run folder.
    metric : {"accuracy", "rmse"}
        The task's metric.
    """

    def __init__(self, folder: Path, metric: str) -> None:
        self.path, self.columns = folder / METRICS, columns_of(metric)
        self._set_hash([",".join(self.columns)])

    def create(self) -> None:
        """Write the header into a new file."""
        self._write([",".join(self.columns)])

    def append(self, row: Mapping[str, object]) -> None:
        """Append the row of an epoch; None gives an empty cell."""
        values = (row[name] for name in self.columns)
        line = ",".join("" if v is None else str(v) for v in values) + "\n"
        append_line(self.path, line)
        self._hash.update(line.encode())

    def sync(self) -> None:
        """Flush the log to the disk."""
        sync_file(self.path)

    @property
    def sha256(self) -> str:
        """The hash of the file's content, as far as this object has written or read it."""
        return self._hash.hexdigest()

    def read_rows(self, epochs: int, sha256: str | None = None) -> list[str]:
        """Return the header and the rows of the first `epochs` epochs.

        Parameters
        ----------
        epochs : int
            The number of epochs.
        sha256 : str, optional
            What `sha256` was when these rows were the content of the file.

        Raises
        ------
        InputError
            The file does not have these rows, or they were changed.
        """
        header = ",".join(self.columns)
        if not epochs:
            return [header]
        lines = self._read_lines(epochs + 1)
        if lines[0] != header:
            raise InputError(f"{self.path}:1: not the header of this run's metrics log")
        for epoch, line in enumerate(lines[1:], 1):
            if not _is_row(line, epoch, len(self.columns)):
                raise InputError(f"{self.path}:{epoch + 1}: malformed row of epoch {epoch}")
        self._set_hash(lines)
        if sha256 not in (None, self.sha256):
            raise InputError(_changed(self.path, epochs, CHECKPOINT))
        return lines

    def _read_lines(self, count: int) -> list[str]:
        """Return the first `count` lines."""
        if not self.path.is_file():
            raise InputError(f"{self.path}: missing; {count - 1} epochs were trained")
        with storage(self.path), open(self.path, "rb") as file:
            *lines, _ = file.read(count * _MAX_ROW_BYTES).split(b"\n", count)
        if len(lines) < count:
            raise InputError(_missing(self.path, len(lines) + 1, count - 1))
        try:
            return [line.decode("ascii") for line in lines]
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path}: not a metrics log ({error.reason})") from None

    def rewrite(self, rows: list[str]) -> None:
        """Replace the content by rows that `read_rows` returned."""
        self._write(rows)
        self._set_hash(rows)

    def parse(self, row: str) -> dict[str, float | None]:
        """Return the values of a row that `read_rows` returned."""
        values = [float(cell or nan) for cell in row.split(",")]
        return finite(dict(zip(self.columns, values, strict=True)))

    def _write(self, lines: list[str]) -> None:
        write_text(self.path, _text(lines))

    def _set_hash(self, lines: list[str]) -> None:
        self._hash = hashlib.sha256(_text(lines).encode())


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _missing(path: Path, line: int, epochs: int) -> str:
    return f"{path}:{line}: missing or incomplete; the rows of {epochs} epochs were expected"


def _changed(path: Path, epochs: int, source: str) -> str:
    return (
        f"{path}:{epochs + 1}: the lines up to this one do not match their sha256 in {source}; the "
        f"rows of the {epochs} epochs as they were written were expected"
    )


def problem_in_rows(folder: Path, epochs: int, sha256: str) -> str | None:
    """Return what is wrong with the header and the first `epochs` rows of a run's log, or None.

    Parameters
    ----------
    folder : Path
        The run folder.
    epochs, sha256 : int, str
        The number of epochs, and the hash of the log after them, according to the run's record.
    """
    path, hashed = folder / METRICS, hashlib.sha256()
    with storage(path), open(path, "rb") as file:
        for number in range(1, epochs + 2):
            line = file.readline(_MAX_ROW_BYTES)
            if not line.endswith(b"\n"):
                return _missing(path, number, epochs)
            hashed.update(line)
    return None if hashed.hexdigest() == sha256 else _changed(path, epochs, RECORD)


def _is_row(line: str, epoch: int, columns: int) -> bool:
    """Return whether a line is the row of an epoch: the epoch, then numbers or empty cells."""
    first, *values = line.split(",")
    try:
        for value in values:
            float(value or nan)
    except ValueError:
        return False
    return first == str(epoch) and len(values) == columns - 1


def finite(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return values by name; None for those that are not finite."""
    return {
        name: value if value is not None and isfinite(value) else None
        for name, value in values.items()
    }


def read_metrics(folder: Path) -> Metrics:
    """Return a run's metrics log, column by column.

    Raises
    ------
    InputError
        The log is missing or damaged.
    """
    path = folder / METRICS
    if not path.is_file():
        raise InputError(f"{path}: missing; every run has one")
    with storage(path), open(path, "rb") as file:
        lines = _rows(file, str(path))
        names = next(lines, b"").decode("ascii", errors="replace").split(",")
        if names not in [columns_of(metric) for metric in METRIC_NAMES]:
            raise InputError(f"{path}: not a metrics log; the file is damaged")
        columns = [array("d") for _ in names]
        for epoch, line in enumerate(lines, 1):
            cells = line.split(b",")
            try:
                values = [float(cell or nan) for cell in cells]
            except ValueError:
                values = []
            if len(values) != len(columns) or values[0] != epoch:
                raise InputError(
                    f"{path}:{epoch + 1}: not the row of epoch {epoch}; the file is damaged"
                )
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    return dict(zip(names, columns, strict=True))


def _rows(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the lines of a log without their ends; each is complete and of a limited length."""
    lines = iter(partial(file.readline, _MAX_ROW_BYTES), b"")
    advice = "read fewer runs at once"
    for number, line in enumerate(within_memory(lines, _ROWS_PER_CHECK, name, advice), 1):
        if not line.endswith(b"\n"):
            raise InputError(f"{name}:{number}: the row is incomplete; the file is damaged")
        yield line.rstrip(b"\r\n")


def metric_of(metrics: Metrics) -> str:
    """Return the name of the metric, ``accuracy`` or ``rmse``."""
    return next(name for name in METRIC_NAMES if f"train_{name}" in metrics)


def best_row(metrics: Metrics) -> int | None:
    """Return the row with the lowest validation loss, or the last row without validation.

    If there are no rows, return None.
    """
    losses = [(loss, row) for row, loss in enumerate(metrics["val_loss"]) if isfinite(loss)]
    if losses:
        return min(losses)[1]
    if metrics["epoch"]:
        return len(metrics["epoch"]) - 1
    return None


def row_of(metrics: Metrics, row: int) -> dict[str, float | None]:
    """Return one row; None for an empty cell or a value that is not finite."""
    return finite({name: column[row] for name, column in metrics.items()})


def rows_of(metrics: Metrics) -> list[dict[str, float | None]]:
    """Return all rows, each as `row_of` does."""
    return [row_of(metrics, row) for row in range(len(metrics["epoch"]))]
