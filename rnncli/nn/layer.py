"""One layer, unrolled: a cell, or two that read the sequence in opposite directions."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.chunks import ALL_STEPS


class UnrolledLayer:
    """The cells of one layer, forward and perhaps reverse, treated as one.

    Attributes
    ----------
    cells : list of UnrolledCell
        The forward cell and, if the layer is bidirectional, the reverse one, which holds the same
        sequences with time reversed.
    outputs : array (T, F, B)
        The outputs of all time steps, in time order; F is H per direction.
    grad_inputs : array (T, D, B)
        The gradient with respect to the inputs, after `backward_to_inputs`.
    dropout_mask : array (D, B) or None
        The mask of what this layer reads from the one below.
    lengths : array (B,) or None
        How many time steps each sequence of the batch has; None if all have T.
    """

    def __init__(self, cells: list[UnrolledCell]) -> None:
        self.cells = cells
        self.sequence_length, self.hidden_size, self.batch_size = cells[0].outputs.shape
        self.lengths: Array | None = None
        self.dropout_mask: Array | None = None
        self.outputs, self.grad_inputs = cells[0].outputs, cells[0].grad_inputs
        if len(cells) == 2:
            shape = (self.sequence_length, 2 * self.hidden_size, self.batch_size)
            self.outputs = np.empty(shape, cells[0].matrix.dtype)

    def set_mask(self, lengths: Array | None, valid: Array | None = None) -> None:
        """Set which time steps belong to a sequence: see `Batch.lengths` and `Batch.valid`."""
        self.lengths = lengths
        if valid is not None:
            if len(self.cells) == 2:
                raise ValueError("several sequences in a row cannot be read in both directions")
            self.cells[0].mask = valid.T[:, np.newaxis].astype(self.cells[0].matrix.dtype)
            return
        for direction, cell in enumerate(self.cells):
            if lengths is None:
                cell.mask = None
                continue
            step = np.arange(self.sequence_length)[:, np.newaxis, np.newaxis]
            # With time reversed, sequences are aligned at the beginning.
            valid = step < lengths if direction else step >= self.sequence_length - lengths
            cell.mask = valid.astype(cell.matrix.dtype)

    def set_inputs(self, x: Array, steps: slice = ALL_STEPS) -> None:
        """Copy the inputs of some time steps, or with two directions of all, into every cell."""
        self.cells[0].inputs[steps] = x
        if len(self.cells) == 2:
            self.cells[1].inputs[steps] = x[::-1]

    def read(self, below: "UnrolledLayer", steps: slice) -> None:
        """Copy the outputs of some time steps of the layer below into every cell."""
        below.join_outputs()
        x, mask = below.outputs[steps], self.dropout_mask
        self.set_inputs(x if mask is None else x * mask, steps)

    def join_outputs(self) -> None:
        """Fill `outputs` when all cells have calculated theirs."""
        if len(self.cells) == 2:
            self.outputs[:, : self.hidden_size] = self.cells[0].outputs
            self.outputs[:, self.hidden_size :] = self.cells[1].outputs[::-1]

    def final_outputs(self) -> Array:
        """Return the output (F, B) after the last time step that each direction reads."""
        ends = [self.cells[0].outputs[-1]]
        if len(self.cells) == 2:
            reverse = self.cells[1].outputs
            if self.lengths is None:
                ends.append(reverse[-1])
            else:
                ends.append(reverse[self.lengths - 1, :, np.arange(self.batch_size)].T)
        return np.concatenate(ends)

    def set_output_gradients(self, grad_final: Array | None, grad_outputs: Array | None) -> None:
        """Give all cells two gradients, which add up, for their backward pass; None is zero.

        Parameters
        ----------
        grad_final : array (F, B) or None
            The gradient with respect to `final_outputs()`.
        grad_outputs : array (T, F, B) or None
            The gradient with respect to `outputs`. Without `grad_final` it may be filled later.
        """
        if len(self.cells) == 1:
            self.cells[0].set_output_gradients(grad_final, grad_outputs)
            return
        for direction, cell in enumerate(self.cells):
            rows = slice(direction * self.hidden_size, (direction + 1) * self.hidden_size)
            cell_grad_final = None if grad_final is None else grad_final[rows]
            cell_grad_outputs = None
            if grad_outputs is not None:
                cell_grad_outputs = grad_outputs[:: -1 if direction else 1, rows]
            if cell_grad_final is not None and direction and self.lengths is not None:
                # With time reversed, each sequence ends at a time step of its own.
                sequences = np.arange(self.batch_size)
                at_ends = np.zeros_like(cell.outputs)
                at_ends[self.lengths - 1, :, sequences] = cell_grad_final.T
                if cell_grad_outputs is not None:
                    at_ends += cell_grad_outputs
                cell_grad_final, cell_grad_outputs = None, at_ends
            cell.set_output_gradients(cell_grad_final, cell_grad_outputs)

    def backward_to_inputs(self, steps: slice) -> None:
        """Fill `grad_inputs` of some time steps, or with two directions of all."""
        for cell in self.cells:
            cell.backward_to_inputs(steps)
        gradient = self.grad_inputs[steps]
        if len(self.cells) == 2:
            gradient += self.cells[1].grad_inputs[::-1]
        if self.dropout_mask is not None:
            gradient *= self.dropout_mask
