"""Labels that are shuffled, unbalanced, or leaked by a column are found in real data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.doctor import DATA, findings_on, findings_on_digits


def shuffle(x: np.ndarray, y: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    y[:] = rng.permutation(y)


def leak_into_a_cell(x: np.ndarray, y: np.ndarray) -> None:
    x[:, 13] = y


def leak_with_noise_into_a_feature(x: np.ndarray, y: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    x[:, 5::8] = (y * 3 % 10)[:, np.newaxis] + rng.uniform(-0.2, 0.2, (len(y), 8))


def make_a_class_rare(x: np.ndarray, y: np.ndarray) -> None:
    """Keep six sequences of another class than 3; the others become noisy copies of that class."""
    rng = np.random.default_rng(0)
    rare = np.flatnonzero(y != 3)[6:]
    x[rare] = x[rng.choice(np.flatnonzero(y == 3), len(rare))] + rng.normal(0, 0.5, (len(rare), 64))
    y[rare] = 3
    y[y != 3] = 4


@pytest.mark.parametrize(
    ("spoil", "check", "text"),
    [
        (shuffle, "labels", "look shuffled"),
        (leak_into_a_cell, "leak", "feature 5 at time step 1 (of 8, counted from 0)"),
        (leak_with_noise_into_a_feature, "leak", "feature 5 alone"),
        (make_a_class_rare, "balance", "6 of 4"),
    ],
)
def test_spoiled_labels_of_digits(
    rnn: Command,
    here: Path,
    spoil: Callable[[np.ndarray, np.ndarray], None],
    check: str,
    text: str,
) -> None:
    findings = findings_on_digits(rnn, spoil)
    assert text in " ".join(findings[check].values())
    assert findings.keys() == {check}, findings


def table_findings(rnn: Command, names: str, *columns: np.ndarray) -> set[str]:
    """Return which checks find something in forecasts of the column ``spots``."""
    table = np.column_stack(columns)[:-1]
    np.savetxt("t.csv", table, delimiter=",", header=names, comments="")
    text = (
        "data: {kind: series, path: t.csv, targets: [spots], sequence_length: 12}\n"
        "model: {hidden_size: 8}\n"
    )
    findings = findings_on(rnn, text)
    if "leak" in findings:
        assert "'tomorrow'" in findings["leak"]["measured"]
    return set(findings)


def test_a_column_with_the_next_value_is_a_leak(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    _, spots = np.loadtxt(DATA / "sunspots.csv", delimiter=",", skiprows=1, unpack=True)
    assert "leak" in table_findings(rnn, "spots,tomorrow", spots, np.roll(spots, -1))
    assert "leak" not in table_findings(rnn, "spots,other", spots, rng.permutation(spots))


def test_a_slow_series_that_continues_is_no_leak(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    slow = np.sin(np.arange(300) / 50) + rng.normal(0, 1e-3, 300)
    assert "leak" not in table_findings(rnn, "spots,other", slow, rng.standard_normal(300))
