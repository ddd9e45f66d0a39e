"""Scaling is measured on the training split alone."""

import numpy as np
import pytest

from rnncli.datasets import scaling
from rnncli.datasets.frames import Frames
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


@pytest.mark.parametrize("in_frames", [False, True])
@pytest.mark.parametrize("lengths", [None, RNG.integers(1, 8, 50)])
def test_large_arrays_are_read_in_parts(
    in_frames: bool, lengths: np.ndarray | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = RNG.standard_normal((50, 7, 3)) * [1, 5, 0] + [0, -3, 4]
    sizes = []

    def transform(
        values: np.ndarray, lengths: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        sizes.append(len(values))
        return Frames(3).apply(values, lengths) if in_frames else (values, lengths)

    whole = Scaler.fit(x, lengths, unchanged=1, transform=transform)
    monkeypatch.setattr(scaling, "_NUMBERS_AT_ONCE", 7 * 3 * 4)
    in_parts = Scaler.fit(x, lengths, unchanged=1, transform=transform)
    assert sizes == [50] + 2 * (12 * [4] + [2])
    np.testing.assert_allclose(in_parts.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(in_parts.std, whole.std, rtol=1e-12)
