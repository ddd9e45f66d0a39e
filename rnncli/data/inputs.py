"""Sequences to predict or to score, from any kind of file or from standard input."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import cast

from rnncli.data.csv import Layout, open_bytes, read_csv, unpacked
from rnncli.data.npz import read_npz
from rnncli.data.sequences import Sequences, check_features

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Expected:
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
    """

    input_size: int
    sequence_length: int
    label_column: int | str | None = None
    header: bool | None = None

    def __post_init__(self) -> None:
        if self.sequence_length < 1:
            raise ValueError(f"a sequence length of {self.sequence_length}")


def read_inputs(source: str, expected: Expected, labelled: bool) -> Iterator[Sequences]:
    """Yield a file's sequences in parts of bounded size.

    ``.npz`` and ``.npy`` are NumPy files; anything else is CSV, plain or compressed. A label
    column in CSV is read if `labelled`; otherwise it is left out where there is one: where a row
    is one cell longer than in training, or the header names it.

    Parameters
    ----------
    source : str
        A path, or ``-`` for CSV from standard input.
    expected : Expected
        What the model takes.
    labelled : bool
        Whether labels are needed.

    Raises
    ------
    InputError
        The input is wrong, or has another number of features.
    """
    path = Path(source)
    if source != STANDARD_INPUT and path.suffix in (".npz", ".npy"):
        for part in read_npz(path):
            check_features(part, expected.input_size)
            yield part
        return
    column = expected.label_column
    if labelled:
        layout = Layout(expected.input_size, -1 if column is None else column, expected.header)
    else:
        longer = expected.sequence_length * expected.input_size + 1
        layout = Layout(expected.input_size, column, expected.header, labelled_width=longer)
    if source == STANDARD_INPUT:
        stream = unpacked(cast(BufferedReader, sys.stdin.buffer))
        yield from read_csv(stream, "standard input", layout)
        return
    with open_bytes(path) as stream:
        yield from read_csv(stream, source, layout)
