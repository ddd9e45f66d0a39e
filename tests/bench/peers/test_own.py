"""The work that libraries are compared on is that of a training step, and it trains."""

import numpy as np
import pytest

from rnncli.bench.peers import own
from rnncli.bench.peers.own import Work, examples, own_step
from rnncli.nn.cells import CELLS
from rnncli.training.training_step import TrainingStep

WORKS = [
    *(Work(cell, 4, 5, 3, 6) for cell in CELLS),
    Work("lstm", 4, 5, 3, 6, 2, True, 5, "softmax_cross_entropy"),
    Work("gru", 4, 5, 3, 6, 2, False, 2, "mean_squared_error", True),
    Work("tanh", 4, 5, 3, 6, 1, False, 2, "softmax_cross_entropy", True, 7, "float64"),
]


@pytest.mark.parametrize("work", WORKS)
def test_the_step_has_the_sizes_of_the_work_and_lowers_the_loss(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: list[float] = []
    steps: list[TrainingStep] = []

    class Seen(TrainingStep):
        def gradient(self, *arguments):
            loss, norm = super().gradient(*arguments)
            losses.append(loss.mean.real)
            steps.append(self)
            return loss, norm

    monkeypatch.setattr(own, "TrainingStep", Seen)
    step = own_step(work)
    for _ in range(30):
        step()
    assert losses[-1] < losses[0]
    network = steps[0].network
    assert network.architecture.cell.kind == work.cell
    assert network.layout.input_stage.width == work.inputs
    assert network.output_size == work.outputs
    assert network.parameters.dtype == work.dtype
    unrolled = steps[0].objective.unrolled
    assert unrolled.cells[0].outputs.shape == (work.steps, work.hidden, work.batch)
    assert len(unrolled.cells) == work.layers * (1 + work.bidirectional)


@pytest.mark.parametrize("work", WORKS)
def test_the_examples_are_the_same_each_time(work: Work) -> None:
    for first, second in zip(examples(work), examples(work), strict=True):
        np.testing.assert_array_equal(first, second)
