"""Metrics of the baselines equal those calculated by hand."""

import numpy as np
import pytest

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.sequences import Sequences
from rnncli.inference.baselines import (
    forecast_baselines,
    mean_metrics,
    most_frequent_class_metrics,
)

RNG = np.random.default_rng(0)


def windows_of(table: np.ndarray, length: int) -> Sequences:
    """Return all windows of a table (R, C)."""
    count = len(table) - length + 1
    return Sequences(np.stack([table[i : i + length] for i in range(count)]), None, "t.csv")


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


def test_persistence_repeats_the_last_value_of_each_target() -> None:
    windows = Windows(("a", "b", "c"), ("c", "a"), 2, 3)
    x = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
    forecasts = forecast_baselines(windows, None)
    assert forecasts.keys() == {"persistence"}
    assert forecasts["persistence"](x).tolist() == [[6, 4, 6, 4, 6, 4]]


def test_seasonal_naive_repeats_the_last_period_of_each_target() -> None:
    """One target has a period of 3 rows, one of 4; the horizon is longer than both."""
    time = np.arange(60)
    table = np.stack([time % 3, time % 4, RNG.standard_normal(60)], axis=1).astype(float)
    windows = Windows(("a", "b", "c"), ("b", "a"), 4, 5)
    forecasts = forecast_baselines(windows, windows_of(table, 4))
    x = np.array([[[0.0, 10, 0], [1, 11, 0], [2, 12, 0], [3, 13, 0]]])
    expected = [[10, 1], [11, 2], [12, 3], [13, 1], [10, 2]]
    assert forecasts["seasonal_naive"](x).reshape(5, 2).tolist() == expected


def test_seasonal_naive_is_exact_where_values_repeat() -> None:
    table = (np.arange(50) % 5)[:, np.newaxis].astype(float)
    windows = Windows(("a",), ("a",), 7, 2)
    forecast = forecast_baselines(windows, windows_of(table, 7))["seasonal_naive"]
    x = windows_of(table[:-2], 7).x
    assert isinstance(x, np.ndarray)
    assert forecast(x).tolist() == [[table[i + 7, 0], table[i + 8, 0]] for i in range(len(x))]


def test_a_target_without_a_period_keeps_its_last_value_in_the_seasonal_baseline() -> None:
    table = np.stack([np.arange(60) % 3, RNG.standard_normal(60)], axis=1)
    windows = Windows(("a", "b"), ("a", "b"), 4, 1)
    forecasts = forecast_baselines(windows, windows_of(table, 4))
    x = np.array([[[0.0, 10], [1, 11], [2, 12], [3, 13]]])
    assert forecasts["seasonal_naive"](x).tolist() == [[1, 13]]


@pytest.mark.parametrize(
    "column",
    [RNG.standard_normal(60), np.tile(np.arange(6.0), 10)],
    ids=["no period", "a period longer than a window"],
)
def test_no_seasonal_baseline_without_a_period_within_a_window(column: np.ndarray) -> None:
    windows = Windows(("a",), ("a",), 5, 1)
    forecasts = forecast_baselines(windows, windows_of(column[:, np.newaxis], 5))
    assert forecasts.keys() == {"persistence"}
