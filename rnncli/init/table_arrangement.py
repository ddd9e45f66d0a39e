"""How a table is arranged: one sequence per row, one time step per row, or one series."""

from collections.abc import Sequence
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np

from rnncli.datasets.table_data import TableData
from rnncli.errors import InputError
from rnncli.init.column_roles import (
    Guess,
    features_per_step,
    has_label_of_classes,
    long_ignored,
    long_label,
    step_columns,
    time_columns,
    wide_columns,
)
from rnncli.init.suggestion import Hints, SuggestedKey, Suggestion
from rnncli.init.table_head import TableHead

# Rows with fewer numbers than this are not tested for being images.
_MIN_PIXELS = 16


def long_section(
    suggestion: Suggestion,
    head: TableHead,
    sequence: Guess,
    path: Path,
    section: type[TableData],
    hints: Hints,
) -> TableData:
    """Add the keys of one time step per row; return the section that reads the file.

    Raises
    ------
    InputError
        The columns have no names, or none is the hinted one.
    """
    if head.names is None:
        raise InputError(f"{path}: one time step per row needs column names in the first row")
    label = long_label(head, sequence.position)
    if hints.label_column is not None:
        label = Guess(head.position(hints.label_column), True)
    names, per_step = head.names, head.changes_within(label.position, sequence.position)
    sequence_name, label_name = names[sequence.position], names[label.position]
    _add_guesses(suggestion, names, sequence, label)
    ignored = long_ignored(head, sequence.position, label.position)
    suggestion.data += [
        SuggestedKey(
            "sequence_column", sequence_name, "one time step per row; this identifies the sequence"
        ),
        SuggestedKey("id_column", sequence_name, "repeated beside predictions"),
        SuggestedKey("label_column", label_name),
    ]
    if per_step:
        suggestion.data.append(
            SuggestedKey("label_per", "step", "the label changes within sequences")
        )
    return section(
        path=path,
        missing="last",
        sequence_column=sequence_name,
        id_column=sequence_name,
        label_column=label_name,
        label_per="step" if per_step else "sequence",
        ignore=_add_ignored(suggestion, head, ignored),
    )


def _add_guesses(
    suggestion: Suggestion, names: Sequence[str], sequence: Guess, label: Guess
) -> None:
    """Add what is uncertain about the columns of a table with one time step per row."""
    if not label.is_certain:
        suggestion.uncertainties.append(
            f"'{names[label.position]}' is guessed to be the label; override with --label-column "
            "NAME"
        )
    if not sequence.is_certain:
        suggestion.uncertainties.append(
            f"one time step per row, as equal cells of '{names[sequence.position]}' are "
            "consecutive; override with --sequence-column NAME or --kind series"
        )


def is_series(suggestion: Suggestion, head: TableHead, hints: Hints) -> bool:
    """Return whether a table is guessed to be one series; add the reason to the uncertainties."""
    if head.names is None or hints.input_size is not None or head.numbered or step_columns(head):
        return False
    numbered = [name for name in head.names if any(map(str.isdigit, name))]
    if len(numbered) >= len(head.names) - 1 > 1:
        return False
    times = time_columns(head)
    if not times and has_label_of_classes(head):
        suggestion.uncertainties.append(
            "each row is guessed to be a sequence; override with --kind series"
        )
        return False
    why = f"'{head.names[times[0]]}' is a time column" if times else "no column holds classes"
    suggestion.uncertainties.append(
        f"one table in the order of time, as {why}; override with --kind csv"
    )
    return True


def wide_section(
    suggestion: Suggestion, head: TableHead, path: Path, section: type[TableData], hints: Hints
) -> TableData:
    """Add the keys of one sequence per row; return the section that reads the file.

    Raises
    ------
    InputError
        The columns are ordered by feature, or the hints do not apply.
    """
    hinted = None if hints.label_column is None else head.position(hints.label_column)
    columns = wide_columns(head, hinted)
    label = _label_key(head, columns.label.position)
    if not columns.label.is_certain:
        suggestion.uncertainties.append(
            f"{_in_words(head, columns.label.position)} is guessed to be the label; override with "
            "--label-column NAME or its position from 0"
        )
    count, size = len(columns.features), hints.input_size
    if size is None and head.names is not None and not head.numbered:
        size = features_per_step([head.names[i] for i in columns.features], str(path))
    keys: dict[str, Any] = {"path": path, "missing": "last", "label_column": label}
    if head.numbered:
        keys["header"] = True
    keys["ignore"] = _add_ignored(suggestion, head, columns.ignored)
    if columns.id is not None:
        keys["id_column"] = head.name(columns.id)
        suggestion.findings.append(f"{_in_words(head, columns.id)} identifies the sequences")
    if size is None:
        size = _square_side(section(**keys), count)
        suggestion.uncertainties.append(
            f"{count} columns are read as {count // size} time steps of {size} "
            f"feature{'s' * (size > 1)}; override with --input-size D"
        )
    first_keys = [
        SuggestedKey(
            "input_size", size, f"features per time step; a row has {count // size} time steps"
        ),
        SuggestedKey("label_column", label, "by name, or by position from 0; -1 is the last"),
    ]
    if columns.id is not None:
        first_keys.append(
            SuggestedKey("id_column", keys["id_column"], "repeated beside predictions")
        )
    suggestion.data[:0] = first_keys
    if head.numbered:
        _add_header(suggestion)
    return section(**keys, input_size=size)


def _add_header(suggestion: Suggestion) -> None:
    comment = "the first row, 0, 1, 2, ..., holds names"
    suggestion.data.append(SuggestedKey("header", True, comment))
    suggestion.uncertainties.append(
        "the first row, 0, 1, 2, ..., is guessed to hold names and not a sequence"
    )


def _label_key(head: TableHead, position: int) -> int | str:
    label = head.name(position)
    return -1 if label == len(head.columns) - 1 else label


def _in_words(head: TableHead, position: int) -> str:
    if head.names is not None and head.names[position]:
        return f"'{head.names[position]}'"
    if position in (0, len(head.columns) - 1):
        return f"the {'last' if position else 'first'} column"
    return f"column {position}"


def _add_ignored(
    suggestion: Suggestion, head: TableHead, ignored: dict[str, list[int]]
) -> tuple[int | str, ...]:
    """Add the key `ignore` and a line for each reason; return the ignored columns."""
    for reason, columns in ignored.items():
        names = ", ".join(str(head.name(column)) for column in columns)
        suggestion.findings.append(f"ignored: {reason}: {names}")
    positions = sorted(i for columns in ignored.values() for i in columns)
    ignored_columns = tuple(head.name(i) for i in positions)
    if ignored_columns:
        suggestion.data.append(SuggestedKey("ignore", [*ignored_columns], "columns to leave out"))
    return ignored_columns


def _square_side(section: TableData, count: int) -> int:
    """Return the side length of square images if each row of `count` numbers may be one, or else 1.

    In an image, a pixel is more similar to the one below, a side away, than to the one at half
    that distance. The file is read only where `count` is a square.
    """
    side = isqrt(count)
    if side * side != count or count < _MIN_PIXELS:
        return 1
    rows = section.read_file(section.path)
    if rows.lengths is not None or rows.x.shape[1] != count:
        return 1
    x = np.nan_to_num(rows.x[:, :, 0] - np.nanmean(rows.x[:, :, 0]))

    def similarity(distance: int) -> float:
        return float((x[:, distance:] * x[:, :-distance]).mean() / max(x.var(), 1e-300))

    return side if similarity(side) > similarity(side // 2) else 1
