"""Unsuitable inputs are found in real data."""

import gzip
from pathlib import Path

import numpy as np
from conftest import Command
from helpers.doctor import (
    DATA,
    SUNSPOTS,
    findings_on,
    findings_on_digits,
    pixels_up_to_255,
)

VOWELS = """
data: {kind: ts, path: train.ts, validation_fraction: 0}
model: {hidden_size: 16}
"""


def test_pixels_up_to_255(rnn: Command, here: Path) -> None:
    """Large inputs may make the short training runs fail, too."""
    findings = findings_on_digits(rnn, pixels_up_to_255)
    assert "data.standardize: true" in findings["scale"]["change"]
    assert findings.keys() <= {"scale", "first loss", "learning rate", "overfit", "gradients"}


def test_very_small_inputs(rnn: Command, here: Path) -> None:
    def shrink(x: np.ndarray, y: np.ndarray) -> None:
        x /= 1000

    assert "very small" in findings_on_digits(rnn, shrink)["scale"]["meaning"]


def test_a_feature_that_is_constant(rnn: Command, here: Path) -> None:
    def hold_a_feature(x: np.ndarray, y: np.ndarray) -> None:
        x[:, 3::8] = 7

    findings = findings_on_digits(rnn, hold_a_feature)
    assert findings["constants"]["measured"] == "feature 3: always 7"
    assert findings.keys() == {"constants"}


def test_a_dead_microphone_and_shuffled_speakers(rnn: Command, here: Path) -> None:
    with gzip.open(DATA / "JapaneseVowels_TRAIN.ts.gz", "rt") as file:
        lines = file.read().splitlines()
    start = next(i for i, line in enumerate(lines) if line.lower().startswith("@data")) + 1
    rows = [line.split(":") for line in lines[start:]]
    labels = np.random.default_rng(0).permutation([row[-1] for row in rows]).tolist()
    for row, label in zip(rows, labels, strict=True):
        row[2] = ",".join("0.5" for _ in row[2].split(","))
        row[-1] = label
    Path("train.ts").write_text("\n".join([*lines[:start], *map(":".join, rows)]) + "\n")
    assert findings_on(rnn, VOWELS).keys() == {"labels", "constants"}


def test_windows_shorter_than_the_period_of_the_sun(rnn: Command, here: Path) -> None:
    findings = findings_on(rnn, SUNSPOTS, "data.sequence_length=5")
    assert findings["window"]["change"] == "set data.sequence_length to 11 or more"
    assert findings.keys() == {"window"}


def test_sunspot_numbers_that_are_not_standardized(rnn: Command, here: Path) -> None:
    assert findings_on(rnn, SUNSPOTS, "data.standardize=false").keys() == {"scale"}


def test_the_numbers_of_frames_are_named(rnn: Command, here: Path) -> None:
    """Of a model with frames, the network's inputs are examined, and the file's constants."""
    x = np.random.default_rng(0).standard_normal((120, 10, 3)) * [1, 900, 0]
    np.savez("x.npz", x=x, y=x[:, :, 0].sum(axis=1) > 0)
    text = """
data: {kind: npz, path: x.npz, frames: 5, frame_values: mean_std, standardize: false}
model: {hidden_size: 4}
"""
    findings = findings_on(rnn, text)
    assert "of feature 1, deviation of feature 1: " in findings["scale"]["measured"]
    assert findings["constants"]["measured"] == "feature 2: always 0"
