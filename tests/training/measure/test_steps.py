"""The steps that are timed are those of a training run."""

from pathlib import Path

import numpy as np
import pytest
from helpers.setups import setup_of

from rnncli.config.reading import config_from
from rnncli.nn.network import Network
from rnncli.runs.training_setup import TrainingSetup, set_up
from rnncli.training.events import Step
from rnncli.training.measure.clock import Clock
from rnncli.training.measure.recorded import Recorder
from rnncli.training.measure.steps import Steps

MODELS: list[dict[str, object]] = [
    {},
    {"cell": "lstm", "num_layers": 2, "bidirectional": True, "dropout": 0.3},
    {
        "head_dropout": 0.3,
        "training": {"augmentation": [{"kind": "jitter"}], "schedule": "constant"},
    },
    {"data": {"kind": "parity"}},
]


def steps_of(setup: TrainingSetup, observer: Clock | Recorder) -> Steps:
    model = setup.model
    seed = setup.config.seed
    return Steps(model.network, model.task, setup.train, setup.training, seed, observer)


def language_model(folder: Path) -> TrainingSetup:
    (folder / "text.txt").write_text("Of Man's first disobedience, and the fruit\n" * 9)
    data = {"kind": "text", "path": str(folder / "text.txt"), "sequence_length": 9}
    model = {"cell": "gru", "hidden_size": 5, "embedding_size": 5, "tie_weights": True}
    return set_up(config_from({"data": data, "model": model, "training": {"batch_size": 4}}))


@pytest.mark.parametrize("number", range(len(MODELS) + 1))
def test_the_first_step_is_that_of_a_training_run(number: int, tmp_path: Path) -> None:
    def setup() -> TrainingSetup:
        return setup_of(**MODELS[number]) if number < len(MODELS) else language_model(tmp_path)

    trained = setup()
    assert isinstance(next(iter(trained.fit())), Step)
    timed = setup()
    steps = steps_of(timed, Clock())
    for _ in range(2):
        steps.reset()
        steps.take()
        expected = trained.model.network.parameters
        np.testing.assert_array_equal(timed.model.network.parameters, expected)
    steps.take()
    assert (timed.model.network.parameters != trained.model.network.parameters).any()


@pytest.mark.parametrize("number", range(len(MODELS) + 1))
def test_recording_a_step_does_not_change_it(number: int, tmp_path: Path) -> None:
    def setup() -> TrainingSetup:
        return setup_of(**MODELS[number]) if number < len(MODELS) else language_model(tmp_path)

    plain = setup()
    steps_of(plain, Clock()).take()
    allocators = np.empty, np.zeros
    recorded, recorder = setup(), Recorder()
    model, network = recorded.model, recorded.model.network
    with recorder.new_arrays():
        copy = Network(network.architecture, network.input_size, network.output_size)
        copy.parameters[...] = network.parameters
        seed = recorded.config.seed
        Steps(copy, model.task, recorded.train, recorded.training, seed, recorder).take()
    assert (np.empty, np.zeros) == allocators
    assert recorder.num_calls > 0
    np.testing.assert_array_equal(copy.parameters, plain.model.network.parameters)
