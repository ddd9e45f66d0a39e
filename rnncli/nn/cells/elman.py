"""The plain recurrent cells: tanh and ReLU."""

from collections.abc import Callable

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.layer import Layer, Upstream


class Tanh(Layer):
    """Elman's cell: h_t = f(W [x_t; h_{t-1}; 1]) with f = tanh.

    Backward, with dh_t the loss's derivative with respect to h_t::

        dz_t     = dh_t * (1 - h_t^2)        the slope of tanh, from its own output
        dh_{t-1} = W_hh^T dz_t  (+ what reaches h_{t-1} from above)
        dW       = sum over t of dz_t [x_t; h_{t-1}; 1]^T

    Sources: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990);
    P. J. Werbos, "Backpropagation through time", Proc. IEEE 78 (1990).
    """

    def __init__(self, weights: Array, gradient: Array, steps: int, batch: int) -> None:
        super().__init__(weights, gradient, steps, batch)
        self.activate: Callable[[Array, Array], object] = np.tanh
        self.forward_steps = list(zip(self.states[:-1], self.outputs, strict=True))

    def forward(self) -> None:
        """See `Layer.forward`."""
        weights, dot, activate = self.weights, np.dot, self.activate
        if self.mask is None:
            for state, output in self.forward_steps:
                dot(weights, state, output)
                activate(output, output)
            return
        for (state, output), mask in zip(self.forward_steps, self.mask, strict=True):
            dot(weights, state, output)
            activate(output, output)
            output *= mask

    def backward(self, upstream: Upstream | None, through_start: bool) -> None:
        """See `Layer.backward`."""
        flow, deltas, multiply, dot = self.flow, self.delta_steps, np.multiply, np.dot
        transposed = self.recurrent_transposed
        transposed[...] = self.recurrent_weights.T
        self.slopes()
        if self.mask is not None:
            self.delta *= self.mask
        for step in reversed(range(len(self.delta))):
            delta = deltas[step]
            if upstream is not None:
                flow += upstream[step]
            multiply(delta, flow, delta)
            if step or through_start:
                dot(transposed, delta, flow)
        self.accumulate_gradient()

    def slopes(self) -> None:
        """Fill `delta` with f'(z_t), from the outputs, for all steps at once."""
        np.multiply(self.outputs, self.outputs, out=self.delta)
        np.subtract(1, self.delta, out=self.delta)


class Relu(Tanh):
    """Elman's cell with f(z) = max(z, 0), whose slope is 1 where the output is positive.

    Source: Q. V. Le, N. Jaitly & G. E. Hinton, "A simple way to initialize recurrent networks of
    rectified linear units", arXiv 1504.00941 (2015).
    """

    def __init__(self, weights: Array, gradient: Array, steps: int, batch: int) -> None:
        super().__init__(weights, gradient, steps, batch)
        self.activate = lambda z, out: np.maximum(z, 0, out=out)

    def slopes(self) -> None:
        """Fill `delta` with f'(z_t), from the outputs, for all steps at once."""
        np.greater(self.outputs, 0, out=self.delta)

    def stuck_units(self) -> tuple[str, Array]:
        """See `Layer.stuck_units`."""
        return "dead", self.outputs <= 0
