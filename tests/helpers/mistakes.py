"""Classic mistakes in backpropagation, planted into the code to see that they are noticed."""

from helpers.networks import Mistake

from rnncli.nn.cells import elman, gru, lstm, mingru, peephole
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.layer import UnrolledLayer
from rnncli.nn.readout import SideBySide
from rnncli.nn.unrolled import UnrolledNetwork
from rnncli.nn.weight_gradient import _NarrowSum

_DERIVATIVE = "self.derivative(unrolled.outputs[steps], dz_of_steps)"
_HEAD = "np.dot(grad_outputs, self.features.T, out=self.gradient.head)"
_INPUTS = "np.matmul(self.input_weights.T, self.dz[steps], out=self.grad_inputs[steps])"
_WEIGHTS = "np.dot(dz_joined, states_joined, out=part)"

# Mistakes in a tanh network. The first four are those of many a tutorial.
TANH: dict[str, Mistake] = {
    "derivative at the last time step everywhere": (
        elman.Elman,
        _DERIVATIVE,
        "self.derivative(unrolled.outputs[-1:], dz_of_steps)",
    ),
    "output gradient added at every time step": (
        elman.Elman,
        "    for step, dz in reversed(unrolled.dz_steps[steps]):\n",
        "    kept = dh.copy()\n    for step, dz in reversed(unrolled.dz_steps[steps]):\n"
        "        if step < len(unrolled.dz) - 1:\n            dh += kept\n",
    ),
    "derivative of the sigmoid applied twice": (
        UnrolledNetwork,
        _HEAD,
        _HEAD + "\n    p = 1 / (1 + np.exp(-self.outputs))\n"
        "    grad_outputs = grad_outputs * p * (1 - p)",
    ),
    "wrong states paired with the recurrent weights": (
        _NarrowSum,
        "self.states[:-1][steps].transpose(0, 2, 1)",
        "self.states[1:][steps].transpose(0, 2, 1)",
    ),
    "recurrent term dropped": (elman.Elman, "dot(transposed, dz, dh)", "dh[...] = 0"),
    "recurrent weights not transposed": (
        UnrolledCell,
        "self.recurrent_transposed[...] = self.recurrent_weights.T",
        "self.recurrent_transposed[...] = self.recurrent_weights",
    ),
    "time index off by one": (
        elman.Elman,
        _DERIVATIVE,
        "self.derivative(unrolled.previous[steps], dz_of_steps)",
    ),
    "bias forgotten": (_NarrowSum, _WEIGHTS, _WEIGHTS + "\n    part[:, -1] = 0"),
    "gradient scaled by 1.001": (_NarrowSum, _WEIGHTS, _WEIGHTS + "\n    part *= 1.001"),
    "input gradient zeroed": (UnrolledCell, _INPUTS, "self.grad_inputs[steps] = 0"),
    "initial state's gradient wrong": (
        elman.Elman,
        "np.dot(unrolled.recurrent_transposed, unrolled.dz[0])",
        "unrolled.dh",
    ),
}
# Mistakes in the other cells, by cell.
CELLS: dict[str, dict[str, Mistake]] = {
    "lstm": {
        "gates swapped": (
            lstm.LSTMBase,
            "dz_if *= values[:, 3 * h :]",
            "dz_if *= values[:, 2 * h : 4 * h]",
        ),
        "path of the cell state forgotten": (
            lstm.LSTMBase,
            "multiply(dc, dc_to_dc[step], dc)",
            "dc[...] = 0",
        ),
        "path through the output forgotten": (
            lstm.LSTMBase,
            "add(dc, term, dc)",
            "add(dc, dh, dc)",
        ),
        "mask ignored": (lstm.LSTMBase, "dz *= unrolled.mask[steps]", "dz *= 1"),
        "mask of the cell state ignored": (
            lstm.LSTMBase,
            "np.multiply(buffers.block(2)[steps], unrolled.mask[steps]",
            "np.multiply(buffers.block(2)[steps], 1",
        ),
    },
    "gru": {
        "reset left out": (gru.GRU, "np.multiply(dz_n, r, out=dz_a)", "dz_a[...] = dz_n"),
        "gates swapped": (gru.GRU, "dz_z *= z", "dz_z *= r"),
        "path past the gates forgotten": (gru.GRU, "add(dh, term, dh)", "pass"),
        "mask ignored": (gru.GRU, "dz *= unrolled.mask[steps]", "dz *= 1"),
        "candidate in place of the reset state": (gru.GRU, "dz_r *= a", "dz_r *= n"),
    },
    "peephole": {
        "peephole of the output gate forgotten": (
            peephole.Peephole,
            "dh_to_dc += np.multiply(o, p_o, out=product)",
            "pass",
        ),
        "peephole of the forget gate forgotten": (
            peephole.Peephole,
            "dc_to_dc += np.multiply(f, p_f, out=product)",
            "pass",
        ),
        "peepholes swapped": (peephole.Peephole, "p_i, p_f, p_o =", "p_f, p_i, p_o ="),
        "the output gate sees the previous cell state": (
            peephole.Peephole,
            "(o, buffers.cells)",
            "(o, previous)",
        ),
        "gates swapped in the peepholes' gradient": (
            peephole.Peephole,
            "(f, previous)",
            "(i, previous)",
        ),
        "mask ignored": (lstm.LSTMBase, "dz *= unrolled.mask[steps]", "dz *= 1"),
    },
    "mingru": {
        "path past the gate forgotten": (
            mingru.MinGRU,
            "multiply(dh, decay, dh)",
            "dh[...] = 0",
        ),
        "candidate left out": (mingru.MinGRU, "difference += buffers.n[steps]", "pass"),
        "previous state left out": (
            mingru.MinGRU,
            "difference += buffers.n[steps]",
            "difference[...] = buffers.n[steps]",
        ),
        "factor of the signed gates": (mingru.MinGRU, "[steps], -self.scale", "[steps], -2"),
        "gate in place of its complement": (mingru.MinGRU, "dz_n[...] = z", "dz_n[...] = 1 - z"),
        "mask ignored": (mingru.MinGRU, "dz *= unrolled.mask[steps]", "dz *= 1"),
    },
    "tanh": {"mask ignored": (elman.Elman, "dz_of_steps *= unrolled.mask[steps]", "pass")},
    "relu": {
        "derivative one everywhere": (
            elman.Relu,
            "np.greater(outputs, 0, out=out)",
            "out[...] = 1",
        )
    },
}

# Mistakes at the head, for a list of poolings with dropout.
HEAD: dict[str, Mistake] = {
    "dropout not repeated in backward": (
        UnrolledNetwork,
        "apply_mask(self.grad_features, self.dropout_masks.head, out=self.grad_features)",
        "pass",
    ),
    "dropout left out of the gradient of the head": (
        UnrolledNetwork,
        _HEAD,
        "np.dot(grad_outputs, self.readout.features.T, out=self.gradient.head)",
    ),
    "gradient of the last output lost": (
        SideBySide,
        "return grad_final, grad_outputs",
        "return None, grad_outputs",
    ),
    "gradient of the mean and the maximum lost": (
        SideBySide,
        "return grad_final, grad_outputs",
        "return grad_final, None",
    ),
    "only the first of two gradients counted": (
        SideBySide,
        "_sum(grad_outputs, outputs)",
        "outputs if grad_outputs is None else grad_outputs",
    ),
    "only the end of a reverse direction counted": (
        UnrolledLayer,
        "at_ends += cell_grad_outputs",
        "pass",
    ),
}

# Mistakes between the layers, whatever the cell.
LAYERS: dict[str, Mistake] = {
    "reverse direction not turned round": (
        UnrolledLayer,
        "grad_outputs[:: -1 if direction else 1, rows]",
        "grad_outputs[:, rows]",
    ),
    "inputs of the reverse direction not turned back": (
        UnrolledLayer,
        "self.cells[1].grad_inputs[::-1]",
        "self.cells[1].grad_inputs",
    ),
    "dropout not repeated in backward": (
        UnrolledLayer,
        "gradient *= self.dropout_mask",
        "gradient *= 1",
    ),
}
