"""One long table as many windows: from some steps, the next ones of chosen columns."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from rnncli.datasets.csv_rows import ABSENT, csv_rows, of_width, value
from rnncli.datasets.files import Defaults
from rnncli.datasets.missing import Missing, filled, own_means
from rnncli.datasets.numbers import is_number
from rnncli.datasets.sequences import Sequences, Splits
from rnncli.datasets.task import Task
from rnncli.datasets.untrusted.lines import exists, open_lines
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.suggestions import suggest


@dataclass(frozen=True)
class Windows:
    """What a window is: its columns, its length, and what it is to foretell.

    Attributes
    ----------
    columns, targets : tuple of str
        The features of a step, and those that are foretold.
    sequence_length, horizon : int
        Steps of a window, and steps ahead.
    """

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    sequence_length: int
    horizon: int

    def __post_init__(self) -> None:
        if self.sequence_length < 1 or self.horizon < 1:
            raise ValueError(f"windows of {self.sequence_length} and {self.horizon} steps")
        if not self.targets or not set(self.targets) <= set(self.columns):
            raise ValueError("targets that are none of the columns")

    def cut(
        self,
        table: Array,
        source: str,
        rows: list[int],
        to_the_end: bool,
        missing: Missing,
        means: Array,
    ) -> Sequences:
        """Return all windows of a table (R, C), each with the values that follow it.

        What is missing in a window is filled in from the rows before; a window after which a value
        is missing is left out. With `to_the_end` also those with nothing known to follow, and
        without labels.
        """
        length, ahead = self.sequence_length, 0 if to_the_end else self.horizon
        count = len(table) - length - ahead + 1
        if count < 1:
            raise InputError(
                f"{source}: {len(table)} rows; a window of {length} and {ahead} ahead need more"
            )
        chosen = table[:, [self.columns.index(name) for name in self.targets]]
        whole = Sequences(table[np.newaxis].copy(), None, source, rows[:1])
        filled_in = filled(whole, missing, means).x[0]
        x = sliding_window_view(filled_in, length, axis=0)[:count].transpose(0, 2, 1).copy()
        lines = rows[length - 1 : length - 1 + count]
        if to_the_end:
            return Sequences(x, None, source, lines)
        following = sliding_window_view(chosen[length:], ahead, axis=0)[:count]
        labels = following.transpose(0, 2, 1).reshape(count, -1)
        known = np.flatnonzero(~np.isnan(labels).any(axis=1))
        return Sequences(x, labels, source, lines, columns=self.columns).take(known)


@dataclass(frozen=True, kw_only=True)
class Series:
    """The config section ``data`` of kind series."""

    defaults: ClassVar[Defaults] = {
        "model": {"cell": "gru"},
        "training": {
            "num_epochs": 60,
            "batch_size": 16,
            "optimizer": {"kind": "adam", "learning_rate": 5e-3},
        },
    }

    kind: Literal["series"] = "series"
    path: Annotated[
        Path, Field(description="a CSV table with a header, one row a step, in the order of time")
    ]
    columns: Annotated[
        tuple[str, ...] | None,
        Field(description="the features of a step; null for all columns of numbers"),
    ] = None
    targets: Annotated[
        tuple[str, ...] | None, Field(description="the columns to foretell; null for all features")
    ] = None
    sequence_length: Annotated[int, Field(ge=1, description="steps of a window")] = 20
    horizon: Annotated[int, Field(ge=1, description="steps to foretell")] = 1
    test_size: Annotated[
        int, Field(ge=0, description="rows at the end to score, and not to learn")
    ] = 0
    validation_fraction: Annotated[
        float,
        Field(ge=0, lt=1, description="part of the windows held out, the latest before the test"),
    ] = 0.1
    standardize: Annotated[
        bool, Field(description="scale each feature to mean 0 and deviation 1")
    ] = True
    missing: Annotated[Missing, Field(description="what to put where a value is missing")] = "error"

    def read(self, seed: int) -> tuple[Splits, Task]:
        """Read the table, and divide it in the order of time; the seed has no part in it."""
        if not exists(self.path):
            raise InputError(f"data.path: {self.path}: there is no such file; a table was expected")
        names, table, rows = read_table(self.path, self.columns)
        if 0 < self.test_size < self.horizon:
            raise InputError(
                f"data.test_size: {self.test_size} rows do not hold a horizon of {self.horizon}"
            )
        windows = self.windows(names)
        learned = len(table) - self.test_size
        means = own_means(Sequences(table[np.newaxis, :learned], None, str(self.path)))
        source = str(self.path)
        cut = windows.cut(table, source, rows, False, self.missing, means)
        # The row at which a window ends; what follows it must be on one side of the test rows.
        ends = np.searchsorted(rows, cut.rows or ()) + 1
        tested = np.flatnonzero(ends >= learned)
        count = int(np.count_nonzero(ends + self.horizon <= learned))
        held = round(count * self.validation_fraction)
        # Between training and validation, as many windows as the horizon overlaps stay out.
        start = count - held
        last = start - (self.horizon - 1 if held else 0)
        if last < 1 or (self.validation_fraction and not held):
            raise InputError(
                f"{self.path}: {len(table)} rows leave nothing to learn or to validate beside "
                f"test_size {self.test_size} and windows of {self.sequence_length}"
            )
        train = cut.take(np.arange(last))
        validation = cut.take(np.arange(start, count)) if held else None
        test = cut.take(tested) if len(tested) else None
        width = len(windows.targets) * self.horizon
        task = Task("regression", (), (0.0,) * width, (1.0,) * width)
        return Splits(train, validation, test, tuple(means.tolist())), task

    def windows(self, names: tuple[str, ...]) -> Windows:
        """Return what a window is, given the table's columns."""
        targets = names if self.targets is None else self.targets
        for name in targets:
            if name not in names:
                raise InputError(
                    f"data.targets: '{name}' is no feature of {self.path}; {suggest(name, names)}"
                )
        return Windows(names, targets, self.sequence_length, self.horizon)


def read_table(
    path: Path, columns: Iterable[str] | None
) -> tuple[tuple[str, ...], Array, list[int]]:
    """Return names, values (R, C) and line numbers of chosen columns of a CSV table.

    Without a choice, all columns that hold numbers and nothing else. What is missing is NaN.
    """
    with open_lines(path) as stream:
        rows = csv_rows(stream, str(path))
        line, header = next(rows, (0, []))
        header = [cell.strip() for cell in header]
        if not header:
            raise InputError(f"{path}: no rows; a table with a header was expected")
        table: list[list[str]] = []
        lines: list[int] = []
        for line, cells in of_width(rows, len(header), str(path), "header"):
            table.append(cells)
            lines.append(line)
    names = tuple(columns) if columns is not None else _columns_of_numbers(header, table)
    places, chosen = Counter(header), Counter(names)
    for name in names:
        if places[name] != 1 or chosen[name] != 1:
            raise InputError(
                f"{path}:1: no column, or more than one, is named '{name}'; {suggest(name, header)}"
            )
    if not names or not table:
        raise InputError(f"{path}: no column of numbers after a header")
    position = {name: i for i, name in enumerate(header)}
    wanted = [position[name] for name in names]
    values = [
        [_value(cells[i], f"{path}:{line}: row {line}, {header[i]}") for i in wanted]
        for line, cells in zip(lines, table, strict=True)
    ]
    return names, np.array(values), lines


def _columns_of_numbers(header: list[str], table: list[list[str]]) -> tuple[str, ...]:
    """Return the columns in which every cell is a number or missing, and not all are missing."""
    chosen = []
    for place, name in enumerate(header):
        cells = [cells[place] for cells in table if cells[place].strip().lower() not in ABSENT]
        if cells and all(map(is_number, cells)):
            chosen.append(name)
    return tuple(chosen)


def _value(cell: str, place: str) -> float:
    """Return the number of a cell, NaN where it is missing."""
    try:
        return value(cell, missing=True)
    except ValueError as problem:
        raise InputError(f"{place}: {problem}") from None
