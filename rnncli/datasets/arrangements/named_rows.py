"""The rows of a table with named columns, and the numbers and dates in them."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from rnncli.datasets.arrangements.columns import column_position
from rnncli.datasets.calendar_features import CalendarUnit, check_precision
from rnncli.datasets.dates import Precision, is_date, parse_date
from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import are_numbers, numbers
from rnncli.datasets.slices import slices
from rnncli.datasets.table import Row, Table, find_column, value_in
from rnncli.errors import InputError, Unit, place_in_file
from rnncli.memory import within_memory
from rnncli.nn.arrays import Array

# Rows whose cells take a few megabytes.
_ROWS_PER_MEMORY_CHECK = 1 << 14
# Rows whose numbers are read in one call.
_ROWS_AT_ONCE = 1 << 10
# A column of dates is recognized by the majority of this many first rows.
_ROWS_FOR_DATES = 100


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


@dataclass(frozen=True)
class Dates:
    """The dates of all rows, and the precision of the last one."""

    column: str
    values: list[datetime]
    precision: Precision


@dataclass(frozen=True)
class NamedRows:
    """All rows of a table with named columns.

    Attributes
    ----------
    source : str
        The file, for messages.
    header : tuple of str
        The names of the columns.
    header_place : str
        Where these are, for messages.
    rows : list of (int, list of str)
        The number and the cells of each row.
    unit : {"line", "row"}
        What the row numbers count.
    """

    source: str
    header: tuple[str, ...]
    header_place: str
    rows: list[Row]
    unit: Unit

    def numeric_names(
        self, columns: Sequence[str] | None, ignore: Sequence[int | str] = ()
    ) -> tuple[str, ...]:
        """Return the given names, or those of all columns that hold only numbers and missing ones.

        Ignored columns are left out, and must not be among the given ones.
        """
        header, place = self.header, self.header_place
        ignored = {column_position(name, header, len(header), place, "ignore") for name in ignore}
        if columns is None:
            names = tuple(header[i] for i in self._numeric_positions() if i not in ignored)
            self._check_not_empty(names)
            return names
        for name, count in Counter(columns).items():
            if count > 1:
                raise InputError(f"data.columns: '{name}' is listed more than once")
        for name, position in zip(columns, self._positions(columns), strict=True):
            if position in ignored:
                raise InputError(f"{place}: data.ignore: '{name}' is one of data.columns")
        return tuple(columns)

    def numbers(self, names: tuple[str, ...]) -> NumericTable:
        """Return the values of columns; they must hold only numbers and missing values."""
        positions = self._positions(names)
        self._check_not_empty(names)
        values = np.empty((len(self.rows), len(positions)))
        for part in slices(len(values), _ROWS_AT_ONCE):
            rows = self.rows[part]
            try:
                flat = numbers([cells[i] for _, cells in rows for i in positions])
                values[part] = np.reshape(flat, (-1, len(positions)))
            except ValueError:  # One is missing or invalid.
                values[part] = [self._row(row, positions) for row in rows]
        return NumericTable(self.source, names, values, [row for row, _ in self.rows], self.unit)

    def dates(self, name: str, units: Sequence[CalendarUnit] = ()) -> Dates:
        """Return the dates of a column, which must be precise enough for the calendar units."""
        (position,) = self._positions([name])
        values = []
        for row, cells in self.rows:
            try:
                date, precision = parse_date(cells[position])
                check_precision(cells[position], precision, units)
            except ValueError as problem:
                raise InputError(f"{self._place(row, position)}: {problem}") from None
            values.append(date)
        return Dates(name, values, precision)

    def date_column(self) -> str | None:
        """Return the first column whose cells are dates; None if there is none."""
        first_rows = [cells for _, cells in self.rows[:_ROWS_FOR_DATES]]
        return find_date_column(self.header, list(zip(*first_rows, strict=True)))

    def _check_not_empty(self, names: Sequence[str]) -> None:
        if not names or not self.rows:
            raise InputError(f"{self.source}: no numeric columns below a header")

    def _row(self, row: Row, positions: Sequence[int]) -> list[float]:
        """Return the values of one row, NaN where missing."""
        number, cells = row
        try:
            return numbers([cells[i] for i in positions])
        except ValueError:
            return [_value(cells[i], self._place(number, i)) for i in positions]

    def _place(self, row: int, position: int) -> str:
        return f"{place_in_file(self.source, row, self.unit)}, {self.header[position]}"

    def _positions(self, names: Sequence[str]) -> list[int]:
        """Return the positions of columns, each of which must be the only one of its name."""
        position_of = {name: i for i, name in enumerate(self.header)}
        counts = Counter(self.header)
        for name in names:
            if counts[name] > 1:
                raise InputError(
                    f"{self.header_place}: {counts[name]} columns are named '{name}'; one was "
                    "expected"
                )
            if name not in position_of:
                find_column(self.header, name, self.header_place)  # raises, with a suggestion
        return [position_of[name] for name in names]

    def _numeric_positions(self) -> list[int]:
        """Return the columns in which every cell is a number or missing, and not all are."""
        numeric = []
        for column in range(len(self.header)):
            cells = [cells[column] for _, cells in self.rows]
            if not are_numbers(cells):
                cells = [cell for cell in cells if not is_missing(cell)]
                if not are_numbers(cells):
                    continue
            if cells:
                numeric.append(column)
        return numeric


def find_date_column(names: Sequence[str], columns: Sequence[Sequence[str]]) -> str | None:
    """Return the name of the first column in which most cells are dates; None if there is none."""
    for name, cells in zip(names, columns, strict=False):
        if sum(map(is_date, cells)) > len(cells) / 2:
            return name
    return None


def read_named_rows(table: Table) -> NamedRows:
    """Return all rows of a table, which must have a header."""
    header, place = table.named_columns()
    if not header:
        raise InputError(f"{table.source}: no rows; a table with a header was expected")
    rows = within_memory(
        table.rows_of_width(len(header), "header"),
        _ROWS_PER_MEMORY_CHECK,
        table.source,
        "give fewer rows or columns",
    )
    with _no_garbage_collection():
        return NamedRows(table.source, header, place, list(rows), table.unit)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the garbage collection, which would visit all the rows again and again.

    They have no reference cycles, and with millions of them it would take half of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _value(cell: str, place: str) -> float:
    try:
        return value_in(cell, missing_allowed=True)
    except ValueError as problem:
        raise InputError(f"{place}: {problem}") from None
