"""The shipped configs learn what they say, on data that somebody else recorded too."""

from statistics import median

import pytest
from conftest import REPOSITORY

from rnncli.config.validate import read_config
from rnncli.runs.experiment import build
from rnncli.training.evaluation import evaluate


def held_out_accuracy(name: str, seed: int) -> float:
    experiment = build(read_config(REPOSITORY / "configs" / f"{name}.yaml", [f"seed={seed}"]))
    for _ in experiment.fit():
        pass
    experiment.model.network.parameters[...] = experiment.progress.best_parameters
    held_out = experiment.partition.held_out
    assert held_out is not None
    return evaluate(experiment.model, [held_out]).metrics["accuracy"]


@pytest.mark.parametrize(
    ("name", "accuracy"), [("sum_sign", 0.985), ("sum_sign_sgd", 0.88), ("digits", 0.945)]
)
def test_median_accuracy_on_held_out_data(name: str, accuracy: float) -> None:
    assert median(held_out_accuracy(name, seed) for seed in range(3)) >= accuracy
