"""Missing values: refused, or filled in."""

from typing import Literal

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.sequences import Sequences, valid_steps
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

Missing = Literal["error", "mean", "zero", "last"]


def own_means(sequences: Sequences) -> Array:
    """Return the mean of each feature (D,) over all steps where it is there; 0 if nowhere."""
    x = sequences.x
    sums, counts = np.zeros(x.shape[2]), np.zeros(x.shape[2])
    for _, part in chunks(x):
        steps = part.reshape(-1, x.shape[2])
        if sequences.lengths is not None:
            steps = part[valid_steps(sequences.lengths, x.shape[1])]
        there = ~np.isnan(steps)
        sums += np.where(there, steps, 0).sum(axis=0)
        counts += there.sum(axis=0)
    means: Array = sums / np.maximum(counts, 1)
    return means


def filled(sequences: Sequences, how: Missing, means: Array) -> Sequences:
    """Fill in missing values, NaN, and return the sequences.

    Parameters
    ----------
    sequences : Sequences
        They are changed where something is missing.
    how : {"error", "mean", "zero", "last"}
        Refuse; the feature's mean in training; zero; the sequence's last value before (the mean
        where there is none).
    means : array (D,)
        The means in training.

    Raises
    ------
    InputError
        At the first value that is missing, if that is refused, or that is no usable number.
    """
    if isinstance(sequences.x, Mapped) and how != "error":
        raise InputError(
            f"{sequences.source}: is too large to fill in what is missing; fill it in before, or "
            "leave data.missing at error"
        )
    for first, part in chunks(sequences.x):
        _check(sequences, part, first, absent_is_wrong=how == "error")
        if how != "error":
            _fill(part, sequences.lengths, how, means)
    return sequences


def _check(sequences: Sequences, x: Array, first: int, absent_is_wrong: bool) -> None:
    """Raise `InputError` at the first value that is no usable number."""
    wrong = ~(np.abs(x) <= LARGEST)
    if not absent_is_wrong:
        wrong &= ~np.isnan(x)
    if not wrong.any():
        return
    index, step, feature = (int(place) for place in np.argwhere(wrong)[0])
    given = x[index, step, feature]
    if sequences.lengths is not None:
        step -= x.shape[1] - int(sequences.lengths[index])
    place = f"{sequences.place(first + index)}, step {step}, feature {feature}"
    if np.isnan(given):
        raise InputError(f"{place}: the value is missing; set data.missing to fill it in")
    raise InputError(f"{place}: {given} is not a finite number up to {LARGEST:g}")


def _fill(x: Array, lengths: Array | None, how: Missing, means: Array) -> None:
    absent = np.isnan(x)
    if not absent.any():
        return
    if how == "zero":
        x[absent] = 0
        return
    if how == "last":
        for step in range(1, x.shape[1]):
            now, before = x[:, step], x[:, step - 1]
            known = ~np.isnan(before)
            if lengths is not None:
                known &= (step > x.shape[1] - lengths)[:, np.newaxis]
            np.copyto(now, before, where=absent[:, step] & known)
    np.copyto(x, means, where=np.isnan(x))
