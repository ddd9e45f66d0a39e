"""One table in chronological order, cut into windows from which the next values are forecast."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.arrangements.named_rows import NamedRows, NumericTable, read_named_rows
from rnncli.datasets.arrangements.windows import Relative, Windows
from rnncli.datasets.calendar_features import CalendarUnit
from rnncli.datasets.dataset import DataSet, Defaults
from rnncli.datasets.dialect import Decimal, Dialect, Separator
from rnncli.datasets.formats import table_format_of
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.missing import Missing, feature_means
from rnncli.datasets.sequences import Sequences, Splits
from rnncli.datasets.table import MAX_NAMES_LISTED, find_column
from rnncli.datasets.table_data import TableData
from rnncli.datasets.task import Task
from rnncli.datasets.untrusted.lines import exists
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.suggestions import suggest


@dataclass(frozen=True, kw_only=True)
class Series:
    """The config section ``data`` of kind series; the table may have any format of tables."""

    defaults: ClassVar[Defaults] = {
        "data": {"relative": "last"},
        "model": {"cell": "gru", "hidden_size": 16, "head_inputs": 20},
        "training": {
            "num_epochs": 5,
            "num_updates": 600,
            "batch_size": 16,
            "optimizer": {"kind": "adam", "learning_rate": 3e-4},
        },
    }

    kind: Literal["series"] = "series"
    path: Annotated[
        Path,
        Field(description="a table with a header, one time step per row, in chronological order"),
    ]
    columns: Annotated[
        tuple[str, ...] | None,
        Field(description="the features; null for all numeric columns"),
    ] = None
    ignore: Annotated[
        tuple[int | str, ...],
        Field(description="columns to leave out, by name or position from 0"),
    ] = ()
    targets: Annotated[
        tuple[str, ...] | None, Field(description="the columns to forecast; null for all features")
    ] = None
    sequence_length: Annotated[int, Field(ge=1, le=10**6, description="time steps per window")] = 20
    horizon: Annotated[int, Field(ge=1, le=10**6, description="time steps to forecast")] = 1
    test_size: Annotated[
        int,
        Field(
            ge=0,
            le=10**9,
            description="rows at the end for the test split, which are not trained on",
        ),
    ] = 0
    validation_fraction: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="fraction of the windows for validation: the last ones before the test "
            "split",
        ),
    ] = 0.1
    relative: Annotated[
        Relative,
        Field(description="what values are relative to: the last row of their window, or nothing"),
    ] = "none"
    calendar: Annotated[
        tuple[CalendarUnit, ...],
        Field(description="features of each row's date: sine and cosine of its phase"),
    ] = ()
    time_column: Annotated[
        str | None, Field(description="the column of dates; null for the first one that holds any")
    ] = None
    standardize: Annotated[
        bool, Field(description="scale each feature to mean 0 and standard deviation 1")
    ] = True
    missing: Annotated[Missing, Field(description="how missing values are filled in")] = "error"
    separator: Annotated[
        Separator | None, Field(description="what separates cells of CSV; null to detect it")
    ] = None
    decimal: Annotated[
        Decimal | None, Field(description="the decimal mark of CSV; null to detect it")
    ] = None

    def fresh_sequences(self, count: int, seed: int, epoch: int) -> Sequences | None:
        """Return None: recorded windows are the same in every epoch."""
        return None

    def read(self, seed: int) -> DataSet:
        """Read the table, and split it in chronological order; the seed does not matter."""
        windows, table = self._windows_and_table()
        if 0 < self.test_size < self.horizon:
            raise InputError(
                f"data.test_size: {self.test_size} is smaller than data.horizon, {self.horizon}"
            )
        # The first rows of the windows without missing targets.
        starts = np.flatnonzero(~np.isnan(windows.targets_of(table)).any(axis=1))
        train, validation, test = self._split(starts, len(table.values))
        # The means for filling in must not depend on rows after the training split.
        end_row = starts[train.stop - 1] + self.sequence_length
        training_rows = Sequences(table.values[np.newaxis, :end_row], None, table.source)
        means = feature_means(training_rows)
        cut = windows.cut(table, self.missing, means)
        splits = Splits(
            cut.take(train),
            cut.take(validation) if validation.start < validation.stop else None,
            cut.take(test) if test.start < test.stop else None,
        )
        width = len(windows.targets) * self.horizon
        task = Task("regression", (), (0.0,) * width, (1.0,) * width)
        return DataSet(splits, task, self._input_spec(windows, means))

    def read_table(self) -> NumericTable:
        """Read the numeric columns of the table."""
        rows = self._read_rows()
        return rows.numbers(self._columns(rows))

    def _windows_and_table(self) -> tuple[Windows, NumericTable]:
        """Return the windows and the numbers of the table, without its text."""
        rows = self._read_rows()
        windows = self._windows(rows)
        return windows, windows.read(rows)

    def _read_rows(self) -> NamedRows:
        if not exists(self.path):
            raise InputError(f"data.path: {self.path}: no such file; a table was expected")
        section = self._table_format
        with section.open_table(self.path, Dialect(self.separator, self.decimal)) as table:
            return read_named_rows(table)

    def _columns(self, rows: NamedRows) -> tuple[str, ...]:
        """Return the columns that are features; the time column is none unless it is listed."""
        ignore = self.ignore
        if self.columns is None and self.time_column in rows.header:
            ignore = (*ignore, self.time_column)
        return rows.numeric_names(self.columns, ignore)

    @property
    def _table_format(self) -> type[TableData]:
        return table_format_of(self.path, "data.path: ")

    def _split(self, starts: Array, rows: int) -> tuple[slice, slice, slice]:
        """Return the places of the windows for training, validation and test.

        The targets of a window must all be before the first test row, or none of them.
        """
        ends = starts + self.sequence_length
        first_test_row = rows - self.test_size
        count = int(np.count_nonzero(ends + self.horizon <= first_test_row))
        validation_count = round(count * self.validation_fraction)
        # Between training and validation, windows whose targets overlap are left out.
        validation_start = count - validation_count
        train_count = validation_start - (self.horizon - 1 if validation_count else 0)
        if train_count < 1 or (self.validation_fraction and not validation_count):
            raise InputError(
                f"{self.path}: {rows} rows are too few for training and validation besides "
                f"test_size {self.test_size} and windows of {self.sequence_length}"
            )
        test_start = int(np.count_nonzero(ends < first_test_row))
        test = slice(test_start, len(starts))
        return slice(0, train_count), slice(validation_start, count), test

    def _windows(self, rows: NamedRows) -> Windows:
        columns = self._columns(rows)
        targets = columns if self.targets is None else self.targets
        for name in targets:
            if name not in columns:
                raise InputError(
                    f"data.targets: '{name}' is not a feature of {self.path}; "
                    f"{suggest(name, columns, MAX_NAMES_LISTED)}"
                )
        return Windows(
            columns,
            targets,
            self.sequence_length,
            self.horizon,
            self.relative,
            self.calendar,
            self._time_column(rows),
        )

    def _time_column(self, rows: NamedRows) -> str | None:
        """Return the column of dates, which a calendar needs."""
        if self.time_column is not None:
            find_column(rows.header, self.time_column, f"data.time_column: {rows.header_place}")
        elif self.calendar:
            name = rows.date_column()
            if name is None:
                raise InputError(
                    f"data.calendar: {self.path}: no column holds dates such as 2024-03-01 or "
                    "2024-03; name it in data.time_column, or remove data.calendar"
                )
            return name
        return self.time_column

    def _input_spec(self, windows: Windows, means: Array) -> InputSpec:
        declared = Dialect(self.separator, self.decimal)
        dialect = self._table_format.dialect_of(self.path, declared)
        return InputSpec(
            len(windows.features),
            self.sequence_length,
            missing=self.missing,
            means=tuple(means.tolist()),
            windows=windows,
            columns=windows.features,
            separator=dialect.separator,
            decimal=dialect.decimal,
        )
