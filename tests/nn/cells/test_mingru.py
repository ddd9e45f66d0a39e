"""The minGRU: a recurrence without recurrent weights, and what signed gates add to it."""

import numpy as np
import pytest
from helpers.networks import VARIANTS, architecture

from rnncli.nn.batch import Batch
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.initialization import INITIALIZATIONS
from rnncli.nn.network import Network
from rnncli.nn.state_dict import state_dict

CELLS = ["mingru", *VARIANTS]


def forward(net: Network, x: np.ndarray) -> UnrolledCell:
    unrolled = net.unroll(x.shape[1], len(x))
    unrolled.forward(Batch(x))
    (cell,) = unrolled.cells
    return cell


def network(cell: str, gate_weight: float, gate_bias: float, candidate_bias: float) -> Network:
    """Return a network of one unit that reads one feature."""
    net = Network(architecture(cell, hidden_size=1), 1, 1)
    net.arrays["rnn.weight_ih_l0"][0][...] = gate_weight
    for block, bias in zip(net.arrays["rnn.bias_ih_l0"], (gate_bias, candidate_bias), strict=True):
        block[...] = bias
    return net


def test_one_unit_with_signed_gates_is_the_parity_of_its_inputs() -> None:
    bits = np.random.default_rng(0).integers(2, size=(5, 300, 1))
    cell = forward(network("mingru signed", 100, -50, 1), bits.astype(float))
    parity = bits.cumsum(axis=1) % 2
    np.testing.assert_allclose(cell.outputs.transpose(2, 0, 1), parity, rtol=0, atol=1e-12)


def test_a_positive_gate_keeps_the_order_of_states() -> None:
    """Whatever it reads, a larger state stays the larger one, and so nothing is reversed."""
    net = network("mingru", 3, 0.5, 1)
    x = np.random.default_rng(0).standard_normal((1, 20, 1))
    unrolled = net.unroll(20, 2)
    state = [{"state": np.array([[0, 1]])}]
    unrolled.forward(Batch(np.repeat(x, 2, axis=0), initial_state=state))
    (cell,) = unrolled.cells
    assert (np.diff(cell.outputs[:, 0], axis=1) >= 0).all()


@pytest.mark.parametrize(("gate_bias", "kept"), [(-800, True), (800, False)])
@pytest.mark.parametrize("cell", CELLS)
def test_a_gate_far_from_zero_keeps_or_replaces_the_state(
    cell: str, gate_bias: float, kept: bool
) -> None:
    net = network(cell, 0, gate_bias, 3)
    unrolled = net.unroll(1, 1)
    state = [{"state": np.array([[2.0]])}]
    unrolled.forward(Batch(np.zeros((1, 1, 1)), initial_state=state))
    replaced = 3 - 2 if cell == "mingru signed" else 3
    assert unrolled.cells[0].outputs.item() == (2 if kept else replaced)


@pytest.mark.parametrize("name", INITIALIZATIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_it_has_no_recurrent_weights(cell: str, name: str) -> None:
    net = Network(architecture(cell, initialization=name, num_layers=2, bidirectional=True), 3, 1)
    net.initialize(np.random.default_rng(0))
    assert not any("weight_hh" in array for array in state_dict(net))
    for unrolled in net.unroll(2, 2).cells:
        assert unrolled.recurrent_weights.shape == (0, 4)
        assert not unrolled.matrix[:, unrolled.input_size : -1].any()
        assert unrolled.input_weights.all()


def test_no_unit_is_saturated() -> None:
    cell = forward(network("mingru", 0, 100, 50), np.zeros((2, 3, 1)))
    name, saturated = cell.cell.inactive_units(cell)
    assert (name, saturated.shape, saturated.any()) == ("saturated", (3, 1, 2), False)
