"""Derivatives of a forward pass without a backward pass: complex steps and central differences.

The complex step: for an analytic function, Im f(p + ih) / h is the derivative, without a
difference and so without cancellation; with h = 1e-30 it is exact up to rounding. Source: W.
Squire & G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review
40 (1998). Central differences, an independent second method, are accurate to about 1e-9.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.losses import Loss, batch_loss

COMPLEX_STEP = 1e-30
_CENTRAL_STEP = 6e-6  # near the cube root of the rounding error, where both errors are least


class Derivative(Protocol):
    """A method to calculate derivatives of a function of the values in an array."""

    def __call__(self, values: Array, where: Any, function: Callable[[], Any]) -> Array:
        """Return the derivatives of what a function returns with respect to ``values[where]``.

        All of these entries are moved at once, so each must influence results of its own: the last
        axes of the result are those of ``values[where]``, and an entry influences no results but
        those at its own place there.

        Parameters
        ----------
        values : array
            What the function depends on; it is changed in place and restored.
        where
            Any index of `values`.
        function : callable
            Returns a number or an array.
        """
        ...


def complex_step(values: Array, where: Any, function: Callable[[], Any]) -> Array:
    """See `Derivative`; the values are complex."""
    before = np.array(values[where])
    values[where] = before + 1j * COMPLEX_STEP
    derivatives: Array = np.array(function()).imag / COMPLEX_STEP
    values[where] = before
    return derivatives


def central_difference(values: Array, where: Any, function: Callable[[], Any]) -> Array:
    """See `Derivative`."""
    before = np.array(values[where])
    step = _CENTRAL_STEP * np.maximum(1, np.abs(before))
    values[where] = before + step
    above, high = np.array(function()), np.array(values[where])
    values[where] = before - step
    below, low = np.array(function()), np.array(values[where])
    values[where] = before
    derivatives: Array = np.real(above - below) / (high - low)
    return derivatives


def output_gradient(derivative: Derivative, loss: Loss, z: Array, y: Array) -> Array:
    """Return the gradient of the mean loss with respect to the outputs z (O, N) of a network.

    Parameters
    ----------
    derivative : Derivative
        The method.
    loss : Loss
        The loss function.
    z, y : array
        Outputs and targets: see `rnncli.nn.losses.batch_loss`. Only a copy of `z` is changed.
    """
    z = z.copy()
    has_target = np.ones(z.shape[1], bool) if y.ndim == 2 else ~np.isnan(y[:, :, 0].T.ravel())
    gradient = np.zeros(z.shape)

    def losses() -> Array:
        of_predictions = np.zeros(z.shape[1], z.dtype)
        of_predictions[has_target] = batch_loss(loss, z, y).losses
        return of_predictions

    for row in range(len(z)):
        gradient[row] = derivative(z, row, losses)
    return gradient / max(int(np.count_nonzero(has_target)), 1)
