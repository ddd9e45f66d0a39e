"""Prediction intervals: their half widths, their coverage, and where they are shown."""

import csv
import json
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers import hostile
from hypothesis import given
from hypothesis import strategies as st

import rnncli
from rnncli.inference.intervals import LEVELS, Intervals, conformal_rank, smallest_count


@given(st.integers(1, 10**6), st.sampled_from(LEVELS))
def test_the_rank_is_that_of_split_conformal_prediction(count: int, level: int) -> None:
    assert conformal_rank(count, level) == ceil((count + 1) * Fraction(level, 100))
    assert (conformal_rank(count, level) <= count) == (count >= smallest_count(level))


@given(st.integers(1, 60), st.integers(1, 3))
def test_half_widths_are_order_statistics_of_the_absolute_residuals(count: int, width: int) -> None:
    rng = np.random.default_rng(count)
    values, labels = rng.standard_normal((2, count, width))
    intervals = Intervals.fit(labels, values)
    assert intervals.levels == tuple(p for p in LEVELS if count >= {80: 4, 95: 19}[p])
    for level, half_widths in zip(intervals.levels, intervals.half_widths, strict=True):
        rank = ceil((count + 1) * Fraction(level, 100))
        for output, half_width in enumerate(half_widths):
            residuals = np.abs(labels - values)[:, output]
            assert np.count_nonzero(residuals <= half_width) == rank
            assert half_width in residuals


def test_coverage_is_the_level_for_known_noise() -> None:
    """Over many draws of 39 residuals, a new value is covered as often as promised.

    With 39 residuals the promise is exact: 32 / 40 and 38 / 40.
    """
    rng = np.random.default_rng(0)
    draws = 4000
    covered = dict.fromkeys(LEVELS, 0)
    for _ in range(draws):
        noise = rng.laplace(size=40)
        intervals = Intervals.fit(noise[:39, np.newaxis], np.zeros((39, 1)))
        for row, level in zip(
            intervals.scores(noise[39:, np.newaxis], np.zeros((1, 1))), LEVELS, strict=True
        ):
            covered[level] += row["coverage"] == 1
    for level, count in covered.items():
        p = level / 100
        assert abs(count / draws - p) < 4 * np.sqrt(p * (1 - p) / draws)


@pytest.mark.parametrize(
    "values",
    [
        {"num_samples": 0},
        {"num_samples": 9, "levels": (70,), "half_widths": ((1.0,),)},
        {"num_samples": 9, "levels": (80, 80), "half_widths": ((1.0,), (1.0,))},
        {"num_samples": 9, "levels": (80,), "half_widths": ()},
        {"num_samples": 9, "levels": (80,), "half_widths": ((-1.0,),)},
        {"num_samples": 9, "levels": (80,), "half_widths": ((float("inf"),),)},
    ],
)
def test_contradictory_intervals_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="interval|half width"):
        Intervals(**values)  # type: ignore[arg-type]


def trained_series(rnn: Command, *words: str) -> Path:
    """Train a forecasting model of two columns, two steps ahead; return its run folder."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(240) / 3)[:, np.newaxis] * [1, 20] + rng.normal(0, 0.1, (240, 2))
    lines = "\n".join(f"{a!r},{b!r}" for a, b in wave.tolist())
    Path("s.csv").write_text(f"a,b\n{lines}\n")
    Path("c.yaml").write_text(
        "data: {kind: series, path: s.csv, sequence_length: 5, horizon: 2, test_size: 60, "
        "validation_fraction: 0.3}\nmodel: {hidden_size: 4}\ntraining: {num_epochs: 6}\n"
    )
    done = rnn("train", "-q", "-c", "c.yaml", *words)
    assert done.code == 0, done.err
    return Path(done.out.strip())


def test_a_weights_file_alone_predicts_intervals_in_every_format(rnn: Command, here: Path) -> None:
    run = trained_series(rnn)
    intervals = rnncli.load(run).intervals
    assert intervals is not None
    assert (intervals.num_samples, intervals.levels) == (52, LEVELS)
    Path("w.npz").write_bytes((run / "weights.npz").read_bytes())
    run.rename("moved")
    for name in ("p.csv", "p.jsonl", "p.npz"):
        assert rnn("predict", "-w", "w.npz", "-i", "s.csv", "-o", name).code == 0
    with open("p.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [f"{bound}_{level}" for level in LEVELS for bound in ("lower", "upper")]
    assert list(rows[0]) == [f"{name}_{i}" for name in ("value", *names) for i in range(4)]
    lines = [json.loads(line) for line in Path("p.jsonl").read_text().splitlines()]
    assert list(lines[0]) == ["value", *names]
    with np.load("p.npz") as arrays:
        values = arrays["value"]
        for level, widths in zip(LEVELS, intervals.half_widths, strict=True):
            for bound, sign in (("lower", -1), ("upper", 1)):
                name = f"{bound}_{level}"
                np.testing.assert_array_equal(arrays[name], values + sign * np.array(widths))
                assert lines[7][name] == arrays[name][7].tolist()
                written = [float(rows[7][f"{name}_{i}"]) for i in range(4)]
                assert written == pytest.approx(arrays[name][7].tolist(), rel=1e-8)


def test_half_widths_are_those_of_the_validation_split(rnn: Command, here: Path) -> None:
    run = trained_series(rnn, "--set", "data.test_size=0")
    assert rnn("evaluate", "-w", run, "-o", "p.npz").code == 0
    with np.load("p.npz") as arrays:
        expected = Intervals.fit(arrays["true"], arrays["value"])
    intervals = rnncli.load(run).intervals
    assert intervals is not None
    assert intervals.num_samples == expected.num_samples
    for level, row in enumerate(expected.half_widths):
        assert intervals.half_widths[level] == pytest.approx(row, rel=1e-9)


def test_evaluation_reports_coverage_and_width(rnn: Command, here: Path) -> None:
    run = trained_series(rnn)
    report = json.loads(rnn("evaluate", "-w", run, "--json", "-o", "p.npz").out)
    with np.load("p.npz") as arrays:
        for row, level in zip(report["intervals"], LEVELS, strict=True):
            lower, upper = arrays[f"lower_{level}"], arrays[f"upper_{level}"]
            is_covered = (lower <= arrays["true"]) & (arrays["true"] <= upper)
            assert row == {
                "level": level / 100,
                "coverage": pytest.approx(is_covered.mean()),
                "mean_width": pytest.approx((upper - lower).mean()),
            }
    table = rnn("evaluate", "-w", run)
    assert table.err == ""
    assert "prediction intervals" in table.out
    assert f"{100 * report['intervals'][1]['coverage']:.2f} %" in table.out


def test_a_level_for_which_there_are_too_few_samples_is_named(rnn: Command, here: Path) -> None:
    trained_series(rnn)
    few = ["--set", "data.validation_fraction=0.06", "--set", "training.num_epochs=1"]
    trained = rnn("train", "-c", "c.yaml", *few)
    note = "no prediction interval of 95 %: needs 19 validation samples, and there are 10"
    assert f"intervals: {note}" in trained.err
    evaluated = rnn("evaluate", "-w", "latest", "--json")
    assert [row["level"] for row in json.loads(evaluated.out)["intervals"]] == [0.8]
    assert evaluated.err == ""
    assert rnn("evaluate", "-w", "latest").err == f"{note}\n"


def test_without_validation_there_are_no_intervals(rnn: Command, here: Path) -> None:
    run = trained_series(rnn, "--set", "data.validation_fraction=0")
    assert rnncli.load(run).intervals is None
    assert rnn("predict", "-w", run, "-i", "s.csv").out.startswith(
        "value_0,value_1,value_2,value_3\n"
    )
    assert json.loads(rnn("evaluate", "-w", run, "--json").out)["intervals"] == []


def test_values_of_time_steps_have_intervals(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((60, 4))
    rows = [f"{i},{x[i, t]},{x[i, : t + 1].sum()}" for i in range(60) for t in range(4)]
    Path("a.csv").write_text("\n".join(["id,x,y", *rows]))
    Path("c.yaml").write_text(
        "data: {kind: csv, path: a.csv, sequence_column: id, label_column: y, label_per: step, "
        "task: regression}\nmodel: {output: every_step}\ntraining: {num_epochs: 1}\n"
    )
    done = rnn("train", "-q", "-c", "c.yaml")
    assert done.code == 0, done.err
    intervals = rnncli.load(done.out.strip()).intervals
    assert intervals is not None
    assert intervals.num_samples == 4 * 6
    header = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()[0]
    assert header.endswith("sequence,step,value,lower_80,upper_80,lower_95,upper_95")


def test_a_resumed_run_has_the_same_intervals_and_verifies(rnn: Command, here: Path) -> None:
    constant = ["--set", "training.schedule={kind: constant}"]
    whole = trained_series(rnn, *constant)
    resumed = trained_series(rnn, *constant, "--set", "training.num_epochs=2")
    assert rnn("train", "-q", "--resume", resumed, "--set", "training.num_epochs=6").code == 0
    content = (whole / "weights.npz").read_bytes()
    assert b"half_widths" in content
    assert (resumed / "weights.npz").read_bytes() == content
    assert rnn("verify", whole).out == "bit-identical\n"


def test_weights_of_an_older_version_have_no_intervals(rnn: Command, here: Path) -> None:
    run = trained_series(rnn)
    path = run / "weights.npz"
    members = hostile.unpacked(path.read_bytes())
    metadata = hostile.metadata_of(members)
    del metadata["intervals"]
    path.write_bytes(hostile.packed(hostile.with_metadata(members, metadata)))
    assert rnncli.load(run).intervals is None
    assert rnn("evaluate", "-w", run).code == 0
    assert rnn("verify", run).out == "bit-identical\n"


def test_intervals_that_do_not_fit_the_outputs_are_refused(rnn: Command, here: Path) -> None:
    path = trained_series(rnn) / "weights.npz"
    members = hostile.unpacked(path.read_bytes())
    metadata = hostile.metadata_of(members)
    metadata["intervals"]["half_widths"][0].pop()
    path.write_bytes(hostile.packed(hostile.with_metadata(members, metadata)))
    result = rnn("predict", "-w", path, "-i", "s.csv")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "intervals that do not fit 4 outputs" in result.err
