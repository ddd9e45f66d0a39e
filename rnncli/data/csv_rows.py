"""The rows of CSV, from files and from pipes."""

import csv
from collections.abc import Iterable, Iterator
from math import nan

from rnncli.data.numbers import number
from rnncli.errors import InputError

# What stands in a cell where a value is missing, in lower case.
ABSENT = ("", "?", "nan", "na")


def csv_rows(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank."""
    reader = csv.reader(_lines(stream, name), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        line = reader.line_num
        raise InputError(
            f"{name}:{line}: row {line}: {error}; cells separated by commas were expected"
        ) from None


def _lines(stream: Iterable[bytes], name: str) -> Iterator[str]:
    for line, raw in enumerate(stream, 1):
        try:
            text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}:{line}: row {line}: byte {error.start + 1} is not UTF-8 text; "
                "save the file as UTF-8"
            ) from None
        if "\0" in text:
            raise InputError(f"{name}:{line}: row {line}: a NUL byte; text was expected")
        yield text


def of_width(
    rows: Iterator[tuple[int, list[str]]], width: int, name: str, like: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows; raise `InputError` at the first of another width than what it is like."""
    for line, cells in rows:
        if len(cells) != width:
            raise InputError(
                f"{name}:{line}: row {line}: {len(cells)} columns; {width} were expected, as in "
                f"the {like}"
            )
        yield line, cells


def value(cell: str, missing: bool) -> float:
    """Return the number of a cell; NaN where one is missing, if that is allowed.

    Raises
    ------
    ValueError
        The cell is no number; with what is wrong.
    """
    return nan if missing and cell.strip().lower() in ABSENT else number(cell)
