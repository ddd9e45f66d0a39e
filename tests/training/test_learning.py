"""The shipped configs reach their accuracy, on recorded data too."""

from statistics import median

import pytest
from conftest import REPOSITORY

from rnncli.config.reading import read_config
from rnncli.inference.evaluation import evaluate
from rnncli.runs.training_setup import set_up


def evaluation_metrics(name: str, seed: int, *settings: str) -> dict[str, float]:
    path = REPOSITORY / "configs" / f"{name}.yaml"
    setup = set_up(read_config(path, [f"seed={seed}", *settings]))
    for _ in setup.fit():
        pass
    setup.model.network.parameters[...] = setup.state.best_parameters
    split = setup.splits.for_evaluation
    assert split is not None
    return evaluate(setup.model, [split]).metrics


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
    assert median(evaluation_metrics(name, seed)["accuracy"] for seed in range(seeds)) >= accuracy


@pytest.mark.parametrize("signed", [True, False])
def test_only_signed_gates_let_a_mingru_learn_parity(signed: bool) -> None:
    cell = f"{{kind: mingru, signed: {str(signed).lower()}}}"
    words = (f"model.cell={cell}", "model.num_layers=2")
    accuracy = evaluation_metrics("parity", 0, *words)["accuracy"]
    assert accuracy >= 0.99 if signed else accuracy <= 0.6


def test_sunspots_a_year_ahead() -> None:
    assert median(evaluation_metrics("sunspots", seed)["rmse"] for seed in range(3)) <= 21
