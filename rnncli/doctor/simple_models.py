"""Simple models that measure how well the inputs determine the labels, without a network."""

from collections.abc import Callable, Iterator
from math import sqrt

import numpy as np

from rnncli.doctor.label_data import LabelData
from rnncli.nn.arrays import Array

_NUM_FOLDS, _NUM_NEIGHBORS = 5, 5
# Distances are calculated for this many rows at once, which bounds the memory.
_ROWS_AT_ONCE = 256
# A mean over fewer equal values than this is extended to the nearest values.
_MIN_EQUAL_VALUES = 3
# With fewer labels than this outside the most frequent class, a score is due to chance.
_MIN_OTHER_LABELS = 10

Predictor = Callable[[Array, Array, Array], Array]
"""Takes inputs (M, P), their targets (M, K) and inputs (L, P); returns predictions (L, K)."""


def correlation_in_standard_errors(predicted: Array, targets: Array, num_independent: int) -> float:
    """Return the largest correlation of the K columns of (M, K), in standard errors.

    The standard error of a correlation of n independent pairs is ``1 / sqrt(n)``. Predictions
    that are unrelated to the targets are rarely above 4.
    """
    predicted, targets = predicted - predicted.mean(axis=0), targets - targets.mean(axis=0)
    norms = np.sqrt(np.square(predicted).sum(axis=0) * np.square(targets).sum(axis=0))
    varies = norms > 0
    correlations = (predicted * targets).sum(axis=0)[varies] / norms[varies]
    return float(correlations.max(initial=0.0)) * sqrt(num_independent)


def cross_validated_correlations(data: LabelData) -> Iterator[float]:
    """Yield the correlation of each simple model's predictions with the targets, cross-validated.

    All labels of a sequence are in the same fold. See `correlation_in_standard_errors`.
    """
    sequence = np.unique(data.sequences, return_inverse=True)[1]
    fold = sequence % _NUM_FOLDS
    for predictor in (ridge_regression, nearest_neighbors):
        predicted = np.zeros_like(data.targets)
        for number in range(_NUM_FOLDS):
            test = fold == number
            if test.any() and not test.all():
                predicted[test] = predictor(
                    data.statistics[~test], data.targets[~test], data.statistics[test]
                )
        yield correlation_in_standard_errors(predicted, data.targets, int(sequence.max()) + 1)


def ridge_regression(inputs: Array, targets: Array, new_inputs: Array) -> Array:
    """Predict with a linear model whose squared weights are penalized."""
    mean = targets.mean(axis=0)
    penalty = np.eye(inputs.shape[1]) * (1 + 0.01 * len(inputs))
    weights = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ (targets - mean))
    predicted: Array = new_inputs @ weights + mean
    return predicted


def nearest_neighbors(inputs: Array, targets: Array, new_inputs: Array) -> Array:
    """Predict the mean target of the nearest inputs."""
    last = min(_NUM_NEIGHBORS, len(inputs)) - 1
    squares = np.square(inputs).sum(axis=1)
    predicted = []
    for start in range(0, len(new_inputs), _ROWS_AT_ONCE):
        distances = squares - 2 * new_inputs[start : start + _ROWS_AT_ONCE] @ inputs.T
        nearest = distances.argpartition(last, axis=1)[:, : last + 1]
        predicted.append(targets[nearest].mean(axis=1))
    return np.concatenate(predicted)


def skill_score(
    column: Array, targets: Array, new_column: Array, new_targets: Array, is_regression: bool
) -> float:
    """Return how well a single column of inputs predicts the targets.

    The score is 0 for predictions no better than a constant, and 1 for perfect ones: R2 of
    values, and for classes the accuracy on the same scale. It is 0 for classes, too, if too few
    labels are of classes other than the most frequent one. A prediction is the mean target of equal
    inputs, or of the few nearest ones.

    Parameters
    ----------
    column, targets : array (M,), array (M, K)
        The column and the targets that the prediction is fitted on.
    new_column, new_targets : array (L,), array (L, K)
        The column and the targets that are to be predicted.
    is_regression : bool
        Whether targets are values; otherwise they are one-hot classes.
    """
    predicted = _mean_of_nearest(column, targets, new_column)
    if is_regression:
        variance = np.square(new_targets - new_targets.mean(axis=0)).mean()
        error = np.square(predicted - new_targets).mean()
        return float(1 - error / variance) if variance else 0.0
    accuracy = float((predicted.argmax(axis=1) == new_targets.argmax(axis=1)).mean())
    most_frequent = float(new_targets.mean(axis=0).max())
    if (1 - most_frequent) * len(new_targets) < _MIN_OTHER_LABELS:
        return 0.0
    return (accuracy - most_frequent) / (1 - most_frequent)


def _mean_of_nearest(column: Array, targets: Array, new_column: Array) -> Array:
    """Return the mean targets (L, K) of equal values of the column, or of the nearest ones."""
    order = column.argsort(kind="stable")
    column = column[order]
    sums = np.concatenate([np.zeros((1, targets.shape[1])), targets[order].cumsum(axis=0)])
    low, high = np.searchsorted(column, new_column), np.searchsorted(column, new_column, "right")
    too_few = high - low < _MIN_EQUAL_VALUES
    low = np.where(too_few, np.maximum(low - 2, 0), low)
    high = np.where(too_few, np.minimum(high + 2, len(column)), high)
    means: Array = (sums[high] - sums[low]) / (high - low)[:, np.newaxis]
    return means
