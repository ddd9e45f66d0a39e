"""The period of a series is detected where it has one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.sequences import Sequences
from rnncli.inference.seasonality import _strongest_period, find_period, target_series

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("period", [2, 7, 24])
def test_the_period_of_a_noisy_wave(period: int) -> None:
    time = np.arange(240)
    series = 50 + np.cos(2 * np.pi * time / period) + RNG.normal(0, 0.2, len(time))
    detected, autocorrelation = find_period(series)
    assert detected == period
    assert 0.7 < autocorrelation <= 1


def test_a_series_that_repeats_exactly_has_the_autocorrelation_one() -> None:
    assert find_period(np.tile([1.0, 5.0, 2.0, 8.0, 3.0], 20)) == (5, pytest.approx(1))


def passengers(rows: int) -> np.ndarray:
    """Return a monthly series with a trend, and a season that grows with it."""
    time = np.arange(rows)
    season = np.array([0.91, 0.88, 1.01, 0.98, 0.98, 1.11, 1.23, 1.22, 1.06, 0.92, 0.8, 0.9])
    return (90 + 2.7 * time) * season[time % 12] + RNG.normal(0, 5, rows)


def weekly(rows: int) -> np.ndarray:
    """Return a weekly series with a trend that becomes steeper, and a season of a year."""
    time = np.arange(rows)
    wave = 3 * np.sin(2 * np.pi * time / 52)
    return 315 + 0.03 * time + 1e-5 * time**2 + wave + RNG.normal(0, 0.4, rows)


def daily(rows: int) -> np.ndarray:
    """Return a daily series with the days of the week, on a random walk."""
    day = np.tile([0.0, 1, 1.2, 1, 2, 5, 4], rows // 7 + 1)[:rows]
    return 3 * day + RNG.normal(0, 1, rows).cumsum()


@pytest.mark.parametrize(
    ("series", "period"),
    [(passengers(144), 12), (passengers(60), 12), (weekly(300), 52), (daily(365), 7)],
    ids=["monthly", "short", "weekly", "daily"],
)
def test_a_trend_does_not_hide_the_period(series: np.ndarray, period: int) -> None:
    assert find_period(series)[0] == period


@pytest.mark.parametrize(
    "series",
    [
        RNG.standard_normal(300),
        np.arange(300.0),
        np.arange(300.0) ** 2,
        1e6 * np.exp(np.arange(300) / 100),
        np.arange(300.0) + RNG.normal(0, 5, 300),
        np.full(300, 0.1),
        np.zeros(300),
        np.array([1.0, 2.0]),
        np.array([3.0]),
    ],
    ids=[
        "noise",
        "trend",
        "square",
        "growth",
        "noisy trend",
        "constant",
        "zero",
        "two values",
        "one value",
    ],
)
def test_a_series_without_a_period(series: np.ndarray) -> None:
    assert find_period(series) == (0, 0.0)


def test_windows_give_back_the_series_that_they_were_cut_from() -> None:
    table = np.arange(20.0).reshape(10, 2)
    windows = Windows(("a", "b"), ("b",), 3, 1)
    x = np.stack([table[start : start + 3] for start in range(8)])
    series = target_series(Sequences(x, None, "t.csv"), windows, "b")
    assert series.tolist() == table[:, 1].tolist()


@given(st.integers(80, 400), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_autocorrelation_is_that_of_its_definition(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    series = np.sin(np.arange(count) * rng.uniform(0.3, 1.5)) + 0.1 * rng.standard_normal(count)
    period, found = _strongest_period(series, 0.0)
    assert period
    z = (series - series.mean()) / series.std()
    expected = z[period:] @ z[: count - period] / (count - period)
    assert found == pytest.approx(min(expected, 1), abs=1e-12)
