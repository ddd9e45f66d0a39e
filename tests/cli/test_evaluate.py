"""``rnn evaluate``: the scores, and how they are shown."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.terminal import in_terminal, text_of

KEYS = {"metrics", "baseline", "num_samples"}


def test_without_input_the_runs_own_evaluation_split_is_scored(
    rnn: Command, run_folder: Path
) -> None:
    report = json.loads(rnn("evaluate", "-w", run_folder, "--json").out)
    assert report.keys() >= KEYS
    assert report["metrics"].keys() == report["baseline"].keys()
    assert report["num_samples"] == 20
    with open(run_folder / "metrics.csv", newline="") as file:
        best = min(csv.DictReader(file), key=lambda row: float(row["val_loss"]))
    assert report["metrics"]["loss"] == pytest.approx(float(best["val_loss"]), rel=1e-6)
    assert report["metrics"]["accuracy"] == pytest.approx(float(best["val_accuracy"]))
    assert "most frequent" in rnn("evaluate", "-w", run_folder).out


def test_a_run_without_its_record_is_scored(rnn: Command, run_folder: Path) -> None:
    """It may be deleted by another process after its model was read."""
    expected = rnn("evaluate", "-w", run_folder).out
    (run_folder / "run.json").unlink()
    result = rnn("evaluate", "-w", run_folder)
    assert (result.code, result.out, result.err) == (0, expected, "")


def train_classes(rnn: Command, names: list[str]) -> None:
    """Train a run with these classes in the working directory."""
    x = np.random.default_rng(0).standard_normal((20 * len(names), 3, 1))
    y = np.array(names * 20)
    np.savez("a.npz", x=x, y=y)
    Path("c.yaml").write_text("data: {kind: npz, path: a.npz}\ntraining: {num_epochs: 1}\n")
    result = rnn("train", "-q", "-c", "c.yaml")
    assert result.code == 0, result.err


def test_twelve_classes_are_readable_in_80_columns(rnn: Command, here: Path) -> None:
    names = [f"{name}_of_the_garden" for name in "abcdefghijkl"]
    train_classes(rnn, names)
    code, written = in_terminal("evaluate", "-w", "latest", "-i", "a.npz")
    lines = text_of(written).splitlines()
    assert code == 0
    assert max(map(len, lines)) <= 80
    title = "confusion matrix (rows: true class, columns: predicted class)"
    headers = lines[lines.index(title) + 1].split()
    assert len(headers) == 12
    assert [header[0] for header in headers] == list("abcdefghijkl")
    for name in names:  # in a row of the table by class, and in one of the confusion matrix
        rows = [line.split() for line in lines if line.startswith(name)]
        assert len(rows) == 2
        assert sum(int(cell) for cell in rows[1][1:] if cell != ".") == 20
    # A file has no width: nothing is abbreviated there.
    piped = rnn("evaluate", "-w", "latest", "-i", "a.npz").out
    assert piped.count("a_of_the_garden") == 3


def test_a_matrix_that_cannot_fit_is_left_out(rnn: Command, here: Path) -> None:
    train_classes(rnn, [f"class{i:02}" for i in range(40)])
    _, written = in_terminal("evaluate", "-w", "latest", "-i", "a.npz")
    text = text_of(written)
    assert "too wide for this terminal" in text
    assert text.count("\nclass") >= 40
    assert max(map(len, text.splitlines())) <= 80
