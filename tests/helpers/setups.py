"""Training runs that are ready to start, for the tests of the benchmark."""

from typing import Any

from rnncli.config.reading import config_from
from rnncli.runs.training_setup import TrainingSetup, set_up


def setup_of(**model: Any) -> TrainingSetup:
    """Return a run on 120 sequences of 7 time steps, in batches of 20; keys are those of `model`.

    The keys `training` and `data` are sections of the config.
    """
    data: dict[str, Any] = {"kind": "sum_sign", "num_samples": 120, "sequence_length": 7}
    training = {"batch_size": 20}
    sections = {
        "data": data | model.pop("data", {}),
        "training": training | model.pop("training", {}),
    }
    return set_up(config_from(sections | {"model": {"hidden_size": 6} | model}))
