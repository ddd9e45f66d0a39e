"""The gradient of a weight matrix is the sum over time steps, whichever way it is calculated."""

import numpy as np
import pytest

from rnncli.nn import weight_gradient as module
from rnncli.nn.chunks import ALL_STEPS
from rnncli.nn.weight_gradient import weight_gradient


@pytest.mark.parametrize("batch", [1, 47, 48, 100])
@pytest.mark.parametrize(("rows", "columns"), [(3, 8), (8, 3), (5, 5)])
@pytest.mark.parametrize("steps_at_once", [1, 3, 7, 100])
def test_the_sum_over_time(
    monkeypatch: pytest.MonkeyPatch, batch: int, rows: int, columns: int, steps_at_once: int
) -> None:
    monkeypatch.setattr(module, "_PRODUCTS_AT_ONCE", steps_at_once * rows * columns)
    rng = np.random.default_rng(0)
    sequence_length = 7
    dz = rng.standard_normal((sequence_length, rows, batch))
    states = rng.standard_normal((sequence_length + 1, columns, batch))
    gradient = np.full((rows, columns), np.nan)
    calculate = weight_gradient(dz, states, gradient)
    for parts in ([ALL_STEPS], [slice(5, None), slice(2, 5), slice(0, 2)], [ALL_STEPS]):
        for steps in parts:
            calculate(steps)
        expected = sum(dz[step] @ states[step].T for step in range(sequence_length))
        np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-12)
        dz *= 2


def test_the_products_of_a_long_sequence_take_bounded_memory() -> None:
    """Many time steps of a large cell would not fit into memory at once."""
    dz, states = np.zeros((100, 512, 150), "float32"), np.zeros((101, 600, 150), "float32")
    calculate = weight_gradient(dz, states, np.zeros((512, 600), "float32"))
    assert isinstance(calculate, module._WideSum)
    assert 0 < calculate.products.size <= module._PRODUCTS_AT_ONCE


@pytest.mark.parametrize(
    ("rows", "columns", "first_wide"),
    [(32, 34, 48), (128, 157, 48), (512, 257, 85), (1024, 513, 170)],
)
def test_large_matrices_have_one_long_product_for_larger_batches(
    rows: int, columns: int, first_wide: int
) -> None:
    for batch, expected in (
        (first_wide - 1, module._NarrowSum),
        (first_wide, module._WideSum),
    ):
        dz, states = np.zeros((2, rows, batch)), np.zeros((3, columns, batch))
        assert isinstance(weight_gradient(dz, states, np.zeros((rows, columns))), expected)
