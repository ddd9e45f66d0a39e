"""Long short-term memory."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.layer import Blocks, Layer, Upstream


class LSTM(Layer):
    """Hochreiter & Schmidhuber's cell, with forget gates.

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

    The blocks stand in the order o, i, f, g: the sigmoids side by side, and what follows dc too.
    Files have PyTorch's order i, f, g, o.

    Sources: S. Hochreiter & J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997);
    F. A. Gers, J. Schmidhuber & F. Cummins, "Learning to forget", Neural Computation 12 (2000).
    """

    gates = 4
    gate_order = "i, f, g, o"
    input_blocks = (1, 2, 3, 0)
    state_blocks = (1, 2, 3, 0)

    def __init__(self, weights: Array, gradient: Array, steps: int, batch: int) -> None:
        super().__init__(weights, gradient, steps, batch)
        h = len(weights) // 4
        # Below the gates of a step stands c_{t-1}, so that (i, f) * (g, c) is one product.
        self.gate_values = np.zeros((steps + 1, 5 * h, batch), weights.dtype)
        self.cells = self.gate_values[1:, 4 * h :]
        self.cells_before = self.gate_values[:-1, 4 * h :]
        self.initial_cell = self.gate_values[0, 4 * h :]
        self.cells_tanh = np.empty((steps, h, batch), weights.dtype)
        self.folded = np.empty_like(weights)
        self.fold = np.repeat([0.5, 1.0], [3 * h, h])[:, np.newaxis].astype(weights.dtype)
        self.terms = np.empty((2 * h, batch), weights.dtype)
        values = self.gate_values[:-1]
        self.forward_steps = list(
            zip(
                self.states[:-1],
                values[:, : 4 * h],
                values[:, : 3 * h],
                values[:, h : 3 * h],
                values[:, 3 * h :],
                self.cells,
                self.cells_tanh,
                values[:, :h],
                self.outputs,
                strict=True,
            )
        )

    @classmethod
    def start_biases(cls, blocks: Blocks) -> None:
        """Open the forget gates, so that the cell remembers from the start.

        Source: R. Jozefowicz, W. Zaremba & I. Sutskever, "An empirical exploration of recurrent
        network architectures", ICML 2015.
        """
        blocks["bias_ih"][1][...] = 1

    @property
    def initial_states(self) -> dict[str, tuple[Array, Array]]:
        """See `Layer.initial_states`."""
        return super().initial_states | {"initial_cell": (self.initial_cell, self.cell_flow)}

    def states_to_carry(self) -> list[Array]:
        """See `Layer.states_to_carry`."""
        return [self.initial, self.initial_cell]

    def carry_on(self) -> None:
        """See `Layer.carry_on`."""
        super().carry_on()
        self.initial_cell[...] = self.cells[-1]

    def forward(self) -> None:
        """See `Layer.forward`."""
        dot, tanh, multiply, add = np.dot, np.tanh, np.multiply, np.add
        folded = multiply(self.weights, self.fold, self.folded)
        h = len(folded) // 4
        terms, first, second = self.terms, self.terms[:h], self.terms[h:]
        for (state, gates, sigmoids, i_f, g_c, cell, cell_tanh, o, output), mask in zip(
            self.forward_steps, self.masks(), strict=False
        ):
            dot(folded, state, gates)
            tanh(gates, gates)
            multiply(sigmoids, 0.5, sigmoids)
            add(sigmoids, 0.5, sigmoids)
            multiply(i_f, g_c, terms)
            add(first, second, cell)
            if mask is not None:
                multiply(cell, mask, cell)
            tanh(cell, cell_tanh)
            multiply(o, cell_tanh, output)

    def open_gates(self) -> dict[str, Array]:
        """See `Layer.open_gates`."""
        h = self.outputs.shape[1]
        o, i, f = (self.gate_values[:-1, k * h : (k + 1) * h] for k in range(3))
        return {"i": i, "f": f, "o": o}

    def prepare_backward(self) -> None:
        """See `Layer.prepare_backward`."""
        if hasattr(self, "flow"):
            return
        super().prepare_backward()
        steps, h, batch = self.outputs.shape
        self.cell_flow = np.zeros_like(self.flow)
        self.through_output = np.empty((steps, h, batch), self.flow.dtype)
        self.carry = self.gate_values[:-1, 2 * h : 3 * h]
        self.masked_carry = np.empty_like(self.through_output)
        self.back_steps = [
            (delta, delta[:h], delta[h:].reshape(3, h, batch), through)
            for delta, through in zip(self.delta, self.through_output, strict=True)
        ]

    def backward(self, upstream: Upstream | None, through_start: bool) -> None:
        """See `Layer.backward`."""
        multiply, add, dot = np.multiply, np.add, np.dot
        flow, cell_flow, term = self.flow, self.cell_flow, self.terms[: len(self.flow)]
        cell_flow[...] = 0
        transposed = self.recurrent_transposed
        transposed[...] = self.recurrent_weights.T
        carry = self.carry if self.mask is None else self.masked_carry
        self.slopes()
        for step in reversed(range(len(self.delta))):
            delta, output_rows, cell_rows, through = self.back_steps[step]
            if upstream is not None:
                add(flow, upstream[step], flow)
            multiply(flow, through, term)
            add(cell_flow, term, cell_flow)
            multiply(output_rows, flow, output_rows)
            multiply(cell_rows, cell_flow, cell_rows)
            multiply(cell_flow, carry[step], cell_flow)
            dot(transposed, delta, flow)
        self.accumulate_gradient()

    def slopes(self) -> None:
        """Prepare all that does not depend on what flows back, for all steps at once.

        Fills `delta` with the slopes of the gates, `through_output` with the way from h_t to c_t,
        and the mask, if any, into the way from c_t to c_{t-1}.
        """
        h = self.outputs.shape[1]
        values, delta = self.gate_values[:-1], self.delta
        through, cells_tanh = self.through_output, self.cells_tanh
        np.subtract(1, values[:, : 3 * h], out=delta[:, : 3 * h])
        delta[:, :h] *= self.outputs  # tanh(c) * o
        i_f = delta[:, h : 3 * h]
        i_f *= values[:, h : 3 * h]
        i_f *= values[:, 3 * h :]
        g, slope = values[:, 3 * h : 4 * h], delta[:, 3 * h :]
        np.multiply(g, g, out=slope)
        np.subtract(1, slope, out=slope)
        slope *= values[:, h : 2 * h]
        np.multiply(self.outputs, cells_tanh, out=through)
        np.subtract(values[:, :h], through, out=through)  # o - h tanh(c) = o (1 - tanh(c)^2)
        if self.mask is not None:
            delta *= self.mask
            np.multiply(self.carry, self.mask, out=self.masked_carry)
