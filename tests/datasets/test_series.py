"""Forecasts: windows of one table in chronological order."""

import gc
import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.data import read, text_file

from rnncli.datasets import Series
from rnncli.errors import InputError


def table(path: Path, rows: int = 60) -> np.ndarray:
    values = np.arange(2.0 * rows).reshape(rows, 2)
    lines = [f"{1900 + i},{a!r},{b!r},note" for i, (a, b) in enumerate(values.tolist())]
    path.write_text("year,a,b,remark\n" + "\n".join(lines) + "\n")
    return values


def test_no_window_is_trained_on_targets_of_validation_or_test(tmp_path: Path) -> None:
    values = table(tmp_path / "a.csv")
    data = Series(
        path=tmp_path / "a.csv",
        columns=("a", "b"),
        targets=("b",),
        sequence_length=5,
        horizon=3,
        test_size=10,
        validation_fraction=0.2,
    )
    splits, _ = read(data)
    assert splits.validation is not None
    assert splits.test is not None
    seen: list[set[float]] = []
    for split in (splits.train, splits.validation, splits.test):
        assert split.labels is not None
        seen.append(set(split.labels.ravel().tolist()))
        for x, y in zip(split.x, split.labels, strict=True):
            start = int(np.flatnonzero(values[:, 0] == x[0, 0])[0])
            np.testing.assert_array_equal(x, values[start : start + 5])
            np.testing.assert_array_equal(y, values[start + 5 : start + 8, 1])
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & set(values[-10:, 1])
    assert seen[2] == set(values[-10:, 1])


def test_windows_are_views_of_their_table(tmp_path: Path) -> None:
    """As arrays of their own, these would take 48 MB."""
    table(tmp_path / "t.csv", 3000)
    series = Series(path=tmp_path / "t.csv", sequence_length=1000, test_size=500)
    series.read(0)  # imports what it needs
    tracemalloc.start()
    splits = series.read(0).splits
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    parts = [splits.train, splits.validation, splits.test]
    assert [len(split.x) for split in parts] == [1350, 150, 500]
    assert sum(split.x.size for split in parts) * 8 == 48e6
    assert peak < 6e6
    assert gc.isenabled()
    digest = hashlib.sha256()
    for split in parts:
        digest.update(split.x.tobytes())
        digest.update(repr(split.labels.tolist()).encode())
    assert splits.sha256 == digest.hexdigest()


def test_forecasts_continue_where_the_table_ends(rnn: Command, here: Path) -> None:
    table(here / "a.csv")
    (here / "c.yaml").write_text(
        "data: {kind: series, path: a.csv, columns: [a, b], sequence_length: 4, test_size: 5}\n"
        "training: {num_epochs: 2}\n"
    )
    trained = rnn("train", "-c", "c.yaml", "-q")
    assert trained.code == 0, trained.err
    out = rnn("predict", "-w", "latest", "-i", "a.csv").out.splitlines()
    assert out[0] == "value_0,value_1,lower_80_0,lower_80_1,upper_80_0,upper_80_1"
    assert len(out) - 1 == 60 - 4 + 1
    assert json.loads(rnn("evaluate", "-w", "latest", "--json").out)["num_samples"] == 5


@pytest.mark.parametrize("missing", ["mean", "zero", "last"])
def test_tables_with_missing_values(rnn: Command, here: Path, missing: str) -> None:
    values = np.random.default_rng(0).standard_normal(80)
    cells = ["" if i in (0, 30, 31, 75) else repr(v) for i, v in enumerate(values.tolist())]
    (here / "a.csv").write_text("x\n" + "\n".join(f'"{cell}"' for cell in cells) + "\n")
    (here / "c.yaml").write_text(
        "data: {kind: series, path: a.csv, sequence_length: 5, test_size: 10,"
        f" missing: {missing}}}\ntraining: {{num_epochs: 2}}\n"
    )
    trained = rnn("train", "-c", "c.yaml", "-q")
    assert trained.code == 0, trained.err
    # One of the ten test rows is missing, and is not scored.
    own = rnn("evaluate", "-w", "latest", "--output", "own.csv", "--json")
    assert json.loads(own.out)["num_samples"] == 9
    rnn("evaluate", "-w", "latest", "-i", "a.csv", "--output", "all.csv")
    own_rows, all_rows = (
        np.loadtxt(here / name, delimiter=",", skiprows=1) for name in ("own.csv", "all.csv")
    )
    np.testing.assert_allclose(all_rows[-9:], own_rows, atol=1e-6)
    assert rnn("predict", "-w", "latest", "-i", "a.csv").out.count("\n") == 80 - 5 + 2
    refused = rnn("train", "-c", "c.yaml", "--set", "data.missing=error")
    assert refused.code == 2
    assert "the value is missing; set data.missing" in refused.err
    short = rnn("train", "-c", "c.yaml", "--set", "data.horizon=11")
    assert "data.test_size: 10 is smaller than data.horizon, 11" in short.err


@pytest.mark.parametrize("split_keys", [{"test_size": 20}, {"validation_fraction": 0.3}])
def test_missing_values_are_filled_with_means_of_training_rows_alone(
    tmp_path: Path, split_keys: dict[str, float]
) -> None:
    rows = ["1"] * 80 + ["1000"] * 20
    rows[0] = ""
    path = text_file(tmp_path / "a.csv", "x,y", *(f"{cell},0" for cell in rows))
    keys = {"validation_fraction": 0} | split_keys
    data = Series(path=path, sequence_length=4, missing="mean", **keys).read(0)  # type: ignore[arg-type]
    assert data.input_spec.means == (1, 0)
    assert data.splits.train.x[0, 0, 0] == 1


def test_columns_of_dates_and_ignored_columns_are_not_features(tmp_path: Path) -> None:
    rows = [f"{1 + i % 28}.{1 + i // 28}.2024,{i},{i * i},text" for i in range(60)]
    path = text_file(tmp_path / "a.csv", "day,x,y,note", *rows)
    assert Series(path=path).read_table().columns == ("x", "y")
    assert Series(path=path, ignore=("y",)).read_table().columns == ("x",)
    assert Series(path=path, ignore=(1,)).read_table().columns == ("y",)
    for keys, problem in (
        ({"ignore": ("z",)}, "data.ignore: no column is named 'z'"),
        ({"ignore": (9,)}, "data.ignore: column 9 does not exist; there are 4 columns, counted"),
        ({"ignore": ("x",), "columns": ("x", "y")}, "data.ignore: 'x' is one of data.columns"),
        ({"columns": ("day",)}, "row 2, day: '1.1.2024' is a date or a time, not a number"),
        ({"columns": ("xx",)}, "a.csv:1: row 1: no column is named 'xx'; did you mean 'x'?"),
        ({"columns": ("x", "y", "x")}, "^data.columns: 'x' is listed more than once$"),
    ):
        with pytest.raises(InputError, match=problem):
            Series(path=path, **keys).read_table()  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [None, ("x",)])
def test_a_name_must_be_that_of_one_column(tmp_path: Path, columns: tuple[str, ...] | None) -> None:
    path = text_file(tmp_path / "a.csv", "x,y,x", "1,2,3", "4,5,6")
    with pytest.raises(InputError, match=r"a\.csv:1: row 1: 2 columns are named 'x'; one was"):
        Series(path=path, columns=columns).read_table()


def test_a_series_must_be_a_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((9, 2)))
    with pytest.raises(InputError, match="is not a table; a CSV or Parquet file was expected"):
        Series(path=tmp_path / "a.npz").read_table()


def test_missing_and_invalid_cells_of_a_long_table(tmp_path: Path) -> None:
    lines = [f"{i},{i / 8}" for i in range(3000)]
    lines[1500], lines[2900] = "1500,", "NA,362.5"
    text_file(tmp_path / "a.csv", "a,b", *lines)
    data = Series(path=tmp_path / "a.csv")
    table = data.read_table()
    expected = np.stack([np.arange(3000.0), np.arange(3000) / 8], axis=1)
    expected[1500, 1] = expected[2900, 0] = np.nan
    np.testing.assert_array_equal(table.values, expected)
    lines[2000], lines[2001] = "2000,1_0", "x,0"
    text_file(tmp_path / "a.csv", "a,b", *lines)
    with pytest.raises(InputError, match=r"a\.csv:2002: .*b: '1_0' is not a number"):
        Series(path=tmp_path / "a.csv", columns=("a", "b")).read_table()
