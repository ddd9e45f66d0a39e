"""One level of a stack: a layer, or two that read the sequence in opposite directions."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells import Layer


class Level:
    """The layers of one level, forward and perhaps reverse, seen as one.

    Attributes
    ----------
    layers : list of Layer
        The forward layer and, if there are two directions, the reverse one, which holds the same
        sequence with its time turned round.
    outputs : array (T, F, B)
        The states after each step, in the order of time; F is H for each direction.
    """

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers
        self.forward_layer = layers[0]
        self.steps, self.hidden, self.batch = layers[0].outputs.shape
        self.lengths: Array | None = None
        if len(layers) == 1:
            self.outputs = layers[0].outputs
        else:
            shape = (self.steps, 2 * self.hidden, self.batch)
            self.outputs = np.empty(shape, layers[0].weights.dtype)

    def set_lengths(self, lengths: Array | None) -> None:
        """Say how many steps each sequence (B,) has; None for all of them."""
        self.lengths = lengths
        for direction, layer in enumerate(self.layers):
            if lengths is None:
                layer.mask = None
                continue
            place = np.arange(self.steps)[:, np.newaxis, np.newaxis]
            # Turned round, a sequence stands at the beginning.
            held = place < lengths if direction else place >= self.steps - lengths
            layer.mask = held.astype(layer.weights.dtype)

    def set_inputs(self, x: Array) -> None:
        """Give each layer the inputs (T, D, B)."""
        self.forward_layer.inputs[...] = x
        if len(self.layers) == 2:
            self.layers[1].inputs[...] = x[::-1]

    def forward(self) -> None:
        """Fill `outputs`."""
        for layer in self.layers:
            layer.forward()
        if len(self.layers) == 2:
            self.outputs[:, : self.hidden] = self.layers[0].outputs
            self.outputs[:, self.hidden :] = self.layers[1].outputs[::-1]

    def final(self) -> Array:
        """Return the states (F, B) with which each direction ends."""
        ends = [self.layers[0].outputs[-1]]
        if len(self.layers) == 2:
            reverse = self.layers[1].outputs
            if self.lengths is None:
                ends.append(reverse[-1])
            else:
                ends.append(reverse[self.lengths - 1, :, np.arange(self.batch)].T)
        return np.concatenate(ends)

    def backward(self, final: Array | None, upstream: Array | None, through_start: bool) -> None:
        """Fill the gradients of all layers.

        Parameters
        ----------
        final : array (F, B) or None
            Derivatives with respect to `final()`.
        upstream : array (T, F, B) or None
            Derivatives with respect to `outputs`.
        through_start : bool
            Whether the derivatives with respect to the initial states are wanted.
        """
        if len(self.layers) == 1:
            layer = self.forward_layer
            layer.prepare_backward()
            layer.flow[...] = 0 if final is None else final
            layer.backward(upstream, through_start)
            return
        for direction, layer in enumerate(self.layers):
            layer.prepare_backward()
            rows = slice(direction * self.hidden, (direction + 1) * self.hidden)
            above = None if upstream is None else upstream[:: -1 if direction else 1, rows]
            if final is None:
                layer.flow[...] = 0
            elif direction == 0 or self.lengths is None:
                layer.flow[...] = final[rows]
            else:
                layer.flow[...] = 0
                above = np.zeros_like(layer.outputs) if above is None else above.copy()
                above[self.lengths - 1, :, np.arange(self.batch)] += final[rows].T
            layer.backward(above, through_start)

    def backward_to_inputs(self) -> Array:
        """Return the derivatives with respect to the inputs (T, D, B)."""
        gradient = self.layers[0].backward_to_inputs()
        if len(self.layers) == 2:
            gradient += self.layers[1].backward_to_inputs()[::-1]
        return gradient
