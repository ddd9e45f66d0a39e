"""Long short-term memory."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import Blocks, Cell, NamedBlocks, StepGradients, UnrolledCell
from rnncli.nn.products import products


class LSTMBuffers:
    """The buffers of an LSTM for every time step.

    Attributes
    ----------
    values : array (T+1, 5*H, B)
        The gates o, i, f, g of time step t, followed by c_{t-1}, so that (i, f) * (g, c) is one
        product.
    cells, cells_tanh : array (T, H, B)
        c_t and tanh(c_t).
    folded : array (4*H, D+H+1)
        The weight matrix with the rows of o, i and f halved.
    dh_to_dc, dc_to_dc : array (T, H, B)
        The derivatives of h_t with respect to c_t, and of c_t with respect to c_{t-1}.
    dc : array (H, B)
        The gradient with respect to the cell state, carried back through time.
    recurrent_products : list of (array, array)
        The rows of the transposed recurrent weights, and those of the carried gradient dh.
    """

    def __init__(self, unrolled: UnrolledCell) -> None:
        steps, h, batch = unrolled.outputs.shape
        dtype = unrolled.matrix.dtype
        self.values = np.zeros((steps + 1, 5 * h, batch), dtype)
        self.cells = self.values[1:, 4 * h :]
        self.cells_tanh = np.empty((steps, h, batch), dtype)
        self.folded = np.empty_like(unrolled.matrix)
        self.fold = np.repeat([0.5, 1.0], [3 * h, h])[:, np.newaxis].astype(dtype)
        self.terms = np.empty((2 * h, batch), dtype)
        self.dh_to_dc = np.empty((steps, h, batch), dtype)
        self.dc_to_dc = np.empty((steps, h, batch), dtype)
        self.dc = np.empty((h, batch), dtype)
        values = self.values[:-1]
        self.forward_steps = list(
            zip(
                unrolled.states[:-1],
                products(self.folded, values[:, : 4 * h]),
                values[:, : 4 * h],
                values[:, : 3 * h],
                values[:, h : 3 * h],
                values[:, 3 * h :],
                self.cells,
                self.cells_tanh,
                values[:, :h],
                unrolled.outputs,
                strict=True,
            )
        )
        (self.recurrent_products,) = products(
            unrolled.recurrent_transposed, unrolled.dh[np.newaxis]
        )
        self.backward_steps = [
            (step, dz, dz[:h], dz[h:].reshape(3, h, batch), self.dh_to_dc[step])
            for step, dz in unrolled.dz_steps
        ]

    def block(self, number: int) -> Array:
        """Return one of the blocks o, i, f, g, c_{t-1} of all time steps (T, H, B)."""
        h = len(self.dc)
        return self.values[:-1, number * h : (number + 1) * h]


@dataclass(frozen=True)
class LSTMBase(Cell):
    """The forward and backward pass of the LSTM; a variant replaces the parts that differ.

    Forward::

        z_t = W [x_t; h_{t-1}; 1]            in blocks o, i, f, g
        o, i, f = sigmoid(z),  g = tanh(z)
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(c_t)

    sigmoid(z) = (1 + tanh(z/2)) / 2, so that one tanh serves all gates; the halves are folded
    into a copy of the weights once for the whole sequence. Backward::

        dc_t    += dh_t * o * (1 - tanh(c_t)^2)
        dz_o     = dh_t * tanh(c_t) * o (1 - o)
        dz_i     = dc_t * g * i (1 - i)
        dz_f     = dc_t * c_{t-1} * f (1 - f)
        dz_g     = dc_t * i * (1 - g^2)
        dc_{t-1} = dc_t * f
        dh_{t-1} = W_hh^T dz_t

    The blocks are in the order o, i, f, g: the sigmoids are adjacent, and so are the blocks that
    depend on dc. The named arrays have PyTorch's order i, f, g, o.

    Sources: S. Hochreiter & J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997);
    F. A. Gers, J. Schmidhuber & F. Cummins, "Learning to forget", Neural Computation 12 (2000).
    """

    num_blocks = 4
    arrays = {  # noqa: RUF012
        "weight_ih": Blocks("input", (1, 2, 3, 0)),
        "weight_hh": Blocks("state", (1, 2, 3, 0)),
        "bias_ih": Blocks("bias", (1, 2, 3, 0)),
    }
    gate_order = "i, f, g, o"

    def allocate(self, unrolled: UnrolledCell) -> LSTMBuffers:
        """See `Cell.allocate`."""
        return LSTMBuffers(unrolled)

    def initialize_biases(self, named: NamedBlocks) -> None:
        """Set the biases of the forget gates to 1, so that the cell remembers from the start.

        Source: R. Jozefowicz, W. Zaremba & I. Sutskever, "An empirical exploration of recurrent
        network architectures", ICML 2015.
        """
        named["bias_ih"][1][...] = 1

    def prepare(self, unrolled: UnrolledCell) -> None:
        """See `Cell.prepare`."""
        buffers: LSTMBuffers = unrolled.buffers
        np.multiply(unrolled.matrix, buffers.fold, buffers.folded)

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        buffers: LSTMBuffers = unrolled.buffers
        dot, tanh, multiply, add = np.dot, np.tanh, np.multiply, np.add
        h = unrolled.hidden_size
        terms, first, second = buffers.terms, buffers.terms[:h], buffers.terms[h:]
        views = zip(buffers.forward_steps[steps], unrolled.masks(steps), strict=False)
        for (state, parts, gates, sigmoids, i_f, g_c, cell, cell_tanh, o, output), mask in views:
            for rows, part in parts:
                dot(rows, state, part)
            tanh(gates, gates)
            multiply(sigmoids, 0.5, sigmoids)
            add(sigmoids, 0.5, sigmoids)
            multiply(i_f, g_c, terms)
            add(first, second, cell)
            if mask is not None:
                multiply(cell, mask, cell)
            tanh(cell, cell_tanh)
            multiply(o, cell_tanh, output)

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        buffers: LSTMBuffers = unrolled.buffers
        multiply, add, dot = np.multiply, np.add, np.dot
        dh, dc, term = unrolled.dh, buffers.dc, buffers.terms[: unrolled.hidden_size]
        dc_to_dc = self.derivatives(unrolled, buffers, steps)
        for step, dz, dz_o, dz_ifg, dh_to_dc in reversed(buffers.backward_steps[steps]):
            if grad_outputs is not None:
                add(dh, grad_outputs[step], dh)
            multiply(dh, dh_to_dc, term)
            add(dc, term, dc)
            multiply(dz_o, dh, dz_o)
            multiply(dz_ifg, dc, dz_ifg)
            multiply(dc, dc_to_dc[step], dc)
            for rows, part in buffers.recurrent_products:
                dot(rows, dz, part)

    def derivatives(self, unrolled: UnrolledCell, buffers: LSTMBuffers, steps: slice) -> Array:
        """Calculate the factors that do not depend on dh and dc, for some time steps at once.

        They go into `dz`, `dh_to_dc` and, where there is a mask, `dc_to_dc`. The result (T, H, B)
        holds the derivatives of c_t with respect to c_{t-1}: without a mask they are f itself.
        """
        h, dz, outputs = unrolled.hidden_size, unrolled.dz[steps], unrolled.outputs[steps]
        values, dh_to_dc = buffers.values[:-1][steps], buffers.dh_to_dc[steps]
        np.subtract(1, values[:, : 3 * h], out=dz[:, : 3 * h])
        dz[:, :h] *= outputs  # tanh(c) * o
        dz_if = dz[:, h : 3 * h]
        dz_if *= values[:, h : 3 * h]
        dz_if *= values[:, 3 * h :]
        g, dz_g = values[:, 3 * h : 4 * h], dz[:, 3 * h :]
        np.multiply(g, g, out=dz_g)
        np.subtract(1, dz_g, out=dz_g)
        dz_g *= values[:, h : 2 * h]
        np.multiply(outputs, buffers.cells_tanh[steps], out=dh_to_dc)
        np.subtract(values[:, :h], dh_to_dc, out=dh_to_dc)  # o - h tanh(c) = o (1 - tanh(c)^2)
        if unrolled.mask is None:
            return buffers.block(2)
        dz *= unrolled.mask[steps]
        np.multiply(buffers.block(2)[steps], unrolled.mask[steps], out=buffers.dc_to_dc[steps])
        return buffers.dc_to_dc

    def state_after(self, unrolled: UnrolledCell, step: int) -> dict[str, Array]:
        """See `Cell.state_after`."""
        cell = unrolled.buffers.values[step, 4 * unrolled.hidden_size :]
        return super().state_after(unrolled, step) | {"cell": cell}

    def carried_gradients(self, unrolled: UnrolledCell) -> dict[str, Array]:
        """See `Cell.carried_gradients`."""
        return super().carried_gradients(unrolled) | {"cell": unrolled.buffers.dc}

    def gates(self, unrolled: UnrolledCell) -> dict[str, Array]:
        """See `Cell.gates`."""
        buffers: LSTMBuffers = unrolled.buffers
        return {"i": buffers.block(1), "f": buffers.block(2), "o": buffers.block(0)}


@dataclass(frozen=True)
class LSTM(LSTMBase):
    """Hochreiter & Schmidhuber's cell with forget gates, as in PyTorch: see `LSTMBase`."""

    kind: Literal["lstm"] = "lstm"
