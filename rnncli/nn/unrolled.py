"""A network unrolled over T time steps for a batch of B: all buffers, allocated once."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.dropout import NO_DROPOUT, DropoutMasks, apply_mask
from rnncli.nn.layer import UnrolledLayer
from rnncli.nn.parameters import Layout, Views
from rnncli.nn.readout import LastInputs, SideBySide
from rnncli.nn.stack import UnrolledStack


class UnrolledNetwork:
    """A network over T time steps for a batch of B.

    Every `forward` sets all buffers that it depends on: nothing remains of an earlier batch.

    Parameters
    ----------
    layout : Layout
        The network's shape.
    parameters, gradient : Views
        Its parameters, and where their gradient goes; both are kept, not copied.
    sequence_length, batch_size : int
        T and B.
    cell_class : type of UnrolledCell
        Another class where the cells are to be observed.
    on_several_cores : bool
        Whether the passes may use several cores.

    Attributes
    ----------
    cells : list of UnrolledCell
        All cells, from the first layer up, the forward direction first.
    features : array (F+1, N)
        What the head read in the last `forward`, after dropout, and a row of ones.
    grad_features : array (F, N)
        The gradient with respect to the features before dropout, after a `backward`.
    outputs : array (O, N)
        The result of `forward`: N is B, or T*B with a prediction for every time step.
    grad_inputs : array (T, D, B)
        The gradient with respect to what the first layer read, after a `backward` with `to_inputs`.
    """

    def __init__(
        self,
        layout: Layout,
        parameters: Views,
        gradient: Views,
        sequence_length: int,
        batch_size: int,
        cell_class: type[UnrolledCell] = UnrolledCell,
        on_several_cores: bool = False,
    ) -> None:
        architecture = layout.architecture
        self.input_stage, self.parameters, self.gradient = layout.input_stage, parameters, gradient
        self.sequence_length, self.batch_size = sequence_length, batch_size
        self.cells = [
            cell_class(architecture.cell, weights, grad, sequence_length, batch_size)
            for weights, grad in zip(parameters.cells, gradient.cells, strict=True)
        ]
        per_layer = len(architecture.directions)
        starts = range(0, len(self.cells), per_layer)
        self.layers = [UnrolledLayer(self.cells[i : i + per_layer]) for i in starts]
        self.stack = UnrolledStack(self.layers, on_several_cores)
        readouts = architecture.readouts(self.layers[-1])
        self.last_inputs = None
        if architecture.head_inputs:
            self.last_inputs = LastInputs(self.layers[0], architecture.head_inputs)
            readouts.append(self.last_inputs)
        self.readout = readouts[0] if len(readouts) == 1 else SideBySide(readouts)
        self.head_transposed = parameters.head[:, :-1].T
        self.features = self.readout.features
        # Dropout has a buffer of its own: the features may be states that backward reads.
        self.dropped = self.features.copy() if architecture.head_dropout else self.features
        columns = self.features.shape[1]
        self.outputs = np.empty((len(parameters.head), columns), parameters.head.dtype)
        self.grad_features = np.empty((layout.head_width, columns), parameters.head.dtype)
        self.grad_inputs = self.cells[0].grad_inputs
        self.ties_weights = architecture.tie_weights
        self.is_masked, self.has_initial_state = False, False

    def forward(self, batch: Batch, dropout_masks: DropoutMasks = NO_DROPOUT) -> Array:
        """Return the outputs (O, N) for the inputs of a batch.

        Parameters
        ----------
        batch : Batch
            B sequences of T time steps.
        dropout_masks : DropoutMasks, optional
            By default nothing is dropped.
        """
        needs_mask = batch.lengths is not None or batch.valid is not None
        if needs_mask or self.is_masked:
            self.is_masked = needs_mask
            for layer in self.layers:
                layer.set_mask(batch.lengths, batch.valid)
        self.x, self.dropout_masks = batch.x, dropout_masks
        initial_state = batch.initial_state
        if initial_state is not None or self.has_initial_state:
            self.has_initial_state = initial_state is not None
            for number, cell in enumerate(self.cells):
                cell.set_initial_state(None if initial_state is None else initial_state[number])
        x = self.input_stage.forward(batch.x, self.parameters.input_stage)
        self.stack.forward(x, dropout_masks)
        self.readout.forward()
        self.features = self.readout.features
        if dropout_masks.head is not None:
            apply_mask(self.features[:-1], dropout_masks.head, out=self.dropped[:-1])
            self.features = self.dropped
        return np.dot(self.parameters.head, self.features, self.outputs)

    @property
    def max_cores(self) -> int:
        """How many cores can work at the same time."""
        return self.stack.max_cores

    def final_state(self) -> State:
        """Return a copy of the carried states after the last time step."""
        return [cell.final_state() for cell in self.cells]

    def backward(self, grad_outputs: Array, to_inputs: bool = False) -> None:
        """Fill the gradient of all parameters, after `forward`.

        Parameters
        ----------
        grad_outputs : array (O, N)
            The gradient of a loss with respect to `outputs`.
        to_inputs : bool
            Whether to calculate `grad_inputs` too.
        """
        np.dot(grad_outputs, self.features.T, out=self.gradient.head)
        np.dot(self.head_transposed, grad_outputs, self.grad_features)
        if self.dropout_masks.head is not None:
            apply_mask(self.grad_features, self.dropout_masks.head, out=self.grad_features)
        grad_final, grad_layer = self.readout.backward(self.grad_features)
        stage_gradient = self.gradient.input_stage
        needs_grad_inputs = to_inputs or bool(stage_gradient)
        self.stack.backward(grad_final, grad_layer, needs_grad_inputs)
        if needs_grad_inputs and self.last_inputs is not None:
            through_head = self.last_inputs.backward_to_inputs(self.grad_features)
            self.grad_inputs[-len(through_head) :] += through_head
        if stage_gradient:
            if not self.ties_weights:  # Tied, they already have the gradient of the head.
                for gradient in stage_gradient.values():
                    gradient[...] = 0
            self.input_stage.backward(self.x, self.grad_inputs, stage_gradient)
