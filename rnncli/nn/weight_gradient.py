"""The gradient of a weight matrix: dW = sum over t of dz_t states_t^T.

There are two ways to sum over time, and the size of the batch decides which is faster.
"""

from collections.abc import Callable

import numpy as np

from rnncli.nn.arrays import Array

# From this batch size on, a product per time step costs less than gathering all of them into one.
_WIDE_BATCH = 48
# The numbers that the products of several time steps may have together to stay in the cache.
_PRODUCTS_AT_ONCE = 1 << 20


def weight_gradient(dz: Array, states: Array, gradient: Array) -> Callable[[], None]:
    """Return a function that fills `gradient (R*H, D+H+1)`; all buffers are allocated once.

    Parameters
    ----------
    dz : array (T, R*H, B)
        The gradient with respect to the pre-activations.
    states : array (T+1, D+H+1, B)
        The inputs of the products that gave them; the last entry is not used.
    gradient : array (R*H, D+H+1)
        Where the result goes.
    """
    wide = dz.shape[2] >= _WIDE_BATCH
    return (_WideSum if wide else _NarrowSum)(dz, states, gradient)


class _NarrowSum:
    """All time steps gathered into one long product."""

    def __init__(self, dz: Array, states: Array, gradient: Array) -> None:
        sequence_length, rows, batch = dz.shape
        columns = states.shape[1]
        self.dz, self.states, self.gradient = dz, states, gradient
        self.states_by_step = np.empty((sequence_length, batch, columns), dz.dtype)
        self.dz_by_row = np.empty((rows, sequence_length, batch), dz.dtype)
        self.states_joined = self.states_by_step.reshape(-1, columns)
        self.dz_joined = self.dz_by_row.reshape(rows, -1)

    def __call__(self) -> None:
        self.states_by_step[...] = self.states[:-1].transpose(0, 2, 1)
        self.dz_by_row[...] = self.dz.transpose(1, 0, 2)
        np.dot(self.dz_joined, self.states_joined, out=self.gradient)


class _WideSum:
    """A product per time step, for several time steps at once."""

    def __init__(self, dz: Array, states: Array, gradient: Array) -> None:
        sequence_length, rows, _ = dz.shape
        columns = states.shape[1]
        self.left, self.right, self.gradient = dz, states[:-1], gradient
        # The larger of the two factors on the left is the faster order.
        if rows < columns:
            self.left, self.right, self.gradient = self.right, self.left, gradient.T
        self.right = self.right.transpose(0, 2, 1)
        chunk = max(1, min(sequence_length, _PRODUCTS_AT_ONCE // gradient.size))
        self.products = np.empty((chunk, *self.gradient.shape), dz.dtype)
        self.chunk_sum = np.empty(self.gradient.shape, dz.dtype)
        self.total = np.empty(self.gradient.shape, dz.dtype)

    def __call__(self) -> None:
        chunk = len(self.products)
        for start in range(0, len(self.left), chunk):
            steps = slice(start, min(start + chunk, len(self.left)))
            products = self.products[: steps.stop - start]
            np.matmul(self.left[steps], self.right[steps], out=products)
            np.add.reduce(products, axis=0, out=self.chunk_sum if start else self.total)
            if start:
                self.total += self.chunk_sum
        self.gradient[...] = self.total
