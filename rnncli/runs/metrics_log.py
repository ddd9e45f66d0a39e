"""``metrics.csv``, the metrics log: one row per epoch."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import isfinite, nan
from pathlib import Path
from typing import BinaryIO

from rnncli.errors import InputError
from rnncli.memory import within_memory
from rnncli.runs.files import append_line, storage, sync_file, write_text
from rnncli.runs.run_folder import METRICS

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

    def create(self) -> None:
        """Write the header into a new file."""
        self._write([",".join(self.columns)])

    def append(self, row: Mapping[str, object]) -> None:
        """Append the row of an epoch; None gives an empty cell."""
        values = (row[name] for name in self.columns)
        append_line(self.path, ",".join("" if v is None else str(v) for v in values) + "\n")

    def sync(self) -> None:
        """Flush the log to the disk."""
        sync_file(self.path)

    def read_rows(self, epochs: int) -> list[str]:
        """Return the header and the rows of the first `epochs` epochs.

        Raises
        ------
        InputError
            The file does not have these rows.
        """
        header = ",".join(self.columns)
        if not epochs:
            return [header]
        if not self.path.is_file():
            raise InputError(f"{self.path}: missing; {epochs} epochs were trained")
        try:
            with storage(self.path), open(self.path, "rb") as file:
                text = file.read((epochs + 1) * _MAX_ROW_BYTES).decode("ascii")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path}: not a metrics log ({error.reason})") from None
        lines = text.splitlines()[: epochs + 1]
        if len(lines) <= epochs or lines[0] != header:
            raise InputError(f"{self.path}: not the metrics log of the {epochs} epochs trained")
        for epoch, line in enumerate(lines[1:], 1):
            if not _is_row(line, epoch, len(self.columns)):
                raise InputError(f"{self.path}:{epoch + 1}: malformed row of epoch {epoch}")
        return lines

    def rewrite(self, rows: list[str]) -> None:
        """Replace the content by rows that `read_rows` returned."""
        self._write(rows)

    def parse(self, row: str) -> dict[str, float | None]:
        """Return the values of a row that `read_rows` returned."""
        values = [float(cell or nan) for cell in row.split(",")]
        return _finite(dict(zip(self.columns, values, strict=True)))

    def _write(self, lines: list[str]) -> None:
        write_text(self.path, "\n".join(lines) + "\n")


def _is_row(line: str, epoch: int, columns: int) -> bool:
    """Return whether a line is the row of an epoch: the epoch, then numbers or empty cells."""
    first, *values = line.split(",")
    try:
        for value in values:
            float(value or nan)
    except ValueError:
        return False
    return first == str(epoch) and len(values) == columns - 1


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """Return values by name; None for those that are not finite."""
    return {name: value if isfinite(value) else None for name, value in values.items()}


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
    advice = "delete the rows of early epochs"
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
    return _finite({name: column[row] for name, column in metrics.items()})


def rows_of(metrics: Metrics) -> list[dict[str, float | None]]:
    """Return all rows, each as `row_of` does."""
    return [row_of(metrics, row) for row in range(len(metrics["epoch"]))]
