"""Tables with one sequence per row: its T*D numbers, time step by time step, and other columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from rnncli.datasets.arrangements.columns import ColumnRoles, Positions, positions_of
from rnncli.datasets.arrangements.row_batch import RowBatch, id_name
from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import numbers
from rnncli.datasets.sequences import Sequences, padded
from rnncli.datasets.table import Row, Table, value_in
from rnncli.errors import InputError

_CELLS_PER_BATCH = 1 << 16


def read_wide(table: Table, roles: ColumnRoles) -> Iterator[Sequences]:
    """Yield the sequences of a table in batches of bounded size.

    Empty time steps at the end of a row shorten its sequence.

    Raises
    ------
    InputError
        Naming row and column of the first invalid cell, or a row of another width; or the table
        has no rows, or lacks columns of these roles.
    """
    layout, rows = _layout(table, roles)
    batch = _Batch()
    rows_per_batch = max(1, _CELLS_PER_BATCH // layout.width)
    is_empty = True
    for row, cells in rows:
        batch.add(row, cells, table, layout)
        if len(batch.values) == rows_per_batch:
            yield batch.sequences(table, layout)
            batch, is_empty = _Batch(), False
    if batch.values:
        yield batch.sequences(table, layout)
    elif is_empty:
        raise InputError(
            f"{table.source}: no rows after the header; one sequence per row was expected"
        )


@dataclass(frozen=True)
class _Layout:
    """The columns of a table, by position and by role."""

    width: int
    positions: Positions
    features: list[int]
    excluded: list[int]
    names: list[str] | None
    roles: ColumnRoles

    @property
    def id_name(self) -> str:
        """The name of the id column."""
        return id_name(self.names, self.positions.id)

    def place(self, table: Table, row: int, column: int) -> str:
        """Return row and column of a cell, for messages."""
        name = f" ({self.names[column]})" if self.names and column in self.features else ""
        return f"{table.place(row)}, column {column + 1}{name}"


@dataclass
class _Batch:
    """The sequences of the next batch."""

    read: RowBatch = field(default_factory=RowBatch)
    values: list[list[float]] = field(default_factory=list)

    def add(self, row: int, cells: list[str], table: Table, layout: _Layout) -> None:
        """Add the sequence in this row."""
        label = layout.positions.label if layout.roles.labelled else None
        self.read.add(
            row, cells, label, layout.positions.id, lambda column: layout.place(table, row, column)
        )
        for column in layout.excluded:
            del cells[column]
        try:
            self.values.append(numbers(cells))
        except ValueError:
            self.values.append(_values_one_by_one(cells, table, layout, row))

    def sequences(self, table: Table, layout: _Layout) -> Sequences:
        """Return the batch as sequences, padded where their lengths differ."""
        size, lengths = layout.roles.input_size, None
        if len(set(map(len, self.values))) == 1:
            x = np.array(self.values).reshape(len(self.values), -1, size)
        else:
            rows = [np.array(row).reshape(-1, size) for row in self.values]
            x, lengths = padded(rows, table.source)
        return self.read.sequences(x, lengths, table, layout.id_name)


def _layout(table: Table, roles: ColumnRoles) -> tuple[_Layout, Iterator[Row]]:
    """Return the layout of the table, and the rows below its header."""
    row, first = (0, list(table.names)) if table.names is not None else next(table.rows, (0, []))
    if not first:
        raise InputError(f"{table.source}: no rows; one sequence per row was expected")
    place = table.source if table.names is not None else table.place(row)
    if table.names is None and roles.header is False and roles.uses_names:
        raise InputError(
            f"{place}: columns have no names, as data.header is false; give their positions from 0"
        )
    positions = positions_of(roles, first, place)
    features = positions.features(len(first))
    is_header = table.names is not None or _is_header(first, positions, features, roles, place)
    _check_names(roles, positions, len(features), is_header, place)
    _check_features(first, len(features), roles, table, place)
    rows = table.rows if is_header else chain([(row, first)], table.rows)
    reference = "header" if table.names is not None else "first row"
    excluded = sorted(set(range(len(first))) - set(features), reverse=True)
    names = [cell.strip() for cell in first] if is_header else None
    layout = _Layout(len(first), positions, features, excluded, names, roles)
    return layout, replace(table, rows=rows).rows_of_width(len(first), reference)


def _check_features(
    first: list[str], features: int, roles: ColumnRoles, table: Table, place: str
) -> None:
    """Raise `InputError` unless the number of feature columns is a multiple of D."""
    if features and features % roles.input_size == 0:
        return
    if len(first) == 1 and any(mark in first[0] for mark in ",;\t|"):
        raise InputError(
            f"{place}: one column, '{first[0][:40]}'; {table.expected} were expected; "
            "set data.separator"
        )
    raise InputError(
        f"{place}: {features} feature columns; a multiple of {roles.input_size}, the features per "
        "time step, was expected" + ("" if features else "; for texts, set data.text_column")
    )


def _check_names(
    roles: ColumnRoles, positions: Positions, features: int, is_header: bool, place: str
) -> None:
    """Raise `InputError` if the input of a model lacks the names of the columns to leave out.

    A table that holds only features needs no names.
    """
    by_name = [c for c in (roles.id, *roles.ignore) if isinstance(c, str)]
    for_training = roles.training_features is None
    if for_training or is_header or not by_name or features == roles.training_features:
        return
    raise InputError(
        f"{place}: the first row has no names, so that {', '.join(by_name)} cannot be left out; "
        "add the names, or give only the features"
    )


def _is_header(
    first: list[str], positions: Positions, features: list[int], roles: ColumnRoles, place: str
) -> bool:
    """Return whether the first row holds names: as declared, or as its content shows."""
    if roles.header is not None:
        return roles.header
    if isinstance(roles.label, str) and positions.label is not None:
        return True
    names = {cell.strip() for cell in first}
    if any(isinstance(column, str) and column in names for column in (roles.id, *roles.ignore)):
        return True
    cells = [first[column].strip() for column in features]
    if positions.label is not None and len(cells) > 1 and cells == [*map(str, range(len(cells)))]:
        raise InputError(
            f"{place}: 0, 1, 2, ... may be column numbers or a sequence; set "
            "data.header to true or false"
        )
    return all(map(_may_be_name, cells)) and not all(map(is_missing, cells))


def _may_be_name(cell: str) -> bool:
    """Return whether a cell can be a column's name: text that is not a number."""
    try:
        float(cell)
    except ValueError:
        return bool(cell)
    return False


def _values_one_by_one(cells: list[str], table: Table, layout: _Layout, row: int) -> list[float]:
    """Return the numbers of a row with missing or invalid cells.

    Empty time steps at its end are left out.

    Raises
    ------
    InputError
        Naming the first invalid cell.
    """
    size = layout.roles.input_size
    while len(cells) > size and not any(cell.strip() for cell in cells[-size:]):
        del cells[-size:]
    values = []
    for column, cell in zip(layout.features, cells, strict=False):
        try:
            values.append(value_in(cell, layout.roles.missing_allowed))
        except ValueError as problem:
            raise InputError(f"{layout.place(table, row, column)}: {problem}") from None
    return values
