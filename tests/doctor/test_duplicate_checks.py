"""Copies of sequences are found, but not repetitions by chance."""

from pathlib import Path

import numpy as np
from conftest import Command
from helpers.doctor import examination_of, findings_on_digits

from rnncli.doctor.duplicate_checks import duplicates


def test_copies_within_the_training_split(rnn: Command, here: Path) -> None:
    def copy_within(x: np.ndarray, y: np.ndarray) -> None:
        x[:40], y[:40] = x[100:140], y[100:140]

    findings = findings_on_digits(rnn, copy_within)
    assert findings["duplicates"]["measured"].startswith("40 of 400 training sequences")
    assert findings.keys() == {"duplicates"}


def test_copies_in_the_validation_split(rnn: Command, here: Path) -> None:
    def copy_across(x: np.ndarray, y: np.ndarray) -> None:
        x[400:410], y[400:410] = x[:10], y[:10]

    findings = findings_on_digits(rnn, copy_across)
    assert findings["duplicates"]["measured"].startswith("10 of 100 validation sequences")
    assert "data.validation_path" in findings["duplicates"]["change"]
    assert findings.keys() == {"duplicates"}


def test_short_sequences_of_few_values_repeat_by_chance(here: Path) -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 2, (200, 7))
    np.savetxt("bits.csv", table, delimiter=",", fmt="%d")
    tree = {"data": {"kind": "csv", "path": "bits.csv"}}
    assert len(np.unique(table[:, :-1], axis=0)) < 70
    assert list(duplicates(examination_of(tree))) == []
