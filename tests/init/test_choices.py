"""What `rnn init` chooses for the network and its training, by the size of the data."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

from rnncli.config.config import Config
from rnncli.config.reading import read_config
from rnncli.datasets.series import Series
from rnncli.runs.training_setup import TrainingSetup, set_up


def config_for(rnn: Command, path: str) -> Config:
    result = rnn("init", path, "-o", "c.yaml", "--force")
    assert result.code == 0, result.err
    return read_config(Path("c.yaml"))


def for_sequences(rnn: Command, count: int, sequence_length: int) -> TrainingSetup:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, sequence_length))
    np.savez("x.npz", x=x, y=np.arange(count) % 2)
    return set_up(config_for(rnn, "x.npz"))


@pytest.mark.parametrize(("length", "num_frames"), [(64, 64), (65, 33), (300, 60)])
def test_only_long_sequences_are_read_as_frames(
    rnn: Command, here: Path, length: int, num_frames: int
) -> None:
    assert for_sequences(rnn, 40, length).sequences.x.shape[1] == num_frames
    assert ("frames: 64" in Path("c.yaml").read_text()) == (length > 64)


def test_few_sequences_get_small_batches_and_enough_updates(rnn: Command, here: Path) -> None:
    few, some, many = (for_sequences(rnn, count, 6) for count in (25, 120, 900))
    updates = [s.training.num_epochs * s.batches_per_epoch for s in (few, some, many)]
    assert [s.training.batch_size for s in (few, some, many)] == [8, 8, 32]
    assert 300 <= updates[0] < updates[1] <= 1200
    assert updates[2] >= 1500
    assert [s.config.model.num_layers for s in (few, some, many)] == [1, 1, 2]


def monthly(rows: int, has_season: bool) -> None:
    month = np.arange(rows)
    season = 10 * np.sin(2 * np.pi * month / 12) * has_season
    values = 100 + month + season + np.random.default_rng(0).standard_normal(rows)
    dates = [f"{2000 + i // 12}-{i % 12 + 1:02}" for i in range(rows)]
    lines = [f"{date},{value:.3f}" for date, value in zip(dates, values, strict=True)]
    Path("m.csv").write_text("\n".join(["month,sales", *lines]) + "\n")


@pytest.mark.parametrize(
    ("rows", "has_season", "length"), [(200, True, 25), (60, True, 12), (200, False, 12)]
)
def test_a_window_of_a_series_has_two_periods_if_there_are_enough_rows(
    rnn: Command, here: Path, rows: int, has_season: bool, length: int
) -> None:
    monthly(rows, has_season)
    config = config_for(rnn, "m.csv")
    assert isinstance(config.data, Series)
    assert (config.data.sequence_length, config.model.head_inputs) == (length, length)
    assert config.data.relative == "last"
    assert config.data.columns == ("sales",)


def test_a_trend_is_forecast_better_than_by_the_last_value(rnn: Command, here: Path) -> None:
    monthly(150, has_season=True)
    config_for(rnn, "m.csv")
    run = rnn("train", "-q", "-c", "c.yaml", "--set", "training.num_epochs=3").out.strip()
    report = json.loads(rnn("evaluate", "-w", run, "--json").out)
    assert report["metrics"]["rmse"] < 0.5 * report["baselines"]["persistence"]["rmse"]
