"""The kink of a ReLU, and which units of an Elman cell are inactive."""

import numpy as np
import pytest
from helpers.networks import architecture

from rnncli.nn.batch import Batch
from rnncli.nn.network import Network
from rnncli.nn.unrolled import UnrolledNetwork


def relu_network(bias: float) -> Network:
    network = Network(architecture("relu", hidden_size=3), 1, 1)
    (input_weights,), (biases,) = (
        network.arrays["rnn.weight_ih_l0"],
        network.arrays["rnn.bias_ih_l0"],
    )
    input_weights[...] = 1
    biases[...] = bias
    return network


def forward(network: Network, x: list[list[float]], lengths: list[int] | None) -> UnrolledNetwork:
    inputs = np.array(x)[:, :, np.newaxis]
    unrolled = network.unroll(inputs.shape[1], len(inputs))
    unrolled.forward(Batch(inputs, lengths=None if lengths is None else np.array(lengths)))
    return unrolled


@pytest.mark.parametrize(
    ("bias", "x", "lengths", "at_kink"),
    [
        (0.0, [[1, 2], [3, -4]], None, False),
        (0.0, [[1, 2], [3, 0]], None, True),
        (-2.0, [[1, 2], [3, 4]], None, True),
        # The first time step of the second sequence is padding, where the pre-activations are zero.
        (0.0, [[1, 2], [0, 4]], [2, 1], False),
        (0.0, [[1, 2], [0, 0]], [2, 1], True),
    ],
)
def test_a_relu_has_no_derivative_where_its_argument_is_zero(
    bias: float, x: list[list[float]], lengths: list[int] | None, at_kink: bool
) -> None:
    (cell,) = forward(relu_network(bias), x, lengths).cells
    assert cell.cell.at_kink(cell) is at_kink


def test_units_of_a_relu_at_zero_are_dead() -> None:
    (cell,) = forward(relu_network(0), [[1, 2], [-3, -1]], None).cells
    name, dead = cell.cell.inactive_units(cell)
    assert name == "dead"
    np.testing.assert_array_equal(dead, np.broadcast_to([[[False, True]]], (2, 3, 2)))


def test_units_of_a_tanh_beyond_the_threshold_are_saturated() -> None:
    network = Network(architecture("tanh", hidden_size=1), 1, 1)
    network.arrays["rnn.weight_ih_l0"][0][...] = 1
    outputs = [0.9701, -0.9701, 0.9699, -0.9699]
    (cell,) = forward(network, np.arctanh(outputs)[:, np.newaxis].tolist(), None).cells
    name, saturated = cell.cell.inactive_units(cell)
    assert name == "saturated"
    np.testing.assert_array_equal(saturated, [[[True, True, False, False]]])
