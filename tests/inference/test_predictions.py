"""Predictions belong to the sequences and time steps that they are said to belong to."""

import numpy as np
import pytest

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Sequences
from rnncli.datasets.task import Task
from rnncli.inference.model import Model
from rnncli.inference.predictions import concatenated, decode_outputs, predict_sequences
from rnncli.nn.network import Architecture, Network

TASK = Task("binary", ("no", "yes"))


def model_of(output: str) -> Model:
    network = Network(Architecture(hidden_size=4, output=output), 2, 1)
    network.initialize(np.random.default_rng(0))
    return Model(network, TASK, None, InputSpec(2, 3))


def test_one_prediction_per_sequence() -> None:
    model = model_of("sequence")
    x = np.random.default_rng(1).standard_normal((5, 3, 2))
    predictions = predict_sequences(model, Sequences(x, None, "x"), 0)
    assert predictions.positions == {}
    assert predictions.values.tolist() == model.predict(x).tolist()
    assert predictions.probabilities is not None
    assert predictions.probabilities.tolist() == model.predict_proba(x).tolist()
    assert predictions.labels is None


def test_predictions_per_time_step_count_from_the_beginning_of_each_sequence() -> None:
    z = np.array([[[9.0], [1.0], [-1.0]], [[1.0], [1.0], [1.0]]])
    sequences = Sequences(np.zeros((2, 3, 2)), None, "x", lengths=np.array([2, 3]))
    predictions = decode_outputs(model_of("every_step"), z, sequences, 10)
    assert predictions.positions["sequence"].tolist() == [10, 10, 11, 11, 11]
    assert predictions.positions["step"].tolist() == [0, 1, 0, 1, 2]
    assert predictions.values.tolist() == ["yes", "no", "yes", "yes", "yes"]


def test_time_steps_without_a_label_are_left_out() -> None:
    z = np.array([[[1.0], [-1.0], [1.0]]])
    targets = np.array([[[0.0], [np.nan], [1.0]]])
    sequences = Sequences(np.zeros((1, 3, 2)), None, "x")
    predictions = decode_outputs(model_of("every_step"), z, sequences, 0, targets)
    assert predictions.positions["step"].tolist() == [0, 2]
    assert predictions.values.tolist() == ["yes", "yes"]
    assert predictions.labels is not None
    assert predictions.labels.tolist() == ["no", "yes"]


def test_true_values_are_in_the_units_of_the_data() -> None:
    network = Network(Architecture(hidden_size=4), 2, 1)
    model = Model(network, Task("regression", (), (5.0,), (2.0,)), None, InputSpec(2, 3))
    sequences = Sequences(np.zeros((2, 3, 2)), None, "x")
    z, targets = np.array([[1.0], [0.0]]), np.array([[2.0], [-1.0]])
    predictions = decode_outputs(model, z, sequences, 0, targets)
    assert predictions.values == pytest.approx(np.array([[7.0], [5.0]]))
    assert predictions.labels == pytest.approx(np.array([[9.0], [3.0]]))
    assert predictions.probabilities is None


def test_predictions_in_parts_are_those_of_all_sequences_together() -> None:
    model = model_of("every_step")
    x = np.random.default_rng(1).standard_normal((5, 3, 2))
    whole = predict_sequences(model, Sequences(x, None, "x"), 0)
    parts = [predict_sequences(model, Sequences(x[i : i + 2], None, "x"), i) for i in (0, 2, 4)]
    together = concatenated(parts)
    assert together.values.tolist() == whole.values.tolist()
    for name, position in whole.positions.items():
        assert together.positions[name].tolist() == position.tolist()
    assert together.probabilities is not None
    assert together.probabilities == pytest.approx(whole.probabilities)
    assert together.labels is None
    with pytest.raises(ValueError, match="no labels"):
        _ = together.known_labels
