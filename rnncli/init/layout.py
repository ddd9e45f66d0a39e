"""How the rows of a CSV file are to be read: one sequence a row, one step a row, or a series."""

from math import isqrt
from pathlib import Path

import numpy as np

from rnncli.datasets.csv import Csv
from rnncli.datasets.sequences import Sequences
from rnncli.errors import InputError
from rnncli.init.columns import (
    Table,
    features_a_step,
    has_label_of_classes,
    labels_of_steps,
    long_label,
    time_columns,
    wide_label,
)
from rnncli.init.entries import Entry, FileKind, Hints, Proposal

_SMALLEST_SQUARE = 16


def long_layout(
    found: Proposal, table: Table, column: tuple[int, bool], path: Path, hints: Hints
) -> Csv:
    """Add the keys of long form; return how to read it.

    Raises
    ------
    InputError
        The columns have no names, or not the hinted one.
    """
    if table.names is None:
        raise InputError(f"{path}: long form needs names of the columns in the first row")
    sequence, certain = column
    label, named = long_label(table, sequence)
    if hints.label_column is not None:
        label, named = table.place(hints.label_column), True
    names, per_step = table.names, labels_of_steps(table, sequence, label)
    if not named:
        found.unsure.append(f"'{names[label]}' is taken for the label; else --label-column NAME")
    if not certain:
        found.unsure.append(
            f"long form, as equal cells of '{names[sequence]}' stand together; "
            "else --sequence-column NAME or --kind series"
        )
    found.data += [
        Entry("sequence_column", names[sequence], "one step a row; this tells sequences apart"),
        Entry("label_column", names[label]),
    ]
    if per_step:
        found.data.append(Entry("label_per", "step", "the label changes within sequences"))
    return Csv(
        path=path,
        missing="last",
        sequence_column=names[sequence],
        label_column=names[label],
        label_per="step" if per_step else "sequence",
    )


def wide_or_series(found: Proposal, table: Table, hints: Hints) -> FileKind:
    """Return whether a row is a sequence, or a step of the only one."""
    if table.names is None or hints.input_size is not None or table.counted:
        return "csv"
    others = [name for name in table.names if any(map(str.isdigit, name))]
    if len(others) >= len(table.names) - 1 > 1:
        return "csv"
    times = time_columns(table)
    if not times and has_label_of_classes(table):
        found.unsure.append("each row is taken for a sequence; else --kind series")
        return "csv"
    why = f"'{table.names[times[0]]}' tells the time" if times else "no column holds classes"
    found.unsure.append(f"one table in the order of time, as {why}; else --kind csv")
    return "series"


def wide_layout(found: Proposal, table: Table, path: Path, hints: Hints) -> Csv:
    """Add the keys of one sequence a row; return how to read it.

    Raises
    ------
    InputError
        The columns go feature by feature, or do not fit the hints.
    """
    label, certain = wide_label(table)
    if hints.label_column is not None:
        label, certain = table.place(hints.label_column), True
    column: int | str = label if label < len(table.columns) - 1 else -1
    if table.names is not None and table.names.count(table.names[label]) == 1:
        column = table.names[label]
    if not certain:
        found.unsure.append(
            f"the {'first' if label == 0 else 'last'} column is taken for the label; "
            "else --label-column NAME or its place from 0"
        )
    features = len(table.columns) - 1
    size = hints.input_size
    if size is None and table.names is not None and not table.counted:
        size = features_a_step(
            [name for place, name in enumerate(table.names) if place != label], str(path)
        )
    source = Csv(
        path=path,
        missing="last",
        label_column=column,
        header=True if table.counted else None,
        input_size=size or 1,
    )
    if size is None:
        size = _square_side(source.read_file(path))
        found.unsure.append(
            f"{features} columns are read as {features // size} steps of "
            f"{size} feature{'s' * (size > 1)}; else --input-size D"
        )
    found.data.append(Entry("input_size", size, f"a row holds {features // size} steps"))
    found.data.append(Entry("label_column", column, "by name, or by place from 0; -1 is the last"))
    if table.counted:
        found.data.append(Entry("header", True, "the first row, 0, 1, 2, ..., is taken for names"))
        found.unsure.append("the first row, 0, 1, 2, ..., is taken for names and no sequence")
    return Csv(
        path=path, missing="last", label_column=column, header=source.header, input_size=size
    )


def _square_side(rows: Sequences) -> int:
    """Return the side of square pictures if rows look like such, read line by line; else 1.

    In a picture a cell is more like the one below, a side further, than like the one half as far.
    """
    count = rows.x.shape[1]
    side = isqrt(count)
    if side * side != count or count < _SMALLEST_SQUARE or rows.lengths is not None:
        return 1
    x = np.nan_to_num(rows.x[:, :, 0] - np.nanmean(rows.x[:, :, 0]))

    def likeness(distance: int) -> float:
        return float((x[:, distance:] * x[:, :-distance]).mean() / max(x.var(), 1e-300))

    return side if likeness(side) > likeness(side // 2) else 1
