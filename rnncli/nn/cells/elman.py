"""The simple recurrent cells: tanh and ReLU."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.base import Cell, StepGradients, UnrolledCell


@dataclass(frozen=True)
class Elman(Cell):
    """Elman's cell: h_t = f(z_t) with z_t = W [x_t; h_{t-1}; 1], for some activation f.

    Backward, with dh_t the gradient of the loss with respect to h_t::

        dz_t     = dh_t * f'(z_t)
        dh_{t-1} = W_hh^T dz_t       plus the gradient that reaches h_{t-1} from above
        dW       = sum over t of dz_t [x_t; h_{t-1}; 1]^T

    Attributes
    ----------
    activation : callable
        ``activation(z, out)`` fills `out` with f(z).

    Sources: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990);
    P. J. Werbos, "Backpropagation through time", Proc. IEEE 78 (1990).
    """

    activation: ClassVar[Any]

    def forward(self, unrolled: UnrolledCell, steps: slice) -> None:
        """See `Cell.forward`."""
        matrix, dot, activation = unrolled.matrix, np.dot, self.activation
        if unrolled.mask is None:
            for state, output in unrolled.steps[steps]:
                dot(matrix, state, output)
                activation(output, output)
            return
        for (state, output), mask in zip(unrolled.steps[steps], unrolled.mask[steps], strict=True):
            dot(matrix, state, output)
            activation(output, output)
            output *= mask

    def backward(
        self, unrolled: UnrolledCell, grad_outputs: StepGradients | None, steps: slice
    ) -> None:
        """See `Cell.backward`."""
        dh, multiply, dot = unrolled.dh, np.multiply, np.dot
        transposed, dz_of_steps = unrolled.recurrent_transposed, unrolled.dz[steps]
        self.derivative(unrolled.outputs[steps], dz_of_steps)
        if unrolled.mask is not None:
            dz_of_steps *= unrolled.mask[steps]
        for step, dz in reversed(unrolled.dz_steps[steps]):
            if grad_outputs is not None:
                dh += grad_outputs[step]
            multiply(dz, dh, dz)
            if step:
                dot(transposed, dz, dh)

    def initial_gradients(self, unrolled: UnrolledCell) -> dict[str, Array]:
        """See `Cell.initial_gradients`; training does not need this product."""
        return {"state": np.dot(unrolled.recurrent_transposed, unrolled.dz[0])}

    @staticmethod
    def derivative(outputs: Array, out: Array) -> None:
        """Fill `out` with f'(z_t) of all time steps, from the outputs f(z_t)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Tanh(Elman):
    """Elman's cell with f = tanh, whose derivative is 1 - h_t^2."""

    kind: Literal["tanh"] = "tanh"

    activation = np.tanh

    @staticmethod
    def derivative(outputs: Array, out: Array) -> None:
        """See `Elman.derivative`."""
        np.multiply(outputs, outputs, out=out)
        np.subtract(1, out, out=out)


def _rectify(z: Array, out: Array) -> None:
    np.maximum(z, 0, out=out)


@dataclass(frozen=True)
class Relu(Elman):
    """Elman's cell with f(z) = max(z, 0), whose derivative is 1 where the output is positive.

    Source: Q. V. Le, N. Jaitly & G. E. Hinton, "A simple way to initialize recurrent networks of
    rectified linear units", arXiv 1504.00941 (2015).
    """

    kind: Literal["relu"] = "relu"

    activation = staticmethod(_rectify)

    @staticmethod
    def derivative(outputs: Array, out: Array) -> None:
        """See `Elman.derivative`."""
        np.greater(outputs, 0, out=out)

    def at_kink(self, unrolled: UnrolledCell) -> bool:
        """See `Cell.at_kink`: there is no derivative at z = 0."""
        at_zero = np.matmul(unrolled.matrix, unrolled.states[:-1]) == 0
        return bool((at_zero if unrolled.mask is None else at_zero & (unrolled.mask > 0)).any())

    def inactive_units(self, unrolled: UnrolledCell) -> tuple[str, Array]:
        """See `Cell.inactive_units`."""
        return "dead", unrolled.outputs <= 0
