"""Networks that cannot learn, and settings that keep them from learning, are found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.doctor import (
    examination_of,
    findings_on,
    findings_on_digits,
    pixels_up_to_255,
    unchanged,
)

from rnncli.datasets.examples import Examples
from rnncli.doctor import network_checks
from rnncli.doctor.network_checks import gradient_ratio, gradients_through_time


@pytest.mark.parametrize(("rate", "word"), [(0.3, "high"), (3e-5, "low")])
def test_a_learning_rate_that_is_far_off(rnn: Command, here: Path, rate: float, word: str) -> None:
    findings = findings_on_digits(rnn, unchanged, f"training.optimizer.learning_rate={rate}")
    assert f"far too {word}" in findings["learning rate"]["meaning"]
    advised = float(findings["learning rate"]["change"].split("near ")[1].split(",")[0])
    assert advised * 10 <= rate if word == "high" else advised >= rate * 10
    assert findings.keys() <= {"learning rate", "overfit"}


def test_a_first_loss_far_above_an_uninformed_prediction(rnn: Command, here: Path) -> None:
    """Pixels up to 255 pass through a ReLU unchanged."""
    findings = findings_on_digits(rnn, pixels_up_to_255, "model.cell=relu")
    assert "2.3 (ln 10)" in findings["first loss"]["measured"]


def write_start(recurrent_weight: float, input_bias: float) -> None:
    """Write initial weights of a network for the sum-sign task."""
    rng = np.random.default_rng(0)
    np.savez(
        "start.npz",
        **{
            "rnn.weight_ih_l0": rng.normal(0, 0.5, (16, 1)),
            "rnn.weight_hh_l0": recurrent_weight * np.eye(16),
            "rnn.bias_ih_l0": np.full(16, input_bias),
            "rnn.bias_hh_l0": np.zeros(16),
            "head.weight": rng.normal(0, 0.1, (1, 16)),
            "head.bias": np.zeros(1),
        },
    )


@pytest.mark.parametrize(
    ("recurrent_weight", "bias", "rate", "check", "text"),
    [
        (0.9, 0.0, 3e-3, None, None),
        (0.9, -50.0, 3e-3, "dead units", "100% of the units"),
        (0.1, 0.0, 1e-5, "gradients", "vanish through time"),
        (3.0, 0.0, 1e-5, "gradients", "explode through time"),
    ],
)
def test_dead_units_and_gradients_through_time(
    rnn: Command,
    here: Path,
    recurrent_weight: float,
    bias: float,
    rate: float,
    check: str | None,
    text: str | None,
) -> None:
    write_start(recurrent_weight, bias)
    config = (
        "data: {kind: sum_sign, num_samples: 300, sequence_length: 20}\n"
        "model: {cell: relu, hidden_size: 16}\n"
        f"training: {{start_from: start.npz, num_epochs: 50, optimizer: {{kind: adam, "
        f"learning_rate: {rate}}}}}\n"
    )
    findings = findings_on(rnn, config)
    if check is None:
        assert findings == {}
    else:
        assert text is not None
        assert text in " ".join(findings[check].values())


def test_units_that_die_of_a_high_learning_rate(rnn: Command, here: Path) -> None:
    text = "data: {kind: sum_sign, num_samples: 2000}\nmodel: {cell: relu}\n"
    assert findings_on(rnn, text, "training.optimizer.learning_rate=0.01") == {}
    findings = findings_on(rnn, text, "training.optimizer.learning_rate=1")
    assert "optimizer steps" in findings["dead units"]["measured"]
    assert "lower training.optimizer.learning_rate" in findings["dead units"]["change"]


@pytest.mark.parametrize(
    ("at_start", "trained", "meaning"),
    [
        (1e-20, 1e-30, "vanish through time: the first"),
        (1e10, 1e20, "explode through time: the first"),
        (1e-20, 1e20, "vanish through time at the start and explode after training"),
        (1e20, 1e-20, "explode through time at the start and vanish after training"),
        (1e20, float("nan"), "explode through time: the first"),
        (1e-20, 1.0, None),
        (1.0, 1e20, None),
    ],
)
def test_the_verdict_on_gradients_depends_on_both_measurements(
    monkeypatch: pytest.MonkeyPatch, at_start: float, trained: float, meaning: str | None
) -> None:
    examination = examination_of({"data": {"kind": "sum_sign", "num_samples": 50}})
    ratios = {id(examination.initial_parameters): at_start}
    monkeypatch.setattr(
        network_checks,
        "gradient_ratio",
        lambda _, parameters: (ratios.get(id(parameters), trained), 10),
    )
    problems = list(gradients_through_time(examination))
    assert [problem.meaning.startswith(f"gradients {meaning}") for problem in problems] == (
        [] if meaning is None else [True]
    )
    for problem in problems:
        assert f"{at_start:.1e} times that of the last, time step 10" in problem.measured
        assert f"{trained:.1e} times" in problem.measured


def test_the_gradient_ratio_is_the_same_before_and_after_training_runs_with_dropout() -> None:
    examination = examination_of(
        {
            "data": {"kind": "sum_sign", "num_samples": 200},
            "model": {"num_layers": 2, "dropout": 0.5, "hidden_size": 8},
        }
    )
    before = gradient_ratio(examination, examination.initial_parameters)
    assert len(examination.rate_trials) == 5
    assert gradient_ratio(examination, examination.initial_parameters) == before


def test_padding_is_left_out_of_the_gradient_ratio() -> None:
    """A batch is calculated with a rounded length, here of 33 time steps."""
    examination = examination_of(
        {"data": {"kind": "sum_sign", "num_samples": 20, "sequence_length": 33}}
    )
    x = examination.train.x.copy()
    x[:, :2] = 0
    lengths = np.full(len(x), 31)
    padded = replace(examination, train=Examples(x, examination.train.y, lengths))
    ratio, num_time_steps = gradient_ratio(padded, examination.initial_parameters)
    assert num_time_steps == 31
    assert ratio > 0


def test_the_gradient_ratio_equals_finite_differences_of_the_loss() -> None:
    examination = examination_of(
        {
            "data": {"kind": "sum_sign", "num_samples": 20, "sequence_length": 4},
            "model": {"hidden_size": 4, "dtype": "float64"},
        }
    )
    ratio, num_time_steps = gradient_ratio(examination, examination.initial_parameters)
    assert num_time_steps == 4
    batch = examination.train.batch(examination.fitted_index[:32])

    def norm(t: int) -> float:
        derivatives = []
        for i in range(len(batch)):
            losses = []
            for shift in (1e-5, -1e-5):
                x = batch.x.copy()
                x[i, t, 0] += shift
                z = examination.model.outputs(x)[:, 0]
                sign = 1 - 2 * batch.y[:, 0]
                losses.append(np.log1p(np.exp(sign * z)).mean())
            derivatives.append((losses[0] - losses[1]) / 2e-5)
        return float(np.linalg.norm(derivatives))

    assert examination.model.scaler is None
    assert ratio == pytest.approx(norm(0) / norm(3), rel=1e-5)
