"""The losses: value and gradient from one formula, one column of outputs at a time.

``z (O, N)`` are the network's outputs for N predictions, ``y (N, K)`` the targets. Every formula
holds for complex z, compares real parts only, and is finite for outputs of +-1e4.
"""

from typing import NamedTuple, Protocol

import numpy as np

from rnncli.nn.arrays import Array


class Loss(Protocol):
    """A loss function of a network's outputs."""

    def __call__(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return the loss of each prediction (N,), and the gradient of their sum (O, N)."""
        ...


def binary_cross_entropy(z: Array, y: Array) -> tuple[Array, Array]:
    """Binary cross-entropy on logits z (1, N), for classes y (N, 1) of 0 and 1.

    With u = z where y = 0 and -z where y = 1, the loss is softplus(u) = max(u, 0) +
    log(1 + exp(-|u|)) and its derivative sigmoid(u) = exp(u - softplus(u)).
    """
    sign = 1 - 2 * y.T
    u = sign * z
    softplus = np.maximum(u, 0)
    softplus += np.log1p(np.exp(u - 2 * softplus))
    np.subtract(u, softplus, out=u)
    gradient = np.exp(u, out=u)
    gradient *= sign
    return softplus[0], gradient


def softmax_cross_entropy(z: Array, y: Array) -> tuple[Array, Array]:
    """Cross-entropy of softmax(z) for logits z (C, N) and classes y (N, 1) of 0 .. C-1.

    With L = log(sum over c of exp(z_c)), shifted by the largest z, the loss is L - z_y and its
    gradient exp(z - L), minus one at y.
    """
    true = (y[:, 0].astype(np.intp), np.arange(z.shape[1]))
    z = z - np.maximum.reduce(z.real, axis=0)
    log_sum = np.log(np.add.reduce(np.exp(z), axis=0))
    value = log_sum - z[true]
    gradient = np.exp(z - log_sum)
    gradient[true] -= 1
    return value, gradient


def mean_squared_error(z: Array, y: Array) -> tuple[Array, Array]:
    """Squared error of values z (K, N) against targets y (N, K), averaged over the K values."""
    error = z - y.T
    value = np.add.reduce(error * error, axis=0) / len(z)
    error *= 2 / len(z)
    return value, error


class BatchLoss(NamedTuple):
    """The loss of a batch, over the M predictions that have a target.

    Attributes
    ----------
    losses : array (M,)
        The loss of each; sums over the parts of a batch add up to that of the batch.
    gradient : array (O, N)
        The gradient of their mean with respect to all N outputs; zero where
        there is no target.
    outputs, targets : array (O, M), array (M, K)
        Their outputs and targets.
    """

    losses: Array
    gradient: Array
    outputs: Array
    targets: Array

    @property
    def mean(self) -> complex:
        """The mean loss; 0 if no prediction has a target."""
        mean: complex = np.add.reduce(self.losses).item() / max(len(self.losses), 1)
        return mean


def batch_loss(loss: Loss, z: Array, y: Array) -> BatchLoss:
    """Apply a loss to the predictions of a batch that have a target.

    Parameters
    ----------
    loss : Loss
        The loss function.
    z : array (O, B) or (O, T*B)
        The network's outputs.
    y : array (B, K) or (B, T, K)
        Targets of the sequences, or of their time steps; NaN where a time step has none.
    """
    if y.ndim == 3:
        y = y.transpose(1, 0, 2).reshape(-1, y.shape[2])
        labelled = ~np.isnan(y[:, 0])
        if not labelled.all():
            return _loss_of_labelled(loss, z, y, labelled)
    losses, gradient = loss(z, y)
    gradient *= 1 / len(losses)
    return BatchLoss(losses, gradient, z, y)


def _loss_of_labelled(loss: Loss, z: Array, y: Array, labelled: Array) -> BatchLoss:
    """Apply a loss to the predictions with a target, where some have none."""
    outputs, targets = z[:, labelled], y[labelled]
    gradient = np.zeros_like(z)
    if not len(targets):
        return BatchLoss(np.empty(0, z.dtype), gradient, outputs, targets)
    losses, gradient[:, labelled] = loss(outputs, targets)
    gradient *= 1 / len(losses)
    return BatchLoss(losses, gradient, outputs, targets)


LOSSES: dict[str, Loss] = {
    "binary_cross_entropy": binary_cross_entropy,
    "softmax_cross_entropy": softmax_cross_entropy,
    "mean_squared_error": mean_squared_error,
}
