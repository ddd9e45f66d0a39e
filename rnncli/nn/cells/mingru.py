"""The minimal gated recurrent unit: a recurrence without a recurrent matrix."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import Blocks, Cell, StepGradients, UnrolledCell


class MinGRUBuffers:
    """The buffers of a minGRU for every time step.

    Attributes
    ----------
    values : array (T, 2*H, B)
        z and n of each time step.
    bias : array (2*H, 1)
        The biases of both, a view.
    decays, terms : array (T, H, B)
        The two parts of the recurrence h_t = decay * h_{t-1} + term, which include the mask.
    """

    def __init__(self, unrolled: UnrolledCell) -> None:
        steps, h, batch = unrolled.outputs.shape
        dtype = unrolled.matrix.dtype
        self.values = np.empty((steps, 2 * h, batch), dtype)
        self.z, self.n = self.values[:, :h], self.values[:, h:]
        self.bias = unrolled.matrix[:, -1:]
        self.decays = np.empty((steps, h, batch), dtype)
        self.terms = np.empty((steps, h, batch), dtype)
        self.forward_steps = list(
            zip(self.decays, self.terms, unrolled.previous, unrolled.outputs, strict=True)
        )
        self.backward_steps = [
            (step, dz.reshape(2, h, batch), self.decays[step]) for step, dz in unrolled.dz_steps
        ]


@dataclass(frozen=True)
class MinGRU(Cell):
    """The minGRU: a GRU whose gate and candidate see only the input, not the state.

    Forward::

        z_t = sigmoid(W_z x_t + b_z)
        n_t = W_n x_t + b_n
        h_t = (1 - z_t) * h_{t-1} + z_t * n_t           or with signed gates
        h_t = (1 - 2 z_t) * h_{t-1} + z_t * n_t

    There is no recurrent matrix: one product gives z_t and n_t of all time steps, and only the
    last line runs over time. Backward, with s = 2 for signed gates and s = 1 otherwise::

        dz_z     = dh_t * (n_t - s h_{t-1}) * z (1 - z)
        dz_n     = dh_t * z
        dh_{t-1} = dh_t * (1 - s z)

    The state is a linear function of the one before it, unit by unit. With a factor 1 - z between
    0 and 1 a unit can keep or forget its state but not reverse it: no number of such layers
    follows the parity of a long sequence. With signed gates the factor lies between -1 and 1, and
    z = 1 gives h_t = n_t - h_{t-1}, which alternates between 0 and n: one unit is enough for
    parity. Then the state is no longer a weighted mean of candidates, and can grow with the
    number of time steps. Neither variant can follow what does not split into single units, such as
    the order of permutations.

    The named arrays have the order z, n.

    Sources: L. Feng et al., "Were RNNs all we needed?", arXiv 2410.01201 (2024), without log
    space; R. Grazzi et al., "Unlocking state-tracking in linear RNNs through negative
    eigenvalues", arXiv 2411.12537 (2024), for the signed gates.
    """

    kind: Literal["mingru"] = "mingru"
    signed: Annotated[
        bool, Field(description="factors of the state from -1 to 1, not 0 to 1; for parity")
    ] = False

    num_blocks = 2
    arrays = {  # noqa: RUF012
        "weight_ih": Blocks("input", (0, 1)),
        "bias_ih": Blocks("bias", (0, 1)),
    }
    gate_order = "z, n"

    @property
    def scale(self) -> int:
        """The s of 1 - s z, the factor of the state."""
        return 2 if self.signed else 1

    def allocate(self, unrolled: UnrolledCell) -> MinGRUBuffers:
        """See `Cell.allocate`."""
        return MinGRUBuffers(unrolled)

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        buffers: MinGRUBuffers = unrolled.buffers
        values, z = buffers.values[steps], buffers.z[steps]
        decays, terms = buffers.decays[steps], buffers.terms[steps]
        np.matmul(unrolled.input_weights, unrolled.inputs[steps], out=values)
        values += buffers.bias
        z *= 0.5
        np.tanh(z, out=z)  # sigmoid(z) = (1 + tanh(z/2)) / 2
        z *= 0.5
        z += 0.5
        np.multiply(z, -self.scale, out=decays)
        decays += 1
        np.multiply(z, buffers.n[steps], out=terms)
        if unrolled.mask is not None:
            decays *= unrolled.mask[steps]
            terms *= unrolled.mask[steps]
        multiply, add = np.multiply, np.add
        for decay, term, previous, output in buffers.forward_steps[steps]:
            multiply(decay, previous, output)
            add(output, term, output)

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        buffers: MinGRUBuffers = unrolled.buffers
        multiply, add, dh = np.multiply, np.add, unrolled.dh
        self.derivatives(unrolled, buffers, steps)
        for step, dz, decay in reversed(buffers.backward_steps[steps]):
            if grad_outputs is not None:
                add(dh, grad_outputs[step], dh)
            multiply(dz, dh, dz)
            multiply(dh, decay, dh)

    def derivatives(self, unrolled: UnrolledCell, buffers: MinGRUBuffers, steps: slice) -> None:
        """Fill `dz` with the factors that do not depend on dh, for some time steps at once."""
        h, dz, z = unrolled.hidden_size, unrolled.dz[steps], buffers.z[steps]
        dz_z, dz_n, difference = dz[:, :h], dz[:, h:], buffers.terms[steps]
        np.multiply(unrolled.previous[steps], -self.scale, out=difference)
        difference += buffers.n[steps]
        np.subtract(1, z, out=dz_z)
        dz_z *= z
        dz_z *= difference
        dz_n[...] = z
        if unrolled.mask is not None:
            dz *= unrolled.mask[steps]

    def gates(self, unrolled: UnrolledCell) -> dict[str, Array]:
        """See `Cell.gates`."""
        return {"z": unrolled.buffers.z}

    def inactive_units(self, unrolled: UnrolledCell) -> tuple[str, Array]:
        """See `Cell.inactive_units`: no unit saturates, as the state is linear and has no bound."""
        return "saturated", np.zeros(unrolled.outputs.shape, bool)
