"""The rows that follow a table, as a model forecasts them."""

import csv
import io
import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnncli.datasets.arrangements.named_rows import Dates, NamedRows
from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.calendar_features import calendar_features
from rnncli.datasets.dates import continue_dates, write_date
from rnncli.datasets.inputs import read_table
from rnncli.errors import InputError
from rnncli.inference.forecasting import forecast_rows
from rnncli.inference.model import Model
from rnncli.nn.arrays import Array
from rnncli.runs.archive import write_npz
from rnncli.runs.files import output_file, write_all


@dataclass(frozen=True)
class FutureRows:
    """Forecasts of the rows that follow a table.

    Attributes
    ----------
    targets : tuple of str
        The names of the columns.
    values : array (N, K)
        The forecasts, from the first row after the table on.
    dates : list of str, optional
        The date of each row; None if the table has no dates at a regular step.
    """

    targets: tuple[str, ...]
    values: Array
    dates: list[str] | None

    @property
    def leading(self) -> dict[str, list[Any]]:
        """The columns before the forecasts: ``step`` from 1 on, and ``date`` if it is known."""
        steps = {"step": list(range(1, len(self.values) + 1))}
        return steps if self.dates is None else steps | {"date": self.dates}

    @property
    def names(self) -> list[str]:
        """The names of the forecasts' columns; a target named as another column gets a prefix."""
        return [f"target_{name}" if name in self.leading else name for name in self.targets]


def forecast_table(model: Model, source: str, steps: int) -> FutureRows:
    """Return the rows that follow a table, from a file or from standard input.

    Raises
    ------
    InputError
        The model does not forecast, the table is invalid or too short, or its further rows cannot
        be forecast; see `rnncli.inference.forecasting.forecast_rows`.
    """
    spec = model.input_spec
    windows = spec.windows
    if windows is None:
        raise InputError("--horizon: a model trained on 'data.kind: series' was expected")
    rows = read_table(source, spec)
    table = windows.read(rows)
    windows.count(table, with_targets=False)
    dates = _dates(rows, windows)
    following = None if dates is None else continue_dates(dates.values, steps)
    calendar = None
    if windows.calendar and steps > windows.horizon:
        if following is None:
            raise InputError(
                f"{table.source}: the last dates of '{windows.time_column}' have no regular step, "
                "so that the calendar of further rows is not known; --horizon up to "
                f"{windows.horizon} was expected"
            )
        calendar = calendar_features(following, windows.calendar)
    filled = windows.filled(table, spec.missing, spec.means_array)
    values = forecast_rows(model, filled, steps, calendar)
    written = None
    if dates is not None and following is not None:
        written = [write_date(date, dates.precision) for date in following]
    return FutureRows(windows.targets, values, written)


def _dates(rows: NamedRows, windows: Windows) -> Dates | None:
    """Return the dates of a table: of the model's time column, or else of the first that is one."""
    if windows.time_column is not None:
        return rows.dates(windows.time_column, windows.calendar)
    column = rows.date_column()
    return None if column is None else rows.dates(column)


def write_future_rows(
    future: FutureRows, file_format: str, output: Path | None, standard_output: BinaryIO
) -> None:
    """Write forecasts to a file, or to standard output for None, as csv, jsonl or npz.

    CSV and JSON lines have a column for each target; npz has ``value (N, K)`` and ``targets (K,)``.
    """
    target = nullcontext(standard_output) if output is None else output_file(output)
    with target as stream:
        if file_format == "npz":
            leading = {name: np.array(column) for name, column in future.leading.items()}
            named = {"value": future.values, "targets": np.array(future.targets)}
            write_npz(stream, leading | named)
        else:
            text = _csv(future) if file_format == "csv" else _json_lines(future)
            write_all(stream, text.encode())


def _csv(future: FutureRows) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*future.leading, *future.names])
    for *leading, values in zip(*future.leading.values(), future.values.tolist(), strict=True):
        writer.writerow([*leading, *(format(value, ".9g") for value in values)])
    return text.getvalue()


def _json_lines(future: FutureRows) -> str:
    columns = future.leading | dict(zip(future.names, future.values.T.tolist(), strict=True))
    lines = [
        json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
        for row in zip(*columns.values(), strict=True)
    ]
    return "".join(f"{line}\n" for line in lines)
