"""Sequences to predict or to score, from any kind of file or from standard input."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal, cast

import numpy as np

from rnncli.datasets.csv import Layout, read_csv
from rnncli.datasets.long_csv import LongLayout, read_long_csv
from rnncli.datasets.missing import Missing, filled
from rnncli.datasets.npz import read_npz
from rnncli.datasets.sequences import Sequences, check_features
from rnncli.datasets.series import Windows, read_table
from rnncli.datasets.ts import read_ts
from rnncli.datasets.untrusted.lines import lines, open_lines

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class InputSpec:
    """What a model knows of its input.

    Attributes
    ----------
    input_size : int
        D.
    sequence_length : int
        T in training.
    label_column : int, str or None
        Where the label stood in the rows of the training data.
    header : bool or None
        Whether their first row was said to hold names.
    missing : {"error", "mean", "zero", "last"}
        What is put where a value is missing.
    means : tuple of float
        The features' means in training, for that.
    windows : Windows, optional
        For forecasts, how a table is cut.
    sequence_column : str, optional
        For CSV in long form, the column that tells sequences apart.
    label_per : str
        Whether each ``step`` or each ``sequence`` has a label.
    columns : tuple of str, optional
        For CSV in long form, the features' columns.
    """

    input_size: int
    sequence_length: int
    label_column: int | str | None = None
    header: bool | None = None
    missing: Missing = "error"
    means: tuple[float, ...] = ()
    windows: Windows | None = None
    sequence_column: str | None = None
    label_per: Literal["sequence", "step"] = "sequence"
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.sequence_length < 1 << 31:
            raise ValueError(f"a sequence length of {self.sequence_length}")
        if len(self.means) not in (0, self.input_size) or not np.isfinite(self.means).all():
            raise ValueError(f"means of missing values that are not {self.input_size} numbers")
        for columns in (self.columns, None if self.windows is None else self.windows.columns):
            if columns is not None and len(columns) != self.input_size:
                raise ValueError(f"{len(columns)} columns for {self.input_size} features")


def read_inputs(source: str, expected: InputSpec, labelled: bool) -> Iterator[Sequences]:
    """Yield a file's sequences, with nothing missing, in parts of bounded size.

    ``.npz`` and ``.npy`` are NumPy files, ``.ts`` the UCR/UEA format; anything else is CSV, plain
    or compressed. A label column in CSV is read if `labelled`; otherwise it is left out where there
    is one: where a row is one cell longer than in training, or the header names it. For a model
    that foretells, the CSV is a table, and its windows are the sequences.

    Parameters
    ----------
    source : str
        A path, or ``-`` for CSV from standard input.
    expected : InputSpec
        What the model takes.
    labelled : bool
        Whether labels are needed.

    Raises
    ------
    InputError
        The input is wrong, or has another number of features.
    """
    for part in _read(source, expected, labelled):
        check_features(part, expected.input_size)
        yield filled(part, expected.missing, np.array(expected.means or 0.0))


def _read(source: str, expected: InputSpec, labelled: bool) -> Iterator[Sequences]:
    path = Path(source)
    ending = Path(source.removesuffix(".gz")).suffix
    if ending in (".npz", ".npy"):
        yield from read_npz(path)
    elif ending == ".ts":
        yield read_ts(path, labelled)
    elif expected.windows is not None:
        table = Path("/dev/stdin") if source == STANDARD_INPUT else path
        _, values, rows = read_table(table, expected.windows.columns)
        yield expected.windows.cut(
            values, source, rows, not labelled, expected.missing, np.array(expected.means)
        )
    else:
        if source == STANDARD_INPUT:
            name = "standard input"
            stream = lines(cast(BufferedReader, sys.stdin.buffer), name)
            yield from _read_rows(stream, name, expected, labelled)
            return
        with open_lines(path) as file:
            yield from _read_rows(file, source, expected, labelled)


def _read_rows(
    stream: Iterable[bytes], name: str, expected: InputSpec, labelled: bool
) -> Iterator[Sequences]:
    if expected.sequence_column is None:
        return read_csv(stream, name, _layout(expected, labelled))
    layout = LongLayout(
        expected.sequence_column,
        str(expected.label_column),
        not labelled,
        expected.label_per == "step",
        expected.missing != "error",
        expected.columns,
    )
    return read_long_csv(stream, name, layout)


def _layout(expected: InputSpec, labelled: bool) -> Layout:
    column, size, absent = expected.label_column, expected.input_size, expected.missing != "error"
    if labelled:
        return Layout(size, -1 if column is None else column, expected.header, missing=absent)
    longer = expected.sequence_length * size + 1
    return Layout(size, column, expected.header, longer, absent)
