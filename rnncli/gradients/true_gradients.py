"""The true gradients of all arrays of a network, without its backward pass.

The derivatives of the parts of the forward pass are measured one part at a time: loss, readout,
dropout, every time step of every cell, and the embedding. The chain rule joins them, from the loss
to the inputs. Everything between the cells is the code of `UnrolledNetwork.forward`, run with
cells whose outputs are given.
"""

from collections.abc import Callable

import numpy as np

from rnncli.gradients.derivatives import Derivative, output_gradient
from rnncli.gradients.local_steps import CellGradients
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.losses import Loss
from rnncli.nn.network import Network
from rnncli.nn.objective import UnrolledPool
from rnncli.nn.parameters import Views


class _GivenOutputs(UnrolledCell):
    """A cell whose outputs are given: `forward` leaves them as they are."""

    def forward(self) -> None:
        """See the class."""


class _GivenInputs:
    """An input stage that returns given inputs (T, D, B)."""

    def __init__(self, inputs: Array) -> None:
        self.inputs = inputs

    def forward(self, x: Array, parameters: dict[str, Array]) -> Array:
        """See `rnncli.nn.input_stage.InputStage.forward`."""
        return self.inputs


class _Connections:
    """What is between the cells of a network, and between them and the head.

    It never adds or mixes different units of a cell: a row of what is read comes from one unit.
    """

    def __init__(
        self, network: Network, batch: Batch, masks: DropoutMasks, derivative: Derivative
    ) -> None:
        self.network, self.batch, self.masks, self.derivative = network, batch, masks, derivative
        shape = (batch.x.shape[1], len(batch))
        self.run = UnrolledPool(network).get(*shape)
        self.run.forward(batch, masks)
        self.given = UnrolledPool(network, _GivenOutputs).get(*shape)
        x, parameters = batch.x, network.views.input_stage
        self.inputs = np.array(network.layout.input_stage.forward(x, parameters))
        self.given.input_stage = _GivenInputs(self.inputs)  # type: ignore[assignment]
        for cell, after in zip(self.given.cells, self.run.cells, strict=True):
            cell.outputs[...] = after.outputs

    def gradient(
        self, values: Array, step: int, readers: list[tuple[Callable[[], Array], Array]]
    ) -> Array:
        """Return the gradient with respect to ``values[step]`` (H, B).

        Parameters
        ----------
        values : array (T, H, B)
            The outputs of a cell, or the inputs.
        step : int
            The time step.
        readers : list of (callable, array (n, m*H, B))
            What is read of them after a pass, and the gradient with respect to it.
        """
        _, hidden, batch_size = values.shape

        def read() -> Array:
            self.given.forward(self.batch, self.masks)
            return np.concatenate(
                [reader().reshape(-1, hidden, batch_size) for reader, _ in readers]
            )

        gradients = [gradient.reshape(-1, hidden, batch_size) for _, gradient in readers]
        change = self.derivative(values, step, read)
        total: Array = (np.concatenate(gradients) * change).sum(axis=0)
        return total

    def features(self, rows: slice) -> Array:
        """Return rows of the features (F', N) of the last pass as (N/B, F', B)."""
        return self.by_step(self.given.features[rows])

    def by_step(self, columns: Array) -> Array:
        """Return (F, N) as (N/B, F, B)."""
        return columns.reshape(len(columns), -1, len(self.batch)).transpose(1, 0, 2)


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
    grad_outputs = output_gradient(derivative, loss, run.outputs, batch.targets)
    views = layout.views(np.zeros(layout.size))
    views.head[...] = grad_outputs @ run.features.real.T
    grad_features = connections.by_step(network.views.head[:, :-1].real.T @ grad_outputs)
    of_cells, of_inputs = slice(layout.pooled_width), slice(layout.pooled_width, -1)
    readers = [(lambda: connections.features(of_cells), grad_features[:, of_cells])]
    initial: dict[str, Array] = {}
    per_layer = len(layout.architecture.directions)
    for first in reversed(range(0, len(run.cells), per_layer)):
        below = []
        for number in range(first, first + per_layer):
            outputs = given.cells[number].outputs
            gradients = CellGradients(run.cells[number], derivative)
            gradients.go_back(
                lambda t, o=outputs, r=readers: connections.gradient(o, t, r), on_step
            )
            of_weights = gradients.weights()
            views.cells[number].matrix[...] = of_weights.matrix
            for name, vector in of_weights.vectors.items():
                views.cells[number].vectors[name][...] = vector
            for name, gradient in gradients.initial.items():
                initial[f"initial_{name}_{layout.cell_names[number]}"] = gradient
            reader = given.cells[number]
            below.append((lambda reader=reader: reader.inputs, gradients.inputs))
        readers = below
    if layout.head_width > layout.pooled_width:
        last = grad_features[:, layout.pooled_width :]
        readers.append((lambda: connections.features(of_inputs), last))
    steps = range(len(connections.inputs))
    grad_inputs = np.array([connections.gradient(connections.inputs, t, readers) for t in steps])
    _add_embedding(views, network, batch, grad_inputs, derivative)
    arrays = {name: np.concatenate(blocks) for name, blocks in layout.named(views).items()}
    if not layout.input_stage.shapes:
        arrays["input"] = grad_inputs
    return arrays | initial


def _add_embedding(
    views: Views, network: Network, batch: Batch, grad_inputs: Array, derivative: Derivative
) -> None:
    """Add the gradient of the input stage's parameters, which are rows of vectors (V, E)."""
    stage, parameters = network.layout.input_stage, network.views.input_stage
    by_vector = grad_inputs.transpose(0, 2, 1)
    for name, vectors in parameters.items():
        for symbol in np.unique(batch.x):

            def read() -> Array:
                return stage.forward(batch.x, parameters).transpose(0, 2, 1)

            change = derivative(vectors, symbol, read)
            views.input_stage[name][symbol] += (by_vector * change).sum(axis=(0, 1))
