"""The linear autoregression recovers what it can, and chooses a plausible order."""

import numpy as np
import pytest

from rnncli.datasets.sequences import Sequences
from rnncli.inference.autoregression import Autoregression, fit_autoregression


def windows_of(table: np.ndarray, length: int, horizon: int = 1) -> Sequences:
    count = len(table) - length - horizon + 1
    x = np.stack([table[i : i + length] for i in range(count)])
    labels = np.stack([table[i + length : i + length + horizon, 0] for i in range(count)])
    return Sequences(x, labels, "t.csv")


def fitted(sequences: Sequences) -> Autoregression:
    autoregression = fit_autoregression(sequences)
    assert autoregression is not None
    return autoregression


def test_the_autoregression_recovers_an_ar2_series() -> None:
    """Its error one and two steps ahead is that of the true coefficients."""
    noise = np.random.default_rng(0).normal(0, 0.5, 6000)
    series = np.zeros(6000)
    for t in range(2, 6000):
        series[t] = 3 + 1.5 * series[t - 1] - 0.75 * series[t - 2] + noise[t]
    windows = windows_of(series[:, np.newaxis], 20, 2)
    train, test = windows.take(np.arange(4000)), windows.take(np.arange(4002, len(windows)))
    autoregression = fitted(train)
    assert 2 <= autoregression.order <= 6
    assert test.labels is not None
    error = np.sqrt(np.square(autoregression.forecast(test) - test.labels).mean(axis=0))
    assert error == pytest.approx([0.5, 0.5 * np.sqrt(1 + 1.5**2)], rel=0.04)


def test_all_features_are_used_and_a_constant_one_does_no_harm() -> None:
    rng = np.random.default_rng(1)
    driver = rng.standard_normal(300)
    target = 5 + 2 * np.roll(driver, 3)
    windows = windows_of(np.stack([target, driver, np.full(300, 7.0)], axis=1)[3:], 6)
    assert windows.labels is not None
    np.testing.assert_allclose(fitted(windows).forecast(windows), windows.labels, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_a_straight_line_goes_on_in_any_unit(scale: float) -> None:
    line = scale * np.arange(100.0)[:, np.newaxis]
    autoregression = fitted(windows_of(line[:60], 4, 3))
    rest = windows_of(line[60:], 4, 3)
    assert rest.labels is not None
    np.testing.assert_allclose(autoregression.forecast(rest), rest.labels, rtol=1e-5)


def test_noise_needs_no_long_memory() -> None:
    noise = np.random.default_rng(2).standard_normal((400, 1))
    assert fitted(windows_of(noise, 30)).order <= 2
