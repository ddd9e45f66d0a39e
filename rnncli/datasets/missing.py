"""Missing values: how tables mark them, and how they are refused or filled in."""

from typing import Literal

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

Missing = Literal["error", "mean", "zero", "last"]

# The cells of a table that mark a missing value, in lower case.
_MARKERS = ("", "?", "nan", "na")


def is_missing(cell: str) -> bool:
    """Return whether a cell of a table marks a missing value."""
    return cell.strip().lower() in _MARKERS


def feature_means(sequences: Sequences) -> Array:
    """Return the mean of each feature (D,) without missing values; 0 if all are missing."""
    x = sequences.x
    sums, counts = np.zeros(x.shape[2]), np.zeros(x.shape[2])
    for _, chunk in chunks(x):
        steps = chunk.reshape(-1, x.shape[2])
        if sequences.lengths is not None:
            steps = chunk[valid_steps(sequences.lengths, x.shape[1])]
        present = ~np.isnan(steps)
        sums += (steps if present.all() else np.where(present, steps, 0)).sum(axis=0)
        counts += present.sum(axis=0)
    means: Array = sums / np.maximum(counts, 1)
    return means


def fill_missing(sequences: Sequences, how: Missing, means: Array) -> Sequences:
    """Replace missing values, NaN, in place, and return the sequences.

    Parameters
    ----------
    sequences : Sequences
        The sequences, which are changed.
    how : {"error", "mean", "zero", "last"}
        Raise an error; or replace missing values with the feature's mean in training, with zero,
        or with the last value before them in the sequence (the mean if there is none).
    means : array (D,)
        The means in training.

    Raises
    ------
    InputError
        Naming the first value that is missing and must not be, is infinite, or is too large.
    """
    if isinstance(sequences.x, Mapped) and how != "error":
        raise InputError(
            f"{sequences.source}: is too large to fill in missing values; fill them in beforehand, "
            "or leave data.missing at error"
        )
    for first, chunk in chunks(sequences.x):
        _check(sequences, chunk, first, missing_allowed=how != "error")
        if how != "error":
            _fill(chunk, sequences.lengths, how, means)
    return sequences


def _check(sequences: Sequences, x: Array, first: int, missing_allowed: bool) -> None:
    """Raise `InputError` for the first value that is missing and must not be, or out of range."""
    invalid = ~(np.abs(x) <= LARGEST)
    if missing_allowed:
        invalid &= ~np.isnan(x)
    if not invalid.any():
        return
    index, step, feature = (int(axis) for axis in np.argwhere(invalid)[0])
    value = x[index, step, feature]
    if sequences.lengths is not None:
        step -= x.shape[1] - int(sequences.lengths[index])
    place = f"{sequences.place(first + index)}, time step {step}, feature {feature}"
    if np.isnan(value):
        raise InputError(f"{place}: the value is missing; set data.missing to fill it in")
    raise InputError(f"{place}: {value} is not a finite number up to {LARGEST:g}")


def _fill(x: Array, lengths: Array | None, how: Missing, means: Array) -> None:
    """Replace the missing values of an array (N, T, D) in place."""
    missing = np.isnan(x)
    if not missing.any():
        return
    if how == "zero":
        x[missing] = 0
        return
    if how == "last":
        valid = None if lengths is None else valid_steps(lengths, x.shape[1])
        for step in range(1, x.shape[1]):
            current, previous = x[:, step], x[:, step - 1]
            present = ~np.isnan(previous)
            if valid is not None:
                present &= valid[:, step - 1, np.newaxis]
            np.copyto(current, previous, where=missing[:, step] & present)
    np.copyto(x, means, where=np.isnan(x))
