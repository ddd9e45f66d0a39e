"""From the outputs of the top layer to the features of the head: pooled, or for every time step.

The array of features ends with a row of ones, which multiplies the head's bias.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.layer import UnrolledLayer

Pooling = Literal["last", "mean", "max"]


class Readout(Protocol):
    """The features that the head reads, from the outputs of the top layer.

    Attributes
    ----------
    features : array (F+1, N)
        A column for each of the N predictions; filled by `forward`.
    """

    features: Array

    def forward(self) -> None:
        """Fill `features`."""
        ...

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """Return the gradients with respect to the final outputs (F, B) and all outputs (T, F, B).

        The gradient of the loss is the sum of what flows through the two; None stands for zeros.

        Parameters
        ----------
        gradient : array (F, N)
            The gradient with respect to the features.
        """
        ...


class Last:
    """The output after the last time step that each direction reads: N = B."""

    def __init__(self, layer: UnrolledLayer) -> None:
        self.layer = layer
        # With one direction the features are the last state of the cell, with its row of ones.
        self.in_place = len(layer.cells) == 1
        self.features = layer.cells[0].last if self.in_place else _with_ones(layer)

    def forward(self) -> None:
        """See `Readout.forward`."""
        if not self.in_place:
            self.features[:-1] = self.layer.final_outputs()

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        return gradient, None


class Mean:
    """The mean over the time steps of a sequence: N = B."""

    def __init__(self, layer: UnrolledLayer) -> None:
        self.layer, self.features = layer, _with_ones(layer)

    def forward(self) -> None:
        """See `Readout.forward`."""
        # Outputs are zero before a sequence begins.
        np.add.reduce(self.layer.outputs, axis=0, out=self.features[:-1])
        self.features[:-1] /= self._lengths()

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        return None, np.broadcast_to(gradient / self._lengths(), self.layer.outputs.shape)

    def _lengths(self) -> Array:
        layer = self.layer
        if layer.lengths is None:
            return np.full(layer.batch_size, layer.sequence_length)
        return layer.lengths


class Max:
    """The maximum of each unit over the time steps of a sequence: N = B."""

    def __init__(self, layer: UnrolledLayer) -> None:
        self.layer, self.features = layer, _with_ones(layer)

    def forward(self) -> None:
        """See `Readout.forward`."""
        values = self.layer.outputs.real
        mask = self.layer.cells[0].mask
        if mask is not None:
            values = np.where(mask.real > 0, values, -np.inf)
        self.steps = values.argmax(axis=0)[np.newaxis]
        self.features[:-1] = np.take_along_axis(self.layer.outputs, self.steps, axis=0)[0]

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        grad_outputs = np.zeros_like(self.layer.outputs)
        np.put_along_axis(grad_outputs, self.steps, gradient[np.newaxis], axis=0)
        return None, grad_outputs


class EveryStep:
    """The output of every time step: N = T*B, time step by time step."""

    def __init__(self, layer: UnrolledLayer) -> None:
        self.layer = layer
        sequence_length, width, batch = layer.outputs.shape
        self.by_step = np.ones((width + 1, sequence_length, batch), layer.outputs.dtype)
        self.features = self.by_step.reshape(width + 1, -1)

    def forward(self) -> None:
        """See `Readout.forward`."""
        self.by_step[:-1] = self.layer.outputs.transpose(1, 0, 2)

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        sequence_length, width, batch = self.layer.outputs.shape
        return None, gradient.reshape(width, sequence_length, batch).transpose(1, 0, 2)


class SideBySide:
    """The features of several poolings, in the order given: N = B."""

    def __init__(self, layer: UnrolledLayer, readouts: Sequence[Readout]) -> None:
        self.readouts = readouts
        self.features = _with_ones(layer, len(readouts))
        self.parts = np.split(self.features[:-1], len(readouts))

    def forward(self) -> None:
        """See `Readout.forward`."""
        for readout, rows in zip(self.readouts, self.parts, strict=True):
            readout.forward()
            rows[...] = readout.features[:-1]

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        grad_final, grad_outputs = None, None
        parts = np.split(gradient, len(self.readouts))
        for readout, grad_part in zip(self.readouts, parts, strict=True):
            final, outputs = readout.backward(grad_part)
            grad_final = _sum(grad_final, final)
            grad_outputs = _sum(grad_outputs, outputs)
        return grad_final, grad_outputs


def _with_ones(layer: UnrolledLayer, num_poolings: int = 1) -> Array:
    width = num_poolings * layer.outputs.shape[1]
    return np.ones((width + 1, layer.batch_size), layer.outputs.dtype)


def _sum(total: Array | None, gradient: Array | None) -> Array | None:
    if total is None or gradient is None:
        return gradient if total is None else total
    return total + gradient


POOLINGS: dict[Pooling, Callable[[UnrolledLayer], Readout]] = {
    "last": Last,
    "mean": Mean,
    "max": Max,
}
