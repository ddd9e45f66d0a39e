"""The true gradients of one cell, from derivatives of single time steps of its forward pass.

A time step maps the inputs and the carried states to the next carried states. Its derivatives are
measured, and the chain rule leads from the last time step to the first. No code of the backward
pass is used. Many derivatives are taken in one pass, as a time step treats the columns of a batch
independently:

- Inputs and states: K copies of the batch side by side, each with an entry of its own moved. If
  there are several such passes, they run on several cores.
- Weights: z_t = W [x_t; h_{t-1}; 1], so dL/dW is the sum over t of dL/dz_t [x_t; h_{t-1}; 1]^T,
  and a moved bias shows dL/dz_t. After the product each unit has its own numbers, so one pass moves
  the biases of all units of a block, at all time steps.
"""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from rnncli.cores import num_cores, run_together
from rnncli.gradients.derivatives import Derivative
from rnncli.memory import max_memory
from rnncli.nn.arrays import Array
from rnncli.nn.buffer_sizes import bytes_of_arrays
from rnncli.nn.cells.base import UnrolledCell, Weights

# About how many bytes a pass over one time step may take, and which part of the memory budget all
# passes at the same time.
_BYTES_PER_PASS, _PART_OF_BUDGET = 1 << 24, 8


class CellGradients:
    """The true gradients of one cell; its weights are views that are moved and restored.

    Parameters
    ----------
    unrolled : UnrolledCell
        The cell after its forward pass, in the precision that the method needs.
    derivative : Derivative
        The method.

    Attributes
    ----------
    inputs : array (T, D, B)
        The gradient with respect to the inputs, in the cell's reading order, after `go_back`.
    initial : dict of str to array (H, B)
        That with respect to the initial states, after `go_back`.
    """

    def __init__(self, unrolled: UnrolledCell, derivative: Derivative) -> None:
        self.unrolled, self.derivative = unrolled, derivative
        self.length, _, self.batch_size = unrolled.outputs.shape
        self.hidden, self.size = unrolled.hidden_size, unrolled.input_size
        self.names = list(unrolled.cell.state_after(unrolled, 0))
        carried = [unrolled.cell.state_after(unrolled, t) for t in range(self.length)]
        states = np.array([np.concatenate(list(step.values())) for step in carried])
        # What a time step depends on: (T, D+S, B), with S = H for each carried state.
        self.points = np.concatenate([unrolled.inputs, states], axis=1)
        self.gradients = np.zeros((self.length, states.shape[1], self.batch_size))
        self.inputs = np.zeros(unrolled.inputs.shape)
        self.initial: dict[str, Array] = {}
        one, two = (bytes_of_arrays(_unrolled(unrolled, columns)) for columns in (1, 2))
        budget = max_memory() // _PART_OF_BUDGET
        per_pass = min(_BYTES_PER_PASS, budget)
        self.max_columns = max(1, per_pass // (two - one))
        # How many copies of the batch a pass holds.
        self.copies = max(1, self.max_columns // self.batch_size)
        num_passes = -(-self.points.shape[1] // self.copies)
        # One for each thread; the first one is used by everything that runs alone.
        num_threads = min(num_cores(), num_passes, budget // max(1, per_pass))
        self._steps = [_SingleStep(unrolled) for _ in range(max(1, num_threads))]

    def go_back(self, grad_output: Callable[[int], Array], on_step: Callable[[], None]) -> None:
        """Go from the last time step to the first.

        Parameters
        ----------
        grad_output : callable
            Returns the part (H, B) of the gradient of an output that does not come from later time
            steps, given its time step in the cell's reading order.
        on_step : callable
            Called after each time step.
        """
        gradient = np.zeros(self.gradients.shape[1:])
        first = self.names.index("state") * self.hidden
        for step in reversed(range(self.length)):
            gradient[first : first + self.hidden] += grad_output(step)
            self.gradients[step] = gradient
            before = self._before(step)
            self.inputs[step], gradient = before[: self.size], before[self.size :]
            on_step()
        parts = np.split(gradient, len(self.names))
        self.initial = dict(zip(self.names, parts, strict=True))

    def fill_weights(self, gradient: Weights) -> None:
        """Fill the gradient of the weight matrix and of the arrays beside it, after `go_back`."""
        matrix, states = self.unrolled.matrix, self.unrolled.states[:-1].real
        for start in range(0, len(matrix), self.hidden):
            rows = slice(start, start + self.hidden)
            dz = self._of_units(matrix[rows, -1])
            gradient.matrix[rows] = np.tensordot(dz, states, axes=([0, 2], [0, 2]))
        for name, vector in self.unrolled.weights.vectors.items():
            for start in range(0, len(vector), self.hidden):
                rows = slice(start, start + self.hidden)
                gradient.vectors[name][rows] = self._of_units(vector[rows]).sum(axis=(0, 2))

    def _before(self, step: int) -> Array:
        """Return the gradient (D+S, B) of the inputs and the states before a time step."""
        result, count = np.empty(self.points.shape[1:]), len(self._steps)
        starts = range(0, len(result), self.copies)
        fill = partial(self._fill_before, step, result)
        run_together([partial(fill, starts[k::count], self._steps[k]) for k in range(count)])
        return result

    def _fill_before(
        self, step: int, result: Array, starts: Iterable[int], single_step: "_SingleStep"
    ) -> None:
        """Fill some rows of `result` (D+S, B): those of the passes that begin at `starts`."""
        point, mask, batch = self.points[step], self.unrolled.mask, self.batch_size
        for start in starts:
            moved = np.arange(start, min(start + self.copies, len(point)))
            count = len(moved)
            points = np.repeat(point[:, np.newaxis], count, axis=1)
            masks = None if mask is None else np.tile(mask[step], count)

            def states(points: Array = points, masks: Array | None = masks) -> Array:
                after = single_step.run(points.reshape(len(points), -1), masks)
                return after.reshape(len(after), -1, batch)

            change = self.derivative(points, (moved, np.arange(count)), states)
            result[moved] = np.einsum("sb,skb->kb", self.gradients[step], change)

    def _of_units(self, weights: Array) -> Array:
        """Return the gradient (T, H, B) of a weight of each unit (H,), were it one per column."""
        shape = (self.length, len(self.names), self.hidden, self.batch_size)
        by_name = self.gradients.reshape(shape)
        result = np.empty((self.length, self.hidden, self.batch_size))
        mask, steps = self.unrolled.mask, max(1, self.max_columns // self.batch_size)
        for start in range(0, self.length, steps):
            part = slice(start, start + steps)
            points = self.points[part].transpose(1, 0, 2).reshape(self.points.shape[1], -1)
            masks = None if mask is None else mask[part].transpose(1, 0, 2).reshape(1, -1)

            def states(points: Array = points, masks: Array | None = masks) -> Array:
                after = self._steps[0].run(points, masks)
                return after.reshape(-1, self.hidden, after.shape[1]).transpose(0, 2, 1)

            change = self.derivative(weights, slice(None), states).transpose(0, 2, 1)
            gradients = by_name[part].transpose(1, 2, 0, 3)
            total = (gradients.reshape(change.shape) * change).sum(axis=0)
            result[part] = total.reshape(self.hidden, -1, self.batch_size).transpose(1, 0, 2)
        return result


class _SingleStep:
    """One time step of a cell, whose buffers are kept for the next pass of the same size."""

    def __init__(self, unrolled: UnrolledCell) -> None:
        self.unrolled, self.step = unrolled, _unrolled(unrolled, 1)
        self.names = list(unrolled.cell.state_after(unrolled, 0))

    def run(self, points: Array, masks: Array | None) -> Array:
        """Return the carried states (S, n) after the time step, given (D+S, n)."""
        columns, size = points.shape[1], self.unrolled.input_size
        if self.step.outputs.shape[2] != columns:
            self.step = _unrolled(self.unrolled, columns)
        step = self.step
        step.inputs[0] = points[:size]
        parts = np.split(points[size:], len(self.names))
        step.set_initial_state(dict(zip(self.names, parts, strict=True)))
        step.mask = None if masks is None else masks[np.newaxis]
        step.forward()
        return np.concatenate(list(step.final_state().values()))


def _unrolled(like: UnrolledCell, columns: int) -> UnrolledCell:
    """Return a cell over one time step; no backward pass follows, which would need a gradient."""
    return UnrolledCell(like.cell, like.weights, like.weights, 1, columns)
