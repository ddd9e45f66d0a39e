"""The overhead is that of the same step with one unit and one sequence."""

from dataclasses import replace

import pytest
from helpers.setups import setup_of

from rnncli.bench import overhead
from rnncli.bench.overhead import overhead_step
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.training.training_step import TrainingStep


@pytest.mark.parametrize("cell", CELLS)
def test_only_the_sizes_differ(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of(cell=cell, num_layers=2, bidirectional=True)
    network = setup.model.network
    batch = setup.sequences.epoch(20, True, 0, 0).batch(0)
    seen: list[tuple[TrainingStep, Batch]] = []

    class Seen(TrainingStep):
        def gradient(self, batch, dropout_masks=None):
            seen.append((self, batch))
            return super().gradient(batch)

    monkeypatch.setattr(overhead, "TrainingStep", Seen)
    before = network.parameters.copy()
    overhead_step(network, setup.model.task, batch, setup.training)()
    ((step, one),) = seen
    assert one.x.shape == (1, *batch.x.shape[1:])
    assert step.network.architecture == replace(network.architecture, hidden_size=1)
    assert (network.parameters == before).all()
