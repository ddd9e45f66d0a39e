"""Metrics of the baselines equal those calculated by hand."""

import numpy as np
import pytest

from rnncli.inference.baselines import (
    mean_metrics,
    most_frequent_class_metrics,
)


def test_the_most_frequent_class() -> None:
    metrics = most_frequent_class_metrics(np.array([2, 6, 0]))
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert metrics["loss"] == pytest.approx(entropy)
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == 0.5
    # Precision 0.75 and recall 1 of the one class, nothing of the other.
    assert metrics["f1"] == pytest.approx(2 * 0.75 / 1.75 / 2)
    assert metrics["calibration_error"] == 0


def test_the_mean() -> None:
    metrics = mean_metrics(np.array([[1.0], [2.0], [6.0]]), np.array([2.0]))
    assert metrics["loss"] == pytest.approx((4 + 1 + 9) / 3 / 4)
    assert metrics["rmse"] == pytest.approx(np.sqrt((4 + 1 + 9) / 3))
    assert metrics["mae"] == 2
    assert metrics["r2"] == pytest.approx(0)
