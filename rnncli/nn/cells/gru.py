"""The gated recurrent unit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import Blocks, Cell, StepGradients, UnrolledCell
from rnncli.nn.products import products


class GRUBuffers:
    """The buffers of a GRU for every time step.

    Attributes
    ----------
    values : array (T, 3*H, B)
        r, z and a of each time step.
    candidates : array (T, H, B)
        n of each time step.
    folded : array (3*H, D+H+1)
        The rows of r, z and a of the weight matrix, those of r and z halved.
    dh_to_dh : array (T, H, B)
        The direct derivative of h_t with respect to h_{t-1}: z times the mask. Without a mask z
        itself is used, and this is a temporary buffer.
    recurrent_products : list of (array, array)
        The rows of the transposed recurrent weights, and those of the carried gradient dh.
    """

    def __init__(self, unrolled: UnrolledCell) -> None:
        steps, h, batch = unrolled.outputs.shape
        matrix, dtype = unrolled.matrix, unrolled.matrix.dtype
        self.values = np.empty((steps, 3 * h, batch), dtype)
        self.candidates = np.empty((steps, h, batch), dtype)
        self.candidate_weights = unrolled.input_weights[3 * h :]
        self.candidate_bias = matrix[3 * h :, -1:]
        self.folded = np.empty((3 * h, matrix.shape[1]), dtype)
        self.fold = np.repeat([0.5, 1.0], [2 * h, h])[:, np.newaxis].astype(dtype)
        self.term = np.empty((h, batch), dtype)
        self.dh_to_dh = np.empty((steps, h, batch), dtype)
        values = self.values
        self.forward_steps = list(
            zip(
                unrolled.states[:-1],
                products(self.folded, values),
                values[:, : 2 * h],
                values[:, :h],
                values[:, h : 2 * h],
                values[:, 2 * h :],
                self.candidates,
                unrolled.previous,
                unrolled.outputs,
                strict=True,
            )
        )
        (self.recurrent_products,) = products(
            unrolled.recurrent_transposed, unrolled.dh[np.newaxis]
        )
        self.backward_steps = [
            (step, dz.reshape(4, h, batch), dz[: 3 * h]) for step, dz in unrolled.dz_steps
        ]

    def block(self, number: int) -> Array:
        """Return one of the blocks r, z, a of all time steps (T, H, B)."""
        h = len(self.term)
        return self.values[:, number * h : (number + 1) * h]


@dataclass(frozen=True)
class GRU(Cell):
    """Cho's cell, with the reset gate applied after the product, as in PyTorch and cuDNN.

    Forward::

        r, z = sigmoid(W [x_t; h_{t-1}; 1])
        a    = W_hn h_{t-1} + b_hn
        n    = tanh(W_in x_t + b_in + r * a)
        h_t  = n + z * (h_{t-1} - n)

    sigmoid(z) = (1 + tanh(z/2)) / 2, with the halves folded into a copy of the weights. The blocks
    of W are in the order r, z, a, n. Block a has no input columns, and block n has no state
    columns, as W_in x_t is calculated for all time steps at once: those entries are zero and stay
    zero. Backward::

        dz_n = dh_t * (1 - z) * (1 - n^2)
        dz_a = dz_n * r
        dz_r = dz_n * a * r (1 - r)
        dz_z = dh_t * (h_{t-1} - n) * z (1 - z)
        dh_{t-1} = W_hh^T (dz_r, dz_z, dz_a) + dh_t * z

    The named arrays have PyTorch's order r, z, n (``linear_before_reset=1`` in ONNX).

    Sources: K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP
    2014; the documentation of ``torch.nn.GRU`` for the position of the reset gate.
    """

    kind: Literal["gru"] = "gru"

    num_blocks = 4
    arrays = {  # noqa: RUF012
        "weight_ih": Blocks("input", (0, 1, 3)),
        "weight_hh": Blocks("state", (0, 1, 2)),
        "bias_ih": Blocks("bias", (0, 1, 3)),
        "bias_hh": Blocks("bias", (2,)),
    }
    gate_order = "r, z, n"

    def allocate(self, unrolled: UnrolledCell) -> GRUBuffers:
        """See `Cell.allocate`."""
        return GRUBuffers(unrolled)

    def prepare(self, unrolled: UnrolledCell) -> None:
        """See `Cell.prepare`."""
        buffers: GRUBuffers = unrolled.buffers
        np.multiply(unrolled.matrix[: len(buffers.folded)], buffers.fold, buffers.folded)

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        buffers: GRUBuffers = unrolled.buffers
        dot, tanh, multiply, add, subtract = np.dot, np.tanh, np.multiply, np.add, np.subtract
        candidates = buffers.candidates[steps]
        np.matmul(buffers.candidate_weights, unrolled.inputs[steps], out=candidates)
        candidates += buffers.candidate_bias
        term = buffers.term
        for (state, parts, sigmoids, r, z, a, n, previous, output), mask in zip(
            buffers.forward_steps[steps], unrolled.masks(steps), strict=False
        ):
            for rows, part in parts:
                dot(rows, state, part)
            tanh(sigmoids, sigmoids)
            multiply(sigmoids, 0.5, sigmoids)
            add(sigmoids, 0.5, sigmoids)
            multiply(r, a, term)
            add(n, term, n)
            tanh(n, n)
            subtract(previous, n, term)
            multiply(term, z, term)
            add(n, term, output)
            if mask is not None:
                multiply(output, mask, output)

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        buffers: GRUBuffers = unrolled.buffers
        multiply, add, dot = np.multiply, np.add, np.dot
        dh, term = unrolled.dh, buffers.term
        self.derivatives(unrolled, buffers, steps)
        dh_to_dh = buffers.block(1) if unrolled.mask is None else buffers.dh_to_dh
        for step, dz, dz_recurrent in reversed(buffers.backward_steps[steps]):
            if grad_outputs is not None:
                add(dh, grad_outputs[step], dh)
            multiply(dz, dh, dz)
            multiply(dh, dh_to_dh[step], term)
            for rows, part in buffers.recurrent_products:
                dot(rows, dz_recurrent, part)
            add(dh, term, dh)

    @staticmethod
    def derivatives(unrolled: UnrolledCell, buffers: GRUBuffers, steps: slice) -> None:
        """Calculate the factors that do not depend on dh, for some time steps at once.

        They go into `dz` and, where there is a mask, `dh_to_dh`.
        """
        h, dz, n = unrolled.hidden_size, unrolled.dz[steps], buffers.candidates[steps]
        r, z, a = (buffers.block(number)[steps] for number in range(3))
        dz_r, dz_z, dz_a, dz_n = (dz[:, i * h : (i + 1) * h] for i in range(4))
        difference = buffers.dh_to_dh[steps]
        np.multiply(n, n, out=dz_n)
        np.subtract(1, dz_n, out=dz_n)
        np.subtract(1, z, out=dz_a)
        dz_n *= dz_a
        np.multiply(dz_n, r, out=dz_a)
        np.subtract(1, buffers.values[steps, : 2 * h], out=dz[:, : 2 * h])
        dz_r *= dz_a
        dz_r *= a
        dz_z *= z
        np.subtract(unrolled.previous[steps], n, out=difference)
        dz_z *= difference
        if unrolled.mask is not None:
            dz *= unrolled.mask[steps]
            np.multiply(z, unrolled.mask[steps], out=buffers.dh_to_dh[steps])

    def gates(self, unrolled: UnrolledCell) -> dict[str, Array]:
        """See `Cell.gates`."""
        buffers: GRUBuffers = unrolled.buffers
        return {"r": buffers.block(0), "z": buffers.block(1)}
