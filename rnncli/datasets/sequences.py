"""Labelled sequences as read from a file, the splits of a data set, and padding."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks, parts
from rnncli.datasets.text import Text
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.errors import InputError, Unit, place_in_file
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

TaskName = Literal["classification", "regression"]

LONGEST_LABEL = 200
SMALLER_DATA = "give fewer or shorter sequences"
# A padded array may always hold this many numbers, and beyond that at most this many times those of
# the sequences without padding.
_ALWAYS_ALLOWED, _LARGEST_PADDING_RATIO = 1 << 25, 10


@dataclass(frozen=True)
class Sequences:
    """Sequences and their labels.

    Attributes
    ----------
    x : array (N, T, D)
        Inputs as read, not standardized. Shorter sequences are padded with zeros at their
        beginning. Large arrays may still be on disk. Of texts, the indices (N, T, 1) of symbols.
    labels : array (N,) or (N, K), optional
        Class labels (text or whole numbers) or target values.
    source : str
        The file, for messages.
    positions : sequence of int or array (N,), optional
        The number of the line, row or sequence in `source` that identifies each sequence in
        messages: the one at which it begins, or the last row of a window.
    unit : {"line", "row", "sequence"}
        What `positions` count: lines of a text file, rows of a table, or sequences.
    lengths : array (N,), optional
        The number of time steps of each sequence; None if all have T.
    per_step : bool
        Whether every time step has a label; `labels` is then (N, T) or (N, T, K).
    label_type : {"classification", "regression"}, optional
        The task that the file declares; class names are then kept literally.
    columns : tuple of str, optional
        The names of the feature columns, if features are identified by name.
    ids : array (N,), optional
        The text of the id column for each sequence.
    id_name : str
        The name of the id column.
    vocabulary : Vocabulary, optional
        For texts, the symbols whose indices the inputs are.
    """

    x: Array | Mapped
    labels: Array | None
    source: str
    positions: Sequence[int] | Array | None = None
    unit: Unit = "line"
    lengths: Array | None = None
    per_step: bool = False
    label_type: TaskName | None = None
    columns: tuple[str, ...] | None = None
    ids: Array | None = None
    id_name: str = "id"
    vocabulary: Vocabulary | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: Array | slice) -> "Sequences":
        """Return the sequences at `index`; those of a slice are views."""
        return replace(
            self,
            x=self.x.subset(index) if isinstance(self.x, Mapped) else self.x[index],
            labels=None if self.labels is None else self.labels[index],
            positions=None if self.positions is None else np.asarray(self.positions)[index],
            lengths=None if self.lengths is None else self.lengths[index],
            ids=None if self.ids is None else self.ids[index],
        )

    def in_memory(self) -> Iterator["Sequences"]:
        """Yield the sequences in memory, in chunks of bounded size if they are on disk."""
        if not isinstance(self.x, Mapped):
            yield self
            return
        for start, x in chunks(self.x):
            yield replace(self.take(np.arange(start, start + len(x))), x=x)

    def place(self, index: int) -> str:
        """Return the place of a sequence in its file, for messages."""
        position = index if self.positions is None else int(self.positions[index])
        unit = "sequence" if self.positions is None else self.unit
        return place_in_file(self.source, position, unit)


@dataclass(frozen=True)
class Splits:
    """A data set's splits, without missing values; of a language model all are texts.

    Attributes
    ----------
    train, validation, test : Sequences or Text
        The splits; the last two may be None.
    """

    train: Sequences | Text
    validation: Sequences | Text | None = None
    test: Sequences | Text | None = None

    @property
    def for_evaluation(self) -> Sequences | Text | None:
        """The split that an evaluation without input scores: test, or else validation."""
        return self.test if self.test is not None else self.validation

    @cached_property
    def sha256(self) -> str:
        """The hash of all splits, which identifies the data of a run."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            if isinstance(split, Text):
                digest.update(split.digest().encode())
            elif split is not None:
                for _, chunk in chunks(split.x):
                    for part in parts(chunk):
                        digest.update(np.ascontiguousarray(chunk[part]).data)
                if split.lengths is not None:
                    digest.update(np.asarray(split.lengths, np.int64).tobytes())
                labels = None if split.labels is None else split.labels.tolist()
                digest.update(repr(labels).encode())
        return digest.hexdigest()


def padded(
    sequences: Sequence[Array], source: str, dtype: Any = float
) -> tuple[Array, Array | None]:
    """Return sequences (T_i, D) as one array (N, T, D), and their lengths (N,) if they differ.

    Each one is padded with zeros at its beginning.

    Raises
    ------
    InputError
        The array would be very large, and most of it padding.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    steps = int(lengths.max())
    _check_size(lengths, sequences[0].shape[1], source)
    x = np.zeros((len(sequences), steps, sequences[0].shape[1]), dtype)
    for row, sequence in zip(x, sequences, strict=True):
        row[steps - len(sequence) :] = sequence
    return x, None if (lengths == steps).all() else lengths


def joined(batches: Sequence[Sequences]) -> Sequences:
    """Return the consecutive batches of a file as one."""
    first = batches[0]
    if len(batches) == 1:
        return first
    steps = max(batch.x.shape[1] for batch in batches)
    lengths = np.concatenate(
        [np.full(len(b), b.x.shape[1]) if b.lengths is None else b.lengths for b in batches]
    )
    _check_size(lengths, first.x.shape[2], first.source)
    x = np.zeros((len(lengths), steps, first.x.shape[2]), first.x.dtype)
    start = 0
    for batch in batches:
        x[start : start + len(batch), steps - batch.x.shape[1] :] = batch.x
        start += len(batch)
    labels = [batch.labels for batch in batches if batch.labels is not None]
    if first.per_step:
        labels = [_labels_padded(array, steps) for array in labels]
    ids = [batch.ids for batch in batches if batch.ids is not None]
    positions = [batch.positions for batch in batches if batch.positions is not None]
    return replace(
        first,
        x=x,
        labels=np.concatenate(labels) if labels else None,
        positions=None if first.positions is None else np.concatenate(positions),
        lengths=None if (lengths == steps).all() else lengths,
        ids=np.concatenate(ids) if ids else None,
    )


def _labels_padded(labels: Array, steps: int) -> Array:
    """Return labels of time steps (N, T_i, ...) as (N, T, ...), padded with empty labels."""
    count, own_steps, *rest = labels.shape
    no_label = "" if labels.dtype.kind == "U" else np.nan
    return np.hstack([np.full((count, steps - own_steps, *rest), no_label), labels])


def _check_size(lengths: Array, features: int, source: str) -> None:
    """Raise `InputError` if the padded array is too large, or very large and mostly padding."""
    steps = int(lengths.max())
    numbers = len(lengths) * steps * features
    if numbers > _ALWAYS_ALLOWED and numbers > _LARGEST_PADDING_RATIO * features * lengths.sum():
        raise InputError(
            f"{source}: sequence {int(lengths.argmax())}, counted from 0, has {steps} time steps, "
            f"and most have far fewer; all {len(lengths)}, padded to its length, would take "
            f"{numbers * 8 / 1e9:.0f} GB; split it, or leave it out"
        )
    require_memory(
        8 * numbers, f"{source}: {len(lengths)} sequences of {steps} time steps", SMALLER_DATA
    )


def valid_steps(lengths: Array, steps: int) -> Array:
    """Return a mask (N, T) of the time steps that are not padding."""
    valid: Array = np.arange(steps) >= steps - lengths[:, np.newaxis]
    return valid


def check_label_length(text: str) -> None:
    """Raise `ValueError` if a label is too long."""
    if len(text) > LONGEST_LABEL:
        raise ValueError(f"a label of {len(text)} characters; up to {LONGEST_LABEL} were expected")


def check_features(sequences: Sequences, input_size: int) -> None:
    """Raise `InputError` unless the sequences have D features per time step."""
    if sequences.x.shape[2] != input_size:
        raise InputError(
            f"{sequences.source}: {sequences.x.shape[2]} features per time step; the model takes "
            f"{input_size}"
        )
