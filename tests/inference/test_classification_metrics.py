"""Metrics of classifiers equal those calculated by hand."""

import numpy as np
import pytest

from rnncli.inference.classification_metrics import (
    calibration_error,
    classification_metrics,
    confusion_matrix,
    precision_recall_f1,
)

# True classes are rows. Class 2 is never predicted, class 3 never true.
CONFUSION = np.array([[6, 2, 0, 0], [1, 3, 0, 0], [1, 1, 0, 2], [0, 0, 0, 0]])


def test_the_confusion_matrix_has_true_classes_in_rows_in_the_order_of_the_task() -> None:
    labels = np.array(["b", "b", "a", "c"])
    predicted = np.array(["a", "b", "a", "b"])
    matrix = confusion_matrix(labels, predicted, np.array(["c", "a", "b"]))
    assert matrix.tolist() == [[0, 0, 1], [0, 1, 0], [0, 1, 1]]


def test_precision_recall_and_f1() -> None:
    precision, recall, f1 = precision_recall_f1(CONFUSION)
    assert precision.tolist() == [6 / 8, 3 / 6, 0, 0]
    assert recall.tolist() == [6 / 8, 3 / 4, 0, 0]
    assert f1 == pytest.approx([0.75, 0.6, 0, 0])


def test_means_are_over_the_classes_that_occur() -> None:
    metrics = classification_metrics(CONFUSION)
    assert metrics["accuracy"] == 9 / 16
    assert metrics["balanced_accuracy"] == pytest.approx((0.75 + 0.75 + 0) / 3)
    assert metrics["f1"] == pytest.approx((0.75 + 0.6 + 0) / 3)


def test_calibration_error_is_the_weighted_mean_of_the_gaps_of_the_bins() -> None:
    confidence = np.array([0.62, 0.68, 0.91, 0.95, 0.99, 1.0])
    probabilities = np.stack([1 - confidence, confidence], axis=1)
    correct = np.array([True, False, True, True, True, False])
    low = abs(0.65 - 0.5)
    high = abs((0.91 + 0.95 + 0.99 + 1.0) / 4 - 3 / 4)
    assert calibration_error(probabilities, correct) == pytest.approx((2 * low + 4 * high) / 6)


def test_gaps_of_different_bins_do_not_cancel() -> None:
    """Over-confident at 0.95 and under-confident at 0.55, in equal measure."""
    probabilities = np.array([[0.95, 0.05]] * 2 + [[0.45, 0.55]] * 2)
    correct = np.array([True, False, True, True])
    assert calibration_error(probabilities, correct) == pytest.approx(0.45)


def test_confidences_on_either_side_of_a_tenth_are_in_different_bins() -> None:
    probabilities = np.array([[0.69, 0.31], [0.71, 0.29]])
    assert calibration_error(probabilities, np.array([True, False])) == pytest.approx(
        (0.31 + 0.71) / 2
    )


def test_full_confidence_belongs_to_the_highest_bin() -> None:
    probabilities = np.array([[0.85, 0.15], [0.95, 0.05], [1.0, 0.0]])
    correct = np.array([True, False, True])
    expected = (0.15 + abs(1.95 - 1)) / 3
    assert calibration_error(probabilities, correct) == pytest.approx(expected)


def test_confidences_within_a_tenth_share_a_bin() -> None:
    probabilities = np.array([[0.71, 0.29], [0.79, 0.21]])
    assert calibration_error(probabilities, np.array([True, False])) == pytest.approx(0.25)
