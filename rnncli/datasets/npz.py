"""NumPy files: ``x (N, T, D)`` or ``(N, T)``, and ``y`` with the labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.files import FileData
from rnncli.datasets.mapped import MAPPED_FROM_BYTES, Mapped
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.untrusted.arrays import open_arrays
from rnncli.errors import InputError
from rnncli.nn.arrays import Array

_NUMBERS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Npz(FileData):
    """The config section ``data`` of kind npz; an ``.npy`` file has its labels in another."""

    kind: Literal["npz"] = "npz"
    label_path: Annotated[
        Path | None, Field(description="labels of `path` where that is an .npy file")
    ] = None

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences."""
        arrays = open_arrays(path)
        labels = arrays.get("y")
        if labels is None and path == self.path and self.label_path is not None:
            labels = next(iter(open_arrays(self.label_path).values()))
        if labels is None:
            raise InputError(
                f"{path}: has no labels; an .npz file with a member 'y', or data.label_path, "
                "was expected"
            )
        return labelled(path, arrays, labels)


def labelled(path: Path, arrays: dict[str, Array], labels: Array | None) -> Sequences:
    """Return the sequences of a file's arrays, their shapes and types checked."""
    x = arrays.get("x")
    if x is None:
        raise InputError(f"{path}: has no member 'x'; it holds {', '.join(arrays) or 'nothing'}")
    if x.dtype.kind not in "fiub" or x.ndim not in (2, 3) or not x.size:
        raise InputError(
            f"{path}: x has shape {x.shape} and type {x.dtype}; numbers (N, T, D) or (N, T) "
            "were expected"
        )
    if labels is not None:
        if labels.dtype.kind not in "fiubU" or labels.ndim not in (1, 2) or len(labels) != len(x):
            raise InputError(
                f"{path}: y has shape {labels.shape} and type {labels.dtype}; {len(x)} labels "
                "or rows of values were expected"
            )
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            index = int(np.argwhere(~np.isfinite(labels))[0][0])
            raise InputError(f"{path}: sequence {index}: label {labels[index]} is not finite")
    x = x if x.ndim == 3 else x[:, :, np.newaxis]
    large = x.nbytes >= MAPPED_FROM_BYTES and isinstance(x, np.memmap)
    with np.errstate(over="ignore"):  # what does not fit is found where values are checked
        inputs = Mapped(x) if large else np.array(x, float)
    return Sequences(inputs, labels, str(path), range(len(x)), lines=False)


def read_npz(path: Path) -> Iterator[Sequences]:
    """Yield the file's sequences, with labels where it has them, in parts of bounded size."""
    arrays = open_arrays(path)
    whole = labelled(path, arrays, arrays.get("y"))
    at_once = max(1, _NUMBERS_AT_ONCE // (whole.x.shape[1] * whole.x.shape[2]))
    for start in range(0, len(whole), at_once):
        part = slice(start, start + at_once)
        labels = None if whole.labels is None else whole.labels[part]
        numbers = range(start, min(start + at_once, len(whole)))
        yield Sequences(np.array(whole.x[part], float), labels, whole.source, numbers, lines=False)
