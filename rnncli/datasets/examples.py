"""Sequences with targets as a network takes them, whole or in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnncli.datasets.mapped import Mapped
from rnncli.nn.arrays import Array

_LENGTHS = 16


@dataclass(frozen=True)
class Examples:
    """Sequences and their targets as the network takes them.

    Attributes
    ----------
    x : array (N, T, D)
        Standardised inputs in the network's type; shorter sequences stand at the end, after zeros.
    y : array (N, K) or (N, T, K)
        Targets of the sequences, or of their steps; NaN where a step has none.
    lengths : array (N,), optional
        How many steps each sequence has; None where all have T.
    """

    x: Array | Mapped
    y: Array
    lengths: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def inputs(self) -> Array:
        """The inputs of a batch, which are in memory."""
        return self.x.take(np.arange(len(self.x))) if isinstance(self.x, Mapped) else self.x

    def take(self, index: Array) -> "Examples":
        """Return a batch, cut to the length of its longest sequence."""
        x, y = self.x.take(index, 0), self.y.take(index, 0)
        if self.lengths is None:
            return Examples(x, y)
        lengths = self.lengths[index]
        steps = self.x.shape[1]
        start = steps - rounded_up(int(lengths.max()), steps)
        return Examples(x[:, start:], y if y.ndim == 2 else y[:, start:], lengths)


def rounded_up(length: int, longest: int) -> int:
    """Return how many steps to calculate for a length: one of a few, so that buffers are reused."""
    grain = -(-longest // _LENGTHS)
    return min(longest, -(-length // grain) * grain)


def batches(count: int, size: int) -> Iterator[slice]:
    """Yield slices that cover `count` sequences, the last one perhaps smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
