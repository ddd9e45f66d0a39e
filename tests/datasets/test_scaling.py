"""Scaling is measured on the training split alone."""

import numpy as np

from rnncli.datasets.scaling import Scaler, scaled

RNG = np.random.default_rng(0)


def test_every_feature_has_mean_0_and_deviation_1() -> None:
    x = RNG.standard_normal((50, 7, 3)) * [1, 5, 0] + [0, -3, 4]
    scaler = Scaler.fit(x)
    z = scaled(x, scaler, np.float64)
    np.testing.assert_allclose(z.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=(0, 1)), [1, 1, 0], atol=1e-12)
    assert scaler.std[2] == 1
    constant = np.full((1000, 3, 1), 0.1)
    assert Scaler.fit(constant).std == (1,)


def test_huge_values_that_do_not_change_stay_small() -> None:
    for value in (1e30, -1e30, 3.3e29, 1e20, 0.1, 0.0):
        x = np.full((20, 3, 2), value)
        x[3, 1, 1] = np.nextafter(value, 0)
        z = scaled(x, Scaler.fit(x), np.float32)
        assert np.abs(z).max() <= 1, value
