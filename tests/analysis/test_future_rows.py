"""``rnn predict --horizon``: the rows that follow a table."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.data import text_file
from helpers.shell import type_in

import rnncli

KEYS = "data: {kind: series, path: a.csv, sequence_length: 6, horizon: 2, relative: last, "

# A window of one period, and enough optimizer steps.
HEALTHY = ("--set", "data.sequence_length=12", "--set", "training.num_epochs=150")


def table(path: Path, dates: list[str]) -> Path:
    rows = [f"{date},{100 + i + i % 12},{i % 5}" for i, date in enumerate(dates)]
    return text_file(path, "day,sales,step", *rows)


MONTHS = [f"{2000 + i // 12}-{i % 12 + 1:02d}" for i in range(60)]


@pytest.fixture
def run(rnn: Command, here: Path) -> Path:
    """A run with relative values and a calendar, on monthly data."""
    table(here / "a.csv", MONTHS)
    (here / "c.yaml").write_text(
        KEYS + "calendar: [month], test_size: 10}\n"
        "model: {hidden_size: 4}\ntraining: {num_epochs: 2}\n"
    )
    trained = rnn("train", "-q", "-c", "c.yaml")
    assert trained.code == 0, trained.err
    return Path(trained.out.strip())


def test_rows_are_the_same_in_every_format(
    rnn: Command, run: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = rnn("predict", "-w", run, "-i", "a.csv", "--horizon", "14")
    assert result.code == 0, result.err
    header, *rows = csv.reader(io.StringIO(result.out))
    assert header == ["step", "date", "sales", "target_step"]
    assert [row[0] for row in rows] == [str(i) for i in range(1, 15)]
    assert [row[1] for row in rows[:2] + rows[-1:]] == ["2005-01", "2005-02", "2006-02"]
    values = np.array([row[2:] for row in rows], float)
    lines = rnn("predict", "-w", run, "-i", "a.csv", "--horizon", "14", "--format", "jsonl").out
    last = json.loads(lines.splitlines()[-1])
    assert list(last) == header
    assert [last["sales"], last["target_step"]] == pytest.approx(values[-1], rel=1e-8)
    assert rnn("predict", "-w", run, "-i", "a.csv", "--horizon", "14", "-o", "f.npz").code == 0
    with np.load(here / "f.npz") as arrays:
        np.testing.assert_allclose(arrays["value"], values, rtol=1e-8)
        assert arrays["targets"].tolist() == ["sales", "step"]
        assert arrays["date"].tolist() == [row[1] for row in rows]
    type_in(monkeypatch, (here / "a.csv").read_bytes())
    assert rnn("predict", "-w", run, "--horizon", "14").out == result.out
    # From Python, with the calendar as the last features.
    months = 2 * np.pi * (np.arange(74) % 12) / 12
    calendar = np.column_stack([np.sin(months), np.cos(months)])
    columns = np.loadtxt(here / "a.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    forecasts = rnncli.load(run).forecast(np.hstack([columns, calendar[:60]]), 14, calendar[60:])
    np.testing.assert_allclose(forecasts, values, rtol=1e-6)
    # The first rows are the forecast from the last window.
    *_, by_window = csv.DictReader(io.StringIO(rnn("predict", "-w", run, "-i", "a.csv").out))
    first = [float(by_window[f"value_{i}"]) for i in range(4)]
    assert first == pytest.approx(values[:2].ravel(), rel=1e-6, abs=1e-5)


def test_a_run_with_relative_values_and_a_calendar_in_all_commands(
    rnn: Command, run: Path, here: Path
) -> None:
    own = json.loads(rnn("evaluate", "-w", run, "--json").out)
    rnn("evaluate", "-w", run, "--output", "own.csv")
    rnn("evaluate", "-w", run, "-i", "a.csv", "--output", "all.csv")
    scored, everything = (
        np.loadtxt(here / name, delimiter=",", skiprows=1) for name in ("own.csv", "all.csv")
    )
    np.testing.assert_allclose(everything[-len(scored) :], scored, atol=1e-4)
    error = scored[:, 4:8] - scored[:, :4]
    assert own["metrics"]["rmse"] == pytest.approx(np.sqrt(np.square(error).mean()), rel=1e-6)
    assert scored[:, 4].min() > 120  # in the unit of the table
    assert max(rnncli.load(run).task.target_std) < 10  # The scale is that of the differences.
    for command in (
        ("doctor", "-c", "c.yaml", *HEALTHY),
        ("gradcheck", "-w", run, "--num-samples", 2),
        ("trace", "-w", run),
        ("trace", "-w", run, "-i", "a.csv"),
        ("verify", run),
        ("plot", run, "--kind", "forecast"),
        ("train", "--resume", run, "--set", "training.num_epochs=3", "-q"),
    ):
        result = rnn(*command)
        assert result.code == 0, (command, result.err)


def test_tables_whose_further_rows_cannot_be_forecast(rnn: Command, run: Path, here: Path) -> None:
    table(here / "irregular.csv", [*MONTHS[:-3], *MONTHS[-2:]])
    refused = rnn("predict", "-w", run, "-i", "irregular.csv", "--horizon", 3)
    assert refused.code == 2
    assert "the last dates of 'day' have no regular step" in refused.err
    assert "--horizon up to 2 was expected" in refused.err
    near = rnn("predict", "-w", run, "-i", "irregular.csv", "--horizon", 2)
    assert near.out.startswith("step,sales,target_step\n1,")
    text_file(here / "undated.csv", "sales,step", *["1,2"] * 9)
    for source, problem in (
        ("undated.csv", "undated.csv:1: row 1: no column is named 'day'"),
        ("short.csv", "5 rows; one window needs at least 6"),
        ("x.npz", "x.npz: is not a table; a CSV or Parquet file was expected"),
    ):
        table(here / "short.csv", MONTHS[:5])
        np.savez(here / "x.npz", x=np.ones((2, 6, 4)))
        refused = rnn("predict", "-w", run, "-i", source, "--horizon", 1, "-o", "f.csv")
        assert refused.code == 2
        assert problem in refused.err
        assert not (here / "f.csv").exists()
    refused = rnn("predict", "-w", run, "-i", "undated.csv")
    assert "no column is named 'day'" in refused.err
    both = rnn("predict", "-w", run, "--stream", "--horizon", 1)
    assert "--horizon: forecasts from a whole table" in both.err
    assert rnn("predict", "-w", run, "-i", "a.csv", "--horizon", 0).code == 2


def test_windows_in_arrays_are_relative_too(rnn: Command, run: Path, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((3, 6, 4))
    np.savez(here / "x.npz", x=x)
    rnn("predict", "-w", run, "-i", "x.npz", "-o", "p.npz")
    with np.load(here / "p.npz") as arrays:
        np.testing.assert_array_equal(arrays["value"], rnncli.load(run).predict(x))
    x[:, :, :2] += 1000
    moved = rnncli.load(run).predict(x)
    assert np.abs(moved - 1000).max() < 100


def test_models_that_need_no_dates(rnn: Command, here: Path) -> None:
    table(here / "a.csv", [f"2024-01-{i + 1:02d}" for i in range(30)])
    (here / "c.yaml").write_text(KEYS + "targets: [sales]}\ntraining: {num_epochs: 1}\n")
    run = rnn("train", "-q", "-c", "c.yaml").out.strip()
    out = rnn("predict", "-w", run, "-i", "a.csv", "--horizon", 2).out.splitlines()
    assert out[0] == "step,date,sales"
    assert out[2].startswith("2,2024-02-01,")
    refused = rnn("predict", "-w", run, "-i", "a.csv", "--horizon", 3)
    assert "data.targets has no step; at most 2 steps were expected" in refused.err
    text_file(here / "undated.csv", "sales,step", *["1,2"] * 9)
    out = rnn("predict", "-w", run, "-i", "undated.csv", "--horizon", 2).out.splitlines()
    assert out[0] == "step,sales"


def test_only_models_of_a_series_go_on(rnn: Command, run_folder: Path, here: Path) -> None:
    refused = rnn("predict", "-w", run_folder, "-i", "a.csv", "--horizon", 3)
    assert refused.code == 2
    assert "--horizon: a model trained on 'data.kind: series' was expected" in refused.err
