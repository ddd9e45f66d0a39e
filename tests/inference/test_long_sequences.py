"""Long sequences in windows have the outputs of one pass, in memory that hardly grows with them."""

import tracemalloc
from itertools import product

import numpy as np
import pytest
from helpers.networks import LISTS, READOUTS, architecture, number_of, rotated

from rnncli.inference.long_sequences import long_outputs
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Network


def network(cell: str, readout: str, layers: int, bidirectional: bool) -> Network:
    model = architecture(cell, readout, num_layers=layers, bidirectional=bidirectional)
    network = Network(model, 2, 3).initialize(np.random.default_rng(0))
    network.parameters[...] += 0.1 * np.random.default_rng(1).standard_normal(
        len(network.parameters)
    )
    return network


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("readout", READOUTS + LISTS)
def test_windows_give_the_outputs_of_one_pass(cell: str, readout: str) -> None:
    x = np.random.default_rng(2).standard_normal((23, 2))
    # A list of poolings reads the same layers as a single one.
    is_list = readout in LISTS
    num_layers = (2,) if is_list else (1, 2, 3)
    number = number_of(cell) + READOUTS.index(readout) if not is_list else number_of(cell)
    for layers, bidirectional in product(num_layers, (False, True)):
        net = network(cell, readout, layers, bidirectional)
        expected = net.unroll(len(x), 1).forward(Batch(x[np.newaxis])).T
        if readout != "every_step":
            expected = expected[0]
        number += 1
        for window in rotated((1, 5, 22, 23, 100), number)[:2]:
            outputs = long_outputs(net, x, window)
            assert outputs.shape == expected.shape
            np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_memory_hardly_depends_on_the_length(readout: str, bidirectional: bool) -> None:
    net = network("lstm", readout, 2, bidirectional)
    x = np.zeros((360, 2))
    peaks = []
    for length in (60, 360):
        tracemalloc.start()
        long_outputs(net, x[:length], 30)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
