"""Dropout masks: the factors by which one training step multiplies what its network passes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class DropoutMasks:
    """The masks of one training step, each the same at all time steps of a sequence.

    `rnncli.nn.network.Network.draw_dropout_masks` draws them, and
    `rnncli.nn.unrolled.UnrolledNetwork` applies them, forward and backward. A unit is dropped with
    probability p, and otherwise multiplied by 1 / (1 - p), so that the mean remains.

    Attributes
    ----------
    layers : sequence of array (F, B)
        For each layer but the last, the factors of its outputs, as the next layer reads them; empty
        without dropout between layers.
    head : array (F, B) or None
        The factors of the features that the head reads; None without dropout there.
    """

    layers: Sequence[Array] = ()
    head: Array | None = None

    def part(self, part: slice) -> "DropoutMasks":
        """Return the masks of some of the sequences of the batch."""
        head = None if self.head is None else self.head[:, part]
        return DropoutMasks([mask[:, part] for mask in self.layers], head)


NO_DROPOUT = DropoutMasks()


def draw_mask(
    shape: tuple[int, int], rate: float, dtype: np.dtype[Any], rng: np.random.Generator
) -> Array:
    """Return a mask (F, B) of zeros, with probability `rate`, and 1 / (1 - rate)."""
    mask: Array = (rng.random(shape) >= rate).astype(dtype) / dtype.type(1 - rate)
    return mask


def apply_mask(values: Array, mask: Array, out: Array) -> None:
    """Multiply values (F, N) by a mask (F, B) into `out`; N is B, or T*B time step by time step."""
    shape = (len(mask), -1, mask.shape[1])
    np.multiply(values.reshape(shape), mask[:, np.newaxis], out=out.reshape(shape))
