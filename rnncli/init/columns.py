"""What the columns of a CSV file are likely to be, from their names and their first rows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from pathlib import Path

from rnncli.datasets.csv_rows import ABSENT, csv_rows, of_width
from rnncli.datasets.numbers import is_number
from rnncli.datasets.untrusted.lines import open_lines
from rnncli.errors import InputError

_ROWS_LOOKED_AT = 10_000
_LABELS = {"label", "labels", "class", "target", "category", "outcome", "y"}
_SEQUENCES = {"id", "sequence", "seq", "series", "sample", "case", "trial", "record", "recording"}
_TIMES = {"time", "date", "datetime", "timestamp", "year", "month", "day", "hour", "t", "ds"}
_STEP_WORDS = ("t", "time", "step", "frame")
_MOST_FEW = 50


@dataclass(frozen=True)
class Table:
    """The first rows of a CSV file.

    Attributes
    ----------
    source : str
        The file's name for messages.
    names : tuple of str, optional
        The first row, where it holds names.
    columns : tuple of tuple of str
        The cells of each column below.
    counted : bool
        Whether the names of the features are 0, 1, 2, ..., which may be a sequence as well.
    """

    source: str
    names: tuple[str, ...] | None
    columns: tuple[tuple[str, ...], ...]
    counted: bool = False

    def place(self, column: str) -> int:
        """Return the place of a column by its name, or by its number from 0."""
        if self.names is not None and column in self.names:
            return self.names.index(column)
        if re.fullmatch(r"-?\d{1,9}", column) and int(column) in range(
            -len(self.columns), len(self.columns)
        ):
            return int(column) % len(self.columns)
        known = ", ".join((self.names or ())[:20]) or f"0 to {len(self.columns) - 1}"
        raise InputError(f"{self.source}: there is no column '{column}'; there are {known}")

    def named(self, names: set[str]) -> int | None:
        """Return the place of the first column with one of some names."""
        found = (name.lower().removesuffix("_id") for name in self.names or ())
        return next((place for place, name in enumerate(found) if name in names), None)


def read_head(path: Path) -> Table:
    """Return the first rows of a CSV file.

    Raises
    ------
    InputError
        There are none, or they are no CSV.
    """
    with open_lines(path) as stream:
        rows = csv_rows(stream, str(path))
        _, cells = next(rows, (0, []))
        rest = of_width(rows, len(cells), str(path), "first row")
        table = [[cell.strip() for cell in row] for _, row in islice(rest, _ROWS_LOOKED_AT)]
    first = tuple(cell.strip() for cell in cells)
    numbers = [cell for cell in first if is_number(cell)]
    counted = len(numbers) > 1 and numbers == [*map(str, range(len(numbers)))]
    header = any(first) and (not numbers or (counted and len(numbers) >= len(first) - 1))
    table = table if header else [[*first], *table]
    if not cells or not table:
        raise InputError(f"{path}: no rows of values; sequences or a table were expected")
    columns = tuple(zip(*table, strict=True))
    return Table(str(path), first if header else None, columns, counted and header)


def sequence_column(table: Table) -> tuple[int, bool] | None:
    """Return the column that tells sequences apart in long form, and whether that is certain.

    In it equal cells stand together, and it is called so, or another column with different labels
    never changes within its sequences.
    """
    together = [place for place, cells in enumerate(table.columns) if _stand_together(cells)]
    if table.names is None or not together:
        return None
    called = table.named(_SEQUENCES)
    if called is not None and called in together:
        return called, True
    finest = max(together, key=lambda place: len(set(table.columns[place])))
    return (finest, False) if _constant_within(table, finest) else None


def long_label(table: Table, sequence: int) -> tuple[int, bool]:
    """Return the label's column in long form, and whether that is certain."""
    others = [place for place in range(len(table.columns)) if place != sequence]
    called, constant = table.named(_LABELS), _constant_within(table, sequence)
    if called is not None and called != sequence:
        return called, True
    return (constant or others or [sequence])[-1], False


def labels_of_steps(table: Table, sequence: int, label: int) -> bool:
    """Return whether the label changes within sequences."""
    pairs = {*zip(table.columns[sequence], table.columns[label], strict=True)}
    return len(pairs) > len(set(table.columns[sequence]))


def time_columns(table: Table) -> list[int]:
    """Return the columns that tell the time, and rise from row to row or count the rows."""
    return [
        place
        for place, cells in enumerate(table.columns)
        if len(cells) > 2
        and (
            _counts(cells)
            or (table.names is not None and table.names[place].lower() in _TIMES and _rises(cells))
        )
    ]


def wide_label(table: Table) -> tuple[int, bool]:
    """Return the label's column where a row is a sequence, and whether that is certain."""
    called = table.named(_LABELS)
    if called is not None:
        return called, True
    texts = [place for place, cells in enumerate(table.columns) if not _are_numbers(cells)]
    if len(texts) == 1:
        return texts[0], True
    first, last = _is_few(table.columns[0]), _is_few(table.columns[-1])
    return (0, False) if first and not last else (len(table.columns) - 1, False)


def has_label_of_classes(table: Table) -> bool:
    """Return whether the column taken for the label holds a few classes."""
    place, certain = wide_label(table)
    return certain or _is_few(table.columns[place])


def features_a_step(names: Sequence[str], source: str) -> int | None:
    """Return D if numbered names tell it, such as x_0, y_0, x_1, y_1 or t0_c0, t0_c1.

    Raises
    ------
    InputError
        The columns go feature by feature, and not step by step.
    """
    parts = [re.split(r"(\d+)", name) for name in names]
    most = min((len(part) // 2 for part in parts), default=0)
    for number in range(1, 2 * most, 2):
        steps = [part[number] for part in parts]
        rest = [(*part[:number], *part[number + 1 :]) for part in parts]
        size = len(set(rest))
        blocks = [steps[start : start + size] for start in range(0, len(steps), size)]
        if len(blocks) < 2 or len(steps) % size or len(set(steps)) != len(blocks):
            continue
        by_step = all(len(set(block)) == 1 for block in blocks)
        if by_step and rest == rest[:size] * len(blocks) and not _is_step(parts[0], number + 2):
            return size
        if size > 1 and rest == [one for one in dict.fromkeys(rest) for _ in blocks]:
            raise InputError(
                f"{source}: columns {names[0]}, {names[1]}, ... go feature by feature; put them "
                "step by step, all features of the first step first"
            )
    return None


def _is_step(parts: list[str], number: int) -> bool:
    """Return whether the word before a number in a name says that it counts steps."""
    before = parts[number - 1].strip("_. ").lower() if number < len(parts) else ""
    return before in _STEP_WORDS


def _stand_together(cells: Sequence[str]) -> bool:
    """Return whether equal cells stand together, and are more than two on average."""
    runs = [cell for cell, _ in groupby(cells)]
    return 1 < len(runs) == len(set(runs)) and len(cells) >= 2 * len(runs)


def _constant_within(table: Table, sequence: int) -> list[int]:
    """Return the columns, not all alike, that never change within a sequence."""
    return [
        place
        for place, cells in enumerate(table.columns)
        if place != sequence and len(set(cells)) > 1 and not labels_of_steps(table, sequence, place)
    ]


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(is_number(cell) for cell in cells if cell.lower() not in ABSENT)


def _is_few(cells: Sequence[str]) -> bool:
    """Return whether the cells are classes: text or whole numbers, and each more than once."""
    kinds = set(cells)
    whole = all(re.fullmatch(r"-?\d+", cell) for cell in kinds) or not _are_numbers(cells)
    return whole and 1 < len(kinds) <= min(_MOST_FEW, max(2, len(cells) // 2))


def _counts(cells: Sequence[str]) -> bool:
    """Return whether whole numbers rise by the same amount from row to row."""
    if not all(re.fullmatch(r"-?\d{1,15}", cell) for cell in cells):
        return False
    first, second = int(cells[0]), int(cells[1])
    return second > first and [*map(int, cells)] == [
        first + (second - first) * row for row in range(len(cells))
    ]


def _rises(cells: Sequence[str]) -> bool:
    order: Callable[[str], float | str] = float if all(map(is_number, cells)) else str
    return all(order(left) <= order(right) for left, right in pairwise(cells))  # type: ignore[operator]
