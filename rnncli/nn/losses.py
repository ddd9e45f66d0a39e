"""The losses: value and derivative from one formula, means over the batch.

``z (O, B)`` are the network's outputs, ``y (B, K)`` the targets, one row a sequence. Every
formula holds for complex z, compares real parts only, and is finite for outputs of +-1e4.
"""

from typing import Protocol

import numpy as np

from rnncli.nn.arrays import Array


class Loss(Protocol):
    """A loss function of the network's last outputs."""

    def __call__(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return the loss of each sequence (B,) and the derivative of their mean (O, B)."""
        ...


def binary_cross_entropy(z: Array, y: Array) -> tuple[Array, Array]:
    """Binary cross-entropy on logits z (1, B), for classes y (B, 1) of 0 and 1.

    With u = z where y = 0 and -z where y = 1, the loss is softplus(u) = max(u, 0) +
    log(1 + exp(-|u|)) and its derivative sigmoid(u) = exp(u - softplus(u)).
    """
    sign = 1 - 2 * y.T
    u = sign * z
    softplus = np.maximum(u, 0)
    softplus += np.log1p(np.exp(u - 2 * softplus))
    np.subtract(u, softplus, out=u)
    gradient = np.exp(u, out=u)
    sign *= 1 / u.shape[1]
    gradient *= sign
    return softplus[0], gradient


def softmax_cross_entropy(z: Array, y: Array) -> tuple[Array, Array]:
    """Cross-entropy of softmax(z) for logits z (C, B) and classes y (B, 1) of 0 .. C-1.

    With L = log(sum over c of exp(z_c)), shifted by the largest z, the loss is L - z_y and its
    derivative exp(z - L), less one at y.
    """
    true = (y[:, 0].astype(np.intp), np.arange(z.shape[1]))
    z = z - np.maximum.reduce(z.real, axis=0)
    log_sum = np.log(np.add.reduce(np.exp(z), axis=0))
    value = log_sum - z[true]
    gradient = np.exp(z - log_sum)
    gradient[true] -= 1
    gradient *= 1 / z.shape[1]
    return value, gradient


def mean_squared_error(z: Array, y: Array) -> tuple[Array, Array]:
    """Mean squared error of values z (K, B) against targets y (B, K), over all K."""
    error = z - y.T
    value = np.add.reduce(error * error, axis=0) / len(z)
    error *= 2 / error.size
    return value, error


def loss_at_labels(loss: Loss, z: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Apply a loss to one answer a sequence, or to those steps that have a label.

    Parameters
    ----------
    loss : Loss
        The loss of one answer.
    z : array (O, B) or (O, T*B)
        The network's outputs.
    y : array (B, K) or (B, T, K)
        Targets of the sequences, or of their steps; NaN where a step has none.

    Returns
    -------
    losses : array (N,)
        The loss of each of the N answers that have a target.
    gradient : array, the shape of `z`
        The derivative of their mean; zero where there is no target.
    z, y : array (O, N), array (N, K)
        Those answers and their targets.
    """
    if y.ndim == 2:
        return *loss(z, y), z, y
    y = y.transpose(1, 0, 2).reshape(-1, y.shape[2])
    labelled = ~np.isnan(y[:, 0])
    if labelled.all():
        return *loss(z, y), z, y
    z_there, y_there = z[:, labelled], y[labelled]
    gradient = np.zeros_like(z)
    if not labelled.any():
        return z_there.sum(axis=0), gradient, z_there, y_there
    losses, slope = loss(z_there, y_there)
    gradient[:, labelled] = slope
    return losses, gradient, z_there, y_there


LOSSES: dict[str, Loss] = {
    "binary_cross_entropy": binary_cross_entropy,
    "softmax_cross_entropy": softmax_cross_entropy,
    "mean_squared_error": mean_squared_error,
}
