"""Standardisation of the inputs, feature by feature."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncli.nn.arrays import Array


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
        std = x.std(axis=(0, 1), dtype=float)
        std[std == 0] = 1
        return cls(tuple(x.mean(axis=(0, 1), dtype=float).tolist()), tuple(std.tolist()))


def scaled(x: Array, scaler: Scaler | None, dtype: Any) -> Array:
    """Return sequences (N, T, D) standardised, if there is a scaler, and in the given type."""
    if scaler is not None:
        x = (x - np.asarray(scaler.mean)) / np.asarray(scaler.std)
    return x.astype(dtype)
