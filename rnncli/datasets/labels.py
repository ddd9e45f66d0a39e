"""Conversion of the labels in files to classes or values."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from rnncli.datasets.missing import is_missing
from rnncli.datasets.numbers import LARGEST, is_number, number, numbers
from rnncli.datasets.sequences import LONGEST_LABEL, Sequences, valid_steps
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

_SURROGATES = range(0xD800, 0xE000)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def flat_labels(sequences: Sequences) -> tuple[Array, Array | None, Sequence[int]]:
    """Return all labels (M,) or (M, K), a mask (N, T) of their time steps, and their sequences.

    With one label per sequence, the mask is None.
    """
    labels = sequences.labels
    if labels is None:
        raise InputError(f"{sequences.source}: has no labels; one per sequence was expected")
    if not labels.size:
        raise InputError(f"{sequences.source}: contains no labelled sequences")
    if not sequences.per_step:
        return labels, None, range(len(labels))
    steps = sequences.x.shape[1]
    labelled = np.ones(labels.shape[:2], bool)
    if sequences.lengths is not None:
        labelled &= valid_steps(sequences.lengths, steps)
    if labels.dtype.kind == "f":
        labelled &= ~np.isnan(labels.reshape(*labelled.shape, -1)).any(axis=2)
    elif labels.dtype.kind == "U":
        labelled &= labels != ""
    return labels[labelled], labelled, np.nonzero(labelled)[0].tolist()


def sorted_labels(labels: Iterable[Any], literally: bool = False) -> list[str | int]:
    """Return the distinct labels in order: all as whole numbers if possible, or else all as text.

    3.0 is the same label as 3, unless labels are kept literally.
    """
    names = {label if literally else whole(label) for label in labels}
    if all(str(whole(name)) == str(name) and isinstance(whole(name), int) for name in names):
        return sorted({int(name) for name in names})
    return sorted(str(name) for name in names)


def whole(label: Any) -> str | int:
    """Return 3 for 3, 3.0, "3" and "3.0", and 1 for True; other labels, such as 03, as text."""
    text = str(int(label)) if isinstance(label, bool | int) else str(label)
    if _WHOLE.fullmatch(text):
        return int(text)
    if ("." in text or "e" in text.lower()) and is_number(text):
        value = number(text)
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return text


def is_label(text: str) -> bool:
    """Return whether a text is a valid label: not blank, and without control characters."""
    has_valid_length = len(text) <= LONGEST_LABEL and bool(text.strip())
    return has_valid_length and not any(
        c < " " or "\x7f" <= c < "\xa0" or ord(c) in _SURROGATES for c in text
    )


def check_class(label: Any, place: str) -> None:
    """Raise `InputError` for a label that cannot be a class, or that marks a missing value."""
    if not is_label(str(label)):
        raise InputError(f"{place}: {label!r} is not a label; text was expected")
    if is_missing(str(label)):
        raise InputError(
            f"{place}: the label is missing ('{label}'); leave the sequence out, or give its label"
        )


def is_fraction(text: str) -> bool:
    """Return whether a text is a number, but not a whole number."""
    return is_number(text) and not number(text).is_integer()


def as_values(labels: Array, sequences: Sequences, sequence_indices: Sequence[int]) -> Array:
    """Return labels as target values (M, K)."""
    if labels.dtype.kind in "iufb":
        values = labels.astype(float)
        invalid = ~(np.abs(values) <= LARGEST)
        if invalid.any():
            index = tuple(np.argwhere(invalid)[0])
            place = sequences.place(sequence_indices[int(index[0])])
            raise InputError(f"{place}: target {values[index]} is not a number up to {LARGEST:g}")
        return values.reshape(len(values), -1)
    with suppress(ValueError):
        return np.reshape(numbers(labels.ravel().tolist()), (len(labels), -1))
    values = np.empty(labels.shape)
    for index, label in np.ndenumerate(labels):
        try:
            values[index] = number(str(label))
        except ValueError as problem:
            place = sequences.place(sequence_indices[index[0]])
            raise InputError(
                f"{place}: target {problem}, or set data.task to classification"
            ) from None
    return values.reshape(len(values), -1)


def listed(labels: Iterable[Any], max_names: int = 20) -> str:
    """Return the first labels as a list for messages."""
    names = [str(label) for label in labels]
    return ", ".join(names[:max_names]) + (", ..." if len(names) > max_names else "")
