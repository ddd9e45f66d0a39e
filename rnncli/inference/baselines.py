"""Simple predictors whose metrics are shown beside those of a model."""

from collections.abc import Callable

import numpy as np

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.task import Task
from rnncli.inference.classification_metrics import classification_metrics
from rnncli.inference.regression_metrics import regression_metrics, standardized_squared_error
from rnncli.inference.seasonality import find_period, target_series
from rnncli.nn.arrays import Array

Forecaster = Callable[[Array], Array]
"""Takes windows (N, T, D) and returns forecasts (N, horizon * targets)."""


def most_frequent_class_metrics(class_counts: Array) -> dict[str, float]:
    """Return the metrics of always predicting the most frequent class.

    Its probabilities are the shares of the classes, so that its loss is their entropy (in nats)
    and it is perfectly calibrated.

    Parameters
    ----------
    class_counts : array (C,)
        How often each class occurs among the true labels.
    """
    confusion = np.zeros((len(class_counts), len(class_counts)), int)
    confusion[:, class_counts.argmax()] = class_counts
    loss = {"loss": entropy(class_counts)}
    return loss | classification_metrics(confusion) | {"calibration_error": 0.0}


def entropy(class_counts: Array) -> float:
    """Return the entropy, in nats, of classes that occur as often as given (C,)."""
    shares = class_counts[class_counts > 0] / class_counts.sum()
    return float(-(shares * np.log(shares)).sum())


def constant_loss(task: Task, targets: Array) -> float:
    """Return the loss of the best constant prediction of targets (M, K).

    It is the entropy of class indices, and the variance of standardized values.
    """
    if task.kind != "regression":
        return entropy(np.bincount(targets[:, 0].astype(int)))
    return mean_metrics(targets, np.ones(targets.shape[1]))["loss"]


def mean_metrics(labels: Array, std: Array) -> dict[str, float]:
    """Return the metrics of always predicting the mean of the true values (M, K)."""
    return value_metrics(labels, np.broadcast_to(labels.mean(axis=0), labels.shape), std)


def value_metrics(labels: Array, predicted: Array, std: Array) -> dict[str, float]:
    """Return the loss and the metrics of predicted values (M, K); `std` is the targets' scale."""
    loss = standardized_squared_error(labels, predicted, std)
    return {"loss": loss} | regression_metrics(labels, predicted)


def forecast_baselines(windows: Windows, train: Sequences | None) -> dict[str, Forecaster]:
    """Return the baselines for forecasts by their names.

    ``persistence`` repeats the last value of each target. ``seasonal_naive`` repeats the values of
    the last period, which is determined on the training split; for a target without a period, or
    with one longer than a window, it repeats the last value. If no target has a period there, or
    the training split is not given, this baseline is left out.
    """
    last_values = {"persistence": _repeat_period(windows, [1] * len(windows.targets))}
    if train is None:
        return last_values
    detected = [find_period(target_series(train, windows, name))[0] for name in windows.targets]
    periods = [period if 0 < period <= windows.sequence_length else 1 for period in detected]
    if max(periods) == 1:
        return last_values
    return last_values | {"seasonal_naive": _repeat_period(windows, periods)}


def _repeat_period(windows: Windows, periods: list[int]) -> Forecaster:
    """Return a forecaster that repeats the last period, in rows, of each target."""
    ahead = np.arange(1, windows.horizon + 1)[:, np.newaxis]
    whole_periods = -(-ahead // np.array(periods)) * np.array(periods)
    # Counted from the end of a window, whose last row is -1.
    rows = ahead - whole_periods - 1
    features = [windows.columns.index(name) for name in windows.targets]

    def forecast(x: Array) -> Array:
        values: Array = x[:, rows, features]
        return values.reshape(len(x), -1)

    return forecast
