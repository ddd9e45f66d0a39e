"""Tables in chronological order, cut into windows, each with the values that follow it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnncli.datasets.arrangements.columns import column_position
from rnncli.datasets.missing import Missing, fill_missing, is_missing
from rnncli.datasets.numbers import is_number, numbers
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.table import Table, find_column, value_in
from rnncli.errors import InputError, Unit
from rnncli.memory import require_memory, within_memory
from rnncli.nn.arrays import Array

# Rows whose cells take a few megabytes.
_ROWS_PER_MEMORY_CHECK = 1 << 14


@dataclass(frozen=True)
class Windows:
    """The windows of a table: their columns, their length, and the values to forecast.

    Attributes
    ----------
    columns, targets : tuple of str
        The features, and those of them to forecast.
    sequence_length, horizon : int
        The number of time steps in a window, and the number to forecast after it.
    """

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    sequence_length: int
    horizon: int

    def __post_init__(self) -> None:
        if self.sequence_length < 1 or self.horizon < 1:
            raise ValueError("the sequence length and the horizon of windows must be at least 1")
        if not self.targets or not set(self.targets) <= set(self.columns):
            raise ValueError("the targets must be among the columns")

    def count(self, table: "NumericTable", with_targets: bool = True) -> int:
        """Return how many windows a table has; raise `InputError` if it has none."""
        needed = self.sequence_length + (self.horizon if with_targets else 0)
        count = len(table.values) - needed + 1
        if count < 1:
            raise InputError(
                f"{table.source}: {len(table.values)} rows; one window needs at least {needed}"
            )
        return count

    def targets_of(self, table: "NumericTable") -> Array:
        """Return the values that follow each window of a table (N, K), NaN where missing."""
        count, length = self.count(table), self.sequence_length
        targets = table.values[:, [self.columns.index(name) for name in self.targets]]
        following = sliding_window_view(targets[length:], self.horizon, axis=0)[:count]
        return following.transpose(0, 2, 1).reshape(count, -1)

    def cut(
        self, table: "NumericTable", missing: Missing, means: Array, with_targets: bool = True
    ) -> Sequences:
        """Return all windows of a table, with the values that follow them as labels.

        Missing values are filled in before the table is cut, so that ``last`` can use rows before a
        window. Windows followed by a missing value are left out. Without targets, all windows are
        returned, without labels; also those at the end of the table, whose following values are not
        known.
        """
        count, length = self.count(table, with_targets), self.sequence_length
        whole = Sequences(
            table.values[np.newaxis].copy(), None, table.source, table.rows[:1], table.unit
        )
        x = fill_missing(whole, missing, means).x[0]
        require_memory(
            8 * count * length * x.shape[1],
            f"{table.source}: {count} windows of {length} rows",
            "lower data.sequence_length, or give fewer rows or columns",
        )
        windows = sliding_window_view(x, length, axis=0)[:count].transpose(0, 2, 1).copy()
        rows = table.rows[length - 1 : length - 1 + count]
        sequences = Sequences(windows, None, table.source, rows, table.unit)
        if not with_targets:
            return sequences
        labels = self.targets_of(table)
        labelled = replace(sequences, labels=labels, columns=self.columns)
        return labelled.take(np.flatnonzero(~np.isnan(labels).any(axis=1)))


@dataclass(frozen=True)
class NumericTable:
    """The numeric columns of a table.

    Attributes
    ----------
    source : str
        The file, for messages.
    columns : tuple of str
        The names of the columns.
    values : array (R, C)
        The values; NaN where missing.
    rows : list of int
        The number of each row in the file.
    unit : {"line", "row"}
        What these numbers count.
    """

    source: str
    columns: tuple[str, ...]
    values: Array
    rows: list[int]
    unit: Unit


def read_numeric_columns(
    table: Table, columns: Sequence[str] | None, ignore: Sequence[int | str] = ()
) -> NumericTable:
    """Return the given columns of a table, or all numeric ones.

    The default is all columns that hold only numbers and missing values, except for ignored ones.
    """
    header, place = table.named_columns()
    if not header:
        raise InputError(f"{table.source}: no rows; a table with a header was expected")
    ignored = {column_position(column, header, len(header), place, "ignore") for column in ignore}
    rows = list(
        within_memory(
            table.rows_of_width(len(header), "header"),
            _ROWS_PER_MEMORY_CHECK,
            table.source,
            "give fewer rows or columns",
        )
    )
    if columns is None:
        numeric = _numeric_columns([cells for _, cells in rows], len(header))
        names = tuple(header[i] for i in numeric if i not in ignored)
    else:
        names = tuple(columns)
        for name, count in Counter(names).items():
            if count > 1:
                raise InputError(f"data.columns: '{name}' is listed more than once")
    positions = _positions(names, header, place)
    if not names or not rows:
        raise InputError(f"{table.source}: no numeric columns below a header")
    for name, position in zip(names, positions, strict=True):
        if position in ignored:
            raise InputError(f"{place}: data.ignore: '{name}' is one of data.columns")
    values = np.empty((len(rows), len(positions)))
    for row_values, (row, cells) in zip(values, rows, strict=True):
        try:
            row_values[:] = numbers([cells[i] for i in positions])
        except ValueError:  # One is missing or invalid.
            row_values[:] = [
                _value(cells[i], f"{table.place(row)}, {header[i]}") for i in positions
            ]
    return NumericTable(table.source, names, values, [row for row, _ in rows], table.unit)


def _positions(names: Sequence[str], header: Sequence[str], place: str) -> list[int]:
    """Return the positions of columns, each of which must be the only one of its name."""
    position_of = {name: i for i, name in enumerate(header)}
    counts = Counter(header)
    for name in names:
        if counts[name] > 1:
            raise InputError(
                f"{place}: {counts[name]} columns are named '{name}'; one was expected"
            )
        if name not in position_of:
            find_column(header, name, place)  # raises the error, with a suggestion
    return [position_of[name] for name in names]


def _numeric_columns(rows: list[list[str]], width: int) -> list[int]:
    """Return the columns in which every cell is a number or missing, and not all are missing."""
    numeric = []
    for column in range(width):
        present = [cells[column] for cells in rows if not is_missing(cells[column])]
        if present and all(map(is_number, present)):
            numeric.append(column)
    return numeric


def _value(cell: str, place: str) -> float:
    try:
        return value_in(cell, missing_allowed=True)
    except ValueError as problem:
        raise InputError(f"{place}: {problem}") from None
