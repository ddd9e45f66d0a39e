"""Metrics of predicted values."""

from math import sqrt

import numpy as np

from rnncli.nn.arrays import Array


def regression_metrics(labels: Array, predicted: Array) -> dict[str, float]:
    """Return root mean squared error, mean absolute error and R2 of values (M, K).

    The errors are means over all values. R2 is the mean over those of the K columns in which the
    labels differ, and 0 without such a column.
    """
    error = predicted - labels
    variance = labels.var(axis=0)
    varies = variance > 0
    r2 = 1 - np.square(error).mean(axis=0)[varies] / variance[varies]
    return {
        "rmse": sqrt(float(np.square(error).mean())),
        "mae": float(np.abs(error).mean()),
        "r2": float(r2.mean()) if varies.any() else 0.0,
    }


def standardized_squared_error(labels: Array, predicted: Array, std: Array) -> float:
    """Return the mean squared error of values (M, K) in units of their standard deviations (K,).

    This is the loss that a regression model is trained with.
    """
    return float(np.square((predicted - labels) / std).mean())
