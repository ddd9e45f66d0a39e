"""Sequences that stay on disk, and are read, framed and scaled batch by batch."""

import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnncli.datasets.slices import slices
from rnncli.nn.arrays import Array

if TYPE_CHECKING:  # Frames read mapped files themselves.
    from rnncli.datasets.frames import Frames

# Smaller files are read into memory, which is faster.
MAPPED_FROM_BYTES = 1 << 28
_NUMBERS_PER_CHUNK = 1 << 20
# The pages are released whenever this many bytes have been read, so that they do not count as
# memory of the process.
_RELEASED_AFTER_BYTES = 1 << 26


def release_pages(array: Array) -> None:
    """Release the pages of an array in a mapped file, so that they do not count as memory.

    They stay in the system's cache, and are mapped again when they are read.
    """
    mapping: Any = getattr(array, "_mmap", None)
    if hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_DONTNEED)


class _Pages:
    """The pages of a mapped file, released periodically, shared by all selections from it."""

    def __init__(self, base: Array) -> None:
        self.base, self.bytes_read = base, 0

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as the place in the file: the content stays on the disk.
        file: Any = self.base
        order = "C" if file.flags.c_contiguous else "F"
        return _pages_of, (str(file.filename), file.dtype, file.offset, file.shape, order)

    def read(self, rows: Array) -> Array:
        """Return rows of the file."""
        selected: Array = self.base[rows]
        self.bytes_read += selected.nbytes
        if self.bytes_read >= _RELEASED_AFTER_BYTES:
            release_pages(self.base)
            self.bytes_read = 0
        return selected


def _pages_of(
    path: str, dtype: Any, offset: int, shape: tuple[int, ...], order: Literal["C", "F"]
) -> _Pages:
    return _Pages(np.memmap(path, dtype, "r", offset, shape, order))


class Mapped:
    """An array (N, T, D) in a memory-mapped file, of which only selections are read.

    Parameters
    ----------
    base : array (M, T, D), or the pages of another selection
        The mapped file.
    index : array (N,), optional
        The selected sequences of the file; all by default.
    shift, scale : array (D,), optional
        What is subtracted from each feature, and what it is divided by afterwards.
    dtype : dtype, optional
        The type of the selected arrays; by default, that of the file.
    frames : Frames, optional
        The frames that are made of the time steps before they are scaled.
    """

    ndim = 3

    def __init__(
        self,
        base: Array | _Pages,
        index: Array | None = None,
        shift: Array | None = None,
        scale: Array | None = None,
        dtype: Any = None,
        frames: "Frames | None" = None,
    ) -> None:
        self.pages = base if isinstance(base, _Pages) else _Pages(base)
        file = self.pages.base
        self.index = np.arange(len(file)) if index is None else index
        self.shift, self.scale, self.frames = shift, scale, frames
        self.dtype = np.dtype(file.dtype if dtype is None else dtype)
        _, steps, features = file.shape
        self.numbers_per_sequence = steps * features
        if frames is not None:
            steps, features = frames.num_frames(steps), frames.num_features(features)
        self.shape = (len(self.index), steps, features)

    def __len__(self) -> int:
        return len(self.index)

    def take(self, index: Array, axis: int = 0) -> Array:
        """Return selected sequences as an array in memory.

        `axis` exists for compatibility with `numpy.ndarray.take`, and must be 0.
        """
        rows = self.index[index]
        if self.frames is None:
            selected = self.pages.read(rows)
        else:
            selected = self.frames.in_memory(Mapped(self.pages, rows))
        if self.shift is not None and self.scale is not None:
            selected = (selected - self.shift) / self.scale
        # One sequence is a view of the file, several are in memory already.
        return selected.astype(self.dtype, copy=np.ndim(rows) == 0)

    def __getitem__(self, key: Any) -> Array:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        return self.take(rows)[(slice(None), *rest)]

    def subset(self, index: Array | slice) -> "Mapped":
        """Return selected sequences, still on disk."""
        return Mapped(
            self.pages, self.index[index], self.shift, self.scale, self.dtype, self.frames
        )

    def scaled(self, shift: Array, scale: Array, dtype: Any) -> "Mapped":
        """Return the same sequences, still on disk, which are scaled when they are read."""
        return Mapped(self.pages, self.index, shift, scale, dtype, self.frames)

    def framed(self, frames: "Frames") -> "Mapped":
        """Return the same sequences, still on disk, which are framed when they are read."""
        return Mapped(self.pages, self.index, dtype=float, frames=frames)


def chunks(x: "Array | Mapped") -> Iterator[tuple[int, Array]]:
    """Yield an array in chunks of bounded size, each with the number of its first sequence."""
    if not isinstance(x, Mapped):
        yield 0, x
        return
    size = max(1, _NUMBERS_PER_CHUNK // x.numbers_per_sequence)
    for part in slices(len(x), size):
        yield part.start, x[part]


def parts(x: Array, num_numbers: int = _NUMBERS_PER_CHUNK) -> Iterator[slice]:
    """Return slices that cover the sequences of an array (N, T, D), of about so many numbers."""
    return slices(len(x), max(1, num_numbers // max(1, x[:1].size)))
