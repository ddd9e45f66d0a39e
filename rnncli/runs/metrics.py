"""``metrics.csv``: one row an epoch, its columns and how they are read back."""

from math import isfinite, nan
from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs.files import storage
from rnncli.runs.run_folder import METRICS

METRIC_NAMES = ("accuracy", "rmse")
_LARGEST = 1 << 26

# The values of each column, epoch by epoch; NaN where a cell is empty.
Metrics = dict[str, list[float]]


def columns_of(metric: str) -> list[str]:
    """Return the columns, for a task whose figure besides the loss is `metric`."""
    return [
        *("epoch", "step", "seconds", "learning_rate"),
        *("train_loss", f"train_{metric}", "val_loss", f"val_{metric}", "grad_norm"),
    ]


def read_metrics(folder: Path) -> Metrics:
    """Return what a run logged, column by column.

    Raises
    ------
    InputError
        The log is missing or damaged.
    """
    path = folder / METRICS
    if not path.is_file():
        raise InputError(f"{path}: is missing; it belongs to a run")
    with storage(path), open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    text = content.decode("ascii", errors="replace")
    header, _, body = text.partition("\n")
    names, lines = header.split(","), body.splitlines()
    if names not in [columns_of(metric) for metric in METRIC_NAMES] or len(content) > _LARGEST:
        raise InputError(f"{path}: is no loss log; the file is damaged")
    if not text.endswith("\n"):
        raise InputError(f"{path}: does not end with a whole line; the file is damaged")
    try:
        rows = [[float(cell or nan) for cell in line.split(",")] for line in lines]
        values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
        metrics = dict(zip(names, values, strict=True))
    except ValueError:
        raise InputError(f"{path}: has a row that is none of a log; the file is damaged") from None
    if metrics["epoch"] != list(range(1, len(rows) + 1)):
        raise InputError(f"{path}: its epochs do not follow each other; the file is damaged")
    return metrics


def metric_of(metrics: Metrics) -> str:
    """Return the name of the figure besides the loss."""
    return next(name for name in METRIC_NAMES if f"train_{name}" in metrics)


def best_row(metrics: Metrics) -> int | None:
    """Return where the lowest validation loss is; the last row where there is no validation."""
    losses = [(loss, row) for row, loss in enumerate(metrics["val_loss"]) if isfinite(loss)]
    last = len(metrics["epoch"]) - 1
    return min(losses)[1] if losses else last if last >= 0 else None


def row_of(metrics: Metrics, row: int) -> dict[str, float | None]:
    """Return one row; None for what is not there, or not finite."""
    found = {name: values[row] for name, values in metrics.items()}
    return {name: value if isfinite(value) else None for name, value in found.items()}


def rows_of(metrics: Metrics) -> list[dict[str, float | None]]:
    """Return all rows, each as `row_of` does."""
    return [row_of(metrics, row) for row in range(len(metrics["epoch"]))]
