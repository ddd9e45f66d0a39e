"""The features of the head: outputs of the top layer, pooled or of every time step, and inputs.

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
    """The features of several readouts, in the order given: N = B."""

    def __init__(self, readouts: Sequence[Readout]) -> None:
        self.readouts = readouts
        widths = [len(readout.features) - 1 for readout in readouts]
        ones = readouts[0].features[-1:]
        self.features = np.ones((sum(widths) + 1, ones.shape[1]), ones.dtype)
        self.ends = np.cumsum(widths[:-1])
        self.parts = np.split(self.features[:-1], self.ends)

    def forward(self) -> None:
        """See `Readout.forward`."""
        for readout, rows in zip(self.readouts, self.parts, strict=True):
            readout.forward()
            rows[...] = readout.features[:-1]

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`."""
        grad_final, grad_outputs = None, None
        parts = np.split(gradient, self.ends)
        for readout, grad_part in zip(self.readouts, parts, strict=True):
            final, outputs = readout.backward(grad_part)
            grad_final = _sum(grad_final, final)
            grad_outputs = _sum(grad_outputs, outputs)
        return grad_final, grad_outputs


class LastInputs:
    """The inputs of the last time steps, time step by time step: N = B.

    They make the head a linear autoregression beside the recurrent layers. Inputs before the
    beginning of a sequence are zero.

    Source: G. Lai et al., "Modeling long- and short-term temporal patterns with deep neural
    networks", SIGIR 2018, section 3.6.

    Parameters
    ----------
    layer : UnrolledLayer
        The first layer, whose inputs are read.
    num_steps : int
        How many time steps the head reads; a sequence may have fewer.
    """

    def __init__(self, layer: UnrolledLayer, num_steps: int) -> None:
        self.layer, self.cell = layer, layer.cells[0]
        self.num_steps = min(num_steps, layer.sequence_length)
        num_inputs, batch_size = self.cell.inputs.shape[1:]
        self.features = np.zeros((num_steps * num_inputs + 1, batch_size), layer.outputs.dtype)
        self.features[-1] = 1
        rows = self.features[-1 - self.num_steps * num_inputs : -1]
        self.by_step = rows.reshape(self.num_steps, num_inputs, batch_size)

    def forward(self) -> None:
        """See `Readout.forward`."""
        self.by_step[...] = self.masked(self.cell.inputs[-self.num_steps :])

    def backward(self, gradient: Array) -> tuple[Array | None, Array | None]:
        """See `Readout.backward`; the outputs of the layers have no part in the features."""
        return None, None

    def backward_to_inputs(self, gradient: Array) -> Array:
        """Return the gradient (P, D, B) with respect to the inputs of the last P time steps."""
        return self.masked(gradient[-self.by_step[:, :, 0].size :].reshape(self.by_step.shape))

    def masked(self, values: Array) -> Array:
        """Return values (P, D, B) of the last time steps, with zeros where there is padding."""
        mask = self.cell.mask
        return values if mask is None else values * mask[-self.num_steps :]


def _with_ones(layer: UnrolledLayer) -> Array:
    return np.ones((layer.outputs.shape[1] + 1, layer.batch_size), layer.outputs.dtype)


def _sum(total: Array | None, gradient: Array | None) -> Array | None:
    if total is None or gradient is None:
        return gradient if total is None else total
    return total + gradient


POOLINGS: dict[Pooling, Callable[[UnrolledLayer], Readout]] = {
    "last": Last,
    "mean": Mean,
    "max": Max,
}
