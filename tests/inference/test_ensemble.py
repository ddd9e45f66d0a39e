"""Averaged models: the mean of probabilities or values, of models that fit together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

import rnncli
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.inference.ensemble import averaged
from rnncli.inference.model import Model
from rnncli.nn.architecture import Architecture
from rnncli.nn.network import Network
from rnncli.runs.weights import weights_of

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("a", "b", "c")),
    "regression": Task("regression", (), (3.0, -1.0), (2.0, 5.0)),
}


def new_model(task: Task, seed: int, features: int = 2, **architecture: object) -> Model:
    """Return a model with random weights, large enough for confident predictions."""
    network = Network(Architecture(hidden_size=4, **architecture), features, task.output_size)
    network.parameters[...] = 2 * np.random.default_rng(seed).standard_normal(
        len(network.parameters)
    )
    return Model(network, task, None, InputSpec(features, 5))


def saved(model: Model, name: str) -> Path:
    weights_of(model).write(Path(name))
    return Path(name)


X = np.random.default_rng(9).standard_normal((20, 5, 2))


@pytest.mark.parametrize("output", ["sequence", "every_step"])
@pytest.mark.parametrize("kind", TASKS)
def test_predictions_are_the_mean_of_those_of_the_models(kind: str, output: str) -> None:
    task = TASKS[kind]
    models = [new_model(task, seed, output=output) for seed in range(3)]
    if kind == "regression":  # The models may have learned from values of different scales.
        other = replace(task, target_mean=(0.0, 2.0), target_std=(1.0, 0.5))
        models[1] = replace(models[1], task=other)
        expected = np.mean([model.predict(X) for model in models], axis=0)
        np.testing.assert_allclose(averaged(models).predict(X), expected, rtol=1e-12)
        return
    expected = np.mean([model.predict_proba(X).astype(float) for model in models], axis=0)
    np.testing.assert_allclose(averaged(models).predict_proba(X), expected, atol=1e-7)
    labels = np.array(task.labels)[expected.argmax(axis=-1)]
    np.testing.assert_array_equal(averaged(models).predict(X), labels)


def test_a_confident_model_does_not_overflow_the_mean() -> None:
    models = [new_model(TASKS["binary"], seed) for seed in range(2)]
    models[0].network.parameters[...] *= 1e4
    assert np.isfinite(averaged(models).outputs(X)).all()


def test_a_single_model_stays_as_it_is() -> None:
    model = new_model(TASKS["binary"], 0)
    assert averaged([model]) is model


def test_files_and_ensembles_are_averaged_file_by_file(rnn: Command, here: Path) -> None:
    models = [new_model(TASKS["multiclass"], seed) for seed in range(3)]
    saved(averaged(models[:2]), "two.npz")
    saved(models[2], "one.npz")
    pair = (models[0].predict_proba(X) + models[1].predict_proba(X)) / 2
    expected = (pair + models[2].predict_proba(X)) / 2
    loaded = rnncli.load("two.npz", "one.npz")
    np.testing.assert_allclose(loaded.predict_proba(X), expected, atol=1e-6)
    np.savez("x.npz", x=X)
    done = rnn("predict", "-w", "two.npz", "-w", "one.npz", "-i", "x.npz", "-o", "p.npz")
    assert done.code == 0, done.err
    with np.load("p.npz") as predictions:
        np.testing.assert_allclose(predictions["probability"], expected, atol=1e-6)


@pytest.mark.parametrize("kind", TASKS)
def test_a_stream_is_averaged_as_a_file_is(
    rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    models = [new_model(TASKS[kind], seed) for seed in range(3)]
    model = averaged([averaged(models[:2]), models[2]])
    from rnncli.inference.stream import Stream

    stream = Stream(model)
    for _ in range(2):
        stream.reset()
        for values in X[0]:
            predictions = stream.step(values)
    if predictions.probabilities is None:
        np.testing.assert_allclose(predictions.values, model.predict(X[:1]), rtol=1e-5)
    else:
        expected = model.predict_proba(X[:1])
        np.testing.assert_allclose(predictions.probabilities, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (new_model(TASKS["regression"], 0), "2 classes per sequence and 2 predicted values"),
        (new_model(TASKS["multiclass"], 0), "2 classes per sequence and 3 classes per sequence"),
        (new_model(Task("binary", ("a", "b")), 0), "the classes no, yes and the classes a, b"),
        (new_model(TASKS["binary"], 0, 3), "2 features per time step and 3 features per time step"),
        (new_model(TASKS["binary"], 0, output="every_step"), "and 2 classes per time step"),
    ],
)
def test_models_that_do_not_fit_together_are_refused(
    rnn: Command, here: Path, other: Model, words: str
) -> None:
    saved(new_model(TASKS["binary"], 0), "first.npz")
    saved(other, "second.npz")
    np.savez("x.npz", x=X)
    refused = rnn("predict", "-w", "first.npz", "-w", "second.npz", "-i", "x.npz")
    assert refused.code == 2
    assert refused.err.startswith("error: first.npz and second.npz: ")
    assert words in refused.err
    assert refused.err.count("\n") == 1


def test_evaluate_scores_the_mean(rnn: Command, run_folder: Path) -> None:
    other = Path(rnn("train", "-q", "-c", "small.yaml", "--set", "seed=1").out.strip())
    done = rnn("evaluate", "-w", run_folder, "-w", other, "--output", "p.npz")
    assert done.code == 0, done.err
    # The other run has drawn other sequences, with another split.
    assert done.err.startswith(f"warning: {other / 'weights.npz'}: was trained on other data")
    with np.load("p.npz") as arrays:
        predictions = dict(arrays)
    again = rnn("evaluate", "-w", other, "-w", run_folder)
    assert again.code == 0
    assert len(predictions["label"]) == 20
