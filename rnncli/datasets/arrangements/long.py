"""Tables with one time step per row, and a column that identifies the sequence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby

import numpy as np

from rnncli.datasets.arrangements.columns import ColumnRoles, Positions, positions_of
from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import numbers
from rnncli.datasets.sequences import Sequences, check_label_length, padded
from rnncli.datasets.table import (
    Row,
    Table,
    find_column,
    is_date_or_time,
    value_in,
)
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

_ROWS_PER_BATCH = 1 << 15


def read_long(table: Table, roles: ColumnRoles) -> Iterator[Sequences]:
    """Yield the sequences of a table in batches of bounded size.

    Time steps are in the order of the rows. Unless the features are named, all columns without
    another role are features, except for dates and times.

    Raises
    ------
    InputError
        Naming row and column of the first invalid cell, a row of another width, a sequence whose
        rows are not consecutive, or a label or id that changes within a sequence.
    """
    layout, rows = _layout(table, roles)
    complete: set[str] = set()
    batch = _Batch()
    for key, group in groupby(rows, lambda row: row[1][layout.sequence].strip()):
        steps = list(group)
        if key in complete:
            raise InputError(
                f"{table.place(steps[0][0])}: sequence '{key}' continues after another one began; "
                "its rows must be consecutive"
            )
        complete.add(key)
        batch.add(steps, table, layout)
        if batch.step_count >= _ROWS_PER_BATCH:
            yield batch.sequences(table, layout)
            batch = _Batch()
    if batch.x:
        yield batch.sequences(table, layout)
    elif not complete:
        raise InputError(
            f"{table.source}: no rows after the header; one time step per row was expected"
        )


@dataclass(frozen=True)
class _Layout:
    """The columns of a table, by name and by role."""

    names: tuple[str, ...]
    sequence: int
    positions: Positions
    features: list[int]
    roles: ColumnRoles

    @property
    def per_step(self) -> bool:
        """Whether each time step has a label."""
        return self.roles.label_per == "step"


@dataclass
class _Batch:
    """The sequences of the next batch."""

    x: list[Array] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    step_count: int = 0

    def add(self, steps: Sequence[Row], table: Table, layout: _Layout) -> None:
        """Add the sequence in these rows."""
        self.x.append(_values(steps, table, layout))
        self.rows.append(steps[0][0])
        self.step_count += len(steps)
        label, id_column = layout.positions.label, layout.positions.id
        if label is not None and layout.roles.labelled:
            self.labels.append(_labels(steps, label, table, layout.per_step))
        if id_column is not None:
            self.ids.append(_id(steps, id_column, table, layout))

    def sequences(self, table: Table, layout: _Layout) -> Sequences:
        """Return the batch as sequences, padded to the length of the longest."""
        x, lengths = padded(self.x, table.source)
        labels: Array | None = None
        if self.labels and layout.per_step:
            no_label = [""] * x.shape[1]
            labels = np.array(
                [
                    no_label[len(sequence_labels) :] + sequence_labels
                    for sequence_labels in self.labels
                ]
            )
        elif self.labels:
            labels = np.array([sequence_labels[0] for sequence_labels in self.labels])
        id_column = layout.positions.id
        return Sequences(
            x,
            labels,
            table.source,
            self.rows,
            table.unit,
            lengths,
            per_step=layout.per_step and labels is not None,
            columns=tuple(layout.names[column] for column in layout.features),
            ids=np.array(self.ids) if self.ids else None,
            id_name="id" if id_column is None else layout.names[id_column],
        )


def _layout(table: Table, roles: ColumnRoles) -> tuple[_Layout, Iterator[Row]]:
    """Return the layout of the table, and the rows below its header."""
    names, place = table.named_columns()
    sequence = find_column(names, roles.sequence or "", place)
    positions = positions_of(roles, list(names), place)
    rows = table.rows_of_width(len(names), "header")
    if roles.features is not None:
        features = [find_column(names, column, place) for column in roles.features]
    else:
        first = next(rows, None)
        features = positions.features(len(names), sequence)
        if first is not None:
            rows = chain([first], rows)
            features = [column for column in features if not is_date_or_time(first[1][column])]
    if not features:
        raise InputError(f"{place}: no feature columns; every column has another role")
    return _Layout(names, sequence, positions, features, roles), rows


def _values(steps: Sequence[Row], table: Table, layout: _Layout) -> Array:
    """Return the features of a sequence (T, D)."""
    shape = len(steps), len(layout.features)
    try:
        flat = numbers([cells[column] for _, cells in steps for column in layout.features])
        return np.array(flat).reshape(shape)
    except ValueError:  # read cell by cell, to accept missing values and to name an invalid cell
        values = np.empty(shape)
    for step, (row, cells) in enumerate(steps):
        for i, column in enumerate(layout.features):
            try:
                values[step, i] = value_in(cells[column], layout.roles.missing_allowed)
            except ValueError as problem:
                name = layout.names[column]
                raise InputError(
                    f"{table.place(row)}, column {column + 1} ({name}): {problem}"
                ) from None
    return values


def _labels(steps: Sequence[Row], label: int, table: Table, per_step: bool) -> list[str]:
    """Return the labels of the time steps, "" where there is none, or the only label in a list."""
    labels = [cells[label].strip() for _, cells in steps]
    for text in dict.fromkeys(labels):  # the distinct ones, in their order
        try:
            _check_label(text, labels[0], per_step)
        except ValueError as problem:
            row, _ = steps[labels.index(text)]
            raise InputError(f"{table.place(row)}, column {label + 1}: {problem}") from None
    return labels if per_step else labels[:1]


def _check_label(text: str, first: str, per_step: bool) -> None:
    """Raise `ValueError` for an invalid label, or one unlike the first of its sequence."""
    check_label_length(text)
    if text and is_missing(text):
        raise ValueError(
            f"the label is missing ('{text}'); give the label, or leave the "
            f"{'cell empty' if per_step else 'sequence out'}"
        )
    if per_step:
        return
    if not text:
        raise ValueError("the label is empty")
    if text != first:
        raise ValueError(
            f"label '{text}' in a sequence with label '{first}'; one label per sequence, or "
            "data.label_per: step, was expected"
        )


def _id(steps: Sequence[Row], column: int, table: Table, layout: _Layout) -> str:
    """Return the id of a sequence, which all its rows share."""
    ids = [cells[column].strip() for _, cells in steps]
    for text in dict.fromkeys(ids):
        if text != ids[0]:
            row, _ = steps[ids.index(text)]
            raise InputError(
                f"{table.place(row)}, column {column + 1} ({layout.names[column]}): id '{text}' "
                f"in a sequence with id '{ids[0]}'; an id must not change within a sequence"
            )
    return ids[0]
