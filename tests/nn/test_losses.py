"""The losses: stable, right by their definitions, and with their own gradient."""

import numpy as np
import pytest
from helpers.networks import OUTPUTS

from rnncli.nn.losses import LOSSES, batch_loss


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_stable_and_their_gradient_is_their_own(
    name: str, scale: float, dtype: type
) -> None:
    rng = np.random.default_rng(0)
    rows = OUTPUTS[name]
    z = (scale * rng.standard_normal((rows, 40))).astype(dtype)
    y = rng.integers(max(2, rows), size=(40, 1)).astype(dtype)
    if name == "mean_squared_error":
        y = rng.standard_normal((40, 2)).astype(dtype)
    value, gradient = LOSSES[name](z, y)
    assert value.dtype == gradient.dtype == dtype
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert (value >= 0).all()
    probe = z.astype(complex)
    true = np.empty(z.shape)
    for index in np.ndindex(z.shape):
        probe[index] += 1e-30j
        true[index] = LOSSES[name](probe, y)[0].sum().imag * 1e30
        probe[index] = z[index]
    tolerance = 1e-13 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(gradient, true, atol=tolerance * max(1.0, np.abs(true).max()))


def test_losses_against_their_definitions() -> None:
    z = np.array([[0.3, -2.0, 5.0]])
    p = 1 / (1 + np.exp(-z[0]))
    value, _ = LOSSES["binary_cross_entropy"](z, np.array([[1.0], [0.0], [0.0]]))
    np.testing.assert_allclose(value, [-np.log(p[0]), -np.log(1 - p[1]), -np.log(1 - p[2])])
    value, _ = LOSSES["softmax_cross_entropy"](z.T, np.array([[2.0]]))
    np.testing.assert_allclose(value, -np.log(np.exp(5.0) / np.exp(z).sum()))
    value, gradient = LOSSES["mean_squared_error"](np.array([[1.0], [4.0]]), np.array([[0.0, 2.0]]))
    np.testing.assert_allclose(value, [2.5])
    np.testing.assert_allclose(gradient, [[1.0], [2.0]])


def test_the_gradient_of_a_batch_is_that_of_the_mean_over_what_has_a_target() -> None:
    rng = np.random.default_rng(1)
    z, y = rng.standard_normal((4, 6)), rng.integers(4, size=(2, 3, 1)).astype(float)
    y[0, 1] = y[1, 2] = np.nan
    loss = LOSSES["softmax_cross_entropy"]
    result = batch_loss(loss, z, y)
    # Columns are in the order of time steps, sequences within.
    labelled = [0, 1, 3, 4]
    expected, gradient = loss(z[:, labelled], y.transpose(1, 0, 2).reshape(6, 1)[labelled])
    np.testing.assert_allclose(result.losses, expected)
    assert result.mean == pytest.approx(expected.mean())
    np.testing.assert_allclose(result.gradient[:, labelled], gradient / 4)
    assert not result.gradient[:, [2, 5]].any()
    np.testing.assert_array_equal(result.outputs, z[:, labelled])


def test_a_batch_without_any_target_has_no_loss_and_no_gradient() -> None:
    result = batch_loss(
        LOSSES["softmax_cross_entropy"], np.ones((4, 6)), np.full((2, 3, 1), np.nan)
    )
    assert len(result.losses) == 0
    assert result.mean == 0
    assert not result.gradient.any()
