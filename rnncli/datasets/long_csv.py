"""CSV in long form: one step a row, and a column that says to which sequence it belongs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from rnncli.datasets.csv_rows import csv_rows, of_width, value
from rnncli.datasets.sequences import LONGEST_LABEL, Sequences, padded
from rnncli.errors import InputError
from rnncli.nn.arrays import Array
from rnncli.suggestions import suggest

_ROWS_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class LongLayout:
    """Where sequence, label and features stand in a row.

    Attributes
    ----------
    sequence_column : str
        The column whose text changes where a new sequence begins.
    label_column : str or None
        The label's column.
    optional : bool
        Whether the label's column may be missing.
    per_step : bool
        Whether each step has a label of its own; else all steps of a sequence have the same.
    missing : bool
        Whether empty cells, ``?`` and ``NaN`` are missing values, NaN, and no mistake.
    columns : tuple of str, optional
        The columns of the features, in order; by default all others.
    """

    sequence_column: str
    label_column: str | None
    optional: bool
    per_step: bool
    missing: bool
    columns: tuple[str, ...] | None = None


@dataclass
class _Collected:
    """Sequences on their way."""

    columns: tuple[str, ...]
    x: list[Array] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    count: int = 0

    def sequences(self, name: str, layout: LongLayout) -> Sequences:
        x, lengths = padded(self.x, name)
        labels: Array | None = None
        if self.labels and layout.per_step:
            steps = x.shape[1]
            labels = np.array([[""] * (steps - len(some)) + some for some in self.labels])
        elif self.labels:
            labels = np.array([some[0] for some in self.labels])
        per_step = layout.per_step and labels is not None
        return Sequences(
            x,
            labels,
            name,
            self.rows,
            lengths=lengths,
            per_step=per_step,
            columns=self.columns,
        )


def read_long_csv(stream: Iterable[bytes], name: str, layout: LongLayout) -> Iterator[Sequences]:
    """Yield the file's sequences in parts of bounded size.

    Raises
    ------
    InputError
        Naming row and column of the first cell that is no number, a row of another width, a
        sequence that goes on after another has begun, or a label that changes within one.
    """
    rows = csv_rows(stream, name)
    line, header = next(rows, (0, []))
    header = [cell.strip() for cell in header]
    place = _place(layout.sequence_column, header, name, line)
    label: int | None = None
    if layout.label_column is not None and (not layout.optional or layout.label_column in header):
        label = _place(layout.label_column, header, name, line)
    features = [i for i in range(len(header)) if i not in (place, label)]
    if layout.columns is not None:
        places = {column: i for i, column in enumerate(header)}
        features = [
            places[column] if column in places else _place(column, header, name, line)
            for column in layout.columns
        ]
    columns = tuple(header[i] for i in features)
    if not features:
        raise InputError(f"{name}:{line}: row {line}: no columns of features beside the others")

    checked = of_width(rows, len(header), name, "header")
    seen: set[str] = set()
    some = _Collected(columns)
    for key, group in groupby(checked, lambda row: row[1][place].strip()):
        steps = list(group)
        first = steps[0][0]
        if key in seen:
            raise InputError(
                f"{name}:{first}: row {first}: sequence '{key}' goes on after another began; its "
                "rows were expected one after the other"
            )
        seen.add(key)
        some.x.append(_values(steps, features, header, name, layout.missing))
        some.rows.append(first)
        some.count += len(steps)
        if label is not None:
            some.labels.append(_labels(steps, label, name, layout.per_step))
        if some.count >= _ROWS_AT_ONCE:
            yield some.sequences(name, layout)
            some = _Collected(columns)
    if some.x:
        yield some.sequences(name, layout)
    elif not seen:
        raise InputError(f"{name}: no rows after the header; one step a row was expected")


def _place(column: str, header: list[str], name: str, line: int) -> int:
    if column not in header:
        raise InputError(
            f"{name}:{line}: row {line}: no column is named '{column}'; {suggest(column, header)}"
        )
    return header.index(column)


def _values(
    steps: list[tuple[int, list[str]]],
    features: list[int],
    header: list[str],
    name: str,
    missing: bool,
) -> Array:
    values = np.empty((len(steps), len(features)))
    for step, (row, cells) in enumerate(steps):
        for i, column in enumerate(features):
            try:
                values[step, i] = value(cells[column], missing)
            except ValueError as problem:
                raise InputError(
                    f"{name}:{row}: row {row}, column {column + 1} ({header[column]}): {problem}"
                ) from None
    return values


def _labels(steps: list[tuple[int, list[str]]], label: int, name: str, per_step: bool) -> list[str]:
    labels = [cells[label].strip() for _, cells in steps]
    for (row, _), text in zip(steps, labels, strict=True):
        if len(text) > LONGEST_LABEL:
            raise InputError(
                f"{name}:{row}: row {row}, column {label + 1}: a label of {len(text)} characters; "
                f"up to {LONGEST_LABEL} were expected"
            )
    if per_step:
        return labels
    for (row, _), text in zip(steps, labels, strict=True):
        if text != labels[0] or not text:
            raise InputError(
                f"{name}:{row}: row {row}, column {label + 1}: label '{text}' within a sequence "
                f"of '{labels[0]}'; one label a sequence, or data.label_per: step, was expected"
            )
    return labels[:1]
