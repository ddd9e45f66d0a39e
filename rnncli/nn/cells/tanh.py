"""The plain recurrent cell."""

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.cells.layer import Layer


class Tanh(Layer):
    """Elman's cell: h_t = tanh(W [x_t; h_{t-1}; 1]).

    Backward, with dh_t the loss's derivative with respect to h_t::

        dz_t     = dh_t * (1 - h_t^2)        the slope of tanh, from its own output
        dh_{t-1} = W_hh^T dz_t  (+ what reaches h_{t-1} from above)
        dW       = sum over t of dz_t [x_t; h_{t-1}; 1]^T

    Sources: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990);
    P. J. Werbos, "Backpropagation through time", Proc. IEEE 78 (1990).
    """

    gates = 1
    gate_order = "h"

    def forward(self) -> None:
        """See `Layer.forward`."""
        weights, dot, tanh = self.weights, np.dot, np.tanh
        for state, output in self.forward_steps:
            dot(weights, state, output)
            tanh(output, output)

    def backward(self, upstream: Array | None, through_start: bool) -> None:
        """See `Layer.backward`."""
        flow, multiply, dot = self.flow, np.multiply, np.dot
        transposed = self.recurrent_transposed
        transposed[...] = self.recurrent_weights.T
        np.multiply(self.outputs, self.outputs, out=self.delta)
        np.subtract(1, self.delta, out=self.delta)
        above = None if upstream is None else iter(upstream[::-1])
        for count, delta in enumerate(self.backward_steps, 1 - len(self.backward_steps)):
            if above is not None:
                flow += next(above)
            multiply(delta, flow, delta)
            if count or through_start:
                dot(transposed, delta, flow)
        self.accumulate_gradient()
