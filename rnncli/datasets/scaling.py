"""Standardization of the inputs, feature by feature."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from rnncli.datasets.mapped import Mapped, chunks, parts
from rnncli.datasets.numbers import LARGEST
from rnncli.datasets.sequences import SMALLER_DATA, valid_steps
from rnncli.errors import InputError
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

# Larger arrays are read in parts of so many numbers.
_NUMBERS_AT_ONCE = 1 << 23
# Equal values may have a deviation up to this multiple of their mean, by rounding.
_ROUNDING = 1e-13
# Division by a smaller deviation could overflow; such values count as equal.
_SMALLEST_DEVIATION = 1e-300

# What is made of sequences and their lengths before they are scaled.
Transform = Callable[[Any, Array | None], tuple[Any, Array | None]]


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each feature in the training split, both (D,).

    The standard deviation of a feature that does not change is as in `mean_and_deviation`.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        x: Array | Mapped,
        lengths: Array | None = None,
        unchanged: int = 0,
        transform: Transform | None = None,
    ) -> "Scaler":
        """Return the scaler of sequences (N, T, D), without their padding.

        Parameters
        ----------
        x : array (N, T, D)
            The sequences. Large arrays are read in parts, twice.
        lengths : array (N,), optional
            The number of time steps of each sequence; None if all have T.
        unchanged : int
            How many of the last features keep their values.
        transform : callable, optional
            Returns what is made of some sequences before they are scaled, and their lengths.
        """
        if isinstance(x, Mapped) or x.size > _NUMBERS_AT_ONCE:
            mean, std = _mean_and_deviation_of_parts(lambda: _steps(x, lengths, transform))
        else:
            mean, std = mean_and_deviation(*_steps(x, lengths, transform))
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


def _steps(
    x: Array | Mapped, lengths: Array | None, transform: Transform | None
) -> Iterator[Array]:
    """Yield the time steps (M, D) of sequences, without their padding, in parts."""
    if isinstance(x, Mapped):
        transformed = x if transform is None else transform(x, lengths)[0]
        for _, chunk in chunks(transformed):
            yield chunk.reshape(-1, chunk.shape[2])
        return
    for part in parts(x, _NUMBERS_AT_ONCE):
        values, lengths_of_part = x[part], None if lengths is None else lengths[part]
        if transform is not None:
            values, lengths_of_part = transform(values, lengths_of_part)
        if lengths_of_part is None:
            yield values.reshape(-1, values.shape[2])
        else:
            yield values[valid_steps(lengths_of_part, values.shape[1])]


def _mean_and_deviation_of_parts(in_parts: Callable[[], Iterator[Array]]) -> tuple[Array, Array]:
    """Return `mean_and_deviation` of values that come in parts, which are read twice."""
    sums = [(len(values), values.sum(axis=0, dtype=float)) for values in in_parts()]
    count = sum(length for length, _ in sums)
    mean = sum(total for _, total in sums) / count
    squares = sum(np.square(values - mean).sum(axis=0, dtype=float) for values in in_parts())
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
