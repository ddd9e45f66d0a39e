"""The first rows of a table, column by column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, groupby, islice
from typing import Literal

from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import are_numbers, is_number
from rnncli.datasets.table import MAX_NAMES_LISTED, Table, is_date_or_time
from rnncli.errors import InputError
from rnncli.suggestions import suggest

# The roles of columns are guessed from at most this many rows, which are read quickly.
_MAX_ROWS = 10_000
# A column with more distinct values than this does not hold classes.
_MAX_CLASSES = 50

Content = Literal["numbers", "dates", "text", "nothing"]


@dataclass(frozen=True)
class TableHead:
    """The first rows of a table.

    Attributes
    ----------
    source : str
        The file, for messages.
    names : tuple of str, optional
        The names of the columns, if the table has them.
    columns : tuple of tuple of str
        The cells of each column.
    numbered : bool
        Whether the names of the features are 0, 1, 2, ..., which may also be values.
    """

    source: str
    names: tuple[str, ...] | None
    columns: tuple[tuple[str, ...], ...]
    numbered: bool = False

    def position(self, column: str) -> int:
        """Return the position of a column, given by its name or by its number from 0."""
        if self.names is not None and column in self.names:
            return self.names.index(column)
        width = len(self.columns)
        if re.fullmatch(r"-?\d{1,9}", column) and -width <= int(column) < width:
            return int(column) % width
        if self.names is None:
            raise InputError(
                f"{self.source}: there is no column '{column}'; there are 0 to {width - 1}"
            )
        hint = suggest(column, self.names, MAX_NAMES_LISTED)
        raise InputError(f"{self.source}: there is no column '{column}'; {hint}")

    def name(self, position: int) -> int | str:
        """Return the name of a column if it is unique and not empty, or else its position."""
        if self.names and self.names[position] and self.names.count(self.names[position]) == 1:
            return self.names[position]
        return position

    @cached_property
    def contents(self) -> tuple[Content, ...]:
        """What each column holds, apart from missing values."""
        return tuple(map(_content, self.columns))

    def holds_classes(self, position: int) -> bool:
        """Return whether a column holds classes: few distinct texts or whole numbers."""
        values = {cell for cell in self.columns[position] if cell}
        if self.contents[position] not in ("numbers", "text"):
            return False
        if self.contents[position] == "numbers" and not all(map(_is_whole, values)):
            return False
        return 1 < len(values) <= min(_MAX_CLASSES, max(2, len(self.columns[position]) // 2))

    def is_consecutive(self, position: int) -> bool:
        """Return whether equal cells are in consecutive rows, at least two on average."""
        cells = self.columns[position]
        num_distinct = len(set(cells))
        if not 1 < num_distinct <= len(cells) / 2:
            return False
        return sum(1 for _ in groupby(cells)) == num_distinct

    def changes_within(self, position: int, sequence: int) -> bool:
        """Return whether a column changes within a sequence."""
        pairs = {*zip(self.columns[sequence], self.columns[position], strict=True)}
        return len(pairs) > len(set(self.columns[sequence]))

    def is_distinct(self, position: int) -> bool:
        """Return whether all cells of a column are different."""
        return len(set(self.columns[position])) == len(self.columns[position])


def read_head(table: Table) -> TableHead:
    """Return the first rows of a table.

    Raises
    ------
    InputError
        The table has no rows of values.
    """
    first, rows = table.names, table.rows
    if first is None:
        row, cells = next(rows, (0, []))
        first = tuple(cell.strip() for cell in cells)
        header, numbered = _is_header(first)
        if not header:
            rows = chain([(row, cells)], rows)
    else:
        header, numbered = True, False
    checked = replace(table, rows=rows).rows_of_width(len(first), "first row")
    body = [[cell.strip() for cell in cells] for _, cells in islice(checked, _MAX_ROWS)]
    if not first or not body:
        raise InputError(f"{table.source}: no rows of values; sequences or a table were expected")
    columns = tuple(zip(*body, strict=True))
    return TableHead(table.source, first if header else None, columns, numbered)


def _is_header(first: Sequence[str]) -> tuple[bool, bool]:
    """Return whether a first row holds names, and whether these are numbers from 0."""
    numbers = [cell for cell in first if is_number(cell)]
    numbered = len(numbers) > 1 and numbers == [*map(str, range(len(numbers)))]
    numbered = numbered and len(numbers) >= len(first) - 1
    is_empty = all(map(is_missing, first))
    has_values = bool(numbers) or any(map(is_date_or_time, first))
    return not is_empty and (not has_values or numbered), numbered


def _content(cells: Sequence[str]) -> Content:
    if cells and are_numbers(cells):
        return "numbers"
    present = [cell for cell in cells if not is_missing(cell)]
    if not present:
        return "nothing"
    if are_numbers(present):
        return "numbers"
    return "dates" if all(map(is_date_or_time, present)) else "text"


def _is_whole(cell: str) -> bool:
    return is_missing(cell) or re.fullmatch(r"-?\d+", cell) is not None
