"""Sequences with their labels, as they were read, and the parts of a data set."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

TaskName = Literal["classification", "regression"]

LONGEST_LABEL = 200
# How many numbers sequences may be padded to in any case, and how many times their own.
_PADDED_FREELY, _MOST_PADDING = 1 << 25, 10


@dataclass(frozen=True)
class Sequences:
    """Sequences, each with its label.

    Attributes
    ----------
    x : array (N, T, D)
        Inputs as read, not standardised. Shorter sequences stand at the end, after zeros. Large
        ones may be on the disk still.
    labels : array (N,) or (N, K), optional
        Class labels (text or whole numbers) or target values.
    source : str
        The file, for messages.
    rows : sequence of int, optional
        The line of each sequence in `source`, or its number there.
    lines : bool
        Whether `rows` are lines.
    lengths : array (N,), optional
        How many steps each sequence has; None where all have T.
    per_step : bool
        Whether `labels`, then (N, T) or (N, T, K), are those of the steps.
    says : {"classification", "regression"}, optional
        What the file itself says its labels are; class names are then kept to the letter.
    columns : tuple of str, optional
        The features' names, where their columns are known by them.
    """

    x: Array | Mapped
    labels: Array | None
    source: str
    rows: Sequence[int] | None = None
    lines: bool = True
    lengths: Array | None = None
    per_step: bool = False
    says: TaskName | None = None
    columns: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: Array) -> "Sequences":
        """Return the sequences at `index`."""
        labels = None if self.labels is None else self.labels[index]
        rows = None if self.rows is None else [self.rows[i] for i in index]
        lengths = None if self.lengths is None else self.lengths[index]
        return Sequences(
            self.x.chosen(index) if isinstance(self.x, Mapped) else self.x[index],
            labels,
            self.source,
            rows,
            self.lines,
            lengths=lengths,
            per_step=self.per_step,
            says=self.says,
            columns=self.columns,
        )

    def in_memory(self) -> Iterator["Sequences"]:
        """Yield the sequences as they are; those on the disk in parts."""
        if not isinstance(self.x, Mapped):
            yield self
            return
        for start, x in chunks(self.x):
            part = slice(start, start + len(x))
            labels = None if self.labels is None else self.labels[part]
            rows = None if self.rows is None else self.rows[part]
            yield Sequences(x, labels, self.source, rows, self.lines)

    def place(self, index: int) -> str:
        """Return where a sequence stands: ``file:line`` or ``file: sequence i``."""
        number = index if self.rows is None else self.rows[index]
        if self.rows is None or not self.lines:
            return f"{self.source}: sequence {number}"
        return f"{self.source}:{number}: row {number}"


@dataclass(frozen=True)
class Splits:
    """A data set in its parts, with nothing missing.

    Attributes
    ----------
    train, validation, test : Sequences
        The parts; the last two may be None.
    means : tuple of float
        The features' means in training, which may have filled in what was missing.
    """

    train: Sequences
    validation: Sequences | None = None
    test: Sequences | None = None
    means: tuple[float, ...] = ()

    @property
    def for_evaluation(self) -> Sequences | None:
        """What an evaluation without input scores: the test split, or else the validation split."""
        return self.test if self.test is not None else self.validation

    @cached_property
    def sha256(self) -> str:
        """The hash over all parts, by which a run knows its data again."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            if part is not None:
                for _, some in chunks(part.x):
                    digest.update(np.ascontiguousarray(some).data)
                if part.lengths is not None:
                    digest.update(np.asarray(part.lengths, np.int64).tobytes())
                digest.update(repr(None if part.labels is None else part.labels.tolist()).encode())
        return digest.hexdigest()


def padded(sequences: Sequence[Array], source: str) -> tuple[Array, Array | None]:
    """Return sequences (T_i, D) as one array (N, T, D), and their lengths (N,) if they differ.

    Each stands at the end of its row, after zeros.

    Raises
    ------
    InputError
        Most of a very large array would be zeros.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    steps = int(lengths.max())
    _check_padding(lengths, sequences[0].shape[1], source)
    x = np.zeros((len(sequences), steps, sequences[0].shape[1]))
    for row, sequence in zip(x, sequences, strict=True):
        row[steps - len(sequence) :] = sequence
    return x, None if (lengths == steps).all() else lengths


def joined(parts: Sequence[Sequences]) -> Sequences:
    """Return the parts of a file as one."""
    if len(parts) == 1:
        return parts[0]
    steps = max(part.x.shape[1] for part in parts)
    lengths = np.concatenate(
        [np.full(len(p), p.x.shape[1]) if p.lengths is None else p.lengths for p in parts]
    )
    _check_padding(lengths, parts[0].x.shape[2], parts[0].source)
    x = np.zeros((len(lengths), steps, parts[0].x.shape[2]))
    start = 0
    for part in parts:
        x[start : start + len(part), steps - part.x.shape[1] :] = part.x
        start += len(part)
    labels = [part.labels for part in parts if part.labels is not None]
    if parts[0].per_step:
        empty = [np.full((len(some), steps - some.shape[1]), "") for some in labels]
        labels = [np.hstack(pair) for pair in zip(empty, labels, strict=True)]
    return Sequences(
        x,
        np.concatenate(labels) if labels else None,
        parts[0].source,
        [row for part in parts for row in part.rows or ()],
        lengths=None if (lengths == steps).all() else lengths,
        per_step=parts[0].per_step,
        columns=parts[0].columns,
    )


def _check_padding(lengths: Array, features: int, source: str) -> None:
    steps = int(lengths.max())
    numbers = len(lengths) * steps * features
    if numbers > _PADDED_FREELY and numbers > _MOST_PADDING * features * int(lengths.sum()):
        raise InputError(
            f"{source}: sequence {int(lengths.argmax())}, counted from 0, has {steps} steps, "
            f"and most have far fewer; all {len(lengths)}, padded to its length, would take "
            f"{numbers * 8 / 1e9:.0f} GB; split it, or leave it out"
        )


def valid_steps(lengths: Array, steps: int) -> Array:
    """Return which of T steps belong to the sequences: (N, T)."""
    belongs: Array = np.arange(steps) >= steps - lengths[:, np.newaxis]
    return belongs


def check_features(sequences: Sequences, input_size: int) -> None:
    """Raise `InputError` unless the sequences have D features a step."""
    if sequences.x.shape[2] != input_size:
        raise InputError(
            f"{sequences.source}: {sequences.x.shape[2]} features a step; the model takes "
            f"{input_size}"
        )
