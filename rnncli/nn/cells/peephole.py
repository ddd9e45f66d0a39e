"""Long short-term memory with peepholes: gates that see the cell state."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import StepGradients, UnrolledCell, Vectors
from rnncli.nn.cells.lstm import LSTMBase, LSTMBuffers


class PeepholeBuffers(LSTMBuffers):
    """The buffers of an LSTM with peepholes for every time step.

    Attributes
    ----------
    weights : array (3, H, 1)
        The weights of the peepholes of i, f and o, a view.
    gradient : array (3, H)
        Where their gradient goes, a view.
    repeated, folded_peepholes : array (3, H, B)
        The weights and their halves for every sequence: products of contiguous arrays are faster.
    carried : list of array (H, B)
        c_{t-1} of each time step.
    """

    def __init__(self, unrolled: UnrolledCell) -> None:
        super().__init__(unrolled)
        steps, h, batch = unrolled.outputs.shape
        self.weights = unrolled.weights.vectors["weight_peephole"].reshape(3, h, 1)
        self.gradient = unrolled.gradient.vectors["weight_peephole"].reshape(3, h)
        self.repeated = np.empty((3, h, batch), unrolled.matrix.dtype)
        self.folded_peepholes = np.empty((3, h, batch), unrolled.matrix.dtype)
        self.carried = list(self.block(4))
        self.product = np.empty((steps, h, batch), unrolled.matrix.dtype)
        self.sums = np.empty((h, batch), unrolled.matrix.dtype)
        # The gradients of o, i, f and g.
        self.dz_blocks = [unrolled.dz[:, row : row + h] for row in range(0, 4 * h, h)]


@dataclass(frozen=True)
class Peephole(LSTMBase):
    """The LSTM whose gates see the cell state through peepholes, which helps with precise timing.

    Forward, with diagonal weights p_i, p_f and p_o::

        z_t = W [x_t; h_{t-1}; 1]            in blocks o, i, f, g
        i, f = sigmoid(z + p * c_{t-1}),  g = tanh(z)
        c_t  = f * c_{t-1} + i * g
        o    = sigmoid(z + p_o * c_t)
        h_t  = o * tanh(c_t)

    Backward, as for the LSTM, with the terms of the peepholes::

        dz_o     = dh_t * tanh(c_t) * o (1 - o)
        dc_t    += dh_t * o * (1 - tanh(c_t)^2) + dz_o * p_o
        dz_i     = dc_t * g * i (1 - i)
        dz_f     = dc_t * c_{t-1} * f (1 - f)
        dz_g     = dc_t * i * (1 - g^2)
        dc_{t-1} = dc_t * f + dz_i * p_i + dz_f * p_f
        dh_{t-1} = W_hh^T dz_t
        dp_i, dp_f, dp_o = the sums over t of dz_i * c_{t-1}, dz_f * c_{t-1}, dz_o * c_t

    dz_o is a multiple of dh_t, and dz_i and dz_f are multiples of dc_t. So the terms of the
    peepholes go into the factors of dh_t and dc_t, and the loop over time is that of the LSTM.

    The named arrays have PyTorch's order i, f, g, o, which has no such cell; ``weight_peephole``
    has the order i, f, o.

    Sources: F. A. Gers & J. Schmidhuber, "Recurrent nets that time and count", IJCNN 2000;
    F. A. Gers & J. Schmidhuber, "LSTM recurrent networks learn simple context-free and
    context-sensitive languages", IEEE Transactions on Neural Networks 12 (2001); F. A. Gers,
    N. N. Schraudolph & J. Schmidhuber, "Learning precise timing with LSTM recurrent networks",
    JMLR 3 (2002). They cut the gradient off at the gates; here it is complete.
    """

    kind: Literal["peephole"] = "peephole"

    arrays = LSTMBase.arrays | {"weight_peephole": Vectors(3)}

    def allocate(self, unrolled: UnrolledCell) -> PeepholeBuffers:
        """See `Cell.allocate`."""
        return PeepholeBuffers(unrolled)

    def prepare(self, unrolled: UnrolledCell) -> None:
        """See `Cell.prepare`."""
        super().prepare(unrolled)
        buffers: PeepholeBuffers = unrolled.buffers
        buffers.repeated[...] = buffers.weights
        np.multiply(buffers.repeated, 0.5, buffers.folded_peepholes)

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        buffers: PeepholeBuffers = unrolled.buffers
        dot, tanh, multiply, add = np.dot, np.tanh, np.multiply, np.add
        h = unrolled.hidden_size
        p_if, p_o = buffers.folded_peepholes[:2], buffers.folded_peepholes[2]
        terms, first, second = buffers.terms, buffers.terms[:h], buffers.terms[h:]
        seen = terms.reshape(p_if.shape)
        views = buffers.forward_steps[steps], buffers.carried[steps], unrolled.masks(steps)
        for (state, parts, gates, _, i_f, g_c, cell, cell_tanh, o, output), carried, mask in zip(
            *views, strict=False
        ):
            for rows, part in parts:
                dot(rows, state, part)
            multiply(p_if, carried, seen)
            add(i_f, terms, i_f)
            tanh(gates[h:], gates[h:])
            multiply(i_f, 0.5, i_f)
            add(i_f, 0.5, i_f)
            multiply(i_f, g_c, terms)
            add(first, second, cell)
            if mask is not None:
                multiply(cell, mask, cell)
            multiply(p_o, cell, first)
            add(o, first, o)
            tanh(o, o)
            multiply(o, 0.5, o)
            add(o, 0.5, o)
            tanh(cell, cell_tanh)
            multiply(o, cell_tanh, output)

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        super().backward(unrolled, grad_outputs, steps)
        buffers: PeepholeBuffers = unrolled.buffers
        product, sums, previous = buffers.product[steps], buffers.sums, buffers.block(4)
        o, i, f, _ = buffers.dz_blocks
        seen = ((i, previous), (f, previous), (o, buffers.cells))
        for gradient, (dz, cells) in zip(buffers.gradient, seen, strict=True):
            np.multiply(dz[steps], cells[steps], out=product)
            np.add.reduce(product, axis=0, out=sums)
            gradient += np.add.reduce(sums, axis=1)

    def derivatives(self, unrolled: UnrolledCell, buffers: LSTMBuffers, steps: slice) -> Array:
        """See `LSTMBase.derivatives`: `dh_to_dc` and `dc_to_dc` include the peepholes."""
        assert isinstance(buffers, PeepholeBuffers)
        p_i, p_f, p_o = buffers.repeated
        forget = super().derivatives(unrolled, buffers, steps)[steps]
        o, i, f, _ = (block[steps] for block in buffers.dz_blocks)
        product, dh_to_dc = buffers.product[steps], buffers.dh_to_dc[steps]
        dc_to_dc = buffers.dc_to_dc[steps]
        dh_to_dc += np.multiply(o, p_o, out=product)
        np.add(forget, np.multiply(i, p_i, out=product), out=dc_to_dc)
        dc_to_dc += np.multiply(f, p_f, out=product)
        return buffers.dc_to_dc
