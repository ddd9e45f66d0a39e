"""Starting from a ridge regression: what it finds, and how it chooses its penalty."""

from collections.abc import Sequence

import numpy as np
import pytest
from helpers.networks import architecture

from rnncli.datasets.examples import Examples
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.nn.network import Network
from rnncli.training.linear_start import start_from_linear_model


def started_network(
    x: Array, y: Array, num_steps: int = 4, own_features: Sequence[Sequence[int]] = ()
) -> Network:
    model = architecture("gru", "mean", head_inputs=num_steps)
    network = Network(model, x.shape[2], y.shape[1]).initialize(np.random.default_rng(0))
    start_from_linear_model([network], Examples(x, y), own_features)
    return network


def squared_error(network: Network, x: Array, y: Array) -> float:
    outputs = network.unroll(x.shape[1], len(x)).forward(Batch(x)).T
    return float(((outputs - y) ** 2).mean())


@pytest.mark.parametrize("count", [500, 3000])
def test_a_linear_autoregression_is_found(count: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal((3, -1), 1, (count, 9, 2))
    true_weights = rng.standard_normal((3, 8))
    noise = 0.01 * rng.standard_normal((count, 3))
    y = x[:, -4:].reshape(count, -1) @ true_weights.T + [1, 2, 3] + noise
    network = started_network(x, y)
    weights, bias = network.arrays["head.weight"][0][:, 4:], network.arrays["head.bias"][0]
    np.testing.assert_allclose(weights, true_weights, atol=3e-3)
    np.testing.assert_allclose(bias, [1, 2, 3], atol=1e-2)


def test_few_sequences_with_more_inputs_than_that_are_not_overfitted() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((40, 30, 2)), rng.standard_normal((40, 1))
    network = started_network(x, y, num_steps=30)
    other_x, other_y = rng.standard_normal((500, 30, 2)), rng.standard_normal((500, 1))
    assert squared_error(network, other_x, other_y) < 1.5 * other_y.var()


def test_sequences_shorter_than_what_the_head_reads_are_padded() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 3, 1))
    network = started_network(x, x[:, -1] + x[:, -2], num_steps=5)
    np.testing.assert_allclose(network.arrays["head.weight"][0][0, 4:], [0, 0, 0, 1, 1], atol=1e-3)


def test_inputs_that_never_change_have_no_weight() -> None:
    rng = np.random.default_rng(4)
    x, y = np.full((50, 6, 1), 2.0), rng.standard_normal((50, 1))
    weights = started_network(x, y).arrays["head.weight"][0]
    assert not weights[:, 4:].any()
    assert weights[:, :4].all()  # Every weight of a state has a gradient.


def noisy_table(count: int, seed: int) -> tuple[Array, Array]:
    """Return sequences of twelve features and two targets, of which only the first is predictable.

    It depends on the third feature; all others are noise.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 4, 12))
    predictable = 0.8 * x[:, -1, 2] - 0.4 * x[:, -2, 2] + 0.5 * rng.standard_normal(count)
    return x, np.column_stack([predictable, rng.standard_normal(count)])


def test_a_column_is_predicted_from_its_own_past_where_the_others_are_noise() -> None:
    x, y = noisy_table(100, seed=5)
    alone = started_network(x, y, own_features=[[2], [7]])
    weights = alone.arrays["head.weight"][0][:, 4:].reshape(2, 4, 12)
    assert weights[0, :, 2].all()
    assert not np.delete(weights[0], 2, axis=1).any()
    other_x, other_y = noisy_table(1000, seed=6)
    error = squared_error(alone, other_x, other_y)
    assert error < 0.95 * squared_error(started_network(x, y), other_x, other_y)
    # Without noise and with the means of the targets, the error would be (0.25 + 1) / 2.
    assert error < 1.1 * 0.625


def test_all_inputs_are_used_where_they_promise_a_lower_error() -> None:
    x, y = noisy_table(400, seed=7)
    # The first output is not predictable from the features that are called its own.
    chosen = started_network(x, y, own_features=[[9], [7]]).arrays["head.weight"][0]
    expected = started_network(x, y).arrays["head.weight"][0]
    np.testing.assert_array_equal(chosen[0], expected[0])
    own = chosen[1, 4:].reshape(4, 12)
    assert not np.delete(own, 7, axis=1).any()
