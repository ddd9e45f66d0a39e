"""Standardization of the inputs, feature by feature."""

from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.sequences import SMALLER_DATA, valid_steps
from rnncli.errors import InputError
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

# Equal values may have a deviation up to this multiple of their mean, by rounding.
_ROUNDING = 1e-13
# Division by a smaller deviation could overflow; such values count as equal.
_SMALLEST_DEVIATION = 1e-300


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each feature in the training split, both (D,).

    The standard deviation of a feature that does not change is as in `mean_and_deviation`.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, x: Array | Mapped, lengths: Array | None = None, unchanged: int = 0) -> "Scaler":
        """Return the scaler of sequences (N, T, D), without their padding.

        The last `unchanged` features keep their values.
        """
        if isinstance(x, Mapped):
            mean, std = _mean_and_deviation_of_chunks(x)
        else:
            steps = x.reshape(-1, x.shape[2])
            if lengths is not None:
                steps = x[valid_steps(lengths, x.shape[1])]
            mean, std = mean_and_deviation(steps)
        scaled_count = len(mean) - unchanged
        mean[scaled_count:], std[scaled_count:] = 0, 1
        return cls(tuple(mean.tolist()), tuple(std.tolist()))

    def __post_init__(self) -> None:
        means_valid = all(abs(mean) <= LARGEST for mean in self.mean)
        stds_valid = all(_SMALLEST_DEVIATION <= std <= LARGEST for std in self.std)
        if not (means_valid and stds_valid):
            raise ValueError("means and deviations must be finite, and deviations above 0")


def mean_and_deviation(values: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of the columns of (M, K), both (K,).

    The standard deviation of a column that does not change is 1, or for huge values the size of
    their rounding errors.
    """
    return _limited(values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float))


def _limited(mean: Array, std: Array) -> tuple[Array, Array]:
    """Return mean and deviation with a scale for equal values, and without overflow."""
    rounding = _ROUNDING * np.abs(mean)
    std = np.where(std <= np.maximum(rounding, _SMALLEST_DEVIATION), np.maximum(rounding, 1), std)
    return np.clip(mean, -LARGEST, LARGEST), np.minimum(std, LARGEST)


def _mean_and_deviation_of_chunks(x: Mapped) -> tuple[Array, Array]:
    """Return `mean_and_deviation` of all time steps of sequences on disk, read twice."""
    count = x.shape[0] * x.shape[1]
    total = np.zeros(x.shape[2])
    for _, chunk in chunks(x):
        total += chunk.sum(axis=(0, 1), dtype=float)
    mean = total / count
    squares = np.zeros(x.shape[2])
    for _, chunk in chunks(x):
        squares += np.square(chunk - mean).sum(axis=(0, 1), dtype=float)
    return _limited(mean, np.sqrt(squares / count))


@overload
def scaled(x: Array, scaler: Scaler | None, dtype: Any, lengths: Array | None = None) -> Array: ...


@overload
def scaled(
    x: Array | Mapped, scaler: Scaler | None, dtype: Any, lengths: Array | None = None
) -> Array | Mapped: ...


def scaled(
    x: Array | Mapped, scaler: Scaler | None, dtype: Any, lengths: Array | None = None
) -> Array | Mapped:
    """Return sequences (N, T, D) of the given type, standardized if there is a scaler.

    Padding stays zero. Sequences on disk stay there.
    """
    if isinstance(x, Mapped):
        unscaled = (np.zeros(x.shape[2]), np.ones(x.shape[2]))
        shift, scale = unscaled if scaler is None else (scaler.mean, scaler.std)
        return x.scaled(np.asarray(shift), np.asarray(scale), dtype)
    itemsize = 8 + np.dtype(dtype).itemsize
    require_memory(x.size * itemsize, "the standardized inputs", SMALLER_DATA)
    if scaler is None:
        return x.astype(dtype)
    with np.errstate(over="ignore"):
        z: Array = (x - np.asarray(scaler.mean)) / np.asarray(scaler.std)
        if lengths is not None:
            z[~valid_steps(lengths, x.shape[1])] = 0
        z = z.astype(dtype)
    if not np.isfinite(z).all():
        raise InputError(
            "a value is too far from those of the training data; the same unit was expected"
        )
    return z
