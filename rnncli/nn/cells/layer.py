"""What every recurrent layer has: its buffers, its blocks and the gradient of its weights.

The state buffer ``S (T+1, D+H+1, B)`` holds at ``S[t]``, stacked, the input of step t, the state
before it and a row of ones; the weights ``W (G*H, D+H+1)`` hold the input, recurrent and bias
blocks side by side. A step is then one matrix product, and ``S[t+1, D:D+H]``, where its result
belongs, is one contiguous block.

Sequences shorter than T stand at its end, and a mask of zeros and ones holds the state at zero
until they begin.
"""

from collections.abc import Iterator
from itertools import repeat
from typing import ClassVar, Protocol

import numpy as np

from rnncli.nn.arrays import Array

# Where the two ways to sum dz_t S_t^T over time cross, and how many numbers the second holds.
_WIDE_BATCH = 48
_PRODUCTS_AT_ONCE = 1 << 20

# Where the slope of tanh is below 0.06.
_SATURATED = 0.97

Blocks = dict[str, tuple[Array, ...]]


class Upstream(Protocol):
    """Derivatives from above, (H, B) for each step: an array (T, H, B), or what stands for one."""

    def __getitem__(self, step: int, /) -> Array:
        """Return those of a step."""
        ...


class Layer:
    """One layer, unrolled over T steps for a batch of B; the base class of the cells.

    A cell adds `forward`, `backward`, and the order of its blocks of H rows; nothing else.

    Parameters
    ----------
    weights, gradient : array (G*H, D+H+1)
        The layer's part of the parameter vector and of its gradient; both are kept, not copied.
    steps, batch : int
        T and B.

    Attributes
    ----------
    inputs : array (T, D, B)
        To be filled in before `forward`.
    mask : array (T, 1, B) or None
        Zero where a sequence has not begun yet; None if all have T steps.
    outputs : array (T, H, B)
        The states after each step.
    flow : array (H, B)
        Before `backward`, the loss's derivative with respect to the last state; after it, with
        respect to the initial state.
    input_gradient : array (T, D, B)
        The loss's derivative with respect to `inputs`, if `backward_to_inputs` was called.
    """

    gates: ClassVar[int] = 1
    gate_order: ClassVar[str] = "h"
    # Which block of rows PyTorch's gates are, in its order, in weight_ih and in weight_hh.
    input_blocks: ClassVar[tuple[int, ...]] = (0,)
    state_blocks: ClassVar[tuple[int, ...]] = (0,)

    def __init__(self, weights: Array, gradient: Array, steps: int, batch: int) -> None:
        rows, columns = weights.shape
        hidden = rows // self.gates
        size = columns - hidden - 1
        self.weights, self.gradient = weights, gradient
        self.states = np.zeros((steps + 1, columns, batch), weights.dtype)
        self.states[:, -1] = 1
        self.inputs = self.states[:-1, :size]
        self.initial = self.states[0, size:-1]
        self.outputs = self.states[1:, size:-1]
        self.last = self.states[-1, size:]  # (H+1, B): the last state and the row of ones
        self.input_weights = weights[:, :size]
        self.recurrent_rows = hidden * len(self.state_blocks)
        self.recurrent_weights = weights[: self.recurrent_rows, size:-1]
        self.mask: Array | None = None

    @classmethod
    def blocks(cls, weights: Array) -> Blocks:
        """Return views of a layer's weights by PyTorch's names, block by block in its order.

        A block whose two biases only ever act as their sum has that sum under ``bias_ih``.
        """
        hidden = len(weights) // cls.gates
        size = weights.shape[1] - hidden - 1
        block = [weights[i * hidden : (i + 1) * hidden] for i in range(cls.gates)]
        second = [i for i in cls.state_blocks if i not in cls.input_blocks]
        arrays = {
            "weight_ih": tuple(block[i][:, :size] for i in cls.input_blocks),
            "weight_hh": tuple(block[i][:, size:-1] for i in cls.state_blocks),
            "bias_ih": tuple(block[i][:, -1] for i in cls.input_blocks),
        }
        return arrays | ({"bias_hh": tuple(block[i][:, -1] for i in second)} if second else {})

    @classmethod
    def start_biases(cls, blocks: Blocks) -> None:
        """Set what biases should start other than zero."""

    @property
    def initial_states(self) -> dict[str, tuple[Array, Array]]:
        """The states before the first step (H, B), and their derivatives after `backward`."""
        return {"initial_state": (self.initial, self.flow)}

    def states_to_carry(self) -> list[Array]:
        """Return the states before the first step (H, B) that `carry_on` fills."""
        return [self.initial]

    def carry_on(self) -> None:
        """Begin the next steps where these ended."""
        self.initial[...] = self.outputs[-1]

    def masks(self) -> Iterator[Array | None]:
        """Return the mask (1, B) of each step, or None for each."""
        return repeat(None) if self.mask is None else iter(self.mask)

    def prepare_backward(self) -> None:
        """Allocate what only training needs; cheap when done already."""
        if hasattr(self, "flow"):
            return
        steps, hidden, batch = self.outputs.shape
        rows, columns = self.weights.shape
        dtype = self.weights.dtype
        self.flow = np.zeros((hidden, batch), dtype)
        self.delta = np.empty((steps, rows, batch), dtype)
        self.delta_steps = list(self.delta)
        self.recurrent_transposed = np.empty((hidden, self.recurrent_rows), dtype)
        self.input_gradient = np.empty_like(self.inputs)
        self.wide = batch >= _WIDE_BATCH
        if self.wide:
            # The larger of the two factors on the left is the faster order.
            self.turned = rows < columns
            shape = (columns, rows) if self.turned else (rows, columns)
            chunk = max(1, min(steps, _PRODUCTS_AT_ONCE // self.weights.size))
            self.products = np.empty((chunk, *shape), dtype)
            self.product_sum = np.empty(shape, dtype)
            self.total = np.empty(shape, dtype)
        else:
            self.states_by_step = np.empty((steps, batch, columns), dtype)
            self.delta_by_row = np.empty((rows, steps, batch), dtype)
            self.states_joined = self.states_by_step.reshape(-1, columns)
            self.delta_joined = self.delta_by_row.reshape(rows, -1)

    def accumulate_gradient(self) -> None:
        """Write dW = sum over t of delta_t S_t^T into `gradient`, once for the whole sequence.

        A narrow batch is gathered into one long product; a wide one would pay more for the copy
        than for a product a step.
        """
        if not self.wide:
            self.states_by_step[...] = self.states[:-1].transpose(0, 2, 1)
            self.delta_by_row[...] = self.delta.transpose(1, 0, 2)
            np.dot(self.delta_joined, self.states_joined, out=self.gradient)
            return
        left, right = self.delta, self.states[:-1]
        if self.turned:
            left, right = right, left
        right = right.transpose(0, 2, 1)
        chunk = len(self.products)
        for start in range(0, len(left), chunk):
            part = slice(start, min(start + chunk, len(left)))
            products = self.products[: part.stop - start]
            np.matmul(left[part], right[part], out=products)
            np.add.reduce(products, axis=0, out=self.product_sum if start else self.total)
            if start:
                self.total += self.product_sum
        self.gradient[...] = self.total.T if self.turned else self.total

    def forward(self) -> None:
        """Fill `outputs` from `inputs` and the initial state."""
        raise NotImplementedError

    def open_gates(self) -> dict[str, Array]:
        """Return how far each gate (T, H, B) was open in `forward`, by its letter."""
        return {}

    def stuck_units(self) -> tuple[str, Array]:
        """Return which states (T, H, B) lie where the slope is near zero, and the word for it."""
        return "saturated", np.abs(self.outputs) > _SATURATED

    def backward(self, upstream: Upstream | None, through_start: bool) -> None:
        """Fill `gradient` by backpropagation through time, and `delta` on the way.

        Parameters
        ----------
        upstream : array (T, H, B) or None
            Derivatives that reach each output from above, besides `flow` at the last step. A step
            asks for its own when `flow` holds what the later steps give it.
        through_start : bool
            Whether `flow` is to end as the derivative with respect to the initial state.
        """
        raise NotImplementedError

    def backward_to_inputs(self) -> Array:
        """Fill and return `input_gradient`; call after `backward`."""
        np.matmul(self.input_weights.T, self.delta, out=self.input_gradient)
        return self.input_gradient
