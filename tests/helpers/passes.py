"""Cases for tests of the forward and backward pass of whole networks."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.networks import LISTS, READOUTS, architecture, network_for, random_batch

from rnncli.cores import VARIABLE
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.dropout import DropoutMasks
from rnncli.nn.network import Network

LOSS = "softmax_cross_entropy"
SIZE, STEPS = 7, 5
LENGTHS = [5, 1, 3, 5, 2, 4, 5]
# Every cell, readout and number of directions, with and without lengths, is in some combination.
CASES = [
    (cell, readout, both, lengths)
    for number, (cell, readout) in enumerate(itertools.product(CELLS, [*READOUTS, *LISTS]))
    for both, lengths in [(number % 2 == 0, number % 3 == 0)]
]


def case(
    cell: str, readout: str, both: bool, lengths: bool
) -> tuple[Network, Batch, DropoutMasks, np.ndarray]:
    """Return a network with two layers and dropout, a batch, masks and a gradient of outputs."""
    rng = np.random.default_rng(1)
    keys = {"num_layers": 2, "bidirectional": both, "dropout": 0.3, "head_dropout": 0.3}
    if readout == "every_step":
        del keys["head_dropout"]
    net = network_for(LOSS, architecture(cell, readout, **keys), 3, rng)
    batch = random_batch(
        LOSS, net.architecture, 3, rng, (SIZE, STEPS), LENGTHS if lengths else None
    )
    if not both:
        state = net.zero_state(SIZE)
        for values in (values for of_cell in state for values in of_cell.values()):
            values[...] = rng.standard_normal(values.shape)
        batch = replace(batch, initial_state=state)
    masks = net.draw_dropout_masks(SIZE, rng)
    columns = SIZE * STEPS if readout == "every_step" else SIZE
    return net, batch, masks, rng.standard_normal((4, columns))


def weights_on_any_number_of_cores(
    config: str, rnn: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> set[bytes]:
    """Train with 1, 2, 3 and 5 cores; return the bytes of the weights, without repetitions."""
    (folder / "config.yaml").write_text(config)
    found = set()
    for cores in ("1", "2", "3", "5"):
        monkeypatch.setenv(VARIABLE, cores)
        runs = folder / cores
        assert rnn("train", "-q", "-c", folder / "config.yaml", "--runs", runs).code == 0
        (path,) = runs.glob("*/weights.npz")
        with np.load(path) as arrays:
            found.add(b"".join(arrays[name].tobytes() for name in sorted(arrays.files)))
    return found
