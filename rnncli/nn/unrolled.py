"""A network laid out over T steps for a batch of B: all buffers, allocated once."""

from typing import TYPE_CHECKING

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells import Layer
from rnncli.nn.level import Level
from rnncli.nn.readout import POOLINGS, EveryStep

if TYPE_CHECKING:
    from rnncli.nn.network import Network


class Unrolled:
    """A network over T steps for a batch of B.

    Attributes
    ----------
    levels : list of Level
        The stack, from the inputs up.
    inputs : array (T, D, B)
        Fill in before `forward`; only `load` serves two directions.
    outputs : array (O, B), or (O, T*B) for an answer at every step
        The result of `forward`.
    drops : list of array (F, B)
        For each level but the last, what its units are multiplied with on their way up; empty for
        no dropout.
    """

    def __init__(self, network: "Network", steps: int, batch: int) -> None:
        architecture = network.architecture
        pairs = zip(network.layer_weights, network.layer_gradients, strict=True)
        layers = [network.cell(*pair, steps, batch) for pair in pairs]
        ways = len(architecture.directions)
        self.levels = [Level(layers[i : i + ways]) for i in range(0, len(layers), ways)]
        self.top = self.levels[-1]
        make = EveryStep if architecture.output == "every_step" else POOLINGS[architecture.pooling]
        self.readout = make(self.top)
        self.inputs = self.levels[0].forward_layer.inputs
        self.head, self.head_gradient = network.head_weights, network.head_gradient
        self.head_transposed = self.head[:, :-1].T
        columns = self.readout.features.shape[1]
        self.outputs = np.empty((len(self.head), columns), self.head.dtype)
        self.features_gradient = np.empty((self.head.shape[1] - 1, columns), self.head.dtype)
        self.drops: list[Array] = []
        self.lengths: Array | None = None

    @property
    def layers(self) -> list[Layer]:
        """All layers, from the inputs up, the forward direction first."""
        return [layer for level in self.levels for layer in level.layers]

    def load(self, x: Array, lengths: Array | None = None) -> None:
        """Fill in sequences (B, T, D); shorter ones of the given lengths (B,) stand at the end."""
        if lengths is not None or self.lengths is not None:
            self.lengths = lengths
            for level in self.levels:
                level.set_lengths(lengths)
        self.levels[0].set_inputs(x.transpose(1, 2, 0))

    def draw_drops(self, part: float, rng: np.random.Generator) -> None:
        """Draw which units are silent between levels, the same at every step of a sequence.

        Source: Y. Gal & Z. Ghahramani, "A theoretically grounded application of dropout in
        recurrent neural networks", NIPS 2016.
        """
        shape, dtype = self.top.outputs.shape[1:], self.head.dtype
        self.drops = [
            (rng.random(shape) >= part).astype(dtype) / dtype.type(1 - part)
            for _ in self.levels[1:]
        ]

    def forward(self) -> Array:
        """Return the outputs for what `load` filled in."""
        below: Level | None = None
        for number, level in enumerate(self.levels):
            if below is not None:
                drop = self.drops[number - 1] if self.drops else None
                level.set_inputs(below.outputs if drop is None else below.outputs * drop)
            level.forward()
            below = level
        return np.dot(self.head, self.readout.forward(), self.outputs)

    def backward(self, output_gradient: Array, to_inputs: bool = False) -> None:
        """Fill the network's `gradient` from the loss's derivative with respect to `outputs`.

        Parameters
        ----------
        output_gradient : array, the shape of `outputs`
            dL/dz.
        to_inputs : bool
            Whether the derivatives with respect to the inputs, `input_gradient`, and to the
            initial states are wanted too.
        """
        np.dot(output_gradient, self.readout.features.T, out=self.head_gradient)
        gradient = np.dot(self.head_transposed, output_gradient, self.features_gradient)
        final, upstream = self.readout.backward(gradient)
        for number in reversed(range(len(self.levels))):
            level = self.levels[number]
            level.backward(final, upstream, through_start=to_inputs)
            final = None
            if number:
                upstream = level.backward_to_inputs()
                if self.drops:
                    upstream *= self.drops[number - 1]
            elif to_inputs:
                self.input_gradient = level.backward_to_inputs()
