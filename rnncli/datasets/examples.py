"""Sequences with targets as a network takes them, whole or in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

from rnncli.datasets.mapped import Mapped
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch

# Batches are cut to at most this many different lengths, so that few unrolled networks are needed.
_MAX_LENGTHS = 16


@dataclass(frozen=True)
class Examples:
    """All sequences of a split with their targets.

    Attributes
    ----------
    x : array (N, T, D)
        Standardized inputs in the network's type. Shorter sequences are padded with zeros at their
        beginning. Large arrays may still be on disk.
    y : array (N, K) or (N, T, K)
        Targets of the sequences, or of their time steps; NaN where a time step has none.
    lengths : array (N,) or None
        The number of time steps of each sequence; None if all have T.
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
        sequence_length = self.x.shape[1]
        start = sequence_length - rounded_length(int(lengths.max()), sequence_length)
        return Batch(x[:, start:], y if y.ndim == 2 else y[:, start:], lengths)


def rounded_length(length: int, longest: int) -> int:
    """Return a length, rounded up to one of at most 16 values up to the longest."""
    multiple = -(-longest // _MAX_LENGTHS)
    return min(longest, -(-length // multiple) * multiple)


def slices(count: int, size: int) -> Iterator[slice]:
    """Yield slices of a size that cover `count` sequences; the last one may be smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
