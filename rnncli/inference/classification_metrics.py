"""Metrics of classifiers, calculated from a confusion matrix and from probabilities."""

import numpy as np

from rnncli.nn.arrays import Array

# Bins of the confidence, for the calibration error.
_NUM_BINS = 10


def confusion_matrix(labels: Array, predicted: Array, classes: Array) -> Array:
    """Return how often each true class (row) was predicted as each class (column).

    Parameters
    ----------
    labels, predicted : array (M,)
        True and predicted class labels.
    classes : array (C,)
        All class labels, in the order of rows and columns.

    Returns
    -------
    array (C, C) of int
    """
    order = classes.argsort()
    rows = order[np.searchsorted(classes, labels, sorter=order)]
    columns = order[np.searchsorted(classes, predicted, sorter=order)]
    matrix = np.zeros((len(classes), len(classes)), int)
    np.add.at(matrix, (rows, columns), 1)
    return matrix


def precision_recall_f1(confusion: Array) -> tuple[Array, Array, Array]:
    """Return precision, recall and F1 of each class (C,); 0 where it is undefined."""
    correct = np.diag(confusion)
    precision = correct / np.maximum(confusion.sum(axis=0), 1)
    recall = correct / np.maximum(confusion.sum(axis=1), 1)
    return precision, recall, 2 * precision * recall / np.maximum(precision + recall, 1e-300)


def classification_metrics(confusion: Array) -> dict[str, float]:
    """Return accuracy, balanced accuracy and macro F1.

    Balanced accuracy and macro F1 are the means of recall and F1 over the classes that occur
    among the true labels.
    """
    occurs = confusion.sum(axis=1) > 0
    _, recall, f1 = precision_recall_f1(confusion)
    return {
        "accuracy": float(np.trace(confusion) / confusion.sum()),
        "balanced_accuracy": float(recall[occurs].mean()),
        "f1": float(f1[occurs].mean()),
    }


def calibration_error(probabilities: Array, correct: Array) -> float:
    """Return the expected calibration error over ten equal bins of confidence.

    In each bin the mean confidence (the largest probability) is compared with the accuracy; the
    result is the mean of their absolute differences, weighted by the number of predictions.

    Parameters
    ----------
    probabilities : array (M, C)
        The probability of each class.
    correct : array (M,) of bool
        Whether each prediction is correct.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    confidence = probabilities.max(axis=1).astype(float)
    bins = np.minimum((confidence * _NUM_BINS).astype(int), _NUM_BINS - 1)
    excess = np.bincount(bins, weights=confidence - correct, minlength=_NUM_BINS)
    return float(np.abs(excess).sum()) / len(correct)
