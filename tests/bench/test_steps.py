"""The steps that are timed are those of a training run."""

from pathlib import Path

import numpy as np
import pytest
from helpers.setups import setup_of

from rnncli.bench.clock import Clock
from rnncli.bench.recorded import Recorder
from rnncli.bench.steps import Steps
from rnncli.config.reading import config_from
from rnncli.cores import limited_to
from rnncli.nn.shards import ShardedNetwork
from rnncli.runs.training_setup import TrainingSetup, set_up
from rnncli.training.events import Step

MODELS: list[dict[str, object]] = [
    {},
    {"cell": "lstm", "num_layers": 2, "bidirectional": True, "dropout": 0.3},
    {
        "head_dropout": 0.3,
        "training": {"augmentation": [{"kind": "jitter"}], "schedule": "constant"},
    },
    {"data": {"kind": "parity"}},
    # In shards.
    {"cell": "lstm", "hidden_size": 96, "training": {"batch_size": 64}},
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
        np.testing.assert_array_equal(steps.network.parameters, expected)
    steps.take()
    assert (steps.network.parameters != expected).any()
    assert (timed.model.network.parameters != expected).any()


@pytest.mark.parametrize("number", range(len(MODELS) + 1))
def test_recording_a_step_does_not_change_it(number: int, tmp_path: Path) -> None:
    def setup() -> TrainingSetup:
        return setup_of(**MODELS[number]) if number < len(MODELS) else language_model(tmp_path)

    plain = steps_of(setup(), Clock())
    plain.take()
    allocators, recorder = (np.empty, np.zeros), Recorder()
    with recorder.new_arrays():
        recorded = steps_of(setup(), recorder)
        recorded.take()
    assert (np.empty, np.zeros) == allocators
    assert recorder.num_calls > 0
    np.testing.assert_array_equal(recorded.network.parameters, plain.network.parameters)


def test_large_batches_are_in_shards_whose_parts_are_observed_too() -> None:
    setup = setup_of(cell="lstm", hidden_size=128, training={"batch_size": 64})
    clock = Clock()
    model, settings = setup.model, setup.training
    steps = Steps(model.network, model.task, setup.train, settings, 0, clock)
    clock.begin_block()
    with limited_to(1):
        steps.take()
    assert isinstance(steps.step.objective.unrolled, ShardedNetwork)
    assert {"forward", "backward", "gradient_sum"} <= clock.blocks[0].keys()
