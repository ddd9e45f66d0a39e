"""The text of a CSV file, from a file or a pipe, as the rows of a table."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from rnncli.datasets.dialect import Dialect, detect_dialect
from rnncli.datasets.table import Row, Table
from rnncli.errors import InputError, place_in_file

_LARGEST_CELL = csv.field_size_limit()
_NOT_CLOSED = f"a quote that is not closed, or a cell of over {_LARGEST_CELL:,} characters"
# The separator and the decimal mark are detected from at most this many lines and bytes.
_SAMPLE_LINES, _LARGEST_SAMPLE = 30, 1 << 16
# Wider than the decimal comma that is detected: once commas are known to be decimal, ``5,`` is the
# number 5, as ``5.`` is with points.
_CONVERTIBLE_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*|\s*[+-]?\d+,\s*", re.ASCII)
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
        The separator and the decimal mark; detected if None.
    """
    text = _TextLines(stream, source)
    dialect = detect_dialect(text.peek(_SAMPLE_LINES, _LARGEST_SAMPLE), dialect)
    text.delimiter = dialect.delimiter
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
    start = 1
    try:
        for cells in reader:
            if dialect.decimal == "comma":
                cells = [_with_point(cell, f"{source}:{reader.line_num}") for cell in cells]
            if cells:
                yield reader.line_num, cells
            start = reader.line_num + 1
            text.first = None
    except csv.Error as error:
        place, problem = place_in_file(source, start, "line"), str(error)
        if "unexpected end" in problem or "field limit" in problem:
            opening = (text.first or "")[:_LARGEST_CELL]
            opened = next(csv.reader([opening], delimiter=dialect.delimiter))
            place, problem = f"{place}, column {len(opened)}", _NOT_CLOSED
        raise InputError(f"{place}: {problem}; {expected}") from None


def _with_point(cell: str, place: str) -> str:
    """Return a cell with its decimal comma, if it has one, replaced by a point."""
    if _CONVERTIBLE_COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    if _DECIMAL_POINT.fullmatch(cell):
        raise InputError(
            f"{place}: '{cell}' has a decimal point; decimal commas were expected, as elsewhere in "
            "the data; set data.decimal"
        )
    return cell


class _TextLines:
    """The lines of a stream as text.

    Attributes
    ----------
    first : str or None
        The first line read since this was set to None.
    delimiter : str
        What separates cells, for messages.
    """

    def __init__(self, stream: Iterable[bytes], source: str) -> None:
        self._numbered: Iterator[tuple[int, bytes]] = enumerate(stream, 1)
        self._source = source
        self.first: str | None = None
        self.delimiter = ","

    def peek(self, max_lines: int, max_bytes: int) -> list[str]:
        """Return whole lines up to a number and a size, without consuming them."""
        peeked: list[tuple[int, bytes]] = []
        size = 0
        for line in islice(self._numbered, max_lines):
            peeked.append(line)
            size += len(line[1])
            if size > max_bytes:
                break
        self._numbered = chain(peeked, self._numbered)
        sample = peeked if size <= max_bytes else peeked[:-1]
        return [raw.decode("utf-8-sig", errors="replace") for _, raw in sample]

    def __iter__(self) -> Iterator[str]:
        for line, raw in self._numbered:
            try:
                text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
            except UnicodeDecodeError as error:
                place = place_in_file(self._source, line, "line")
                raise InputError(
                    f"{place}: byte {error.start + 1} is not UTF-8 text; save the file as UTF-8"
                ) from None
            if "\0" in text:
                place = place_in_file(self._source, line, "line")
                column = text[: text.index("\0")].count(self.delimiter) + 1
                raise InputError(f"{place}, column {column}: a NUL byte; text was expected")
            if self.first is None:
                self.first = text
            yield text
