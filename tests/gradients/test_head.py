"""Lists of poolings and dropout before the head: exact gradients, and mistakes that are found."""

import numpy as np
import pytest
from helpers import mistakes
from helpers.networks import (
    LISTS,
    READOUTS,
    VARIANTS,
    architecture,
    network_for,
    number_of,
    plant,
    random_batch,
)

from rnncli.gradients.explain import explain
from rnncli.gradients.gradcheck import gradcheck
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Network

LOSS = "softmax_cross_entropy"
FROM_ABOVE = "the gradient from above (the head or the next layer) is wrong"


def network_and_batch(
    cell: str, readout: str, bidirectional: bool, lengths: bool, head_dropout: float
) -> tuple[Network, Batch]:
    rng = np.random.default_rng(5)
    model = architecture(
        cell, readout, hidden_size=2, bidirectional=bidirectional, head_dropout=head_dropout
    )
    network = network_for(LOSS, model, 2, rng)
    return network, random_batch(LOSS, model, 2, rng, (3, 3), [3, 1, 2] if lengths else None)


@pytest.mark.parametrize("cell", [*CELLS, *VARIANTS])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_gradient_is_exact(cell: str, bidirectional: bool) -> None:
    # `test_gradcheck` has the single poolings without dropout.
    plain = [(readout, False, 0.0) for readout in LISTS]
    cases = [*plain, *((name, True, 0.4) for name in LISTS + READOUTS)]
    # One direction has half of the cases, and both directions have the others.
    for readout, lengths, dropout in cases[(number_of(cell) + bidirectional) % 2 :: 2]:
        network, batch = network_and_batch(cell, readout, bidirectional, lengths, dropout)
        for result in gradcheck(network, LOSSES[LOSS], batch):
            case = (readout, lengths, dropout, result)
            assert result.passed, case
            assert (result.max_relative_error or 0) <= 1e-12, case
        assert not dropout or explain(network, LOSSES[LOSS], batch) is None


@pytest.mark.parametrize("mistake", mistakes.HEAD)
def test_mistakes_at_the_head_are_detected(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, mistakes.HEAD[mistake])
    for cell in CELLS:
        network, batch = network_and_batch(cell, LISTS[1], True, True, 0.4)
        assert not all(result.passed for result in gradcheck(network, LOSSES[LOSS], batch))


@pytest.mark.parametrize(
    ("mistake", "array", "cause"),
    [
        ("dropout not repeated in backward", "dL/d(features)", "the dropout mask is left out"),
        ("dropout left out of the gradient of the head", "head.weight", None),
        ("gradient of the last output lost", "dL/dh", FROM_ABOVE),
        ("gradient of the mean and the maximum lost", "dL/dh", FROM_ABOVE),
        ("only the first of two gradients counted", "dL/dh", FROM_ABOVE),
        ("only the end of a reverse direction counted", "dL/dh", FROM_ABOVE),
    ],
)
def test_mistakes_at_the_head_are_explained(
    mistake: str, array: str, cause: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, mistakes.HEAD[mistake])
    network, batch = network_and_batch("gru", LISTS[1], True, True, 0.4)
    explanation = explain(network, LOSSES[LOSS], batch)
    assert explanation is not None
    assert (explanation.array, explanation.cause) == (array, cause)
