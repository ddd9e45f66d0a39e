"""Configs and data to examine, and what the doctor finds in them."""

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from conftest import REPOSITORY, Command

from rnncli.analysis import diagnosis
from rnncli.config.reading import config_from
from rnncli.doctor.checks import CHECKS
from rnncli.doctor.examination import Examination
from rnncli.runs.training_setup import set_up

DATA = REPOSITORY / "tests" / "data"
Change = Callable[[np.ndarray, np.ndarray], object]
Findings = dict[str, dict[str, str]]

DIGITS = """
data: {kind: csv, path: train.csv, validation_path: val.csv, input_size: 8, standardize: false}
model: {cell: tanh, hidden_size: 32, pooling: last}
training: {num_epochs: 30, optimizer: {kind: adam, learning_rate: 3e-3}}
"""
SUNSPOTS = f"""
data: {{kind: series, path: {DATA}/sunspots.csv, columns: [SUNACTIVITY], sequence_length: 30}}
"""


def examination_of(tree: dict[str, object]) -> Examination:
    """Return a new network of a config, with its data, before any check has run."""
    return diagnosis.examination_of(set_up(config_from(tree)))


def findings_on(rnn: Command, text: str, *overrides: str) -> Findings:
    """Return the findings of ``rnn doctor --json`` on a config, by the names of their checks.

    The exit code and the report are checked on the way.
    """
    Path("c.yaml").write_text(text)
    options = [word for override in overrides for word in ("--set", override)]
    result = rnn("doctor", "-c", "c.yaml", "--json", *options)
    assert result.err == ""
    report = json.loads(result.out)
    assert report["checks"] == list(CHECKS)
    assert report["healthy"] == (not report["findings"]) == (result.code == 0)
    assert result.code in (0, 1)
    assert report["estimate"]["seconds"] > 0
    assert all(all(finding.values()) for finding in report["findings"])
    return {finding["check"]: finding for finding in report["findings"]}


def findings_on_digits(rnn: Command, spoil: Change, *overrides: str) -> Findings:
    """Return the findings on digits changed by `spoil`; the last hundred are for validation."""
    x, y = (array.copy() for array in _digits())
    spoil(x, y)
    for name, rows in (("train.csv", slice(400)), ("val.csv", slice(400, None))):
        np.savetxt(name, np.column_stack([x[rows], y[rows]]), delimiter=",", fmt="%g")
    return findings_on(rnn, DIGITS, *overrides)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (500, 64) and the labels (500,) of some of the shipped digits."""
    with gzip.open(DATA / "digits_train.csv.gz") as file:
        table = np.loadtxt(file, delimiter=",", max_rows=500)
    return table[:, :-1], table[:, -1].astype(int)


def unchanged(x: np.ndarray, y: np.ndarray) -> None:
    """Leave the digits as they are."""


def pixels_up_to_255(x: np.ndarray, y: np.ndarray) -> None:
    """Scale the digits to the range of bytes."""
    x *= 255 / 16
