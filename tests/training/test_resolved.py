"""Batch size and number of epochs follow from the data, and a run's config has the numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, assert_same
from hypothesis import given
from hypothesis import strategies as st

from rnncli.config import yaml12
from rnncli.config.reading import config_from
from rnncli.datasets.examples import Examples
from rnncli.datasets.streams import Streams
from rnncli.datasets.text import Text
from rnncli.runs.training_setup import set_up
from rnncli.training.events import Step
from rnncli.training.resolved import resolved, suitable_batch_size
from rnncli.training.settings import Training

FOLLOWS_THE_DATA = "training={num_epochs: 2, num_updates: 100, batch_size: null}"


def examples(count: int) -> Examples:
    return Examples(np.zeros((count, 3, 1)), np.zeros((count, 1)))


@pytest.mark.parametrize(
    ("num_sequences", "batch_size"),
    [(1, 8), (499, 8), (500, 16), (1999, 16), (2000, 32), (10**6, 32)],
)
def test_few_sequences_have_small_batches(num_sequences: int, batch_size: int) -> None:
    assert suitable_batch_size(num_sequences) == batch_size
    training = resolved(Training(batch_size=None), examples(num_sequences))
    assert training.batch_size == batch_size


def test_a_text_has_the_default_batch_size() -> None:
    text = Streams(Text(np.arange(400, dtype=np.uint16), "x"), 5, float)
    assert resolved(Training(batch_size=None), text).batch_size == Training().batch_size


@given(
    count=st.integers(1, 3000),
    batch_size=st.none() | st.integers(1, 100),
    num_epochs=st.integers(1, 30),
    num_updates=st.none() | st.integers(1, 3000),
)
def test_there_are_as_many_epochs_as_the_updates_need_and_no_more(
    count: int, batch_size: int | None, num_epochs: int, num_updates: int | None
) -> None:
    settings = Training(num_epochs=num_epochs, num_updates=num_updates, batch_size=batch_size)
    training = resolved(settings, examples(count))
    assert training.batch_size == batch_size or batch_size is None
    steps_per_epoch = len(examples(count).epoch(training.batch_size, False, 0, 0))
    assert training.num_epochs >= num_epochs
    assert training.num_epochs * steps_per_epoch >= (num_updates or 0)
    if training.num_epochs > num_epochs:
        assert (training.num_epochs - 1) * steps_per_epoch < (num_updates or 0)
    assert resolved(training, examples(count)) == training


def test_the_training_takes_at_least_the_updates() -> None:
    training = {"num_epochs": 2, "num_updates": 25, "batch_size": None, "patience": None}
    setup = set_up(config_from({"data": {"num_samples": 40}, "training": training}))
    # 36 of the 40 sequences are for training: 5 batches of up to 8 sequences in each epoch.
    assert (setup.training.batch_size, setup.training.num_epochs) == (8, 5)
    assert sum(isinstance(event, Step) for event in setup.fit()) == 25


def test_the_config_of_a_run_has_the_numbers_and_repeats_it(rnn: Command, small: Path) -> None:
    first = rnn("train", "-c", small, "-q", "--set", FOLLOWS_THE_DATA)
    run = Path(first.out.strip())
    training = yaml12.load((run / "config.yaml").read_text(), "x").tree["training"]
    # 180 sequences, 23 steps in each epoch.
    assert (training["batch_size"], training["num_epochs"], training["num_updates"]) == (8, 5, None)
    again = rnn("train", "-c", run / "config.yaml", "-q")
    assert_same(Path(again.out.strip()), run)
    assert (Path(again.out.strip()) / "config.yaml").read_text() == (
        run / "config.yaml"
    ).read_text()
    assert rnn("verify", run, "-q").code == 0


def test_such_a_run_is_extended_as_any_other(rnn: Command, small: Path) -> None:
    extended = Path(rnn("train", "-c", small, "-q", "--set", FOLLOWS_THE_DATA).out.strip())
    result = rnn("train", "--resume", extended, "-q", "--set", "training.num_epochs=6")
    assert (result.code, result.err) == (0, "")
    assert json.loads((extended / "run.json").read_text())["epochs"] == 6


@pytest.mark.parametrize("command", ["config show", "doctor --json", "bench --json", "gradcheck"])
def test_commands_take_a_config_without_the_numbers(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCK_SECONDS", 1e-4)
    enough = "training.num_updates=200"
    result = rnn(*command.split(), "-c", small, "--set", FOLLOWS_THE_DATA, "--set", enough)
    assert result.code == 0, result.err
    if command.startswith("doctor"):
        assert json.loads(result.out)["estimate"]["steps"] == 9 * 23
    if command.startswith("bench"):
        assert json.loads(result.out)["batch_size"] == 8
    if command.startswith("config"):
        shown = yaml12.load(result.out, "x").tree["training"]
        assert (shown["batch_size"], shown["num_updates"]) == (None, 200)
