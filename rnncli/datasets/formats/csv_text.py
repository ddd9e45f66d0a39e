"""The text of a CSV file, from a file or a pipe, as the rows of a table."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from rnncli.datasets.dialect import Dialect, detect_dialect
from rnncli.datasets.table import Row, Table
from rnncli.errors import InputError

_LARGEST_CELL = csv.field_size_limit()
# The separator and the decimal mark are detected from at most this many lines and bytes.
_SAMPLE_LINES, _LARGEST_SAMPLE = 30, 1 << 16
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*|\s*[+-]?\d+,\s*", re.ASCII)
_DECIMAL_POINT = re.compile(r"\s*[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def csv_table(stream: Iterable[bytes], source: str, dialect: Dialect) -> Table:
    """Return the rows of CSV as a table; the first row may hold the columns' names.

    Parameters
    ----------
    stream : iterable of bytes
        The lines.
    source : str
        The file, for messages.
    dialect : Dialect
        The separator and the decimal mark; None is detected.
    """
    text = _TextLines(stream, source)
    dialect = detect_dialect(text.peek(_SAMPLE_LINES, _LARGEST_SAMPLE), dialect)
    rows = _rows(text, source, dialect)
    return Table(source, rows, expected=f"cells separated by {dialect.separator_in_words}")


def dialect_to_store(stream: Iterable[bytes], source: str, dialect: Dialect) -> Dialect:
    """Return the dialect of CSV for an input spec, detected from its beginning.

    Commas and decimal points are not stored, so that the dialect of other files is detected anew.
    """
    sample = _TextLines(stream, source).peek(_SAMPLE_LINES, _LARGEST_SAMPLE)
    dialect = detect_dialect(sample, dialect)
    return Dialect() if dialect == Dialect("comma", "point") else dialect


def _rows(text: "_TextLines", source: str, dialect: Dialect) -> Iterator[Row]:
    """Yield line number and cells of each row that is not blank.

    Raises
    ------
    InputError
        Naming row and column of an unclosed quote, a NUL byte, or text that is not UTF-8.
    """
    reader = csv.reader(text, delimiter=dialect.delimiter, strict=True)
    expected = f"cells separated by {dialect.separator_in_words} were expected"
    while True:
        start = reader.line_num + 1
        text.first = None
        try:
            cells = next(reader, None)
        except csv.Error as error:
            place, problem = f"row {start}", str(error)
            if "unexpected end" in problem or "field limit" in problem:
                opening = (text.first or "")[:_LARGEST_CELL]
                opened = next(csv.reader([opening], delimiter=dialect.delimiter))
                place, problem = f"{place}, column {len(opened)}", "a quote that is not closed"
            raise InputError(f"{source}:{start}: {place}: {problem}; {expected}") from None
        if cells is None:
            return
        if cells and dialect.decimal == "comma":
            cells = [_with_point(cell, f"{source}:{reader.line_num}") for cell in cells]
        if cells:
            yield reader.line_num, cells


def _with_point(cell: str, place: str) -> str:
    """Return a cell with its decimal comma, if it has one, replaced by a point."""
    if _DECIMAL_COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    if _DECIMAL_POINT.fullmatch(cell):
        raise InputError(
            f"{place}: '{cell}' has a decimal point; decimal commas were expected, as elsewhere in "
            "the data; set data.decimal"
        )
    return cell


class _TextLines:
    """The lines of a stream as text; `first` keeps the first line read since it was set to None."""

    def __init__(self, stream: Iterable[bytes], source: str) -> None:
        self._numbered: Iterator[tuple[int, bytes]] = enumerate(stream, 1)
        self._source = source
        self.first: str | None = None

    def peek(self, most: int, largest: int) -> list[str]:
        """Return whole lines up to a number and a size, without consuming them."""
        peeked: list[tuple[int, bytes]] = []
        size = 0
        for line in islice(self._numbered, most):
            peeked.append(line)
            size += len(line[1])
            if size > largest:
                break
        self._numbered = chain(peeked, self._numbered)
        sample = peeked if size <= largest else peeked[:-1]
        return [raw.decode("utf-8-sig", errors="replace") for _, raw in sample]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, raw = next(self._numbered)
        try:
            text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._source}:{line}: row {line}: byte {error.start + 1} is not UTF-8 text; "
                "save the file as UTF-8"
            ) from None
        if "\0" in text:
            column = text[: text.index("\0")].count(",") + 1
            raise InputError(
                f"{self._source}:{line}: row {line}, column {column}: a NUL byte; text was expected"
            )
        if self.first is None:
            self.first = text
        return text
