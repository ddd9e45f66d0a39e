"""Pooling of outputs that arrive piece by piece."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.readout import Pooling


class RunningPooling:
    """The pooled outputs of all time steps so far; see `rnncli.nn.readout` for the poolings.

    Parameters
    ----------
    poolings : tuple of Pooling
        In the order in which the head reads them.
    shape : tuple of int
        The shape of the outputs of one time step.
    dtype : dtype
        Their type; sums are in double precision, as there may be any number of time steps.
    """

    def __init__(
        self, poolings: tuple[Pooling, ...], shape: tuple[int, ...], dtype: np.dtype[np.floating]
    ) -> None:
        self.poolings, self.count = poolings, 0
        self.sum = np.zeros(shape)
        self.last, self.max = np.zeros(shape, dtype), np.full(shape, -np.inf, dtype)

    def add(self, outputs: Array) -> None:
        """Take the outputs (W, ...) of the next W time steps."""
        self.count += len(outputs)
        if "mean" in self.poolings:
            self.sum += outputs.sum(axis=0, dtype=float)
        if "max" in self.poolings:
            np.maximum(self.max, outputs.max(axis=0), out=self.max)
        self.last[...] = outputs[-1]

    def pooled(self) -> list[Array]:
        """Return the outputs pooled over all time steps so far, an array for each pooling."""
        values: dict[Pooling, Array] = {
            "last": self.last,
            "mean": (self.sum / self.count).astype(self.last.dtype),
            "max": self.max,
        }
        return [values[pooling] for pooling in self.poolings]
