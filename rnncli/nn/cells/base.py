"""A recurrent cell: its declaration, its forward and backward pass, and its buffers over time.

The weight matrix ``W (R*H, D+H+1)`` of a cell holds its input, state and bias columns side by side,
and ``states[t]`` stacks x_t, h_{t-1} and a row of ones. One matrix product gives the
pre-activations z_t of a time step, and h_t is written where the next time step reads it.

Sequences shorter than T are aligned at the end, or at the beginning with time reversed, and a mask
of zeros and ones keeps the state at zero in the padding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, get_args

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.chunks import ALL_STEPS
from rnncli.nn.weight_gradient import weight_gradient

# Units with a larger absolute output count as saturated: the derivative of tanh is below 0.06.
_SATURATED = 0.97

Columns = Literal["input", "state", "bias"]


class Blocks(NamedTuple):
    """A named array that is part of the weight matrix.

    Attributes
    ----------
    columns : {"input", "state", "bias"}
        Its columns of the matrix.
    rows : tuple of int
        Its blocks of H rows, in the order in which the named array stacks them.
    """

    columns: Columns
    rows: tuple[int, ...]


class Vectors(NamedTuple):
    """A named array ``(number*H,)`` beside the weight matrix, such as the weights of peepholes."""

    number: int


class Weights(NamedTuple):
    """The weights of one cell, or their gradient: views into a flat vector.

    Attributes
    ----------
    matrix : array (R*H, D+H+1)
        The weight matrix.
    vectors : dict of str to array (number*H,)
        The named arrays beside it.
    """

    matrix: Array
    vectors: dict[str, Array]


NamedBlocks = dict[str, tuple[Array, ...]]


class StepGradients(Protocol):
    """Gradients (H, B) of a loss with respect to outputs, by time step: such as a (T, H, B)."""

    def __getitem__(self, step: int, /) -> Array:
        """Return the gradient with respect to the output of one time step."""
        ...


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: a config section, a declaration of arrays, and a forward and backward pass.

    A cell is a frozen dataclass whose fields are the keys of ``model.cell`` in a config. It has no
    state of its own: all buffers are in the `UnrolledCell` that each method takes. A new cell
    declares its `arrays` and defines `forward` and `backward`.

    Attributes
    ----------
    kind : str
        The cell's name.
    num_blocks : int
        R, how many blocks of H rows its weight matrix has.
    arrays : dict of str to Blocks or Vectors
        The named arrays; where PyTorch has the cell, by PyTorch's names and in its order. Entries
        of the weight matrix that belong to no named array are zero and stay zero.
    gate_order : str
        The gates of the blocks of the named arrays, in order.
    """

    kind: str

    num_blocks: ClassVar[int] = 1
    arrays: ClassVar[dict[str, Blocks | Vectors]] = {
        "weight_ih": Blocks("input", (0,)),
        "weight_hh": Blocks("state", (0,)),
        "bias_ih": Blocks("bias", (0,)),
    }
    gate_order: ClassVar[str] = "h"

    def shape(self, name: str, input_size: int, hidden_size: int) -> tuple[int, ...]:
        """Return the shape of a named array."""
        array = self.arrays[name]
        if isinstance(array, Vectors):
            return (array.number * hidden_size,)
        columns = {"input": (input_size,), "state": (hidden_size,), "bias": ()}[array.columns]
        return (len(array.rows) * hidden_size, *columns)

    def named(self, weights: Weights) -> NamedBlocks:
        """Return the named arrays as views of weights, block by block."""
        return {
            name: (weights.vectors[name],)
            if isinstance(array, Vectors)
            else tuple(_block(self, weights.matrix, i, array.columns) for i in array.rows)
            for name, array in self.arrays.items()
        }

    def initialize_biases(self, named: NamedBlocks) -> None:
        """Set the biases that should not start at zero."""

    def allocate(self, unrolled: "UnrolledCell") -> Any:
        """Return the buffers that the cell needs besides those of every cell."""
        return None

    def prepare(self, unrolled: "UnrolledCell") -> None:
        """Calculate what `forward` needs and what depends on the weights alone."""

    def forward(self, unrolled: "UnrolledCell", steps: slice) -> None:
        """Fill `outputs` from the inputs and the state before; masked outputs become zero.

        Parameters
        ----------
        unrolled : UnrolledCell
            Its time steps before these are calculated already.
        steps : slice
            Which time steps to calculate.
        """
        raise NotImplementedError

    def backward(
        self, unrolled: "UnrolledCell", grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """Fill `dz`, and add to the gradients of vectors, by backpropagation through time.

        Parameters
        ----------
        unrolled : UnrolledCell
            After `forward`. Its carried gradients hold what the time steps after these contribute.
        grad_outputs : StepGradients or None
            The part of each output's gradient that does not come from later time steps.
            ``grad_outputs[t]`` must be read once for each time step, from the last to the first,
            when the carried gradients hold what the later time steps contribute: an observer
            records them at that moment.
        steps : slice
            Which time steps to calculate.
        """
        raise NotImplementedError

    def state_after(self, unrolled: "UnrolledCell", step: int) -> dict[str, Array]:
        """Return the carried states (H, B) after `step` time steps; 0 means the initial states."""
        return {"state": unrolled.states[step, unrolled.input_size : -1]}

    def carried_gradients(self, unrolled: "UnrolledCell") -> dict[str, Array]:
        """Return the buffers (H, B) in which `backward` carries the states' gradients."""
        return {"state": unrolled.dh}

    def initial_gradients(self, unrolled: "UnrolledCell") -> dict[str, Array]:
        """Return the gradients (H, B) with respect to the initial states, after `backward`."""
        return self.carried_gradients(unrolled)

    def gates(self, unrolled: "UnrolledCell") -> dict[str, Array]:
        """Return the values (T, H, B) of the gates in the last `forward`, by name."""
        return {}

    def at_kink(self, unrolled: "UnrolledCell") -> bool:
        """Return whether any unit was at a point without a derivative in the last `forward`."""
        return False

    def inactive_units(self, unrolled: "UnrolledCell") -> tuple[str, Array]:
        """Return the name for units whose derivative is near zero, and a mask of them (T, H, B)."""
        return "saturated", np.abs(unrolled.outputs) > _SATURATED


class UnrolledCell:
    """A cell unrolled over T time steps for a batch of B: one direction of a layer.

    Parameters
    ----------
    cell : Cell
        The forward and backward pass.
    weights, gradient : Weights
        The weights, and where their gradient goes; both are kept, not copied.
    sequence_length, batch_size : int
        T and B.

    Attributes
    ----------
    states : array (T+1, D+H+1, B)
        ``states[t]`` stacks x_t, h_{t-1} and a row of ones.
    inputs, previous, outputs : array (T, D, B), array (T, H, B), array (T, H, B)
        Views of `states`: x_t, h_{t-1} and h_t for every time step.
    steps : list of (array, array)
        The pairs ``states[t]``, ``outputs[t]``.
    mask : array (T, 1, B) or None
        1 at the time steps of a sequence, 0 at its padding, which comes before it, or after it with
        time reversed; None if all sequences have T time steps.
    dz : array (T, R*H, B)
        The gradient with respect to the pre-activations.
    dz_steps : list of (int, array)
        The pairs t, ``dz[t]``.
    dh : array (H, B)
        The gradient with respect to the state, carried back through time.
    grad_inputs : array (T, D, B)
        The gradient with respect to the inputs.
    recurrent_weights : array (n, H)
        The state columns of the rows that have any, which are the first ones.
    recurrent_transposed : array (H, n)
        A contiguous copy of their transpose, for `Cell.backward`.
    buffers
        What `Cell.allocate` returned.
    """

    def __init__(
        self, cell: Cell, weights: Weights, gradient: Weights, sequence_length: int, batch_size: int
    ) -> None:
        self.cell, self.weights, self.gradient = cell, weights, gradient
        self.matrix = matrix = weights.matrix
        rows, columns = matrix.shape
        size, hidden = _sizes(cell, matrix)
        self.input_size, self.hidden_size = size, hidden
        self.states = np.zeros((sequence_length + 1, columns, batch_size), matrix.dtype)
        self.states[:, -1] = 1
        self.inputs = self.states[:-1, :size]
        self.previous = self.states[:-1, size:-1]
        self.outputs = self.states[1:, size:-1]
        self.last = self.states[-1, size:]  # (H+1, B): the last state and the row of ones
        self.steps = list(zip(self.states[:-1], self.outputs, strict=True))
        self.mask: Array | None = None
        self.grad_final: Array | None = None
        self.grad_outputs: StepGradients | None = None
        self.dz = np.empty((sequence_length, rows, batch_size), matrix.dtype)
        self.dz_steps = list(enumerate(self.dz))
        self.dh = np.empty((hidden, batch_size), matrix.dtype)
        self.grad_inputs = np.empty((sequence_length, size, batch_size), matrix.dtype)
        self.input_weights = matrix[:, :size]
        self.recurrent_weights = matrix[: len(_named_blocks(cell, "state")) * hidden, size:-1]
        self.recurrent_transposed = np.empty(self.recurrent_weights.T.shape, matrix.dtype)
        self._unused = list(_unused_blocks(cell, gradient.matrix))
        self._sum_gradient = weight_gradient(self.dz, self.states, gradient.matrix)
        self.buffers = cell.allocate(self)
        self._carried_gradients = list(cell.carried_gradients(self).values())

    def masks(self, steps: slice) -> Iterator[Array | None]:
        """Return the mask (1, B) of each of these time steps, or None for each."""
        return repeat(None) if self.mask is None else iter(self.mask[steps])

    def set_initial_state(self, state: dict[str, Array] | None) -> None:
        """Set the carried states (H, B) before the first time step, by name; None means zeros."""
        for name, initial in self.cell.state_after(self, 0).items():
            initial[...] = 0 if state is None else state[name]

    def final_state(self) -> dict[str, Array]:
        """Return copies of the carried states (H, B) after the last time step, by name."""
        return self.copied_state(len(self.outputs))

    def copied_state(self, step: int) -> dict[str, Array]:
        """Return copies of the carried states (H, B) after `step` time steps, by name."""
        states = self.cell.state_after(self, step)
        return {name: state.copy() for name, state in states.items()}

    def prepare(self) -> None:
        """Calculate what depends on the weights alone; they must not change before `forward`."""
        self.cell.prepare(self)

    def forward(self, steps: slice = ALL_STEPS) -> None:
        """Fill `outputs` of some time steps; those before them must be calculated already."""
        if steps.start == 0:
            self.prepare()
        self.cell.forward(self, steps)

    def set_output_gradients(
        self, grad_final: Array | None, grad_outputs: StepGradients | None
    ) -> None:
        """Set what `backward` begins with; both arrays are kept until then, not copied.

        Parameters
        ----------
        grad_final : array (H, B) or None
            The gradient with respect to the last state.
        grad_outputs : StepGradients or None
            The gradient with respect to each output, apart from `grad_final`.
        """
        self.grad_final, self.grad_outputs = grad_final, grad_outputs

    def backward(self, steps: slice = ALL_STEPS) -> None:
        """Fill `dz` of some time steps; those after them must be calculated already."""
        if steps.stop is None:
            for carried in self._carried_gradients:
                carried[...] = 0
            if self.grad_final is not None:
                self.dh[...] = self.grad_final
            for vector in self.gradient.vectors.values():
                vector[...] = 0
            self.recurrent_transposed[...] = self.recurrent_weights.T
        self.cell.backward(self, self.grad_outputs, steps)

    def sum_gradient(self, steps: slice = ALL_STEPS) -> None:
        """Add what some time steps contribute to the gradient of the weight matrix.

        The time steps after them must be added already; what is left is the gradient at the first.
        """
        self._sum_gradient(steps)
        if steps.start == 0:
            for block in self._unused:
                block[...] = 0

    def backward_to_inputs(self, steps: slice = ALL_STEPS) -> None:
        """Fill `grad_inputs` of some time steps, after `backward`."""
        np.matmul(self.input_weights.T, self.dz[steps], out=self.grad_inputs[steps])


def _sizes(cell: Cell, matrix: Array) -> tuple[int, int]:
    """Return D and H, given a weight matrix (R*H, D+H+1)."""
    hidden = len(matrix) // cell.num_blocks
    return matrix.shape[1] - hidden - 1, hidden


def _block(cell: Cell, matrix: Array, number: int, columns: Columns) -> Array:
    """Return a view of the input, state or bias columns of one block of H rows of a matrix."""
    size, hidden = _sizes(cell, matrix)
    places: dict[Columns, Any] = {"input": slice(size), "state": slice(size, -1), "bias": -1}
    return matrix[number * hidden : (number + 1) * hidden, places[columns]]


def _named_blocks(cell: Cell, columns: Columns) -> set[int]:
    """Return the blocks whose input, state or bias columns belong to a named array."""
    arrays = [array for array in cell.arrays.values() if isinstance(array, Blocks)]
    return {number for array in arrays if array.columns == columns for number in array.rows}


def _unused_blocks(cell: Cell, matrix: Array) -> Iterator[Array]:
    """Yield the blocks of the weight matrix that belong to no named array."""
    for columns in get_args(Columns):
        unused = set(range(cell.num_blocks)) - _named_blocks(cell, columns)
        yield from (_block(cell, matrix, number, columns) for number in unused)
