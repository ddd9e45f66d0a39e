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
