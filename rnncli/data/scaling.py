"""Standardisation of the inputs, feature by feature."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncli.data.sequences import held_steps
from rnncli.nn.arrays import Array

_ROUNDING = 1e-13


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each feature on the training part, both (D,).

    A feature that never changes keeps the deviation 1.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, x: Array, lengths: Array | None = None) -> "Scaler":
        """Measure sequences (N, T, D), each over its own steps."""
        steps = x.reshape(-1, x.shape[2]) if lengths is None else x[held_steps(lengths, x.shape[1])]
        mean, std = mean_and_deviation(steps)
        return cls(tuple(mean.tolist()), tuple(std.tolist()))

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and min(self.std) > 0):
            raise ValueError("means and deviations must be finite, and deviations above 0")


def mean_and_deviation(values: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of the columns (K,); 1 for one that does not change.

    The deviation of equal values comes out as a rounding error of their mean, not as zero.
    """
    mean, std = values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float)
    std[std <= _ROUNDING * np.abs(mean)] = 1
    return mean, std


def scaled(x: Array, scaler: Scaler | None, dtype: Any, lengths: Array | None = None) -> Array:
    """Return sequences (N, T, D) standardised, if there is a scaler, and in the given type.

    What stands before the beginning of a sequence stays zero.
    """
    if scaler is not None:
        x = (x - np.asarray(scaler.mean)) / np.asarray(scaler.std)
        if lengths is not None:
            x[~held_steps(lengths, x.shape[1])] = 0
    return x.astype(dtype)
