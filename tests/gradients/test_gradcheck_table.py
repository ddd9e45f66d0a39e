"""The whole table: cells x outputs x losses x layers x directions x lengths, and their mistakes."""

from itertools import product

import numpy as np
import pytest
from test_gradcheck import OUTPUTS, planted

from rnncli.gradients.gradcheck import ArrayCheck, Batch, gradcheck
from rnncli.nn.cells import CELLS, elman, gru, lstm
from rnncli.nn.level import Level
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Architecture, Network
from rnncli.nn.readout import POOLINGS
from rnncli.nn.unrolled import Unrolled

READINGS = [*POOLINGS, "every_step"]


def checks(
    cell: str,
    loss: str = "softmax_cross_entropy",
    reading: str = "last",
    layers: int = 2,
    both: bool = True,
    lengths: bool = True,
    method: str = "complex",
) -> list[ArrayCheck]:
    rng = np.random.default_rng(7)
    every_step = reading == "every_step"
    architecture = Architecture(
        cell,
        hidden_size=4,
        num_layers=layers,
        bidirectional=both,
        dropout=0.3 if layers > 1 else 0.0,
        pooling="last" if every_step else reading,
        output="every_step" if every_step else "sequence",
        dtype="float64",
    )
    network = Network(architecture, 2, OUTPUTS[loss]).initialize(rng)
    for blocks in network.arrays.values():
        for block in blocks:
            block += 0.2 * rng.standard_normal(block.shape)
    batch, steps = 4, 6
    some = np.array([6, 1, 4, 3]) if lengths else None
    x = rng.standard_normal((batch, steps, 2))
    shape = (batch, steps) if every_step else (batch,)
    y = rng.integers(max(2, OUTPUTS[loss]), size=(*shape, 1)).astype(float)
    if loss == "mean_squared_error":
        y = rng.standard_normal((*shape, OUTPUTS[loss]))
    if some is not None:
        before = np.arange(steps) < steps - some[:, np.newaxis]
        x[before] = 0
        if every_step:
            y[before] = np.nan
    given = Batch(x, y, some, architecture.dropout)
    return list(gradcheck(network, LOSSES[loss], given, method))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("both", [False, True])
def test_the_table(cell: str, reading: str, both: bool) -> None:
    for loss, layers, lengths in product(LOSSES, (1, 2), (False, True)):
        for result in checks(cell, loss, reading, layers, both, lengths):
            assert result.passed, (loss, layers, lengths, result)
            assert (result.max_relative_error or 0) <= 1e-12, (loss, layers, lengths, result)
            assert result.tested or "initial" in result.name or cell == "relu", result


MISTAKES = {
    "lstm": {
        "gates swapped": (
            lstm.LSTM,
            "i_f *= values[:, 3 * h :]",
            "i_f *= values[:, 2 * h : 4 * h]",
        ),
        "cell state's way forgotten": (
            lstm.LSTM,
            "multiply(cell_flow, carry[step], cell_flow)",
            "cell_flow[...] = 0",
        ),
        "way through the output forgotten": (
            lstm.LSTM,
            "add(cell_flow, term, cell_flow)",
            "add(cell_flow, flow, cell_flow)",
        ),
        "mask ignored": (lstm.LSTM, "delta *= self.mask", "delta *= 1"),
        "mask of the carried cell ignored": (
            lstm.LSTM,
            "np.multiply(self.carry, self.mask, out=self.masked_carry)",
            "self.masked_carry[...] = self.carry",
        ),
    },
    "gru": {
        "reset left out": (gru.GRU, "np.multiply(dn, r, out=da)", "da[...] = dn"),
        "gates swapped": (gru.GRU, "dz *= z", "dz *= r"),
        "way beside the gates forgotten": (gru.GRU, "add(flow, term, flow)", "pass"),
        "mask ignored": (gru.GRU, "delta *= self.mask", "delta *= 1"),
        "structural zeros trained": (gru.GRU, "dr *= a", "dr *= n"),
    },
    "tanh": {"mask ignored": (elman.Tanh, "self.delta *= self.mask", "self.delta *= 1")},
    "relu": {
        "slope one everywhere": (
            elman.Relu,
            "np.greater(self.outputs, 0, out=self.delta)",
            "self.delta[...] = 1",
        )
    },
}
SHARED = {
    "reverse direction not turned round": (
        Level,
        "upstream[:: -1 if direction else 1, rows]",
        "upstream[:, rows]",
    ),
    "inputs of the reverse direction not turned back": (
        Level,
        "self.layers[1].backward_to_inputs()[::-1]",
        "self.layers[1].backward_to_inputs()",
    ),
    "dropout not repeated in backward": (
        Unrolled,
        "upstream *= self.drops[number - 1]",
        "upstream *= 1",
    ),
}


@pytest.mark.parametrize(
    ("cell", "mistake"),
    [(cell, mistake) for cell, mistakes in MISTAKES.items() for mistake in mistakes]
    + [(cell, mistake) for cell in CELLS for mistake in SHARED],
)
def test_planted_mistakes_are_refused(
    cell: str, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = "every_step" if mistake in SHARED else "last"
    assert all(result.passed for result in checks(cell, reading=reading))
    owner, right, wrong = (MISTAKES[cell] | SHARED)[mistake]
    for name, method in planted(owner, right, wrong).items():
        monkeypatch.setattr(owner, name, method)
    assert not all(result.passed for result in checks(cell, reading=reading))


@pytest.mark.parametrize("cell", CELLS)
def test_central_differences_agree(cell: str) -> None:
    assert all(result.passed for result in checks(cell, method="central"))
