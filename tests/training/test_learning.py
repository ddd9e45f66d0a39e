"""The shipped configs reach their accuracy, on recorded data too."""

from statistics import median

import pytest
from conftest import REPOSITORY

from rnncli.config.reading import read_config
from rnncli.inference.evaluation import evaluate
from rnncli.runs.training_setup import set_up


def held_out(name: str, seed: int) -> dict[str, float]:
    experiment = set_up(read_config(REPOSITORY / "configs" / f"{name}.yaml", [f"seed={seed}"]))
    for _ in experiment.fit():
        pass
    experiment.model.network.parameters[...] = experiment.state.best_parameters
    part = experiment.splits.for_evaluation
    assert part is not None
    return evaluate(experiment.model, [part]).metrics


@pytest.mark.parametrize(
    ("name", "seeds", "accuracy"),
    [
        ("sum_sign", 3, 0.985),
        ("sum_sign_sgd", 3, 0.88),
        ("digits", 1, 0.945),
        ("japanese_vowels", 1, 0.975),
        ("parity", 1, 0.99),
    ],
)
def test_median_accuracy_on_held_out_data(name: str, seeds: int, accuracy: float) -> None:
    assert median(held_out(name, seed)["accuracy"] for seed in range(seeds)) >= accuracy


def test_sunspots_a_year_ahead() -> None:
    assert median(held_out("sunspots", seed)["rmse"] for seed in range(3)) <= 21
