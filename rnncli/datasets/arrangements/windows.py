"""Tables in chronological order, cut into windows, each with the values that follow it."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnncli.datasets.arrangements.named_rows import NamedRows, NumericTable
from rnncli.datasets.calendar_features import CalendarUnit, calendar_features, calendar_names
from rnncli.datasets.missing import Missing, fill_missing
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.errors import InputError
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

Relative = Literal["none", "last"]


@dataclass(frozen=True)
class Windows:
    """The windows of a table: their columns, their length, and the values to forecast.

    Attributes
    ----------
    columns, targets : tuple of str
        The features that are columns of the table, and those of them to forecast.
    sequence_length, horizon : int
        The number of time steps in a window, and the number to forecast after it.
    relative : {"none", "last"}
        What the network sees: the values of the columns as they are, or their differences from
        the last row of the window. `Sequences` always hold the values as they are.
    calendar : tuple of CalendarUnit
        The calendar features, which follow the columns in each time step.
    time_column : str, optional
        The column of dates. The calendar is calculated from it.
    """

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    sequence_length: int
    horizon: int
    relative: Relative = "none"
    calendar: tuple[CalendarUnit, ...] = ()
    time_column: str | None = None

    def __post_init__(self) -> None:
        if self.sequence_length < 1 or self.horizon < 1:
            raise ValueError("the sequence length and the horizon of windows must be at least 1")
        if not self.targets or not set(self.targets) <= set(self.columns):
            raise ValueError("the targets must be among the columns")
        if self.calendar and self.time_column is None:
            raise ValueError("calendar features need a time column")

    @property
    def features(self) -> tuple[str, ...]:
        """The names of all features of a time step: the columns, and those of the calendar."""
        return self.columns + calendar_names(self.calendar)

    def read(self, rows: NamedRows) -> NumericTable:
        """Return all features (R, D) of the rows of a table."""
        table = rows.numbers(self.columns)
        if self.time_column is None or not self.calendar:
            return table
        dates = rows.dates(self.time_column, self.calendar).values
        values = np.hstack([table.values, calendar_features(dates, self.calendar)])
        return replace(table, columns=self.features, values=values)

    def own_features(self) -> list[list[int]]:
        """Return for each output the features that it has in common with no other column.

        They are the past of its own column, and those of the calendar.
        """
        calendar = list(range(len(self.columns), len(self.features)))
        own = [[self.columns.index(name), *calendar] for name in self.targets]
        return own * self.horizon

    def inputs_of(self, x: Array, lengths: Array | None = None) -> Array:
        """Return what the network sees of sequences (N, T, D), before standardization.

        Relative values are differences from the last row; calendar features are as they are.
        """
        if self.relative == "none":
            return x
        require_memory(8 * x.size, "the relative values of the windows", "give fewer rows")
        x = np.array(x, float)
        values = x[:, :, : len(self.columns)]
        values -= values[:, -1:].copy()
        if lengths is not None:  # Padding stays zero.
            x[~valid_steps(lengths, x.shape[1])] = 0
        return x

    def offsets_of(self, x: Array) -> Array | None:
        """Return what was subtracted from the targets (N, horizon * K) of sequences (N, T, D).

        It is the last value of each target, or None if targets are not relative.
        """
        if self.relative == "none":
            return None
        targets = [self.columns.index(name) for name in self.targets]
        return np.tile(np.asarray(x[:, -1, targets], float), self.horizon)

    def count(self, table: NumericTable, with_targets: bool = True) -> int:
        """Return how many windows a table has; raise `InputError` if it has none."""
        needed = self.sequence_length + (self.horizon if with_targets else 0)
        count = len(table.values) - needed + 1
        if count < 1:
            raise InputError(
                f"{table.source}: {len(table.values)} rows; one window needs at least {needed}"
            )
        return count

    def targets_of(self, table: NumericTable) -> Array:
        """Return the values that follow each window of a table (N, K), NaN where missing."""
        count, length = self.count(table), self.sequence_length
        targets = table.values[:, [self.columns.index(name) for name in self.targets]]
        following = sliding_window_view(targets[length:], self.horizon, axis=0)[:count]
        return following.transpose(0, 2, 1).reshape(count, -1)

    def filled(self, table: NumericTable, missing: Missing, means: Array) -> Array:
        """Return the features (R, D) of a table with missing values filled in."""
        values = table.values[np.newaxis].copy()
        whole = Sequences(values, None, table.source, table.rows[:1], table.unit)
        filled: Array = fill_missing(whole, missing, means).x[0]
        return filled

    def cut(
        self, table: NumericTable, missing: Missing, means: Array, with_targets: bool = True
    ) -> Sequences:
        """Return all windows of a table, with the values that follow them as labels.

        The windows are views of the table, unless some are left out: those that are followed by a
        missing value. Missing values are filled in before the table is cut, so that ``last`` can
        use rows before a window. Without targets, all windows are returned, without labels; also
        those at the end of the table, whose following values are not known.
        """
        count, length = self.count(table, with_targets), self.sequence_length
        x = self.filled(table, missing, means)
        # The network's inputs in single precision; the windows are views.
        require_memory(
            4 * count * length * x.shape[1],
            f"{table.source}: {count} windows of {length} rows",
            "lower data.sequence_length, or give fewer rows or columns",
        )
        windows = sliding_window_view(x, length, axis=0)[:count].transpose(0, 2, 1)
        rows = table.rows[length - 1 : length - 1 + count]
        sequences = Sequences(windows, None, table.source, rows, table.unit)
        if not with_targets:
            return sequences
        labels = self.targets_of(table)
        labelled = replace(sequences, labels=labels, columns=self.features)
        is_complete = ~np.isnan(labels).any(axis=1)
        return labelled if is_complete.all() else labelled.take(np.flatnonzero(is_complete))
