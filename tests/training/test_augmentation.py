"""Augmentations change the values of training batches as described, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from conftest import Command, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.config.reading import config_from
from rnncli.datasets.sequences import valid_steps
from rnncli.doctor.examination import Examination
from rnncli.nn.batch import Batch
from rnncli.random_streams import generator
from rnncli.runs.training_setup import set_up
from rnncli.training import trainer
from rnncli.training.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    Jitter,
    Scaling,
    TimeWarp,
    WindowSlice,
    augmented,
)
from rnncli.training.events import Epoch

ALL = [option() for option in AUGMENTATIONS.values()]
MOVING = [option for option in ALL if option.moves_time]


def times(num_sequences: int, num_steps: int, lengths: Any = None) -> Batch:
    """Return sequences whose values are the numbers of their time steps, from 0."""
    steps = np.tile(np.arange(num_steps, dtype=float), (num_sequences, 1))
    if lengths is not None:
        lengths = np.asarray(lengths)
        steps = (steps - (num_steps - lengths)[:, np.newaxis]).clip(min=0)
    return Batch(steps[:, :, np.newaxis], np.zeros((num_sequences, 1)), lengths)


def of(batch: Batch, *augmentations: Augmentation, seed: int = 0, step: int = 0) -> np.ndarray:
    return augmented(batch, augmentations, seed, step).x


def test_jitter_adds_noise_of_its_deviation() -> None:
    batch = times(200, 50)
    noise = of(batch, Jitter(std=0.3)) - batch.x
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    # Neither time steps nor sequences share their noise.
    for first, second in ((noise[:, 1:], noise[:, :-1]), (noise[1:], noise[:-1])):
        assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.05)


def test_scaling_has_one_factor_for_each_sequence_and_feature() -> None:
    x = np.random.default_rng(0).standard_normal((2000, 4, 3))
    factors = of(Batch(x), Scaling(std=0.2)) / x
    np.testing.assert_allclose(factors, np.tile(factors[:, :1], (1, 4, 1)))
    assert factors.mean() == pytest.approx(1, abs=0.01)
    assert factors[:, 0].std() == pytest.approx(0.2, rel=0.05)
    assert len(np.unique(factors[:, 0])) == 6000


def test_a_time_warp_keeps_the_order_and_the_ends() -> None:
    batch = times(500, 40)
    warped = of(batch, TimeWarp(strength=1))[:, :, 0]
    np.testing.assert_array_equal(warped[:, 0], 0)
    np.testing.assert_array_equal(warped[:, -1], 39)
    assert (np.diff(warped) > 0).all()
    # At the middle of the time, all cosines but the second are odd: early and late are as likely.
    assert (warped[:, 20] > 19.5).mean() == pytest.approx(0.5, abs=0.1)


def test_a_time_warp_has_the_speed_of_its_strength() -> None:
    strength = 0.1
    # The logarithm of the speed at the beginning, sum_k a_k, but for its mean over the time.
    speed = np.diff(of(times(2000, 200), TimeWarp(strength=strength))[:, :, 0])
    assert np.log(speed[:, 0]).std() == pytest.approx(strength * np.sqrt(3), rel=0.05)
    # Smooth: the speed changes little from one time step to the next.
    assert np.abs(np.diff(np.log(speed))).max() < 0.04


def test_a_window_slice_is_a_part_of_the_given_length_anywhere() -> None:
    sliced = of(times(2000, 41), WindowSlice(fraction=0.75))[:, :, 0]
    np.testing.assert_allclose(np.diff(sliced), 0.75)
    starts = sliced[:, 0]
    assert 0 <= starts.min() < 0.1
    assert 9.9 < starts.max() <= 10
    assert starts.mean() == pytest.approx(5, abs=0.2)
    assert starts.std() == pytest.approx(10 / np.sqrt(12), rel=0.05)


@pytest.mark.parametrize("augmentation", MOVING, ids=lambda a: a.kind)
def test_between_time_steps_the_values_are_interpolated(augmentation: Augmentation) -> None:
    steps = times(5, 30)
    wave = Batch(np.concatenate([steps.x, np.sin(steps.x)], axis=2))
    moved = of(wave, augmentation)
    for time, values in zip(moved[:, :, 0], moved[:, :, 1], strict=True):
        np.testing.assert_allclose(values, np.interp(time, np.arange(30), np.sin(np.arange(30))))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Return sequences of any shape and lengths, padded with zeros."""
    num_sequences, num_steps = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = 100 * rng.standard_normal((num_sequences, num_steps, draw(st.integers(1, 3))), dtype)
    lengths = None
    if draw(st.booleans()):
        lengths = rng.integers(1, num_steps + 1, num_sequences)
        x[~valid_steps(lengths, num_steps)] = 0
    return Batch(x, np.arange(num_sequences, dtype=dtype)[:, np.newaxis], lengths)


@settings(max_examples=40, deadline=None)
@given(
    batch=batches(),
    augmentations=st.lists(st.sampled_from(ALL), unique=True),
    seed=st.integers(0, 5),
    step=st.integers(0, 10**6),
)
def test_shapes_padding_labels_and_lengths_stay(
    batch: Batch, augmentations: list[Augmentation], seed: int, step: int
) -> None:
    before = batch.x.copy()
    after = augmented(batch, augmentations, seed, step)
    np.testing.assert_array_equal(batch.x, before)  # the data is not changed
    assert (after.x.shape, after.x.dtype) == (before.shape, before.dtype)
    assert np.isfinite(after.x).all()
    assert after.y is batch.y
    assert after.lengths is batch.lengths
    if batch.lengths is not None:
        assert not after.x[~valid_steps(batch.lengths, before.shape[1])].any()
    np.testing.assert_array_equal(after.x, augmented(batch, augmentations, seed, step).x)
    if not augmentations:
        assert after is batch


@settings(max_examples=40, deadline=None)
@given(batch=batches(), augmentation=st.sampled_from(MOVING), step=st.integers(0, 100))
def test_moved_values_are_those_of_the_own_sequence(
    batch: Batch, augmentation: Augmentation, step: int
) -> None:
    after = of(batch, augmentation, step=step)
    for index, sequence in enumerate(after):
        length = batch.x.shape[1] if batch.lengths is None else int(batch.lengths[index])
        own, moved = batch.x[index, -length:], sequence[-length:]
        rounding = 1e-3 if batch.x.dtype == np.float32 else 1e-9
        assert (moved >= own.min(axis=0) - rounding).all()
        assert (moved <= own.max(axis=0) + rounding).all()
        if length == 1:
            np.testing.assert_array_equal(moved, own)


def test_a_short_sequence_is_changed_as_one_without_padding() -> None:
    lengths = np.array([5, 9, 1, 12])
    for augmentation in MOVING:
        padded = of(times(4, 12, lengths), augmentation)
        for index, length in enumerate(lengths):
            # The same random numbers, drawn for four sequences of this length.
            alone = of(times(4, length), augmentation)
            np.testing.assert_allclose(padded[index, 12 - length :], alone[index], atol=1e-12)


@pytest.mark.parametrize("augmentation", ALL, ids=lambda a: a.kind)
def test_each_step_seed_and_sequence_has_random_numbers_of_its_own(
    augmentation: Augmentation,
) -> None:
    batch = Batch(np.tile(np.random.default_rng(0).standard_normal((1, 9, 1)), (2, 1, 1)))
    first = of(batch, augmentation)
    assert (first != batch.x).any()
    assert (first[0] != first[1]).any()
    for other in (of(batch, augmentation, step=1), of(batch, augmentation, seed=1)):
        assert (other != first).any()


def test_an_augmentation_does_not_change_the_random_numbers_of_the_others() -> None:
    batch = Batch(np.random.default_rng(0).standard_normal((3, 7, 2)))
    alone = of(batch, Jitter()) - batch.x
    scaled = of(batch, Scaling())
    np.testing.assert_allclose(of(batch, Scaling(), Jitter()) - scaled, alone, atol=1e-12)
    ones = Batch(np.ones((3, 1, 2)))
    assert (of(ones, Jitter(std=1)) != of(ones, Scaling(std=1))).all()
    draws = {kind: generator(0, kind).random() for kind in AUGMENTATIONS}
    assert len(set(draws.values())) == len(AUGMENTATIONS)


def test_the_table_has_every_augmentation() -> None:
    assert {*AUGMENTATIONS.values()} == {*get_args(Augmentation)}
    assert all("moves_time" in get_type_hints(option) for option in AUGMENTATIONS.values())


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return the steps whose batches are augmented."""
    steps: list[int] = []

    def recorded(batch: Batch, augmentations: Any, seed: int, step: int) -> Batch:
        steps.append(step)
        return augmented(batch, augmentations, seed, step)

    monkeypatch.setattr(trainer, "augmented", recorded)
    return steps


def config(augmentation: list[Any], **data: Any) -> Any:
    training = {"num_epochs": 2, "augmentation": augmentation}
    return config_from({"data": {"num_samples": 80} | data, "training": training})


def test_training_batches_are_augmented_and_validation_is_not(seen: list[int]) -> None:
    # So small a learning rate leaves the network as it is, and with it the loss of plain data.
    losses = []
    for augmentation in ([], [{"kind": "jitter", "std": 3}]):
        tree = {"kind": "sgd", "learning_rate": 1e-300}
        training = {"num_epochs": 1, "augmentation": augmentation, "optimizer": tree}
        plain = config_from({"data": {"num_samples": 80}, "training": training})
        losses.append(next(e for e in set_up(plain).fit() if isinstance(e, Epoch)))
    assert losses[0].val_loss == losses[1].val_loss
    assert losses[0].train_loss != losses[1].train_loss
    assert seen == [0, 1, 2] * 2


def test_the_doctor_sees_plain_data() -> None:
    from rnncli.analysis.diagnosis import examination_of

    examinations: list[Examination] = [
        examination_of(set_up(config(augmentation))) for augmentation in ([], ["jitter"])
    ]
    first, second = (examination.overfit_trial.parameters for examination in examinations)
    np.testing.assert_array_equal(first, second)


def error_of(rnn: Command, config_text: str) -> str:
    Path("c.yaml").write_text(config_text)
    result = rnn("train", "-c", "c.yaml", "--quiet")
    assert (result.code, result.out) == (2, "")
    assert not Path("runs").exists()
    return result.err


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            "data: {kind: csv, path: t.csv, text_column: text}",
            "the inputs are symbols, and only numbers can be augmented; set it to []",
        ),
        (
            "data: {kind: text, path: t.csv, sequence_length: 5}",
            "the inputs are symbols, and only numbers can be augmented; set it to []",
        ),
        (
            "data: {kind: copy, num_samples: 20}\nmodel: {output: every_step}",
            "window_slice moves values in time, but each time step has a label; use jitter or "
            "scaling",
        ),
        (
            "data: {kind: series, path: s.csv, sequence_length: 5}",
            "window_slice moves values in time, but a forecast depends on when each value "
            "occurred; use jitter or scaling",
        ),
    ],
)
def test_what_an_augmentation_does_not_suit_is_refused(
    rnn: Command, here: Path, data: str, problem: str
) -> None:
    Path("t.csv").write_text("text,label\n" + "good words,a\nbad words,b\n" * 10)
    Path("s.csv").write_text("value\n" + "\n".join(map(str, np.sin(np.arange(80)))) + "\n")
    text = f"{data}\ntraining: {{augmentation: [jitter, window_slice]}}\n"
    assert error_of(rnn, text) == f"error: training.augmentation: {problem}\n"


@pytest.mark.parametrize(
    ("data", "augmentation"),
    [
        ("{kind: series, path: s.csv, sequence_length: 5}", "[jitter, scaling]"),
        ("{kind: csv, path: a.csv}", "[jitter, scaling, time_warp, window_slice]"),
        ("{kind: adding, num_samples: 60}", "[window_slice]"),
    ],
)
def test_what_suits_is_trained(rnn: Command, here: Path, data: str, augmentation: str) -> None:
    Path("s.csv").write_text("value\n" + "\n".join(map(str, np.sin(np.arange(80)))) + "\n")
    write_csv(Path("a.csv"), np.random.default_rng(0).standard_normal((40, 5, 1)), [0, 1] * 20)
    Path("c.yaml").write_text(
        f"data: {data}\ntraining: {{num_epochs: 1, augmentation: {augmentation}}}\n"
    )
    result = rnn("train", "-c", "c.yaml", "--quiet")
    assert (result.code, result.err) == (0, "")
