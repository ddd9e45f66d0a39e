"""A model from Python: arrays in, predictions out, and one clear message for what does not fit."""

import numpy as np
import pytest

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.scaling import Scaler
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.task import Task
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.nn.network import Architecture, Network

X = np.random.default_rng(1).standard_normal((4, 3, 2))
CLASSES = Task("multiclass", ("a", "b", "c"))
VALUES = Task("regression", (), (5.0, 0.0), (2.0, 10.0))


def model_of(task: Task, output: str = "sequence", scaler: Scaler | None = None) -> Model:
    architecture = Architecture(hidden_size=4, output=output, dtype="float64")
    network = Network(architecture, 2, task.output_size)
    network.initialize(np.random.default_rng(0))
    return Model(network, task, scaler, InputSpec(2, 3))


@pytest.mark.parametrize(("output", "shape"), [("sequence", (4,)), ("every_step", (4, 3))])
def test_shapes_of_predictions(output: str, shape: tuple[int, ...]) -> None:
    classes, values = model_of(CLASSES, output), model_of(VALUES, output)
    assert classes.outputs(X).shape == (*shape, 3)
    assert classes.predict(X).shape == shape
    assert classes.predict_proba(X).shape == (*shape, 3)
    assert values.predict(X).shape == (*shape, 2)


def test_the_predicted_class_is_the_most_probable_one() -> None:
    model = model_of(CLASSES)
    probabilities = model.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    expected = [CLASSES.labels[i] for i in probabilities.argmax(axis=1)]
    assert model.predict(X).tolist() == expected


def test_inputs_are_standardized_and_values_scaled_back() -> None:
    scaler = Scaler((1.0, -2.0), (2.0, 4.0))
    model, plain = model_of(VALUES, scaler=scaler), model_of(VALUES)
    recorded = X * scaler.std + scaler.mean
    assert model.predict(recorded) == pytest.approx(plain.predict(X))
    assert model.predict(recorded) == pytest.approx(model.outputs(recorded) * (2, 10) + (5, 0))


def test_a_list_of_sequences_of_different_lengths() -> None:
    model = model_of(CLASSES)
    sequences = [X[0], X[1, :2], X[2, :1]]
    each = [model.predict_proba(sequence[np.newaxis])[0] for sequence in sequences]
    assert model.predict_proba(sequences) == pytest.approx(np.array(each))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[0], r"x has shape \(3, 2\); \(N, T, 2\) was expected"),
        (X[:, :, :1], r"x has shape \(4, 3, 1\); \(N, T, 2\) was expected"),
        (X[:, :0], r"x has shape \(4, 0, 2\)"),
        ([[[1.0, 2.0]], [[1.0]]], r"x\[1\] has shape \(1, 1\); \(T, 2\) was expected"),
        ([X[0], X[1, :0]], r"x\[1\] has shape \(0, 2\); \(T, 2\) was expected"),
        ([[[1.0, 2.0], [1.0]]], "x cannot be converted to an array of numbers"),
        ([X[0], [["a", "b"]]], "x cannot be converted to an array of numbers"),
        ([1.0, X[0]], "x cannot be converted to an array of numbers"),
        (np.full((1, 1, 2), np.nan), "x .* holds invalid values; finite numbers"),
        (np.full((1, 1, 2), np.inf), "x .* holds invalid values; finite numbers"),
        (np.full((1, 1, 2), "a"), "x .* holds invalid values; finite numbers"),
    ],
)
def test_unusable_input_is_refused(x: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_of(CLASSES).predict(x)  # type: ignore[arg-type]


def test_a_regression_model_has_no_probabilities() -> None:
    with pytest.raises(InputError, match="no class probabilities; use predict"):
        model_of(VALUES).predict_proba(X)


def test_labels_must_be_of_what_the_model_predicts() -> None:
    per_sequence = Sequences(X, np.array(["a"] * 4), "f.csv")
    per_step = Sequences(X, np.full((4, 3), "a"), "f.csv", per_step=True)
    model_of(CLASSES).check_labels(per_sequence)
    model_of(CLASSES, "every_step").check_labels(per_step)
    with pytest.raises(InputError, match=r"f\.csv: has one label per time step; .* per sequence"):
        model_of(CLASSES).check_labels(per_step)
    with pytest.raises(InputError, match=r"f\.csv: has one label per sequence; .* per time step"):
        model_of(CLASSES, "every_step").check_labels(per_sequence)


def test_examples_are_what_the_network_takes() -> None:
    scaler = Scaler((1.0, -2.0), (2.0, 4.0))
    model = model_of(CLASSES, scaler=scaler)
    recorded = X * scaler.std + scaler.mean
    examples = model.examples(Sequences(recorded, np.array(["c", "a", "b", "a"]), "f.csv"))
    assert examples.x == pytest.approx(X)
    assert examples.y.ravel().tolist() == [2, 0, 1, 0]
