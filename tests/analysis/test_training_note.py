"""The note after a training run: what to raise where little was learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, write_csv

from rnncli.analysis.training_note import training_note
from rnncli.config.reading import config_from
from rnncli.inference.baselines import constant_loss
from rnncli.inference.evaluation import evaluate
from rnncli.runs.training_setup import TrainingSetup, set_up

X = np.random.default_rng(0).standard_normal((60, 5, 1))
# With 3 of 4 labels of one class, the loss of guessing is 0.562; with equal classes it is 0.693.
GUESSING = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))


def setup_of(labels: list[Any], **training: Any) -> TrainingSetup:
    write_csv(Path("a.csv"), X, labels)
    data = {"kind": "csv", "path": "a.csv", "validation_fraction": 0}
    return set_up(config_from({"data": data, "training": {"num_epochs": 8} | training}))


def finished(setup: TrainingSetup, step: int = 200, epoch: int = 8, best_epoch: int = 8) -> Any:
    setup.state.step, setup.state.epoch, setup.state.best_epoch = step, epoch, best_epoch
    return setup


def test_the_loss_of_guessing_is_that_of_the_constant_prediction(here: Path) -> None:
    for labels in ([0, 0, 0, 1] * 15, ["a", "b", "c"] * 20, list(np.linspace(-3, 8.5, 60))):
        setup = setup_of(labels)
        report = evaluate(setup.model, [setup.splits.train])
        loss = constant_loss(setup.model.task, setup.train.y)
        assert loss == pytest.approx(report.baseline["loss"], rel=1e-5)
    assert loss == pytest.approx(1, rel=1e-5)


def test_a_high_loss_names_what_to_raise(here: Path) -> None:
    setup = finished(setup_of([0, 0, 0, 1] * 15))
    assert training_note(setup, [0.6] * 7 + [0.55]) == (
        "the training loss 0.55 is hardly below that of guessing, 0.562; raise "
        "training.num_updates (there were 200), training.optimizer.learning_rate or "
        "model.hidden_size"
    )
    longer = training_note(finished(setup, step=5000), [0.6] * 8)
    assert longer is not None
    assert "loss 0.6 is not below that of guessing, 0.562; raise training.num_epochs (now 8), " in (
        longer
    )


def test_what_ended_the_training_is_what_to_raise(here: Path) -> None:
    write_csv(Path("a.csv"), X, [0, 1] * 30)
    setup = set_up(
        config_from({"data": {"kind": "csv", "path": "a.csv"}, "training": {"patience": 3}})
    )
    finished(setup, epoch=5, best_epoch=2)
    assert "raise training.patience (now 3), " in training_note(setup, [0.7] * 5)
    # Longer training would end at the same epoch, even if the training loss was still falling.
    finished(setup, epoch=40, best_epoch=37)
    assert training_note(setup, list(np.linspace(0.7, 0.1, 40))) is None


@pytest.mark.parametrize(("share", "has_note"), [(0.81, True), (0.79, False)])
def test_the_threshold_is_a_share_of_the_loss_of_guessing(
    here: Path, share: float, has_note: bool
) -> None:
    setup = finished(setup_of([0, 0, 0, 1] * 15))
    assert (training_note(setup, [share * GUESSING] * 8) is not None) == has_note


def test_a_loss_that_still_falls_asks_for_a_longer_training(here: Path) -> None:
    setup = finished(setup_of([0, 1] * 30), step=3000)
    falling = [0.7, 0.65, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3]
    assert training_note(setup, falling) == (
        "the training loss was still falling, from 0.4 to 0.3 in the last quarter of the epochs; "
        "raise training.num_epochs (now 8)"
    )
    assert training_note(setup, [*falling[:6], 0.35, 0.34]) is None
    # Where the validation loss rises again, a longer training is no help.
    assert training_note(finished(setup, best_epoch=6), falling) is None
    # Three epochs have no last quarter.
    assert training_note(finished(setup, epoch=8), [0.7, 0.5, 0.3]) is None


def test_equal_targets_need_no_note(here: Path) -> None:
    setup = finished(setup_of([2.5] * 60, num_epochs=8))
    assert training_note(setup, [0.1] * 8) is None


@pytest.mark.parametrize(
    ("num_steps", "frames", "has_advice"), [(65, None, True), (64, None, False), (65, 64, False)]
)
def test_long_sequences_want_frames(
    here: Path, num_steps: int, frames: int | None, has_advice: bool
) -> None:
    write_csv(Path("a.csv"), np.random.default_rng(0).random((20, num_steps, 1)), [0, 1] * 10)
    data = {"kind": "csv", "path": "a.csv", "frames": frames}
    setup = finished(set_up(config_from({"data": data, "training": {"num_epochs": 8}})))
    note = training_note(setup, [0.7] * 8)
    advice = "; set data.frames, because sequences have 65 time steps, or raise "
    assert note is not None
    assert (advice in note) == has_advice


def test_long_sequences_that_cannot_be_framed() -> None:
    data = {"kind": "sum_sign", "num_samples": 20, "sequence_length": 65}
    setup = finished(set_up(config_from({"data": data, "training": {"num_epochs": 8}})))
    note = training_note(setup, [0.7] * 8)
    assert note is not None
    assert "frames" not in note


def test_labels_per_time_step_and_texts(here: Path) -> None:
    copy = set_up(
        config_from(
            {"data": {"kind": "copy", "num_samples": 30}, "model": {"output": "every_step"}}
        )
    )
    assert training_note(finished(copy), [2.0] * 10) is not None
    assert training_note(finished(copy), [0.01] * 10) is None
    Path("t.txt").write_text("to be or not to be " * 30)
    data = {"kind": "text", "path": "t.txt", "sequence_length": 5}
    assert training_note(finished(set_up(config_from({"data": data}))), [9.0] * 10) is None


def test_the_note_follows_the_summary(rnn: Command, small: Path) -> None:
    slow = "training.optimizer={kind: sgd, learning_rate: 1e-9}"
    result = rnn("train", "-c", small, "--set", slow)
    note = result.err.splitlines()[-1]
    assert note.startswith("note: the training loss 0.")
    assert "raise training.num_updates (there were 18), " in note
    assert result.out.count("\n") == 1
    assert rnn("train", "-c", small, "--set", slow, "--quiet").err == ""
    fast = "training={num_epochs: 40, optimizer: {kind: adam, learning_rate: 0.01}}"
    assert "note: " not in rnn("train", "-c", small, "--set", fast).err
