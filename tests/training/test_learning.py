"""The shipped configs reach their accuracy, on recorded data too."""

from statistics import median

import pytest
from conftest import REPOSITORY

from rnncli.config.reading import read_config
from rnncli.datasets.text import Text
from rnncli.inference.evaluation import evaluate
from rnncli.inference.text_evaluation import evaluate_text
from rnncli.runs.training_setup import TrainingSetup, set_up


def trained(name: str, seed: int, *settings: str) -> TrainingSetup:
    """Return the setup of a shipped config whose training has ended."""
    path = REPOSITORY / "configs" / f"{name}.yaml"
    setup = set_up(read_config(path, [f"seed={seed}", *settings]))
    for _ in setup.fit():
        pass
    return setup


def evaluation_metrics(name: str, seed: int, *settings: str) -> dict[str, float]:
    setup = trained(name, seed, *settings)
    split = setup.splits.for_evaluation
    assert split is not None
    return evaluate(setup.best_model(), [split]).metrics


def grammar_metrics(name: str, seed: int, *settings: str) -> dict[str, float]:
    setup = trained(name, seed, *settings)
    assert isinstance(setup.splits.test, Text)
    language = setup.config.data.read(setup.config.seed).language
    return evaluate_text(setup.best_model(), setup.splits.test, language=language).metrics


@pytest.mark.parametrize(
    ("name", "seeds", "accuracy"),
    [
        ("sum_sign", 3, 0.985),
        ("sum_sign_sgd", 3, 0.88),
    ],
)
def test_median_accuracy_on_held_out_data(name: str, seeds: int, accuracy: float) -> None:
    assert median(evaluation_metrics(name, seed)["accuracy"] for seed in range(seeds)) >= accuracy


@pytest.mark.parametrize(
    ("name", "num_epochs", "accuracy"),
    [("digits", 10, 0.945), ("japanese_vowels", 15, 0.965), ("parity", 12, 0.99)],
)
def test_accuracy_after_a_part_of_the_epochs(name: str, num_epochs: int, accuracy: float) -> None:
    metrics = evaluation_metrics(name, 0, f"training.num_epochs={num_epochs}")
    assert metrics["accuracy"] >= accuracy


@pytest.mark.parametrize("signed", [True, False])
def test_only_signed_gates_let_a_mingru_learn_parity(signed: bool) -> None:
    cell = f"{{kind: mingru, signed: {str(signed).lower()}}}"
    words = (f"model.cell={cell}", "model.num_layers=2", "training.num_epochs=10")
    accuracy = evaluation_metrics("parity", 0, *words)["accuracy"]
    assert accuracy >= 0.99 if signed else accuracy <= 0.6


def test_sunspots_a_year_ahead() -> None:
    assert median(evaluation_metrics("sunspots", seed)["rmse"] for seed in range(3)) <= 21


def test_an_lstm_learns_the_embedded_reber_grammar() -> None:
    metrics = grammar_metrics("embedded_reber", 0, "training.num_epochs=20")
    assert metrics["legal_accuracy"] >= 0.999
    assert metrics["memory_accuracy"] == 1
    assert 0 < metrics["loss_above_entropy"] < 0.02


def test_a_small_network_forgets_the_outer_symbol() -> None:
    settings = ("model.cell=tanh", "model.hidden_size=6", "training.num_epochs=8")
    metrics = grammar_metrics("continual_reber", 0, *settings)
    assert metrics["legal_accuracy"] < 0.98
    assert 0.3 < metrics["memory_accuracy"] < 0.7
