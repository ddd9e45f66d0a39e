"""Sequences with targets as a network takes them, whole or in batches."""

from dataclasses import dataclass

import numpy as np

from rnncli.datasets.mapped import Mapped
from rnncli.datasets.slices import slices
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.random_streams import generator

# Batches are cut to at most this many different lengths, so that few unrolled networks are needed.
_MAX_LENGTHS = 16
# Sequences of different lengths are sorted within pools of this many batches.
_BATCHES_IN_POOL = 16


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

    carries_state = False

    def __len__(self) -> int:
        return len(self.x)

    def epoch(self, batch_size: int, shuffle: bool, seed: int, epoch: int) -> "ShuffledBatches":
        """Return the batches of a training epoch."""
        order = np.arange(len(self))
        if shuffle:
            order = shuffled_order(len(self), self.lengths, batch_size, seed, epoch)
        return ShuffledBatches(self, order, batch_size)

    def batch(self, index: Array) -> Batch:
        """Return the sequences at `index`, cut to about the length of the longest of them."""
        x, y = self.x.take(index, 0), self.y.take(index, 0)
        if self.lengths is None:
            return Batch(x, y)
        lengths = self.lengths[index]
        sequence_length = self.x.shape[1]
        start = sequence_length - rounded_length(int(lengths.max()), sequence_length)
        return Batch(x[:, start:], y if y.ndim == 2 else y[:, start:], lengths)


class ShuffledBatches:
    """The batches of sequences in a given order; the last one may be smaller."""

    def __init__(self, examples: Examples, order: Array, batch_size: int) -> None:
        self.examples, self.order, self.batch_size = examples, order, batch_size

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def batch(self, number: int) -> Batch:
        """Return a batch, counted from 0."""
        start = number * self.batch_size
        return self.examples.batch(self.order[start : start + self.batch_size])


def shuffled_order(
    count: int, lengths: Array | None, batch_size: int, seed: int, epoch: int
) -> Array:
    """Return the order of sequences in an epoch; the same arguments reproduce it.

    Sequences of similar length share a batch: within a pool of batches the shuffled sequences are
    sorted by length, and then the batches are shuffled.
    """
    rng = generator(seed, "shuffle", epoch)
    order = rng.permutation(count)
    if lengths is None:
        return order
    for pool in slices(count, batch_size * _BATCHES_IN_POOL):
        order[pool] = order[pool][lengths[order[pool]].argsort(kind="stable")]
    whole = count // batch_size * batch_size
    shuffled = rng.permutation(order[:whole].reshape(-1, batch_size))
    return np.concatenate([shuffled.ravel(), order[whole:]])


def rounded_length(length: int, longest: int) -> int:
    """Return a length, rounded up to one of at most 16 values up to the longest."""
    multiple = -(-longest // _MAX_LENGTHS)
    return min(longest, -(-length // multiple) * multiple)
