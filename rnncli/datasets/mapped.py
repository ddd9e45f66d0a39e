"""Sequences that stay on disk, and are read and scaled batch by batch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncli.nn.arrays import Array

# Smaller files are read into memory, which is faster.
MAPPED_FROM_BYTES = 1 << 28
_NUMBERS_PER_CHUNK = 1 << 20


class Mapped:
    """An array (N, T, D) in a memory-mapped file, of which only selections are read.

    Parameters
    ----------
    base : array (M, T, D)
        The mapped file.
    index : array (N,), optional
        The selected sequences of the file; all by default.
    shift, scale : array (D,), optional
        What is subtracted from each feature, and what it is divided by afterwards.
    dtype : dtype, optional
        The type of selections.
    """

    ndim = 3

    def __init__(
        self,
        base: Array,
        index: Array | None = None,
        shift: Array | None = None,
        scale: Array | None = None,
        dtype: Any = None,
    ) -> None:
        self.base = base
        self.index = np.arange(len(base)) if index is None else index
        self.shift, self.scale = shift, scale
        self.dtype = np.dtype(base.dtype if dtype is None else dtype)
        self.shape = (len(self.index), *base.shape[1:])

    def __len__(self) -> int:
        return len(self.index)

    def take(self, index: Array, axis: int = 0) -> Array:
        """Return selected sequences as an array in memory.

        `axis` exists for compatibility with `numpy.ndarray.take`, and must be 0.
        """
        selected = self.base[self.index[index]]
        if self.shift is not None and self.scale is not None:
            selected = (selected - self.shift) / self.scale
        return selected.astype(self.dtype)

    def __getitem__(self, key: Any) -> Array:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        return self.take(rows)[(slice(None), *rest)]

    def subset(self, index: Array) -> "Mapped":
        """Return selected sequences, still on disk."""
        return Mapped(self.base, self.index[index], self.shift, self.scale, self.dtype)

    def scaled(self, shift: Array, scale: Array, dtype: Any) -> "Mapped":
        """Return the same sequences, still on disk, which are scaled when they are read."""
        return Mapped(self.base, self.index, shift, scale, dtype)


def chunks(x: "Array | Mapped") -> Iterator[tuple[int, Array]]:
    """Yield an array in chunks of bounded size, each with the number of its first sequence."""
    if not isinstance(x, Mapped):
        yield 0, x
        return
    size = max(1, _NUMBERS_PER_CHUNK // (x.shape[1] * x.shape[2]))
    for start in range(0, len(x), size):
        yield start, x[start : start + size]
