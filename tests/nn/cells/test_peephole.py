"""The LSTM with peepholes: what its gates see, and how it starts."""

import numpy as np
import pytest
from helpers.networks import architecture, network_for, random_batch

from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective

LOSS = "mean_squared_error"


def network(cell: str, **keys: object) -> Network:
    model = architecture(cell, num_layers=2, bidirectional=True, **keys)
    return network_for(LOSS, model, 3, np.random.default_rng(0))


@pytest.mark.parametrize("lengths", [None, [6, 1, 4, 3]])
def test_without_weights_in_the_peepholes_it_is_an_lstm(lengths: list[int] | None) -> None:
    lstm, peephole = network("lstm"), network("peephole")
    for name, blocks in peephole.arrays.items():
        for block, value in zip(blocks, lstm.arrays.get(name, (0.0,)), strict=False):
            block[...] = value
        if "peephole" in name:
            assert blocks[0].shape == (12,)
            assert not blocks[0].any()
    batch = random_batch(
        LOSS, lstm.architecture, 3, np.random.default_rng(1), (4, 6), lengths=lengths
    )
    results = {}
    for net in (lstm, peephole):
        objective = Objective(net, LOSSES[LOSS])
        objective.backward(objective.forward(batch))
        gradients = net.layout.named(objective.unrolled.gradient)
        results[net] = {name: np.concatenate(blocks) for name, blocks in gradients.items()}
    for name, expected in results[lstm].items():
        np.testing.assert_allclose(results[peephole][name], expected, rtol=0, atol=1e-15)
    assert all(array.any() for array in results[peephole].values())


@pytest.mark.parametrize(("gate", "number"), [("i", 0), ("f", 1), ("o", 2)])
def test_a_peephole_belongs_to_its_gate(gate: str, number: int) -> None:
    """A large weight opens its gate wherever the cell state that it sees is positive."""
    net = Network(architecture("peephole"), 1, 1)
    arrays = net.arrays
    arrays["rnn.bias_ih_l0"][2][...] = 1  # g > 0, and so c > 0 from the first time step on
    arrays["rnn.weight_peephole_l0"][0].reshape(3, 4)[number] = 1000
    batch = random_batch("binary_cross_entropy", net.architecture, 1, np.random.default_rng(0))
    unrolled = net.unroll(*batch.x.shape[1::-1])
    unrolled.forward(batch)
    (cell,) = unrolled.cells
    gates = CELLS["peephole"]().gates(cell)
    for name, values in gates.items():
        # The output gate sees the state of its own time step, the other two that of the one before.
        if name == gate:
            np.testing.assert_array_equal(values[1:], 1)
            np.testing.assert_array_equal(values[0], 1 if gate == "o" else 0.5)
        else:
            np.testing.assert_array_equal(values, 0.5)


def test_it_starts_without_peepholes_and_with_open_forget_gates() -> None:
    net = Network(architecture("peephole", hidden_size=16), 3, 1)
    net.initialize(np.random.default_rng(0))
    assert [float(block[0]) for block in net.arrays["rnn.bias_ih_l0"]] == [0, 1, 0, 0]
    assert not net.arrays["rnn.weight_peephole_l0"][0].any()
    for block in net.arrays["rnn.weight_hh_l0"]:
        np.testing.assert_allclose(block @ block.T, np.eye(16), atol=1e-12)
    uniform = Network(architecture("peephole", hidden_size=16, initialization="uniform"), 3, 1)
    uniform.initialize(np.random.default_rng(0))
    (peepholes,) = uniform.arrays["rnn.weight_peephole_l0"]
    assert 0.8 / 4 < np.abs(peepholes).max() <= 1 / 4
