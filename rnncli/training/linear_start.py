"""Initial weights of a head that reads inputs: the ridge regression on these inputs.

Training then starts from the best linear autoregression, to which the recurrent layers add what is
not linear.
"""

import numpy as np

from rnncli.blas import threads_for
from rnncli.datasets.examples import Examples, slices
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network

# The penalties that are tried, as multiples of the number of sequences; inputs and targets have a
# standard deviation near 1.
_PENALTIES = 10.0 ** np.arange(-6, 1.1, 0.25)
_SEQUENCES_AT_ONCE = 1024
# The initial weights of the states are scaled down, so that training starts near the linear model;
# they are not zero, so that every weight has a gradient from the start.
_SHARE_OF_STATES = 0.1
# Directions in which the inputs vary less than this share of the largest count as constant.
_SMALLEST_VARIANCE = 1e-10


def start_from_linear_model(network: Network, examples: Examples) -> None:
    """Set the weights of the inputs in the head to those of the ridge regression.

    Parameters
    ----------
    network : Network
        A network whose head reads the inputs of the last time steps, with one prediction per
        sequence; its head is changed.
    examples : Examples
        The training examples, whose targets are values.
    """
    layout, head = network.layout, network.views.head
    num_steps = network.architecture.head_inputs
    moments = _moments(examples, num_steps, layout.input_stage.width)
    weights, bias = _ridge(*moments, layout.output_size)
    head[:, : layout.pooled_width] *= _SHARE_OF_STATES
    head[:, layout.pooled_width : -1] = weights
    head[:, -1] = bias


def _moments(examples: Examples, num_steps: int, width: int) -> tuple[int, Array, Array]:
    """Return the number of examples, and sums and products of their inputs and targets.

    Returns
    -------
    count : int
    total : array (P*D + O,)
        The sums of the last inputs and of the targets.
    products : array (P*D + O, P*D + O)
        The sums of the products of any two of them.
    """
    size = num_steps * width + examples.y.shape[1]
    total, products = np.zeros(size), np.zeros((size, size))
    steps = min(num_steps, examples.x.shape[1])
    rows = np.zeros((_SEQUENCES_AT_ONCE, size))
    with threads_for(0):
        for part in slices(len(examples), _SEQUENCES_AT_ONCE):
            index = np.arange(part.start, part.stop)
            values = rows[: len(index)]
            x = examples.x.take(index, 0)[:, -steps:].reshape(len(index), -1)
            values[:, (num_steps - steps) * width : num_steps * width] = x
            values[:, num_steps * width :] = examples.y[part]
            total += values.sum(axis=0)
            products += values.T @ values
    return len(examples), total, products


def _ridge(count: int, total: Array, products: Array, num_outputs: int) -> tuple[Array, Array]:
    """Return weights (O, P*D) and bias (O,) of the ridge regression, from `_moments`.

    The penalty of each output is the one with the lowest generalized cross-validation score.

    Source: G. H. Golub, M. Heath & G. Wahba, "Generalized cross-validation as a method for
    choosing a good ridge parameter", Technometrics 21 (1979), equation 1.4.
    """
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    size = len(total) - num_outputs
    with threads_for(0):
        variances, directions = np.linalg.eigh(covariance[:size, :size])
        kept = variances > _SMALLEST_VARIANCE * variances[-1]
        variances, directions = variances[kept], directions[:, kept]
        # The covariance (M, O) of the inputs along each direction with each output.
        along = directions.T @ covariance[:size, size:]
        shrinkage = variances / (variances + _PENALTIES[:, np.newaxis])
        explained = shrinkage * (2 - shrinkage) @ (along**2 / variances[:, np.newaxis])
        unexplained = np.maximum(covariance.diagonal()[size:] - explained, 0)
        # The mean takes one more degree of freedom than the weights.
        remaining = 1 - (shrinkage.sum(axis=1, keepdims=True) + 1) / count
        scores = np.where(remaining > 0, unexplained, np.inf) / remaining**2
        penalty = _PENALTIES[scores.argmin(axis=0)]
        weights = (directions @ (along / (variances[:, np.newaxis] + penalty))).T
    return weights, mean[size:] - weights @ mean[:size]
