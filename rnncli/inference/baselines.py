"""Simple predictors whose metrics are shown beside those of a model."""

import numpy as np

from rnncli.datasets.task import Task
from rnncli.inference.classification_metrics import classification_metrics
from rnncli.inference.regression_metrics import regression_metrics, standardized_squared_error
from rnncli.nn.arrays import Array


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
