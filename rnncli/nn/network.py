"""A stack of recurrent layers and a linear head over one flat parameter vector."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from rnncli.keys import Key
from rnncli.nn.arrays import FLOATS, Array
from rnncli.nn.cells import CELLS, Layer
from rnncli.nn.initialization import INITIALIZATIONS

_UNROLLED_AT_ONCE = 8


@dataclass(frozen=True)
class Architecture:
    """The config section ``model``: what, besides the data, fixes the network's shape."""

    cell: Annotated[str, Key("the recurrent cell", choices=CELLS)] = "tanh"
    hidden_size: Annotated[int, Key("units in each layer", minimum=1, maximum=8192)] = 32
    num_layers: Annotated[int, Key("recurrent layers, stacked", minimum=1, maximum=64)] = 1
    dtype: Annotated[str, Key("precision of the weights and the arithmetic", choices=FLOATS)] = (
        "float32"
    )
    initialization: Annotated[
        str, Key("starting values of the weights", choices=INITIALIZATIONS)
    ] = "orthogonal"


class Network:
    """Recurrent layers and a head that reads the last state: z = W_head [h_T; 1].

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
    arrays, gradients : dict of str to array
        Views into the two vectors, by PyTorch's names. The layers hold one bias, the sum of
        PyTorch's two; it bears the name ``bias_ih``.
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
        hidden, rows = architecture.hidden_size, architecture.hidden_size * self.cell.gates
        sizes = [input_size] + [hidden] * (architecture.num_layers - 1)
        shapes = [(rows, size + hidden + 1) for size in sizes] + [(output_size, hidden + 1)]
        total = sum(rows * columns for rows, columns in shapes)
        self.parameters = np.zeros(total, architecture.dtype if dtype is None else dtype)
        self.gradient = np.zeros_like(self.parameters)
        *self.layer_weights, self.head_weights = _split(self.parameters, shapes)
        *self.layer_gradients, self.head_gradient = _split(self.gradient, shapes)
        self.arrays = _named(self.layer_weights, self.head_weights, hidden)
        self.gradients = _named(self.layer_gradients, self.head_gradient, hidden)
        self._unrolled: dict[tuple[int, int], Unrolled] = {}

    def initialize(self, rng: np.random.Generator) -> "Network":
        """Draw starting weights; the same generator gives the same ones at any precision."""
        fill_layer, fill_head = INITIALIZATIONS[self.architecture.initialization]
        for weights in self.layer_weights:
            fill_layer(weights, self.cell.gates, rng)
        fill_head(self.head_weights, rng)
        return self

    def astype(self, dtype: npt.DTypeLike) -> "Network":
        """Return a copy that calculates in another precision, real or complex."""
        copy = Network(self.architecture, self.input_size, self.output_size, dtype)
        copy.parameters[...] = self.parameters
        return copy

    def unroll(self, steps: int, batch: int) -> "Unrolled":
        """Return the network laid out for sequences of T steps in batches of B, kept for reuse."""
        key = (steps, batch)
        if key not in self._unrolled:
            if len(self._unrolled) == _UNROLLED_AT_ONCE:
                del self._unrolled[next(iter(self._unrolled))]
            self._unrolled[key] = Unrolled(self, steps, batch)
        return self._unrolled[key]

    def flops(self, steps: int, batch: int) -> int:
        """Return the multiplications and additions of one training step's matrix products."""
        head = 3 * self.head_weights.size
        products = 0
        for index, weights in enumerate(self.layer_weights):
            rows, columns = weights.shape
            inputs = columns - self.architecture.hidden_size - 1 if index else 0
            forward_and_weights = 2 * steps * rows * columns
            backward = (steps - 1) * rows * self.architecture.hidden_size + steps * rows * inputs
            products += forward_and_weights + backward
        return 2 * batch * (products + head)


class Unrolled:
    """A network laid out over T steps for a batch of B: all buffers, allocated once.

    Attributes
    ----------
    inputs : array (T, D, B)
        Fill in before `forward`.
    initial : list of array (H, B)
        The layers' states before the first step; zero unless filled in.
    outputs : array (O, B)
        The result of `forward`.
    """

    def __init__(self, network: Network, steps: int, batch: int) -> None:
        pairs = zip(network.layer_weights, network.layer_gradients, strict=True)
        self.layers: list[Layer] = [network.cell(*pair, steps, batch) for pair in pairs]
        self.inputs = self.layers[0].inputs
        self.initial = [layer.initial for layer in self.layers]
        self.head, self.head_gradient = network.head_weights, network.head_gradient
        self.head_recurrent = self.head[:, :-1].T
        self.outputs = np.empty((len(self.head), batch), self.head.dtype)

    def forward(self) -> Array:
        """Return the outputs (O, B) for what `inputs` and `initial` hold."""
        below = None
        for layer in self.layers:
            if below is not None:
                layer.inputs[...] = below.outputs
            layer.forward()
            below = layer
        return np.dot(self.head, self.layers[-1].last, self.outputs)

    def backward(self, output_gradient: Array, to_inputs: bool = False) -> None:
        """Fill the network's `gradient` from the loss's derivative with respect to `outputs`.

        Parameters
        ----------
        output_gradient : array (O, B)
            dL/dz.
        to_inputs : bool
            Whether the first layer's `input_gradient` and every layer's `flow`, the derivative
            with respect to its initial state, are wanted too.
        """
        top = self.layers[-1]
        top.prepare_backward()
        np.dot(output_gradient, top.last.T, out=self.head_gradient)
        np.dot(self.head_recurrent, output_gradient, out=top.flow)
        upstream = None
        for layer in reversed(self.layers):
            layer.prepare_backward()
            if layer is not top:
                layer.flow[...] = 0
            layer.backward(upstream, through_start=to_inputs)
            if to_inputs or layer is not self.layers[0]:
                upstream = layer.backward_to_inputs()


def _split(vector: Array, shapes: list[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _named(layers: list[Array], head: Array, hidden: int) -> dict[str, Array]:
    arrays = {}
    for index, weights in enumerate(layers):
        size = weights.shape[1] - hidden - 1
        arrays[f"rnn.weight_ih_l{index}"] = weights[:, :size]
        arrays[f"rnn.weight_hh_l{index}"] = weights[:, size:-1]
        arrays[f"rnn.bias_ih_l{index}"] = weights[:, -1]
    return arrays | {"head.weight": head[:, :-1], "head.bias": head[:, -1]}
