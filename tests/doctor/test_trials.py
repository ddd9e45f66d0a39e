"""Short training runs start from the initial weights, and leave them as they were."""

import numpy as np
import pytest
from helpers.doctor import examination_of

from rnncli.doctor.trials import active_units, mean_loss
from rnncli.inference.evaluation import evaluate

TREE = {
    "data": {"kind": "sum_sign", "num_samples": 200, "sequence_length": 5},
    "model": {"hidden_size": 8},
    "training": {"batch_size": 8, "optimizer": {"kind": "adam", "learning_rate": 0.01}},
}


def test_trials_leave_the_initial_weights_and_repeat() -> None:
    examination = examination_of(TREE)
    trials = examination.rate_trials
    assert [trial.learning_rate for trial in trials] == pytest.approx([1e-4, 1e-3, 0.01, 0.1, 1])
    assert examination.configured_trial is trials[2]
    assert examination.configured_trial.loss < examination.initial_loss
    assert np.array_equal(examination.network.parameters, examination.initial_parameters)
    again = examination_of(TREE).configured_trial
    assert np.array_equal(again.parameters, examination.configured_trial.parameters)


def test_overfitting_is_without_dropout_also_after_trials_with_it() -> None:
    tree = TREE | {"model": {"hidden_size": 8, "num_layers": 2, "dropout": 0.5}}
    after, before = examination_of(tree), examination_of(tree)
    assert len(after.rate_trials) == 5
    assert after.overfit_trial.num_updates == before.overfit_trial.num_updates
    assert np.array_equal(after.overfit_trial.parameters, before.overfit_trial.parameters)


def test_overfitting_stops_at_its_target() -> None:
    examination = examination_of(TREE)
    trial = examination.overfit_trial
    assert trial.reached_target
    assert trial.batch_size == 8
    assert trial.loss < 1.5 * examination.overfit_loss
    assert examination.overfit_loss == pytest.approx(0.1 * np.log(2))


def test_the_mean_loss_is_that_of_an_evaluation() -> None:
    examination = examination_of(TREE)
    index = np.arange(len(examination.train))
    loss = mean_loss(examination.network, examination.task, examination.train, index)
    report = evaluate(examination.model, [examination.splits.train])
    assert loss == pytest.approx(report.metrics["loss"], rel=1e-6)


def test_a_unit_is_active_if_it_is_positive_anywhere() -> None:
    tree = TREE | {"model": {"cell": "relu", "hidden_size": 8, "num_layers": 2}}
    examination = examination_of(tree)
    network = examination.network
    for weights in network.views.cells:
        weights.matrix[...] = 0
        weights.matrix[3, -1] = 1
    active = active_units(network, examination.train.batch(np.arange(4)))
    assert [np.flatnonzero(layer).tolist() for layer in active] == [[3], [3]]
