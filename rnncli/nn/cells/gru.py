"""The gated recurrent unit."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.layer import Layer, Upstream


class GRU(Layer):
    """Cho's cell, with the reset after the product as PyTorch and cuDNN have it.

    Forward::

        r, z = sigmoid(W [x_t; h_{t-1}; 1])
        a    = W_hn h_{t-1} + b_hn
        n    = tanh(W_in x_t + b_in + r * a)
        h_t  = n + z * (h_{t-1} - n)

    sigmoid(z) = (1 + tanh(z/2)) / 2, with the halves folded into a copy of the weights. The blocks
    of W stand in the order r, z, a, n; a has no input part, and n, which is calculated for all
    steps at once, no recurrent one: those entries are zero and stay so. Backward::

        dn_z = dh_t * (1 - z) * (1 - n^2)
        da   = dn_z * r
        dr_z = dn_z * a * r (1 - r)
        dz_z = dh_t * (h_{t-1} - n) * z (1 - z)
        dh_{t-1} = W_hh^T (dr_z, dz_z, da) + dh_t * z

    Files have PyTorch's order r, z, n (``linear_before_reset=1`` in ONNX).

    Sources: K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP
    2014; the documentation of ``torch.nn.GRU`` for the place of the reset.
    """

    gates = 4
    gate_order = "r, z, n"
    input_blocks = (0, 1, 3)
    state_blocks = (0, 1, 2)

    def __init__(self, weights: Array, gradient: Array, steps: int, batch: int) -> None:
        super().__init__(weights, gradient, steps, batch)
        h = len(weights) // 4
        dtype = weights.dtype
        self.gate_values = np.empty((steps, 3 * h, batch), dtype)
        self.candidates = np.empty((steps, h, batch), dtype)
        self.candidate_weights = self.input_weights[3 * h :]
        self.candidate_bias = weights[3 * h :, -1:]
        self.before = self.states[:-1, self.inputs.shape[1] : -1]
        self.folded = np.empty((3 * h, weights.shape[1]), dtype)
        self.fold = np.repeat([0.5, 1.0], [2 * h, h])[:, np.newaxis].astype(dtype)
        self.term = np.empty((h, batch), dtype)
        values = self.gate_values
        self.forward_steps = list(
            zip(
                self.states[:-1],
                values,
                values[:, : 2 * h],
                values[:, :h],
                values[:, h : 2 * h],
                values[:, 2 * h :],
                self.candidates,
                self.before,
                self.outputs,
                strict=True,
            )
        )

    def forward(self) -> None:
        """See `Layer.forward`."""
        dot, tanh, multiply, add = np.dot, np.tanh, np.multiply, np.add
        folded = multiply(self.weights[: len(self.folded)], self.fold, self.folded)
        np.matmul(self.candidate_weights, self.inputs, out=self.candidates)
        self.candidates += self.candidate_bias
        term = self.term
        for (state, gates, sigmoids, r, z, a, n, before, output), mask in zip(
            self.forward_steps, self.masks(), strict=False
        ):
            dot(folded, state, gates)
            tanh(sigmoids, sigmoids)
            multiply(sigmoids, 0.5, sigmoids)
            add(sigmoids, 0.5, sigmoids)
            multiply(r, a, term)
            add(n, term, n)
            tanh(n, n)
            np.subtract(before, n, term)
            multiply(term, z, term)
            add(n, term, output)
            if mask is not None:
                multiply(output, mask, output)

    def open_gates(self) -> dict[str, Array]:
        """See `Layer.open_gates`."""
        h = self.outputs.shape[1]
        return {"r": self.gate_values[:, :h], "z": self.gate_values[:, h : 2 * h]}

    def prepare_backward(self) -> None:
        """See `Layer.prepare_backward`."""
        if hasattr(self, "flow"):
            return
        super().prepare_backward()
        h = self.outputs.shape[1]
        self.carry = self.gate_values[:, h : 2 * h]
        self.masked_carry = np.empty_like(self.candidates)
        self.back_steps = [(delta.reshape(4, h, -1), delta[: 3 * h]) for delta in self.delta]

    def backward(self, upstream: Upstream | None, through_start: bool) -> None:
        """See `Layer.backward`."""
        multiply, add, dot = np.multiply, np.add, np.dot
        flow, term, transposed = self.flow, self.term, self.recurrent_transposed
        transposed[...] = self.recurrent_weights.T
        carry = self.carry if self.mask is None else self.masked_carry
        self.slopes()
        for step in reversed(range(len(self.delta))):
            blocks, recurrent = self.back_steps[step]
            if upstream is not None:
                add(flow, upstream[step], flow)
            multiply(blocks, flow, blocks)
            multiply(flow, carry[step], term)
            dot(transposed, recurrent, flow)
            add(flow, term, flow)
        self.accumulate_gradient()
        h, inputs = len(flow), self.inputs.shape[1]
        self.gradient[2 * h : 3 * h, :inputs] = 0
        self.gradient[3 * h :, inputs:-1] = 0

    def slopes(self) -> None:
        """Prepare all that does not depend on what flows back, for all steps at once.

        Fills `delta` with the slopes of the gates, and the mask, if any, into the way from h_t to
        h_{t-1} beside the gates.
        """
        h = self.outputs.shape[1]
        values, n, delta = self.gate_values, self.candidates, self.delta
        r, z, a = values[:, :h], values[:, h : 2 * h], values[:, 2 * h :]
        dr, dz, da, dn = (delta[:, i * h : (i + 1) * h] for i in range(4))
        scratch = self.masked_carry
        np.multiply(n, n, out=dn)
        np.subtract(1, dn, out=dn)
        np.subtract(1, z, out=da)
        dn *= da
        np.multiply(dn, r, out=da)
        np.subtract(1, values[:, : 2 * h], out=delta[:, : 2 * h])
        dr *= da
        dr *= a
        dz *= z
        np.subtract(self.before, n, out=scratch)
        dz *= scratch
        if self.mask is not None:
            delta *= self.mask
            np.multiply(self.carry, self.mask, out=scratch)
