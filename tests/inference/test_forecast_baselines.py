"""Simple forecasts equal those calculated by hand."""

import numpy as np
import pytest

from rnncli.datasets.arrangements.windows import NumericTable, Windows
from rnncli.datasets.sequences import Sequences
from rnncli.inference.forecast_baselines import forecast_baselines

RNG = np.random.default_rng(0)


def windows_of(table: np.ndarray, length: int, horizon: int = 1) -> Sequences:
    """Return all windows of a table (R, C), with the next values of the first column as labels.

    The rows of the table are numbered from 2, as in a file with a header.
    """
    count = len(table) - length - horizon + 1
    x = np.stack([table[i : i + length] for i in range(count)])
    labels = np.stack([table[i + length : i + length + horizon, 0] for i in range(count)])
    return Sequences(x, labels, "t.csv", range(length + 1, length + 1 + count))


def test_persistence_repeats_the_last_value_of_each_target() -> None:
    windows = Windows(("a", "b", "c"), ("c", "a"), 2, 3)
    x = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
    forecasts = forecast_baselines(windows, None)
    assert forecasts.keys() == {"persistence"}
    assert forecasts["persistence"](Sequences(x, None, "t.csv")).tolist() == [[6, 4, 6, 4, 6, 4]]


def test_seasonal_naive_repeats_the_last_period_of_each_target() -> None:
    """One target has a period of 3 rows, one of 4; the horizon is longer than both."""
    time = np.arange(60)
    table = np.stack([time % 3, time % 4, RNG.standard_normal(60)], axis=1).astype(float)
    windows = Windows(("a", "b", "c"), ("b", "a"), 4, 5)
    forecasts = forecast_baselines(windows, windows_of(table, 4))
    x = np.array([[[0.0, 10, 0], [1, 11, 0], [2, 12, 0], [3, 13, 0]]])
    expected = [[10, 1], [11, 2], [12, 3], [13, 1], [10, 2]]
    forecast = forecasts["seasonal_naive"](Sequences(x, None, "t.csv"))
    assert forecast.reshape(5, 2).tolist() == expected


def test_seasonal_naive_is_exact_where_values_repeat() -> None:
    table = (np.arange(50) % 5)[:, np.newaxis].astype(float)
    windows = Windows(("a",), ("a",), 7, 2)
    forecast = forecast_baselines(windows, windows_of(table, 7))["seasonal_naive"]
    windows_to_forecast = windows_of(table, 7, horizon=2)
    np.testing.assert_array_equal(forecast(windows_to_forecast), windows_to_forecast.labels)


def test_a_target_without_a_period_keeps_its_last_value_in_the_seasonal_baseline() -> None:
    table = np.stack([np.arange(60) % 3, RNG.standard_normal(60)], axis=1)
    windows = Windows(("a", "b"), ("a", "b"), 4, 1)
    forecasts = forecast_baselines(windows, windows_of(table, 4))
    x = np.array([[[0.0, 10], [1, 11], [2, 12], [3, 13]]])
    assert forecasts["seasonal_naive"](Sequences(x, None, "t.csv")).tolist() == [[1, 13]]


@pytest.mark.parametrize(
    "column",
    [RNG.standard_normal(60), np.tile(np.arange(6.0), 10)],
    ids=["no period", "a period longer than a window"],
)
def test_no_seasonal_baseline_without_a_period_that_can_be_reached(column: np.ndarray) -> None:
    windows = Windows(("a",), ("a",), 5, 1)
    forecasts = forecast_baselines(windows, windows_of(column[:, np.newaxis], 5))
    assert forecasts.keys() == {"persistence", "autoregression"}


def test_a_period_longer_than_a_window_reaches_back_into_the_table() -> None:
    table = np.stack([np.tile(np.arange(6.0), 12), RNG.standard_normal(72)], axis=1)
    windows = Windows(("a", "b"), ("a",), 4, 8)
    train, rest = windows_of(table[:48], 4, 8), windows_of(table, 4, 8).take(np.arange(44, 61))
    rows = NumericTable("t.csv", ("b", "a"), table[:, ::-1].copy(), list(range(2, 74)), "line")
    forecast = forecast_baselines(windows, train, rows)["seasonal_naive"]
    np.testing.assert_array_equal(forecast(rest), rest.labels)


def test_what_the_table_does_not_have_is_the_last_value_of_the_window() -> None:
    """The first window has no rows before it, and the value six rows before is missing later."""
    table = np.tile(np.arange(6.0), 12)[:, np.newaxis]
    rows = NumericTable("t.csv", ("a",), table.copy(), list(range(2, 74)), "line")
    rows.values[58] = np.nan
    windows = Windows(("a",), ("a",), 4, 3)
    forecast = forecast_baselines(windows, windows_of(table[:48], 4), rows)["seasonal_naive"]
    some = windows_of(table, 4, 3).take(np.array([0, 60]))
    assert forecast(some).tolist() == [[3, 3, 0], [3, 5, 0]]


def test_the_autoregression_is_left_out_where_the_windows_are_too_few() -> None:
    windows = Windows(("a", "b", "c"), ("a",), 3, 1)
    few, enough = RNG.standard_normal((9, 3)), RNG.standard_normal((10, 3))
    assert "autoregression" not in forecast_baselines(windows, windows_of(few, 3))
    assert "autoregression" in forecast_baselines(windows, windows_of(enough, 3))
