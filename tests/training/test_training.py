"""Training uses every sequence, keeps the best weights, and stops when it diverges."""

from dataclasses import replace
from math import cos, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from rnncli.config.config import Config
from rnncli.config.reading import config_from
from rnncli.errors import DivergedError
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.losses import LOSSES
from rnncli.runs.training_setup import TrainingSetup, set_up
from rnncli.training.events import Epoch, Step
from rnncli.training.schedules import Constant, Cosine
from rnncli.training.training_step import TrainingStep


def config(**training: object) -> Config:
    return config_from(
        {
            "data": {"kind": "sum_sign", "num_samples": 120, "sequence_length": 4},
            "model": {"hidden_size": 6, "dtype": "float64"},
            "training": {"num_epochs": 4, "batch_size": 32} | training,
        }
    )


def events(setup: TrainingSetup) -> tuple[list[Step], list[Epoch]]:
    seen = list(setup.fit())
    return [e for e in seen if isinstance(e, Step)], [e for e in seen if isinstance(e, Epoch)]


def test_the_last_partial_batch_is_trained_on() -> None:
    steps, epochs = events(set_up(config()))
    assert [step.size for step in steps[:4]] == [32, 32, 32, 12]
    assert len(epochs) == 4
    assert epochs[-1].step == len(steps) == 16


def test_one_epoch_sees_every_sequence_once_in_an_order_of_its_own() -> None:
    setup = set_up(config())
    orders = []
    for epoch in range(3):
        order = setup.train.epoch(32, True, 0, epoch).order
        assert sorted(order) == list(range(108))
        orders.append(order.tolist())
    assert orders[0] != orders[1] != orders[2]
    assert setup.train.epoch(32, False, 0, 1).order.tolist() == list(range(108))


def test_training_loss_is_the_mean_over_samples_not_over_batches() -> None:
    setup = set_up(config(num_epochs=1, optimizer={"kind": "sgd", "learning_rate": 1e-300}))
    steps, (epoch,) = events(setup)
    losses = [step.loss * step.size for step in steps]
    assert epoch.train_loss == pytest.approx(sum(losses) / 108)


def test_an_epoch_has_the_mean_gradient_norm_of_its_steps() -> None:
    steps, epochs = events(set_up(config()))
    for epoch in epochs:
        norms = [step.gradient_norm for step in steps if step.epoch == epoch.epoch]
        assert len(norms) == 4
        assert epoch.gradient_norm == pytest.approx(np.mean(norms), rel=1e-14)


def test_the_best_weights_are_kept() -> None:
    setup = set_up(config(num_epochs=30, optimizer={"kind": "sgd", "learning_rate": 3.0}))
    _, epochs = events(setup)
    best = min(epochs, key=lambda epoch: epoch.val_loss or 0)
    assert setup.state.best_epoch == best.epoch < 30
    again = set_up(config(num_epochs=30, optimizer={"kind": "sgd", "learning_rate": 3.0}))
    for event in again.fit():
        if isinstance(event, Epoch) and event.epoch == best.epoch:
            break
    best_parameters = setup.state.best_parameters
    np.testing.assert_array_equal(best_parameters, again.model.network.parameters)


def test_early_stopping_waits_for_patience() -> None:
    optimizer = {"kind": "sgd", "learning_rate": 3.0}
    _, epochs = events(set_up(config(num_epochs=200, optimizer=optimizer, patience=5)))
    best = min(epochs, key=lambda epoch: epoch.val_loss or 0).epoch
    assert len(epochs) == best + 5 < 200


def test_without_validation_the_last_weights_are_the_best() -> None:
    tree = {"data": {"kind": "sum_sign", "num_samples": 50, "validation_fraction": 0}}
    setup = set_up(config_from(tree | {"training": {"num_epochs": 3}}))
    _, epochs = events(setup)
    assert [epoch.val_loss for epoch in epochs] == [None] * 3
    assert setup.state.best_epoch == 3
    best = setup.state.best_parameters
    np.testing.assert_array_equal(best, setup.model.network.parameters)


def test_clipping_bounds_the_step() -> None:
    plain = {"kind": "sgd", "learning_rate": 1.0}
    for clip in (None, 1e-3):
        setup = set_up(config(optimizer=plain, clip_norm=clip, schedule={"kind": "constant"}))
        before = setup.model.network.parameters.copy()
        first = next(iter(setup.fit()))
        moved = np.linalg.norm(setup.model.network.parameters - before)
        assert isinstance(first, Step)
        assert moved == pytest.approx(first.gradient_norm if clip is None else clip)


def test_suspended_training_continues_bit_identically() -> None:
    uninterrupted = set_up(config())
    list(uninterrupted.fit())
    broken = set_up(config())
    for count, _ in enumerate(broken.fit()):
        if count == 6:
            break
    list(broken.fit())
    np.testing.assert_array_equal(
        broken.model.network.parameters, uninterrupted.model.network.parameters
    )
    assert broken.state.best_epoch == uninterrupted.state.best_epoch


def test_random_streams_are_separate() -> None:
    base = set_up(config())
    assert not np.array_equal(set_up(replace(config(), seed=1)).train.x, base.train.x)
    wider = set_up(replace(config(), model=Architecture(hidden_size=64, dtype="float64")))
    np.testing.assert_array_equal(wider.train.x, base.train.x)
    more = config_from({"data": {"kind": "sum_sign", "num_samples": 500, "sequence_length": 4}})
    more = set_up(replace(more, model=config().model))
    np.testing.assert_array_equal(more.model.network.parameters, base.model.network.parameters)


@pytest.mark.parametrize("rate", [1e3, 1e6, 1e8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_stops_at_once_and_keeps_finite_weights(
    rate: float, dtype: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=rng.standard_normal((100, 5)), y=rng.standard_normal(100))
    tree = {
        "data": {"kind": "npz", "path": str(tmp_path / "a.npz")},
        "model": {"dtype": dtype},
        "training": {
            "optimizer": {"kind": "sgd", "learning_rate": rate, "momentum": 0.9},
            "clip_norm": None,
            "num_epochs": 300,
            "schedule": {"kind": "constant"},
        },
    }
    setup = set_up(config_from(tree))
    good = setup.model.network.parameters.copy()
    with pytest.raises(DivergedError, match=r"epoch \d+, step \d+: .*loss .*, gradient norm"):
        for event in setup.fit():
            assert isinstance(event, Epoch) or np.isfinite([event.loss, event.gradient_norm]).all()
            before, good = good, setup.model.network.parameters.copy()
    # The last step's loss was finite, and it was calculated before that step's update.
    np.testing.assert_array_equal(setup.model.network.parameters, before)
    assert np.isfinite(before).all()


def test_the_schedule_spans_all_steps_of_the_training() -> None:
    """Four epochs of 108 sequences in batches of 32, the last one smaller, are 16 steps."""
    optimizer = {"kind": "sgd", "learning_rate": 0.01}
    _, epochs = events(set_up(config(optimizer=optimizer, schedule={"kind": "cosine"})))
    expected = [0.01 * (1 + cos(pi * (epoch.step - 1) / 16)) / 2 for epoch in epochs]
    assert [epoch.learning_rate for epoch in epochs] == pytest.approx(expected)


def test_schedules() -> None:
    assert [Constant().factor(s, 10) for s in (0, 9)] == [1, 1]
    assert [Constant(warmup_steps=3).factor(s, 10) for s in range(4)] == [0.25, 0.5, 0.75, 1]
    cosine = Cosine(warmup_steps=2, final_fraction=0.1)
    factors = [cosine.factor(step, 12) for step in range(13)]
    assert factors[:3] == pytest.approx([1 / 3, 2 / 3, 1])
    assert factors[7] == pytest.approx(0.55)
    assert factors[12] == pytest.approx(0.1)
    assert factors[2:] == sorted(factors[2:], reverse=True)


def test_batch_gradient_is_the_mean_of_single_gradients() -> None:
    setup = set_up(config())
    task, settings = setup.model.task, setup.config.training
    step = TrainingStep(setup.model.network, LOSSES[task.loss], settings)

    def gradient(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        _, norm = step.gradient(Batch(x, y))
        result = step.objective.gradient.copy()
        assert norm == pytest.approx(sqrt(result @ result))
        return result

    x, y = setup.train.x[:60], setup.train.y[:60]
    gradients = [gradient(x[i : i + 1], y[i : i + 1]) for i in range(60)]
    np.testing.assert_allclose(gradient(x, y), np.mean(gradients, axis=0), atol=1e-14)
