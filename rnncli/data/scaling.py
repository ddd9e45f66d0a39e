"""Standardisation of the inputs, feature by feature."""

from dataclasses import dataclass
from typing import Any

import numpy as np

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
    def fit(cls, x: Array) -> "Scaler":
        """Measure sequences (N, T, D)."""
        mean, std = mean_and_deviation(x.reshape(-1, x.shape[2]))
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


def scaled(x: Array, scaler: Scaler | None, dtype: Any) -> Array:
    """Return sequences (N, T, D) standardised, if there is a scaler, and in the given type."""
    if scaler is not None:
        x = (x - np.asarray(scaler.mean)) / np.asarray(scaler.std)
    return x.astype(dtype)
