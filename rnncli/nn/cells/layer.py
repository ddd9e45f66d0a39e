"""What every recurrent layer has: its buffers and the gradient of its weights.

The state buffer ``S (T+1, D+H+1, B)`` holds at ``S[t]``, stacked, the input of step t, the state
before it and a row of ones; the weights ``W (G*H, D+H+1)`` hold the input, recurrent and bias
blocks side by side. A step is then one matrix product, and ``S[t+1, D:D+H]``, where its result
belongs, is one contiguous block.
"""

from typing import ClassVar

import numpy as np

from rnncli.nn.arrays import Array

# Where the two ways to sum dz_t S_t^T over time cross, and how many numbers the second holds.
_WIDE_BATCH = 48
_PRODUCTS_AT_ONCE = 1 << 20


class Layer:
    """One layer, unrolled over T steps for a batch of B; the base class of the cells.

    A cell adds `forward` and `backward`, its number of gates, and nothing else.

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
    initial : array (H, B)
        The state before the first step, zero unless filled in.
    outputs : array (T, H, B)
        The states after each step.
    flow : array (H, B)
        Before `backward`, the loss's derivative with respect to the last state; after it, with
        respect to the initial state.
    input_gradient : array (T, D, B)
        The loss's derivative with respect to `inputs`, if `backward` was asked for it.
    """

    gates: ClassVar[int]
    gate_order: ClassVar[str]

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
        self.recurrent_weights = weights[:, size:-1]
        self.forward_steps = list(zip(self.states[:-1], self.outputs, strict=True))

    def prepare_backward(self) -> None:
        """Allocate what only training needs; cheap when done already."""
        if hasattr(self, "flow"):
            return
        steps, hidden, batch = self.outputs.shape
        rows, columns = self.weights.shape
        dtype = self.weights.dtype
        self.flow = np.zeros((hidden, batch), dtype)
        self.delta = np.empty((steps, rows, batch), dtype)
        self.backward_steps = list(self.delta[::-1])
        self.recurrent_transposed = np.empty((hidden, rows), dtype)
        self.input_gradient = np.empty_like(self.inputs)
        self.gradient_transposed = np.empty((columns, rows), dtype)
        self.wide = batch >= _WIDE_BATCH
        if self.wide:
            chunk = max(1, min(steps, _PRODUCTS_AT_ONCE // self.weights.size))
            self.products = np.empty((chunk, columns, rows), dtype)
            self.product_sum = np.empty((columns, rows), dtype)
        else:
            self.states_by_row = np.empty((columns, steps, batch), dtype)
            self.delta_by_row = np.empty((rows, steps, batch), dtype)
            self.states_joined = self.states_by_row.reshape(columns, -1)
            self.delta_joined = self.delta_by_row.reshape(rows, -1).T

    def accumulate_gradient(self) -> None:
        """Write dW = sum over t of delta_t S_t^T into `gradient`, once for the whole sequence.

        A narrow batch is gathered into one long product; a wide one would pay more for the copy
        than for a product a step. Either is faster as S_t delta_t^T, transposed at the end.
        """
        total = self.gradient_transposed
        if self.wide:
            delta = self.delta.transpose(0, 2, 1)
            chunk = len(self.products)
            for start in range(0, len(delta), chunk):
                part = delta[start : start + chunk]
                products = self.products[: len(part)]
                np.matmul(self.states[start : start + len(part)], part, out=products)
                np.add.reduce(products, axis=0, out=self.product_sum if start else total)
                if start:
                    total += self.product_sum
        else:
            self.states_by_row[...] = self.states[:-1].transpose(1, 0, 2)
            self.delta_by_row[...] = self.delta.transpose(1, 0, 2)
            np.dot(self.states_joined, self.delta_joined, out=total)
        self.gradient[...] = total.T

    def forward(self) -> None:
        """Fill `outputs` from `inputs` and `initial`."""
        raise NotImplementedError

    def backward(self, upstream: Array | None, through_start: bool) -> None:
        """Fill `gradient` by backpropagation through time, and `delta` on the way.

        Parameters
        ----------
        upstream : array (T, H, B) or None
            Derivatives that reach each output from above, besides `flow` at the last step.
        through_start : bool
            Whether `flow` is to end as the derivative with respect to the initial state.
        """
        raise NotImplementedError

    def backward_to_inputs(self) -> Array:
        """Fill and return `input_gradient`; call after `backward`."""
        np.matmul(self.input_weights.T, self.delta, out=self.input_gradient)
        return self.input_gradient
