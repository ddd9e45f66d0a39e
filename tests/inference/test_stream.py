"""A stream predicts after every time step what the model predicts for the sequence so far."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.networks import LISTS, READOUTS, architecture

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.inference.stream import Stream
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Network


def model_of(cell: str, readout: str, **keys: object) -> Model:
    task = Task("multiclass", ("a", "b", "c"))
    network = Network(architecture(cell, readout, num_layers=2, **keys), 2, task.output_size)
    network.initialize(np.random.default_rng(0))
    return Model(network, task, None, InputSpec(2, 9))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("readout", READOUTS + LISTS)
def test_each_prediction_is_that_for_the_sequence_so_far(cell: str, readout: str) -> None:
    model = model_of(cell, readout, head_dropout=0.5)
    stream = Stream(model)
    for seed in (1, 2):  # another sequence begins anew
        x = np.random.default_rng(seed).standard_normal((9, 2))
        for step, values in enumerate(x):
            expected = model.predict_proba(x[np.newaxis, : step + 1])
            if readout == "every_step":
                expected = expected[:, -1]
            actual = stream.step(values).probabilities
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-13)
        stream.reset()


def test_a_bidirectional_model_cannot_predict_before_the_end() -> None:
    with pytest.raises(InputError, match="--stream: the model is bidirectional"):
        Stream(model_of("tanh", "mean", bidirectional=True))


def test_a_model_with_several_poolings_from_config_to_prediction(rnn: Command, small: Path) -> None:
    keys = ("model.pooling=[mean, max, last]", "model.head_dropout=0.3")
    sets = [word for key in keys for word in ("--set", key)]
    run = Path(rnn("train", "-q", "-c", small, *sets).out.strip())
    with np.load(run / "weights.npz") as weights:
        assert weights["head.weight"].shape == (1, 3 * weights["rnn.weight_hh_l0"].shape[1])
    assert rnn("evaluate", "-w", run).code == 0
    assert rnn("gradcheck", "-w", run, "--explain").code == 0
    assert rnn("trace", "-w", run).code == 0
    start = ("--set", f"training.start_from={run / 'weights.npz'}")
    assert rnn("train", "-q", "-c", small, *sets, *start).code == 0
    other = rnn("train", "-q", "-c", small, *start)
    assert other.code == 2
    assert "head.weight has shape (1, 24)" in other.err
    assert "(1, 8) and" in other.err
