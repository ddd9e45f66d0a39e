"""The rows of CSV, from files and from pipes."""

import csv
from collections.abc import Iterable, Iterator
from math import nan

from rnncli.datasets.numbers import number
from rnncli.datasets.sequences import LONGEST_LABEL
from rnncli.errors import InputError

_LARGEST_CELL = csv.field_size_limit()
# What stands in a cell where a value is missing, in lower case.
ABSENT = ("", "?", "nan", "na")


def csv_rows(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank.

    Raises
    ------
    InputError
        Naming row and column of a quote without an end, a NUL byte, or what is not UTF-8.
    """
    latest = _Latest(stream, name)
    reader = csv.reader(latest, strict=True)
    while True:
        begun = reader.line_num + 1
        latest.first = None
        try:
            cells = next(reader, None)
        except csv.Error as error:
            place, problem = f"row {begun}", str(error)
            if "unexpected end" in problem or "field limit" in problem:
                opened = next(csv.reader([(latest.first or "")[:_LARGEST_CELL]]))
                place, problem = f"{place}, column {len(opened)}", "a quote without an end"
            raise InputError(
                f"{name}:{begun}: {place}: {problem}; cells separated by commas were expected"
            ) from None
        if cells is None:
            return
        if cells:
            yield reader.line_num, cells


class _Latest:
    """The lines of a stream as text; the first one since it was last cleared is kept."""

    def __init__(self, stream: Iterable[bytes], name: str) -> None:
        self._numbered = enumerate(stream, 1)
        self._name = name
        self.first: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, raw = next(self._numbered)
        try:
            text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._name}:{line}: row {line}: byte {error.start + 1} is not UTF-8 text; "
                "save the file as UTF-8"
            ) from None
        if "\0" in text:
            column = text[: text.index("\0")].count(",") + 1
            raise InputError(
                f"{self._name}:{line}: row {line}, column {column}: a NUL byte; text was expected"
            )
        if self.first is None:
            self.first = text
        return text


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


def label_of(cell: str) -> str:
    """Return the label of a cell.

    Raises
    ------
    ValueError
        It is empty or no name of anything; with what is wrong.
    """
    text = cell.strip()
    if not text:
        raise ValueError("the label is empty")
    if len(text) > LONGEST_LABEL:
        raise ValueError(f"a label of {len(text)} characters; up to {LONGEST_LABEL} were expected")
    return text


def value(cell: str, missing: bool) -> float:
    """Return the number of a cell; NaN where one is missing, if that is allowed.

    Raises
    ------
    ValueError
        The cell is no number; with what is wrong.
    """
    return nan if missing and cell.strip().lower() in ABSENT else number(cell)
