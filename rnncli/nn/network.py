"""A stack of recurrent layers and a linear head over one flat parameter vector."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from rnncli.nn.arrays import Array
from rnncli.nn.cells import CELLS
from rnncli.nn.initialization import INITIALIZATIONS
from rnncli.nn.unrolled import Unrolled

_BYTES_UNROLLED = 1 << 28


@dataclass(frozen=True)
class Architecture:
    """The config section ``model``: what, besides the data, fixes the network's shape."""

    cell: Annotated[
        Literal["tanh", "relu", "lstm", "gru"], Field(description="the recurrent cell")
    ] = "tanh"
    hidden_size: Annotated[
        int, Field(ge=1, le=8192, description="units per layer and direction")
    ] = 32
    num_layers: Annotated[
        int, Field(ge=1, le=64, description="number of stacked recurrent layers")
    ] = 1
    bidirectional: Annotated[
        bool, Field(description="whether to read the sequence in both directions")
    ] = False
    dropout: Annotated[
        float,
        Field(ge=0, lt=1, description="dropout probability between layers during training"),
    ] = 0.0
    pooling: Annotated[
        Literal["last", "mean", "max"],
        Field(description="how the hidden states of a sequence are pooled"),
    ] = "last"
    output: Annotated[
        Literal["sequence", "every_step"],
        Field(description="one prediction per sequence, or one per time step"),
    ] = "sequence"
    dtype: Annotated[
        Literal["float32", "float64"],
        Field(description="floating-point type of weights and arithmetic"),
    ] = "float32"
    initialization: Annotated[
        Literal["orthogonal", "uniform"], Field(description="initialization of the weights")
    ] = "orthogonal"

    @property
    def directions(self) -> tuple[str, ...]:
        """The ends of the layers' names: one for each direction."""
        return ("", "_reverse") if self.bidirectional else ("",)


class Network:
    """Recurrent layers and a head: z = W_head [features; 1].

    Parameters
    ----------
    architecture : Architecture
        Cell, sizes and precision.
    input_size, output_size : int
        D and O.
    dtype : dtype, optional
        In place of the architecture's own; complex128 serves the gradient check.

    Attributes
    ----------
    parameters, gradient : array (P,)
        All weights in one vector, and the derivative of the last loss with respect to them.
    arrays, gradients : dict of str to tuple of array
        Views into the two vectors by PyTorch's names, gate by gate in its order. Two biases that
        only act as their sum are one, under the name ``bias_ih``.
    """

    def __init__(
        self,
        architecture: Architecture,
        input_size: int,
        output_size: int,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.architecture = architecture
        self.input_size, self.output_size = input_size, output_size
        self.cell = CELLS[architecture.cell]
        hidden, ways = architecture.hidden_size, len(architecture.directions)
        sizes = [input_size] + [ways * hidden] * (architecture.num_layers - 1)
        rows = hidden * self.cell.gates
        shapes = [(rows, size + hidden + 1) for size in sizes for _ in range(ways)]
        shapes += [(output_size, ways * hidden + 1)]
        total = sum(rows * columns for rows, columns in shapes)
        self.parameters = np.zeros(total, architecture.dtype if dtype is None else dtype)
        self.gradient = np.zeros_like(self.parameters)
        *self.layer_weights, self.head_weights = _split(self.parameters, shapes)
        *self.layer_gradients, self.head_gradient = _split(self.gradient, shapes)
        self.arrays = self._named(self.layer_weights, self.head_weights)
        self.gradients = self._named(self.layer_gradients, self.head_gradient)
        self._unrolled: dict[tuple[int, int], Unrolled] = {}

    def _named(self, layers: list[Array], head: Array) -> dict[str, tuple[Array, ...]]:
        ends = self.architecture.directions
        arrays = {}
        for number, weights in enumerate(layers):
            end = f"l{number // len(ends)}{ends[number % len(ends)]}"
            for name, blocks in self.cell.blocks(weights).items():
                arrays[f"rnn.{name}_{end}"] = blocks
        return arrays | {"head.weight": (head[:, :-1],), "head.bias": (head[:, -1],)}

    @property
    def num_parameters(self) -> int:
        """How many weights can change; the vector holds zeros of the GRU besides."""
        return sum(block.size for blocks in self.arrays.values() for block in blocks)

    def initialize(self, rng: np.random.Generator) -> "Network":
        """Draw starting weights; the same generator gives the same ones at any precision."""
        start = INITIALIZATIONS[self.architecture.initialization]
        for weights in self.layer_weights:
            blocks = self.cell.blocks(weights)
            start.fill_layer(blocks, rng)
            if start.cell_biases:
                self.cell.start_biases(blocks)
        start.fill_head(self.head_weights, rng)
        return self

    def astype(self, dtype: npt.DTypeLike) -> "Network":
        """Return a copy that calculates in another precision, real or complex."""
        copy = Network(self.architecture, self.input_size, self.output_size, dtype)
        copy.parameters[...] = self.parameters
        return copy

    def unroll(self, steps: int, batch: int) -> Unrolled:
        """Return the network laid out for T steps and a batch of B, kept for reuse.

        The layouts that were not used for longest go when all of them grow large.
        """
        key = (steps, batch)
        if key in self._unrolled:
            self._unrolled[key] = self._unrolled.pop(key)
            return self._unrolled[key]
        size = self.bytes_unrolled(steps, batch)
        kept = sum(self.bytes_unrolled(*key) for key in self._unrolled)
        for old in list(self._unrolled):
            if kept + size > _BYTES_UNROLLED:
                kept -= self.bytes_unrolled(*old)
                del self._unrolled[old]
        self._unrolled[key] = Unrolled(self, steps, batch)
        return self._unrolled[key]

    def bytes_unrolled(self, steps: int, batch: int) -> int:
        """Return about how many bytes the network takes, laid out for training."""
        rows = sum(2 * weights.shape[0] + 2 * weights.shape[1] for weights in self.layer_weights)
        return int(steps * batch * rows) * self.parameters.itemsize

    def flops(self, steps: int, batch: int) -> int:
        """Return the multiplications and additions of one training step's matrix products."""
        products = 3 * self.head_weights.size
        ways, hidden = len(self.architecture.directions), self.architecture.hidden_size
        for number, weights in enumerate(self.layer_weights):
            rows, columns = weights.shape
            inputs = columns - hidden - 1 if number >= ways else 0
            forward_and_weights = 2 * steps * rows * columns
            backward = (steps - 1) * rows * hidden + steps * rows * inputs
            products += forward_and_weights + backward
        return 2 * batch * products


def _split(vector: Array, shapes: list[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
