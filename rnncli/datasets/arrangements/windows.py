"""Tables in the order of time, cut into windows, each with the values that follow it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnncli.datasets.missing import Missing, fill_missing
from rnncli.datasets.numbers import is_number
from rnncli.datasets.sequences import Sequences, Unit
from rnncli.datasets.table import Table, is_missing, suggested, value_in
from rnncli.errors import InputError
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class Windows:
    """The form of windows: their columns, their length, and what is forecast after them.

    Attributes
    ----------
    columns, targets : tuple of str
        The features, and those of them that are forecast.
    sequence_length, horizon : int
        The time steps of a window, and the steps forecast after it.
    """

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    sequence_length: int
    horizon: int

    def __post_init__(self) -> None:
        if self.sequence_length < 1 or self.horizon < 1:
            raise ValueError(f"windows of {self.sequence_length} and {self.horizon} steps")
        if not self.targets or not set(self.targets) <= set(self.columns):
            raise ValueError("targets that are none of the columns")

    def count(self, table: "NumberTable", with_targets: bool = True) -> int:
        """Return how many windows a table has; raise `InputError` if it has none."""
        length, ahead = self.sequence_length, self.horizon if with_targets else 0
        count = len(table.values) - length - ahead + 1
        if count < 1:
            raise InputError(
                f"{table.source}: {len(table.values)} rows; a window of {length} and {ahead} "
                "ahead need more"
            )
        return count

    def targets_of(self, table: "NumberTable") -> Array:
        """Return the values that follow each window of a table (N, K), NaN where missing."""
        count, length = self.count(table), self.sequence_length
        chosen = table.values[:, [self.columns.index(name) for name in self.targets]]
        following = sliding_window_view(chosen[length:], self.horizon, axis=0)[:count]
        return following.transpose(0, 2, 1).reshape(count, -1)

    def cut(
        self, table: "NumberTable", missing: Missing, means: Array, with_targets: bool = True
    ) -> Sequences:
        """Return all windows of a table, with the values that follow them as labels.

        Missing values of a window are filled in from the rows before; windows followed by a missing
        value are left out. Without targets, these and the windows at the end of the table, after
        which nothing is known, are included, and have no labels.
        """
        count, length = self.count(table, with_targets), self.sequence_length
        whole = Sequences(
            table.values[np.newaxis].copy(), None, table.source, table.rows[:1], table.unit
        )
        x = fill_missing(whole, missing, means).x[0]
        windows = sliding_window_view(x, length, axis=0)[:count].transpose(0, 2, 1).copy()
        rows = table.rows[length - 1 : length - 1 + count]
        sequences = Sequences(windows, None, table.source, rows, table.unit)
        if not with_targets:
            return sequences
        labels = self.targets_of(table)
        labelled = replace(sequences, labels=labels, columns=self.columns)
        return labelled.take(np.flatnonzero(~np.isnan(labels).any(axis=1)))


@dataclass(frozen=True)
class NumberTable:
    """The columns of numbers of a table.

    Attributes
    ----------
    source : str
        The file, for messages.
    columns : tuple of str
        The names of the columns.
    values : array (R, C)
        The numbers; NaN where one is missing.
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


def read_numbers(
    table: Table, columns: Sequence[str] | None, ignore: Sequence[int | str] = ()
) -> NumberTable:
    """Return the given columns of a table.

    By default they are all columns that hold numbers and missing values only, and are not ignored;
    columns of text, dates and times are not among them.
    """
    header, place = table.named_columns()
    if not header:
        raise InputError(f"{table.source}: no rows; a table with a header was expected")
    ignored = {_ignored(column, header, place) for column in ignore}
    rows = list(table.rows_of_width(len(header), "header"))
    if columns is None:
        numeric = _columns_of_numbers([cells for _, cells in rows], len(header))
        names = tuple(header[i] for i in numeric if i not in ignored)
    else:
        names = tuple(columns)
    counts, chosen = Counter(header), Counter(names)
    for name in names:
        if counts[name] != 1 or chosen[name] != 1:
            raise InputError(
                f"{place.partition(': row')[0]}: no column, or more than one, is named '{name}'; "
                f"{suggested(name, header)}"
            )
    if not names or not rows:
        raise InputError(f"{table.source}: no column of numbers after a header")
    positions = {name: i for i, name in enumerate(header)}
    wanted = [positions[name] for name in names]
    for name, position in zip(names, wanted, strict=True):
        if position in ignored:
            raise InputError(f"{place}: data.ignore: '{name}' is one of data.columns")
    values = [
        [_value(cells[i], f"{table.place(row)}, {header[i]}") for i in wanted]
        for row, cells in rows
    ]
    return NumberTable(table.source, names, np.array(values), [row for row, _ in rows], table.unit)


def _ignored(column: int | str, header: Sequence[str], place: str) -> int:
    if isinstance(column, int) and -len(header) <= column < len(header):
        return column % len(header)
    if column not in header:
        raise InputError(
            f"{place}: data.ignore: no column is '{column}'; {suggested(str(column), header)}"
        )
    return list(header).index(str(column))


def _columns_of_numbers(rows: list[list[str]], width: int) -> list[int]:
    """Return the columns in which every cell is a number or missing, and not all are missing."""
    chosen = []
    for column in range(width):
        cells = [cells[column] for cells in rows if not is_missing(cells[column])]
        if cells and all(map(is_number, cells)):
            chosen.append(column)
    return chosen


def _value(cell: str, place: str) -> float:
    try:
        return value_in(cell, missing_allowed=True)
    except ValueError as problem:
        raise InputError(f"{place}: {problem}") from None
