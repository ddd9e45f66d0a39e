"""The true gradients of all arrays of a network, without its backward pass.

The derivatives of the parts of the forward pass are measured one part at a time: loss, readout,
dropout, every time step of every cell, and the embedding. The chain rule joins them, from the loss
to the inputs. Everything between the cells is the code of `UnrolledNetwork.forward`, run with
cells whose outputs are given.

The work grows with the units and the time steps, not with the weights: for four layers of 128 units
it is about a second. A pass of the whole network for each entry takes over ten minutes there, and
copies of the batch, each with an entry of its own moved, are only 1.5 times faster than that: both
are bound by the products and the complex tanh.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from rnncli.gradients.derivatives import Derivative, output_gradient
from rnncli.gradients.local_steps import CellGradients
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.chunks import ALL_STEPS
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.parameters import Views


class _GivenOutputs(UnrolledCell):
    """A cell whose outputs are given: `forward` leaves them as they are."""

    def forward(self, steps: slice = ALL_STEPS) -> None:
        """See the class."""


class _GivenInputs:
    """An input stage that returns given inputs (T, D, B)."""

    def __init__(self, inputs: Array) -> None:
        self.inputs, self.width = inputs, inputs.shape[1]
        self.shapes: dict[str, tuple[int, ...]] = {}

    def forward(self, x: Array, parameters: dict[str, Array]) -> Array:
        """See `rnncli.nn.input_stage.InputStage.forward`."""
        return self.inputs

    def backward(self, x: Array, grad_inputs: Array, gradient: dict[str, Array]) -> None:
        """See `rnncli.nn.input_stage.InputStage.backward`; it has no parameters of its own."""


class _Connections:
    """What is between the cells of a network, and between them, the inputs and the head.

    It never mixes the units of a cell: a row of what is read comes from one unit, the same one for
    every H rows.

    Attributes
    ----------
    run, given : UnrolledNetwork
        The network after a forward pass, and the same with cells whose outputs are given.
    inputs : array (T, D, B)
        What the first layer reads.
    """

    def __init__(
        self, network: Network, batch: Batch, masks: DropoutMasks, derivative: Derivative
    ) -> None:
        self.batch, self.masks, self.derivative = batch, masks, derivative
        shape = (batch.x.shape[1], len(batch))
        self.run = network.unroll(*shape)
        self.run.forward(batch, masks)
        self.given = network.unroll(*shape, cell_class=_GivenOutputs)
        stage = network.layout.input_stage
        inputs = stage.forward(batch.x, network.views.input_stage)
        self.inputs = inputs.astype(network.parameters.dtype)
        self.given.input_stage = _GivenInputs(self.inputs)
        for cell, after in zip(self.given.cells, self.run.cells, strict=True):
            cell.outputs[...] = after.outputs
        self.given.forward(batch, masks)

    def by_step(self, columns: Array) -> Array:
        """Return values (F, N) for each prediction as (N/B, F, B)."""
        return columns.reshape(len(columns), -1, len(self.batch)).transpose(1, 0, 2)

    def gradient(self, values: Array, step: int, readers: list[tuple[Array, Array]]) -> Array:
        """Return the gradient with respect to ``values[step]`` (H, B).

        Parameters
        ----------
        values : array (T, H, B)
            The outputs of a cell, or the inputs.
        step : int
            The time step.
        readers : list of (array, array)
            The buffers (n, m*H, B) of what is read of them, and the gradients with respect to it.
        """
        units = (-1, *values.shape[1:])

        def read() -> Array:
            self.given.forward(self.batch, self.masks)
            return np.concatenate([buffer.reshape(units) for buffer, _ in readers])

        change = self.derivative(values, step, read)
        gradients = np.concatenate([gradient.reshape(units) for _, gradient in readers])
        total: Array = (gradients * change).sum(axis=0)
        return total


def true_gradients(
    network: Network,
    loss: Loss,
    batch: Batch,
    masks: DropoutMasks,
    derivative: Derivative,
    on_step: Callable[[], None] = lambda: None,
) -> dict[str, Array]:
    """Return the gradients of the mean loss with respect to all arrays, by name.

    Parameters
    ----------
    network : Network
        The network, in the precision that the method needs; its weights are moved and restored.
    loss, batch, masks
        The loss function, sequences and targets, and dropout masks.
    derivative : Derivative
        The method.
    on_step : callable
        Called after each time step of each cell.

    Returns
    -------
    dict of str to array
        Those of the weights have the names and shapes of a weights file; ``input`` (T, D, B) is
        that of inputs that are numbers, ``initial_state_l0`` (H, B) that of an initial state.
    """
    connections = _Connections(network, batch, masks, derivative)
    layout, run, given = network.layout, connections.run, connections.given
    views = layout.views(np.zeros(layout.size))
    grad_outputs = output_gradient(derivative, loss, run.outputs, batch.targets)
    views.head[...] = grad_outputs @ run.features.real.T
    features = connections.by_step(given.features[:-1])
    grad_features = connections.by_step(network.views.head[:, :-1].real.T @ grad_outputs)
    pooled, last_inputs = slice(layout.pooled_width), slice(layout.pooled_width, None)
    readers = [(features[:, pooled], grad_features[:, pooled])]
    initial: dict[str, Array] = {}
    per_layer = len(layout.architecture.directions)
    for first in reversed(range(0, len(run.cells), per_layer)):
        numbers = range(first, first + per_layer)
        layer = [CellGradients(run.cells[number], derivative) for number in numbers]
        for number, gradients in zip(numbers, layer, strict=True):
            of_step = partial(connections.gradient, given.cells[number].outputs, readers=readers)
            gradients.go_back(of_step, on_step)
            gradients.fill_weights(views.cells[number])
            for name, gradient in gradients.initial.items():
                initial[f"initial_{name}_{layout.cell_names[number]}"] = gradient
        readers = [
            (given.cells[number].inputs, gradients.inputs)
            for number, gradients in zip(numbers, layer, strict=True)
        ]
    if layout.head_width > layout.pooled_width:
        readers.append((features[:, last_inputs], grad_features[:, last_inputs]))
    steps = range(len(connections.inputs))
    grad_inputs = np.array([connections.gradient(connections.inputs, t, readers) for t in steps])
    _add_to_input_stage(views, network, batch, grad_inputs, derivative)
    arrays = {name: np.concatenate(blocks) for name, blocks in layout.named(views).items()}
    if not layout.input_stage.shapes:
        arrays["input"] = grad_inputs
    return arrays | initial


def _add_to_input_stage(
    views: Views, network: Network, batch: Batch, grad_inputs: Array, derivative: Derivative
) -> None:
    """Add the gradients of the input stage's parameters, which are vectors of symbols (V, D).

    Tied to the head, they already have its gradient.
    """
    stage, parameters = network.layout.input_stage, network.views.input_stage
    by_vector = grad_inputs.transpose(0, 2, 1)

    def read() -> Array:
        return stage.forward(batch.x, parameters).transpose(0, 2, 1)

    for name, vectors in parameters.items():
        for symbol in np.unique(batch.x):
            change = derivative(vectors, symbol, read)
            views.input_stage[name][symbol] += (by_vector * change).sum(axis=(0, 1))
