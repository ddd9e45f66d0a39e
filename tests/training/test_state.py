"""The state of a training run is saved, restored and checked completely."""

import json
from dataclasses import fields, replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from rnncli.config.reading import config_from
from rnncli.runs.training_setup import TrainingSetup, set_up
from rnncli.training.state import TrainingState, restored_plan

STEPS_PER_EPOCH = 4
STOP = 6


def new_training() -> TrainingSetup:
    return set_up(
        config_from(
            {
                "data": {"kind": "sum_sign", "num_samples": 120, "sequence_length": 4},
                "model": {"hidden_size": 6, "dtype": "float64"},
                "training": {"num_epochs": 3, "batch_size": 32},
            }
        )
    )


def half_trained() -> TrainingSetup:
    """Return a training run that was stopped in its second epoch, after the sixth step."""
    training = new_training()
    # An event for each step, and one for the first epoch.
    assert len(list(islice(training.fit(), STOP + 1))) == STOP + 1
    return training


def events_of(training: TrainingSetup) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in event._asdict().items() if name != "seconds"}
        for event in training.fit()
    ]


def test_training_continues_from_its_saved_state_alone() -> None:
    uninterrupted, stopped, resumed = new_training(), half_trained(), new_training()
    saved = json.loads(json.dumps(stopped.state.numbers()))
    assert (saved["epoch"], saved["batch"], saved["step"]) == (1, STOP - STEPS_PER_EPOCH, STOP)
    resumed.state.restore(saved)
    assert resumed.state.numbers() == saved
    resumed.model.network.parameters[...] = stopped.model.network.parameters
    resumed.state.best_parameters[...] = stopped.state.best_parameters
    for name, slot in stopped.state.slots.items():
        resumed.state.slots[name][...] = slot
    assert events_of(resumed) == events_of(uninterrupted)[STOP + 1 :]
    for name in (field.name for field in fields(TrainingState)):
        if name not in ("seconds", "sums"):
            np.testing.assert_equal(
                getattr(resumed.state, name), getattr(uninterrupted.state, name)
            )


def test_only_a_state_that_training_reaches_is_consistent() -> None:
    state = half_trained().state
    assert state.is_consistent(STEPS_PER_EPOCH)
    assert new_training().state.plan == []
    impossible: list[dict[str, Any]] = [
        {"step": STOP + 1},
        {"epoch": 0, "batch": STOP, "best_epoch": 0},
        {"best_epoch": 2},
        {"best_epoch": 0},
        {"plan": [[0, 3], [STOP + 1, 4]]},
    ]
    for change in impossible:
        assert not replace(state, **change).is_consistent(STEPS_PER_EPOCH), change
    possible: list[dict[str, Any]] = [
        {"epoch": 0, "batch": STEPS_PER_EPOCH, "step": STEPS_PER_EPOCH, "best_epoch": 0},
        {"best_epoch": 1},
        {"plan": [[0, 3], [STOP, 4]]},
    ]
    for change in possible:
        assert replace(state, **change).is_consistent(STEPS_PER_EPOCH), change


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_every_number_of_a_state_must_be_finite(value: float) -> None:
    assert half_trained().state.is_finite()
    for name in ("best_loss", "norm_sum"):
        assert not replace(half_trained().state, **{name: value}).is_finite()
    for name in ("loss_sum", "metric_sum"):
        state = half_trained().state
        setattr(state.sums, name, value)
        assert not state.is_finite()
    for name in ("best_parameters", *half_trained().state.slots):
        state = half_trained().state
        vector = state.slots.get(name, state.best_parameters)
        vector[-1] = value
        assert not state.is_finite()


def test_a_change_of_the_planned_epochs_is_recorded_with_its_step() -> None:
    state = half_trained().state
    assert state.plan == [[0, 3]]
    state.plan_epochs(3)
    assert state.plan == [[0, 3]]
    state.plan_epochs(5)
    assert state.plan == [[0, 3], [STOP, 5]]
    assert restored_plan(state.plan) == state.plan


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ([], "not the plan of a training run"),
        ([[1, 3]], "not the plan of a training run"),
        ([[0, 3], [6, 5], [4, 5]], "not the plan of a training run"),
        ([[0, 0]], "not the plan of a training run"),
        ([[0, 3, 1]], "too many values"),
        ([[0, 2.5]], "2.5 is not"),
        ([[0, -1]], "-1 is not"),
    ],
)
def test_what_is_not_a_plan_is_refused(plan: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        restored_plan(plan)
