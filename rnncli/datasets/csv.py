"""CSV: one sequence a row, its T*D numbers step by step, and a column with the label."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.csv_rows import csv_rows, label_of, of_width, value
from rnncli.datasets.files import FileData
from rnncli.datasets.long_csv import LongLayout, read_long_csv
from rnncli.datasets.numbers import numbers
from rnncli.datasets.sequences import Sequences, joined, padded
from rnncli.datasets.untrusted.lines import open_lines
from rnncli.errors import InputError

_CELLS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Layout:
    """Where the features and the label stand in a row.

    Attributes
    ----------
    input_size : int
        D; a row holds a multiple of it, besides the label.
    label_column : int, str or None
        The label's column by place or name; None for rows without one.
    header : bool or None
        Whether the first row holds names; None looks.
    labelled_width : int, optional
        If given, the label may be missing: it is there if the header names it, or if a row has
        this many cells.
    missing : bool
        Whether empty cells, ``?`` and ``NaN`` are missing values, NaN, and no mistake.
    """

    input_size: int
    label_column: int | str | None
    header: bool | None
    labelled_width: int | None = None
    missing: bool = False


@dataclass(frozen=True)
class Csv(FileData):
    """The config section ``data`` of kind csv."""

    kind: Literal["csv"] = "csv"
    input_size: Annotated[
        int, Field(ge=1, description="features a step; a row holds T times as many")
    ] = 1
    label_column: Annotated[
        int | str, Field(description="the label's column: its name, or its place from 0")
    ] = -1
    header: Annotated[
        bool | None, Field(description="whether the first row holds names; null looks")
    ] = None
    sequence_column: Annotated[
        str | None,
        Field(description="in long form, one step a row, the column that tells sequences apart"),
    ] = None
    label_per: Annotated[
        Literal["sequence", "step"],
        Field(description="in long form, whether each step has a label of its own"),
    ] = "sequence"

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences."""
        absent = self.missing != "error"
        with open_lines(path) as stream:
            if self.sequence_column is None:
                if self.label_per == "step":
                    raise InputError(
                        "data.label_per: step needs the long form; give data.sequence_column"
                    )
                layout = Layout(self.input_size, self.label_column, self.header, missing=absent)
                return joined(list(read_csv(stream, str(path), layout)))
            if not isinstance(self.label_column, str):
                raise InputError("data.label_column: in long form, the label's column has a name")
            per_step = self.label_per == "step"
            long = LongLayout(self.sequence_column, self.label_column, False, per_step, absent)
            return joined(list(read_long_csv(stream, str(path), long)))


def read_csv(stream: Iterable[bytes], name: str, layout: Layout) -> Iterator[Sequences]:
    """Yield the file's sequences in parts of bounded size.

    Parameters
    ----------
    stream : iterable of bytes
        The file's lines.
    name : str
        The file's name for messages.
    layout : Layout
        With a label column, each part has labels (text); without, every column is a feature.

    Raises
    ------
    InputError
        Naming row and column of the first cell that is no number, the first row of another
        width, text that is not UTF-8, an unterminated quote, or a file without rows.
    """
    rows = csv_rows(stream, name)
    line, cells = next(rows, (0, []))
    if not cells:
        raise InputError(f"{name}: no rows; one sequence a row was expected")
    label = _label_place(cells, name, line, layout)
    header = cells if _is_header(cells, label, layout, name, line) else None
    if header is None:
        rows = _chain((line, cells), rows)
    width = len(cells)
    features = width - (label is not None)
    if width == 1 and (separator := re.search(r"[;\t|]", cells[0])):
        raise InputError(
            f"{name}:{line}: row {line}: one column, and {separator[0]!r} in it; cells separated "
            "by commas were expected"
        )
    if features % layout.input_size or not features:
        raise InputError(
            f"{name}:{line}: row {line}: {features} feature columns; a multiple of "
            f"{layout.input_size}, the features a step, was expected"
        )
    at_once = max(1, _CELLS_AT_ONCE // width)
    values: list[list[float]] = []
    labels: list[str] = []
    lines: list[int] = []
    empty = True
    for line, cells in of_width(rows, width, name, "first row"):
        if label is not None:
            try:
                labels.append(label_of(cells.pop(label)))
            except ValueError as problem:
                raise InputError(
                    f"{name}:{line}: row {line}, column {label + 1}: {problem}"
                ) from None
        try:
            values.append(numbers(cells))
        except ValueError:
            values.append(_carefully(cells, layout, name, line, label, header))
        lines.append(line)
        if len(lines) == at_once:
            yield _sequences(values, labels, lines, name, layout)
            values, labels, lines, empty = [], [], [], False
    if lines:
        yield _sequences(values, labels, lines, name, layout)
    elif empty:
        raise InputError(f"{name}: no rows after the header; one sequence a row was expected")


def _sequences(
    values: list[list[float]], labels: list[str], lines: list[int], name: str, layout: Layout
) -> Sequences:
    size, lengths = layout.input_size, None
    if len(set(map(len, values))) == 1:
        x = np.array(values).reshape(len(values), -1, size)
    else:
        x, lengths = padded([np.array(row).reshape(-1, size) for row in values], name)
    return Sequences(x, np.array(labels) if labels else None, name, lines, lengths=lengths)


def _chain(
    first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


def _label_place(cells: list[str], name: str, line: int, layout: Layout) -> int | None:
    """Return the label's place from 0, or None where there is none."""
    wanted = layout.label_column
    if wanted is None:
        return None
    names = [cell.strip() for cell in cells]
    if layout.labelled_width is not None and not (
        wanted in names if isinstance(wanted, str) else len(cells) == layout.labelled_width
    ):
        return None
    if isinstance(wanted, str):
        if layout.header is False or wanted not in names:
            known = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise InputError(
                f"{name}:{line}: row {line}: no column is named '{wanted}'; "
                f"the first row holds {known}"
            )
        return names.index(wanted)
    if not -len(cells) <= wanted < len(cells):
        raise InputError(
            f"{name}:{line}: row {line}: label_column {wanted} does not exist; "
            f"there are {len(cells)} columns, counted from 0"
        )
    return wanted % len(cells)


def _is_header(cells: list[str], label: int | None, layout: Layout, name: str, line: int) -> bool:
    """Return whether the first row holds names: said so, or none of its features is a number."""
    if layout.header is not None:
        return layout.header
    if isinstance(layout.label_column, str) and label is not None:
        return True
    features = [cell.strip() for place, cell in enumerate(cells) if place != label]
    if label is not None and len(features) > 1 and features == [*map(str, range(len(features)))]:
        raise InputError(
            f"{name}:{line}: row {line}: 0, 1, 2, ... may be column numbers or a sequence; set "
            "data.header to true or false"
        )
    return all(map(_is_title, features))


def _is_title(cell: str) -> bool:
    """Return whether a cell can be a column's name: text that is no number of any kind."""
    try:
        float(cell)
    except ValueError:
        return bool(cell)
    return False


def _carefully(
    features: list[str],
    layout: Layout,
    name: str,
    line: int,
    label: int | None,
    header: list[str] | None,
) -> list[float]:
    """Return the numbers of a row in which not every cell is one.

    Empty steps at the end make the sequence a shorter one.
    """
    size = layout.input_size
    while len(features) > size and not any(cell.strip() for cell in features[-size:]):
        del features[-size:]
    values = []
    for place, cell in enumerate(features):
        try:
            values.append(value(cell, layout.missing))
        except ValueError as problem:
            column = place + (label is not None and place >= label)
            title = f" ({header[column].strip()})" if header else ""
            raise InputError(
                f"{name}:{line}: row {line}, column {column + 1}{title}: {problem}"
            ) from None
    return values
