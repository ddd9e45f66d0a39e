"""NumPy files: ``x (N, T, D)`` or ``(N, T)``, and ``y`` with the labels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.files import FileData
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.mapped import MAPPED_FROM_BYTES, Mapped
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.untrusted.arrays import NPY_ADVICE, open_arrays
from rnncli.errors import InputError
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array

_NUMBERS_PER_BATCH = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Npz(FileData):
    """The config section ``data`` of kind npz; the labels of an ``.npy`` file are in another."""

    extensions: ClassVar[tuple[str, ...]] = (".npz", ".npy")

    kind: Literal["npz"] = "npz"
    label_path: Annotated[
        Path | None, Field(description="the labels of `path`, if that is an .npy file")
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
        return _sequences(path, arrays, labels)

    @classmethod
    def read_inputs(cls, path: Path, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
        """Yield the sequences of a file, with labels where it has them."""
        arrays = open_arrays(path)
        whole = _sequences(path, arrays, arrays.get("y"))
        batch_size = max(1, _NUMBERS_PER_BATCH // (whole.x.shape[1] * whole.x.shape[2]))
        for start in range(0, len(whole), batch_size):
            batch = whole.take(np.arange(start, min(start + batch_size, len(whole))))
            yield replace(batch, x=np.array(batch.x[:], float))


def _sequences(path: Path, arrays: dict[str, Array], labels: Array | None) -> Sequences:
    """Return the sequences in a file's arrays, whose shapes and types are checked."""
    x = arrays.get("x")
    if x is None:
        raise InputError(f"{path}: has no member 'x'; it holds {', '.join(arrays) or 'nothing'}")
    if x.dtype.kind not in "fiub" or x.ndim not in (2, 3) or not x.size:
        raise InputError(
            f"{path}: x has shape {x.shape} and type {x.dtype}; numbers (N, T, D) or (N, T) "
            "were expected"
        )
    if labels is not None:
        labels = _checked_labels(path, labels, len(x))
    x = x if x.ndim == 3 else x[:, :, np.newaxis]
    is_large = x.nbytes >= MAPPED_FROM_BYTES and isinstance(x, np.memmap)
    if not is_large:
        require_memory(8 * x.size, f"{path}: x in double precision", NPY_ADVICE)
    with np.errstate(over="ignore"):  # an overflow gives infinity, which is refused later
        inputs = Mapped(x) if is_large else np.array(x, float)
    return Sequences(inputs, labels, str(path), range(len(x)), unit="sequence")


def _checked_labels(path: Path, labels: Array, count: int) -> Array:
    """Return labels as (N,) or (N, K); raise `InputError` for an unsuitable array."""
    if labels.dtype.kind not in "fiubU" or labels.ndim not in (1, 2) or len(labels) != count:
        raise InputError(
            f"{path}: y has shape {labels.shape} and type {labels.dtype}; {count} labels "
            "or rows of values were expected"
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        index = int(np.argwhere(~np.isfinite(labels))[0][0])
        raise InputError(f"{path}: sequence {index}: label {labels[index]} is not finite")
    return labels
