"""The separator and the decimal mark of CSV, declared or detected from its first lines."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import is_number
from rnncli.datasets.table import is_date_or_time

Separator = Literal["comma", "semicolon", "tab", "pipe"]
Decimal = Literal["point", "comma"]

_DELIMITERS: dict[Separator, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_IN_WORDS: dict[Separator, str] = {
    "comma": "commas",
    "semicolon": "semicolons",
    "tab": "tabs",
    "pipe": "vertical bars",
}
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*", re.ASCII)
# Longer cells do not count as numbers, so that huge cells cost no time.
_LONGEST_NUMBER = 60


@dataclass(frozen=True)
class Dialect:
    """The separator and the decimal mark of CSV; None where they are to be detected."""

    separator: Separator | None = None
    decimal: Decimal | None = None

    @property
    def delimiter(self) -> str:
        """The separator as a character."""
        return _DELIMITERS[self.separator or "comma"]

    @property
    def separator_in_words(self) -> str:
        """The separator in the plural, for messages."""
        return _IN_WORDS[self.separator or "comma"]


def detect_dialect(lines: Sequence[str], declared: Dialect) -> Dialect:
    """Return the dialect of the lines; what is declared is kept.

    The separator is the comma unless another one divides every line into the same number of cells
    and gives a larger share of numbers, dates and missing values, or commas do not divide the lines
    so. The decimal mark is the comma if
    some numbers have a comma and none has a point.
    """
    lines = [line for line in lines if line.strip()]
    separator = declared.separator or _separator(lines, declared.decimal)
    decimal = declared.decimal
    if decimal is None:
        decimal = "point" if separator == "comma" else _decimal(lines, separator)
    return Dialect(separator, decimal)


def _separator(lines: Sequence[str], decimal: Decimal | None) -> Separator:
    others: list[Separator] = [
        name for name, mark in _DELIMITERS.items() if lines and name != "comma" and mark in lines[0]
    ]
    if not others:
        return "comma"
    rows = _cells(lines, "comma")
    # Rows of different widths would be an error, so that any other separator is better.
    is_possible = rows and len({len(row) for row in rows}) == 1 and decimal != "comma"
    best: Separator = "comma"
    largest = _share_of_values(rows) if rows and is_possible else 0.0
    if not largest and not (rows and is_possible and len(rows[0]) > 1):
        largest = -1.0
    for separator in others:
        rows = _cells(lines, separator)
        if rows and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1:
            share = _share_of_values(rows)
            if share > largest:
                best, largest = separator, share
    return best


def _decimal(lines: Sequence[str], separator: Separator) -> Decimal:
    cells = [cell for row in _cells(lines, separator) or [] for cell in row]
    if any("." in cell and _is_number(cell) for cell in cells):
        return "point"
    return "comma" if any(map(_has_decimal_comma, cells)) else "point"


def _cells(lines: Sequence[str], separator: Separator) -> list[list[str]] | None:
    """Return the cells of each line; None if a quote is not closed."""
    try:
        reader = csv.reader(lines, delimiter=_DELIMITERS[separator], strict=True)
        return [row for row in reader if row]
    except csv.Error:
        return None


def _share_of_values(rows: list[list[str]]) -> float:
    """Return the share of cells below the first row that are numbers, dates or missing values."""
    cells = [cell for row in rows[1:] or rows for cell in row]
    return sum(map(_is_value, cells)) / max(1, len(cells))


def _is_value(cell: str) -> bool:
    if len(cell) > _LONGEST_NUMBER:
        return False
    return _is_number(cell) or _has_decimal_comma(cell) or is_missing(cell) or is_date_or_time(cell)


def _is_number(cell: str) -> bool:
    return len(cell) <= _LONGEST_NUMBER and is_number(cell)


def _has_decimal_comma(cell: str) -> bool:
    return len(cell) <= _LONGEST_NUMBER and _DECIMAL_COMMA.fullmatch(cell) is not None
