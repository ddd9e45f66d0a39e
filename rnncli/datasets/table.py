"""A table of text cells, the form in which every table format is read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import number
from rnncli.datasets.sequences import check_label_length
from rnncli.errors import InputError, Unit, place_in_file
from rnncli.suggestions import suggest

# Messages list at most this many names of columns.
MAX_NAMES_LISTED = 20
_DAY = r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})"
_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(\s?[AaPp][Mm])?(\s?(Z|[+-]\d{2}:?\d{2}))?"
_DATE_OR_TIME = re.compile(rf"(({_DAY})([T ]+({_TIME}))?|{_TIME})", re.ASCII)
_NUMBER_WITH_ONE_POINT = re.compile(r"\d+\.\d*", re.ASCII)

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """The rows of a table, read one after the other.

    Attributes
    ----------
    source : str
        The file, for messages.
    rows : iterator of (int, list of str)
        The number and the cells of each row.
    names : tuple of str, optional
        The names of the columns; None if the first of `rows` may hold them.
    unit : {"line", "row"}
        What the row numbers count.
    expected : str
        What the rows look like in this format, for messages about their width.
    """

    source: str
    rows: Iterator[Row]
    names: tuple[str, ...] | None = None
    unit: Unit = "line"
    expected: str = "cells separated by commas"

    def place(self, row: int) -> str:
        """Return where a row is, for messages."""
        return place_in_file(self.source, row, self.unit)

    def named_columns(self) -> tuple[tuple[str, ...], str]:
        """Return the names of the columns, and their place for messages.

        If the format does not name columns, the first row holds the names.
        """
        if self.names is not None:
            return self.names, self.source
        row, cells = next(self.rows, (0, []))
        return tuple(cell.strip() for cell in cells), self.place(row) if cells else self.source

    def rows_of_width(self, width: int, reference: str) -> Iterator[Row]:
        """Yield the rows; raise `InputError` at one that is not as wide as the reference."""
        for row, cells in self.rows:
            if len(cells) != width:
                raise InputError(
                    f"{self.place(row)}: {len(cells)} columns; {width} were expected, as in the "
                    f"{reference}"
                )
            yield row, cells


def find_column(names: Sequence[str], column: str, place: str) -> int:
    """Return the position of the column of that name; raise `InputError` if there is none."""
    if column not in names:
        hint = suggest(column, names, MAX_NAMES_LISTED)
        raise InputError(f"{place}: no column is named '{column}'; {hint}")
    return names.index(column)


def label_in(cell: str) -> str:
    """Return the label in a cell.

    Raises
    ------
    ValueError
        The label is missing or too long.
    """
    text = cell.strip()
    if not text:
        raise ValueError("the label is empty")
    if is_missing(text):
        raise ValueError(f"the label is missing ('{text}'); leave the row out, or give its label")
    check_label_length(text)
    return text


def value_in(cell: str, missing_allowed: bool) -> float:
    """Return the number in a cell; NaN where it is missing, if that is allowed.

    Raises
    ------
    ValueError
        The cell does not hold a number.
    """
    if missing_allowed and is_missing(cell):
        return nan
    try:
        return number(cell)
    except ValueError:
        if is_date_or_time(cell):
            raise ValueError(
                f"{cell!r} is a date or a time, not a number; list its column in data.ignore"
            ) from None
        raise


def is_date_or_time(cell: str) -> bool:
    """Return whether a cell holds a date, a time of day, or both.

    ``2024-03-01``, ``2024/3``, ``01.03.2024``, ``3/1/24``, ``08:00``, ``2024-03-01T08:00:00.5Z``;
    but not ``2024.3``, which is a number.
    """
    text = cell.strip()
    if not _DATE_OR_TIME.fullmatch(text):
        return False
    return not _NUMBER_WITH_ONE_POINT.fullmatch(text)
