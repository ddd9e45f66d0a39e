"""Initial weights of a head that reads inputs: the ridge regression on these inputs.

Training then starts from the best linear autoregression, to which the recurrent layers add what is
not linear.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnncli.blas import one_thread
from rnncli.datasets.examples import Examples
from rnncli.datasets.slices import slices
from rnncli.memory import require_memory
from rnncli.nn.arrays import Array
from rnncli.nn.network import Network

# The penalties that are tried; inputs and targets have a standard deviation near 1.
_PENALTIES = 10.0 ** np.arange(-6, 1.1, 0.25)
# How much more than itself a degree of freedom counts. Without it, the penalty that is chosen from
# few sequences is too low.
_PRICE_OF_FREEDOM = 1.4
_SEQUENCES_AT_ONCE = 1024
# Directions in which the inputs vary less than this share of the largest count as constant.
_SMALLEST_VARIANCE = 1e-10
# The initial weights of the states are scaled down, so that training starts near the linear model;
# they are not zero, so that every weight has a gradient from the start.
_SHARE_OF_STATES = 0.1


@dataclass(frozen=True)
class Moments:
    """Means and covariances over the training sequences.

    Attributes
    ----------
    count : int
        N, the number of sequences.
    mean_inputs, mean_targets : array (I,), array (O,)
        The means of the inputs that the head reads, and of the targets.
    inputs, products : array (I, I), array (I, O)
        The covariances of the inputs with each other and with the targets.
    targets : array (O,)
        The variances of the targets.
    """

    count: int
    mean_inputs: Array
    mean_targets: Array
    inputs: Array
    products: Array
    targets: Array


def start_from_linear_model(
    networks: Sequence[Network], examples: Examples, own_features: Sequence[Sequence[int]] = ()
) -> None:
    """Set the weights of the inputs in the heads to those of the ridge regression.

    Parameters
    ----------
    networks : sequence of Network
        Networks of one shape whose head reads the inputs of the last time steps, with one
        prediction per sequence; their heads are changed.
    examples : Examples
        The training examples, whose targets are values.
    own_features : sequence of sequence of int, optional
        For each output, the features from which it might be predicted alone, such as the past of
        the same column. They are used alone where that promises a lower error.
    """
    layout = networks[0].layout
    num_steps, width = layout.architecture.head_inputs, layout.input_stage.width
    with one_thread():  # With one thread of BLAS, sums repeat to the last bit.
        moments = _moments(examples, num_steps, width)
        weights = _ridge(
            moments, [_columns(features, num_steps, width) for features in own_features]
        )
    bias = moments.mean_targets - weights @ moments.mean_inputs
    for network in networks:
        head = network.views.head
        head[:, : layout.pooled_width] *= _SHARE_OF_STATES
        head[:, layout.pooled_width : -1] = weights
        head[:, -1] = bias


def _columns(features: Sequence[int], num_steps: int, width: int) -> Array:
    """Return the positions of features at all time steps among the inputs of the head."""
    columns: Array = np.add.outer(np.arange(num_steps) * width, np.sort(features))
    return columns.ravel()


def _moments(examples: Examples, num_steps: int, width: int) -> Moments:
    """Return the moments of the last inputs and the targets; inputs that are missing are zero."""
    size = num_steps * width
    total_size = size + examples.y.shape[1]
    require_memory(
        4 * 8 * total_size**2,
        f"the linear regression on {size} inputs of the head",
        "lower model.head_inputs",
    )
    total, products = np.zeros(total_size), np.zeros((total_size, total_size))
    steps = min(num_steps, examples.x.shape[1])
    rows = np.zeros((_SEQUENCES_AT_ONCE, total_size))
    for part in slices(len(examples), _SEQUENCES_AT_ONCE):
        index = np.arange(part.start, part.stop)
        values = rows[: len(index)]
        x = examples.x.take(index, 0)[:, -steps:].reshape(len(index), -1)
        values[:, size - steps * width : size] = x
        values[:, size:] = examples.y[part]
        total += values.sum(axis=0)
        products += values.T @ values
    count = len(examples)
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    return Moments(
        count,
        mean[:size],
        mean[size:],
        covariance[:size, :size],
        covariance[:size, size:],
        covariance.diagonal()[size:],
    )


def _ridge(moments: Moments, own_columns: Sequence[Array]) -> Array:
    """Return the weights (O, I) of the regression of each output, on its own inputs or on all."""
    num_inputs, num_outputs = moments.products.shape
    weights, best_scores = np.zeros((num_outputs, num_inputs)), np.full(num_outputs, np.inf)
    for columns, outputs in _choices(num_inputs, num_outputs, own_columns):
        chosen_weights, scores = _penalized(moments, columns, outputs)
        for output, output_weights, score in zip(outputs, chosen_weights, scores, strict=True):
            if score < best_scores[output]:
                best_scores[output] = score
                weights[output] = 0
                weights[output, columns] = output_weights
    return weights


def _choices(
    num_inputs: int, num_outputs: int, own_columns: Sequence[Array]
) -> Iterator[tuple[Array, Array]]:
    """Yield columns of the inputs, and the outputs that may be predicted from these alone."""
    yield np.arange(num_inputs), np.arange(num_outputs)
    for output, columns in enumerate(own_columns):
        if len(columns) < num_inputs:
            yield columns, np.array([output])


def _penalized(moments: Moments, columns: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the weights of the ridge regression on some columns, and the scores of the outputs.

    The penalty of each output is the one with the lowest score of generalized cross-validation,
    in which degrees of freedom count 1.4 times.

    Sources: G. H. Golub, M. Heath & G. Wahba, "Generalized cross-validation as a method for
    choosing a good ridge parameter", Technometrics 21 (1979), equation 1.4; S. N. Wood,
    "Generalized Additive Models", 2nd edition (2017), section 6.2.4.
    """
    variances, directions = np.linalg.eigh(moments.inputs[np.ix_(columns, columns)])
    kept = variances > max(_SMALLEST_VARIANCE * variances[-1], 0)
    variances, directions = variances[kept], directions[:, kept]
    # The covariance (M, O) of the inputs along each direction with each output.
    along = directions.T @ moments.products[np.ix_(columns, outputs)]
    shrinkage = variances / (variances + _PENALTIES[:, np.newaxis])
    explained = shrinkage * (2 - shrinkage) @ (along**2 / variances[:, np.newaxis])
    unexplained = np.maximum(moments.targets[outputs] - explained, 0)
    # The mean takes one more degree of freedom than the weights.
    freedom = shrinkage.sum(axis=1, keepdims=True) + 1
    remaining = 1 - _PRICE_OF_FREEDOM * freedom / moments.count
    scores = np.where(remaining > 0, unexplained, np.inf) / remaining**2
    best = scores.argmin(axis=0)
    weights = directions @ (along / (variances[:, np.newaxis] + _PENALTIES[best]))
    return weights.T, scores[best, np.arange(len(outputs))]
