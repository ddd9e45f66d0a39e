"""Sequences with targets as a network takes them, whole or in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

from rnncli.datasets.mapped import Mapped
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch

# How many different lengths batches are cut to, so that few unrolled networks are needed.
_LENGTHS = 16


@dataclass(frozen=True)
class Examples:
    """All sequences of a split with their targets.

    Attributes
    ----------
    x : array (N, T, D)
        Standardized inputs in the network's type; shorter sequences stand at the end, after zeros.
        Large ones may stay on the disk.
    y : array (N, K) or (N, T, K)
        Targets of the sequences, or of their time steps; NaN where a time step has none.
    lengths : array (N,) or None
        How many time steps each sequence has; None where all have T.
    """

    x: Array | Mapped
    y: Array
    lengths: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, index: Array) -> Batch:
        """Return the sequences at `index`, cut to about the length of the longest of them."""
        x, y = self.x.take(index, 0), self.y.take(index, 0)
        if self.lengths is None:
            return Batch(x, y)
        lengths = self.lengths[index]
        num_steps = self.x.shape[1]
        start = num_steps - rounded_length(int(lengths.max()), num_steps)
        return Batch(x[:, start:], y if y.ndim == 2 else y[:, start:], lengths)


def rounded_length(length: int, longest: int) -> int:
    """Return how many time steps to calculate for a length: one of a few values."""
    grain = -(-longest // _LENGTHS)
    return min(longest, -(-length // grain) * grain)


def slices(count: int, size: int) -> Iterator[slice]:
    """Yield slices of a size that cover `count` sequences; the last one may be smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
