"""Standardisation of the inputs, feature by feature."""

from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.sequences import valid_steps
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

_ROUNDING, _SMALLEST = 1e-13, 1e-300


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each feature on the training part, both (D,).

    A feature that never changes keeps the deviation 1.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, x: Array | Mapped, lengths: Array | None = None) -> "Scaler":
        """Measure sequences (N, T, D), each over its own steps."""
        if isinstance(x, Mapped):
            mean, std = _mean_and_deviation_of_parts(x)
        else:
            held = None if lengths is None else valid_steps(lengths, x.shape[1])
            mean, std = mean_and_deviation(x.reshape(-1, x.shape[2]) if held is None else x[held])
        return cls(tuple(mean.tolist()), tuple(std.tolist()))

    def __post_init__(self) -> None:
        means = all(abs(mean) <= LARGEST for mean in self.mean)
        if not means or not all(_SMALLEST <= std <= LARGEST for std in self.std):
            raise ValueError("means and deviations must be finite, and deviations above 0")


def mean_and_deviation(values: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of the columns (K,); 1 for one that does not change.

    The deviation of equal values comes out as a rounding error of their mean, not as zero.
    """
    mean, std = values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float)
    std[std <= _ROUNDING * np.abs(mean)] = 1
    return mean, std


def _mean_and_deviation_of_parts(x: Mapped) -> tuple[Array, Array]:
    """Return the same of all steps of sequences on the disk, in two passes."""
    count = x.shape[0] * x.shape[1]
    total = np.zeros(x.shape[2])
    for _, part in chunks(x):
        total += part.sum(axis=(0, 1), dtype=float)
    mean = total / count
    squares = np.zeros(x.shape[2])
    for _, part in chunks(x):
        squares += np.square(part - mean).sum(axis=(0, 1), dtype=float)
    std = np.sqrt(squares / count)
    std[std <= _ROUNDING * np.abs(mean)] = 1
    return mean, std


@overload
def scaled(x: Array, scaler: Scaler | None, dtype: Any, lengths: Array | None = None) -> Array: ...


@overload
def scaled(
    x: Array | Mapped, scaler: Scaler | None, dtype: Any, lengths: Array | None = None
) -> Array | Mapped: ...


def scaled(
    x: Array | Mapped, scaler: Scaler | None, dtype: Any, lengths: Array | None = None
) -> Array | Mapped:
    """Return sequences (N, T, D) standardised, if there is a scaler, and in the given type.

    What stands before the beginning of a sequence stays zero. Sequences on the disk stay there.
    """
    if isinstance(x, Mapped):
        none = (np.zeros(x.shape[2]), np.ones(x.shape[2]))
        shift, scale = none if scaler is None else (scaler.mean, scaler.std)
        return x.scaled(np.asarray(shift), np.asarray(scale), dtype)
    if scaler is None:
        return x.astype(dtype)
    with np.errstate(over="ignore"):
        z: Array = (x - np.asarray(scaler.mean)) / np.asarray(scaler.std)
        if lengths is not None:
            z[~valid_steps(lengths, x.shape[1])] = 0
        z = z.astype(dtype)
    if not np.isfinite(z).all():
        raise InputError(
            "a value is too far from those of the training data to calculate with; was its unit "
            "another one?"
        )
    return z
