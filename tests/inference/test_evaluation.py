"""The metrics of a model, and of the baselines beside it."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

from rnncli.datasets.arrangements.windows import Windows
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.classification_metrics import calibration_error
from rnncli.inference.evaluation import evaluate
from rnncli.inference.model import Model
from rnncli.inference.predictions import Predictions
from rnncli.nn.network import Architecture, Network

RNG = np.random.default_rng(0)


def model_of(task: Task, spec: InputSpec, output: str = "sequence") -> Model:
    """Return a model with random weights."""
    architecture = Architecture(hidden_size=4, output=output, dtype="float64")
    network = Network(architecture, spec.input_size, task.output_size)
    network.initialize(np.random.default_rng(0))
    return Model(network, task, None, spec)


def test_metrics_of_a_classifier_equal_those_of_its_predictions() -> None:
    model = model_of(Task("multiclass", ("a", "b", "c")), InputSpec(2, 3))
    x, labels = RNG.standard_normal((40, 3, 2)), RNG.choice(["a", "b", "c"], 40)
    report = evaluate(model, [Sequences(x, labels, "x")])
    probabilities, predicted = model.predict_proba(x), model.predict(x)
    own = probabilities[np.arange(40), np.searchsorted(["a", "b", "c"], labels)]
    assert report.num_samples == 40
    assert report.metrics["loss"] == pytest.approx(-np.log(own).mean())
    assert report.metrics["accuracy"] == pytest.approx((predicted == labels).mean())
    calibration = calibration_error(probabilities, predicted == labels)
    assert report.metrics["calibration_error"] == pytest.approx(calibration)
    counts = {str(row["label"]): row["count"] for row in report.classes}
    assert counts == {name: int((labels == name).sum()) for name in "abc"}
    assert report.confusion[0][1] == ((labels == "a") & (predicted == "b")).sum()
    for row in report.classes:
        assert row["precision"] == pytest.approx(
            (labels == row["label"])[predicted == row["label"]].mean()
        )
        assert row["recall"] == pytest.approx(
            (predicted == row["label"])[labels == row["label"]].mean()
        )
    shares = np.array(list(counts.values())) / 40
    assert report.baselines.keys() == {"most_frequent"}
    assert report.baseline["loss"] == pytest.approx(-(shares * np.log(shares)).sum())
    assert report.baseline["accuracy"] == pytest.approx(shares.max())
    assert report.metrics.keys() == report.baseline.keys()


def test_metrics_of_values_are_in_their_units_and_the_loss_is_standardized() -> None:
    task = Task("regression", (), (5.0, 0.0), (2.0, 10.0))
    model = model_of(task, InputSpec(2, 3))
    x, labels = RNG.standard_normal((30, 3, 2)), RNG.normal((5, 0), (2, 10), (30, 2))
    report = evaluate(model, [Sequences(x, labels, "x")])
    error = model.predict(x) - labels
    assert report.metrics["loss"] == pytest.approx(np.square(error / (2, 10)).mean())
    assert report.metrics["rmse"] == pytest.approx(np.sqrt(np.square(error).mean()))
    assert report.metrics["mae"] == pytest.approx(np.abs(error).mean())
    assert report.baselines.keys() == {"mean"}
    assert report.baseline["loss"] == pytest.approx((labels / (2, 10)).var(axis=0).mean())
    assert report.metrics.keys() == report.baseline.keys()


def test_batches_are_scored_as_one_and_their_predictions_handed_on() -> None:
    model = model_of(Task("binary", ("no", "yes")), InputSpec(2, 3), "every_step")
    x, labels = RNG.standard_normal((9, 3, 2)), RNG.choice(["no", "yes"], (9, 3))
    whole = evaluate(model, [Sequences(x, labels, "x", per_step=True)])
    batches = [Sequences(x[i : i + 4], labels[i : i + 4], "x", per_step=True) for i in (0, 4, 8)]
    seen: list[Predictions] = []
    report = evaluate(model, iter(batches), on_predictions=seen.append)
    assert report.metrics == pytest.approx(whole.metrics)
    assert (report.num_samples, report.confusion) == (27, whole.confusion)
    assert [part.positions["sequence"][0] for part in seen] == [0, 4, 8]
    assert np.concatenate([part.labels for part in seen]).tolist() == labels.ravel().tolist()


def test_forecasts_are_scored_beside_persistence_and_the_last_period() -> None:
    windows = Windows(("a", "b"), ("a",), 4, 2)
    task = Task("regression", (), (0.0, 0.0), (2.0, 4.0))
    model = model_of(task, InputSpec(2, 4, windows=windows))
    time = np.arange(46)
    table = np.stack([time % 4 + 10.0 * (time >= 30), RNG.standard_normal(46)], axis=1)
    x = np.stack([table[i : i + 4] for i in range(41)])
    labels = np.stack([table[i + 4 : i + 6, 0] for i in range(41)])
    train, test = Sequences(x[:20], labels[:20], "t.csv"), Sequences(x[20:], labels[20:], "t.csv")
    report = evaluate(model, [test], train)
    assert list(report.baselines) == ["mean", "persistence", "seasonal_naive", "autoregression"]
    rmse = {name: metrics["rmse"] for name, metrics in report.baselines.items()}
    assert report.best_baseline == min(rmse, key=rmse.__getitem__)
    errors = {
        "mean": labels[20:].mean(axis=0) - labels[20:],
        "persistence": x[20:, 3, [0, 0]] - labels[20:],
        "seasonal_naive": x[20:, :2, 0] - labels[20:],
    }
    for name, error in errors.items():
        metrics = report.baselines[name]
        assert metrics.keys() == report.metrics.keys()
        assert metrics["loss"] == pytest.approx(np.square(error / (2, 4)).mean())
        assert metrics["rmse"] == pytest.approx(np.sqrt(np.square(error).mean()))
        assert metrics["mae"] == pytest.approx(np.abs(error).mean())
    assert list(evaluate(model, [test]).baselines) == ["mean", "persistence"]


def test_nothing_to_score_is_an_error() -> None:
    model = model_of(Task("binary", ("no", "yes")), InputSpec(2, 3))
    with pytest.raises(InputError, match="no label is present"):
        evaluate(model, [])


def test_the_command_shows_the_baselines_of_a_forecast(rnn: Command, here: Path) -> None:
    values = np.tile([1.0, 5.0, 2.0, 8.0], 20) + RNG.normal(0, 0.1, 80)
    Path("t.csv").write_text("\n".join(["load", *map(str, values)]))
    Path("c.yaml").write_text(
        "data: {kind: series, path: t.csv, sequence_length: 6, test_size: 12}\n"
        "model: {hidden_size: 4}\ntraining: {num_epochs: 1}\n"
    )
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    report = json.loads(rnn("evaluate", "-w", "latest", "--json").out)
    assert {"metrics", "baseline", "num_samples", "baselines", "best_baseline"} <= report.keys()
    assert report["baseline"] == report["baselines"]["mean"]
    test = values[-12:]
    rmse = {name: metrics["rmse"] for name, metrics in report["baselines"].items()}
    assert report["best_baseline"] == min(rmse, key=rmse.__getitem__)
    assert 0 < rmse.pop("autoregression") < 0.2
    assert rmse == pytest.approx(
        {
            "mean": test.std(),
            "persistence": np.sqrt(np.square(test - values[-13:-1]).mean()),
            "seasonal_naive": np.sqrt(np.square(test - values[-16:-4]).mean()),
        }
    )
    table = rnn("evaluate", "-w", "latest").out
    assert all(name in table for name in ("mean", "persistence", "seasonal naive"))
    best = report["best_baseline"].replace("_", " ")
    assert f"{best} *" in table
    assert f"* the best baseline, {best}: the lowest rmse" in table
    # For another file, the training split of the run serves; a weights file alone has none.
    given = json.loads(rnn("evaluate", "-w", "latest", "-i", "t.csv", "--json").out)
    assert list(given["baselines"]) == list(report["baselines"])
    Path("w.npz").write_bytes(next(Path("runs").glob("*/weights.npz")).read_bytes())
    given = json.loads(rnn("evaluate", "-w", "w.npz", "-i", "t.csv", "--json").out)
    assert list(given["baselines"]) == ["mean", "persistence"]
    Path("t.csv").rename("u.csv")
    given = json.loads(rnn("evaluate", "-w", "latest", "-i", "u.csv", "--json").out)
    assert list(given["baselines"]) == ["mean", "persistence"]
