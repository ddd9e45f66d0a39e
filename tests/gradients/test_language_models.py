"""Gradients of language models: an embedding, tied weights, a carried state, several documents."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.networks import VARIANTS, Mistake, architecture, plant

from rnncli.gradients.explain import explain
from rnncli.gradients.gradcheck import gradcheck
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.cells.base import UnrolledCell
from rnncli.nn.cells.lstm import LSTMBase
from rnncli.nn.input_stage import Embedding
from rnncli.nn.layer import UnrolledLayer
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network
from rnncli.nn.objective import Objective
from rnncli.nn.unrolled import UnrolledNetwork

LOSS = LOSSES["softmax_cross_entropy"]
NUM_SYMBOLS, NUM_STREAMS, LENGTH = 6, 4, 7


def second_window(cell: str, tied: bool, lines: bool) -> tuple[Network, Batch]:
    """Return a network, and the second window of streams with the state after the first."""
    rng = np.random.default_rng(1)
    model = architecture(
        cell,
        "every_step",
        hidden_size=4,
        num_layers=2,
        embedding_size=4 if tied else 3,
        tie_weights=tied,
    )
    network = Network(model, NUM_SYMBOLS, NUM_SYMBOLS).initialize(rng)
    for blocks in network.arrays.values():
        for block in blocks:
            block += 0.2 * rng.standard_normal(block.shape)
    shape = (NUM_STREAMS, LENGTH)
    x, y = rng.integers(NUM_SYMBOLS, size=(2, *shape, 1))
    batch = Batch(x, y.astype(float))
    if lines:
        valid = np.ones(shape, bool)
        # Documents end within windows, at their first and at their last time step.
        valid[0, 3] = valid[1, 0] = valid[2, -1] = valid[2, 2] = False
        y = np.where(valid[:, :, np.newaxis], y, np.nan)
        batch = Batch(np.where(valid[:, :, np.newaxis], x, 0), y, valid=valid)
    unrolled = network.unroll(LENGTH, NUM_STREAMS)
    unrolled.forward(batch)
    return network, replace(batch, initial_state=unrolled.final_state())


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
def test_the_gradients_are_exact(cell: str, tied: bool, lines: bool) -> None:
    network, batch = second_window(cell, tied, lines)
    checks = {check.name: check for check in gradcheck(network, LOSS, batch)}
    assert ("embedding.weight" in checks) != tied
    assert "input" not in checks
    assert {name for name in checks if name.startswith("initial_state")} == {
        "initial_state_l0",
        "initial_state_l1",
    }
    for check in checks.values():
        assert check.tested
        assert check.passed
        assert check.max_relative_error is not None
        assert check.max_relative_error <= 1e-12, check
    assert explain(network, LOSS, batch) is None


@pytest.mark.parametrize("tied", [False, True])
def test_central_differences_agree(tied: bool) -> None:
    network, batch = second_window("lstm", tied, lines=True)
    assert all(check.passed for check in gradcheck(network, LOSS, batch, "central"))


_SUM = "gradient[EMBEDDING][in_order[starts]] += np.add.reduceat(vectors[order], starts, axis=0)"
MISTAKES: dict[str, tuple[Mistake, bool, bool, str | None]] = {
    "a gradient flows in from the window after": (
        (
            UnrolledCell,
            "carried[...] = 0",
            "carried[...] = 1",
        ),
        False,
        False,
        None,
    ),
    "gradients of a symbol are not added": (
        (Embedding, _SUM, "gradient[EMBEDDING][symbols] = vectors"),
        False,
        False,
        "the gradients of a symbol that occurs again are not added",
    ),
    "the state is not carried": (
        (UnrolledNetwork, "initial_state = batch.initial_state", "initial_state = None"),
        False,
        False,
        None,
    ),
    "the gradient flows over the end of a document": (
        (LSTMBase, "dz *= unrolled.mask[steps]", "pass"),
        False,
        True,
        None,
    ),
    "the tied gradient of the head is lost": (
        (UnrolledNetwork, "if not self.ties_weights:", "if True:"),
        True,
        False,
        "tied weights have only the gradient of the embedding",
    ),
    "the tied gradient of the embedding is lost": (
        (Embedding, _SUM, "pass"),
        True,
        False,
        "tied weights have only the gradient of the head",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistakes_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake, tied, lines, cause = MISTAKES[name]
    network, batch = second_window("lstm", tied, lines)
    plant(monkeypatch, mistake)
    assert not all(check.passed for check in gradcheck(network, LOSS, batch))
    if cause is not None:
        explanation = explain(network, LOSS, batch)
        assert explanation is not None
        assert explanation.cause == cause


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
def test_documents_in_a_row_are_independent(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs are those of each alone, whatever precedes it; without the reset they are not."""
    network, batch = second_window(cell, tied=False, lines=True)

    def sum_after_the_end_of_a_document() -> float:
        objective = Objective(network, LOSS)
        objective.forward(batch)
        # In the first row, a document begins after the fourth time step.
        outputs = objective.unrolled.outputs.reshape(NUM_SYMBOLS, LENGTH, NUM_STREAMS)
        return float(outputs[:, 4:, 0].sum())

    alone = Batch(batch.x[:1, 4:], batch.targets[:1, 4:])
    objective = Objective(network, LOSS)
    objective.forward(alone)
    expected = float(objective.unrolled.outputs.sum())
    assert sum_after_the_end_of_a_document() == pytest.approx(expected, rel=1e-12)
    plant(monkeypatch, (UnrolledLayer, "self.cells[0].mask = ", "self.cells[0].unused = "))
    assert sum_after_the_end_of_a_document() != pytest.approx(expected, rel=1e-3)


def test_windows_in_a_row_are_one_long_sequence() -> None:
    network, batch = second_window("lstm", tied=False, lines=True)
    whole = network.unroll(2 * LENGTH, NUM_STREAMS)
    assert batch.valid is not None
    long = Batch(np.hstack([batch.x] * 2), valid=np.hstack([batch.valid] * 2))
    whole.forward(long)
    one = network.unroll(LENGTH, NUM_STREAMS)
    outputs = one.forward(batch)
    np.testing.assert_allclose(outputs, whole.outputs[:, LENGTH * NUM_STREAMS :], atol=1e-14)
