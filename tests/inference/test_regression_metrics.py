"""Metrics of predicted values equal those calculated by hand."""

import numpy as np
import pytest

from rnncli.inference.regression_metrics import regression_metrics, standardized_squared_error

LABELS = np.array([[0.0, 10.0], [2.0, 10.0], [4.0, 40.0]])
PREDICTED = np.array([[1.0, 13.0], [2.0, 6.0], [2.0, 40.0]])
# Errors of 1, 0, -2 in the first column and 3, -4, 0 in the second.


def test_rmse_mae_and_r2() -> None:
    metrics = regression_metrics(LABELS, PREDICTED)
    assert metrics["rmse"] == pytest.approx(np.sqrt((1 + 0 + 4 + 9 + 16 + 0) / 6))
    assert metrics["mae"] == pytest.approx((1 + 0 + 2 + 3 + 4 + 0) / 6)
    assert metrics["r2"] == pytest.approx(((1 - 5 / 8) + (1 - 25 / 600)) / 2)


def test_a_column_of_equal_labels_has_no_share_in_r2() -> None:
    labels, predicted = LABELS.copy(), PREDICTED.copy()
    labels[:, 1] = 10
    assert regression_metrics(labels, predicted)["r2"] == pytest.approx(1 - 5 / 8)
    labels[:, 0] = 0
    assert regression_metrics(labels, predicted)["r2"] == 0


def test_the_loss_measures_each_column_by_its_own_deviation() -> None:
    loss = standardized_squared_error(LABELS, PREDICTED, np.array([2.0, 10.0]))
    assert loss == pytest.approx(((1 + 0 + 4) / 4 + (9 + 16 + 0) / 100) / 6)
