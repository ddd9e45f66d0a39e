"""Parquet tables give the same results as CSV."""

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from conftest import Command
from helpers.data import text_file
from pyarrow import parquet

from rnncli.datasets import Csv, Parquet, Series
from rnncli.errors import InputError

RNG = np.random.default_rng(0)


def table(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def as_csv(path: Path, columns: dict[str, Any]) -> Path:
    rows = zip(*(map(str, cells) for cells in columns.values()), strict=True)
    return text_file(path, ",".join(columns), *map(",".join, rows))


WIDE = {
    "machine": [f"M{i}" for i in range(30)],
    "built": [date(2020, 1, 1 + i % 28) for i in range(30)],
    "t0": RNG.standard_normal(30).tolist(),
    "t1": RNG.standard_normal(30).astype(np.float32).astype(float).tolist(),
    "t2": list(range(30)),
    "state": ["ok", "worn"] * 15,
}
LONG = {
    "trip": [i // 4 for i in range(80)],
    "when": [datetime(2024, 1, 1, i // 60, i % 60, tzinfo=UTC) for i in range(80)],
    "v": RNG.standard_normal(80).tolist(),
    "mode": [("car", "bike")[i // 4 % 2] for i in range(80)],
}
ROWS = {
    "day": [f"2024-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(80)],
    "x": RNG.standard_normal(80).tolist(),
    "n": list(range(80)),
}
ARRANGEMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "wide": (WIDE, "label_column: state, id_column: machine, ignore: [built]"),
    "long": (LONG, "sequence_column: trip, label_column: mode, id_column: trip"),
    "series": (ROWS, "sequence_length: 5, test_size: 10"),
}


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_training_prediction_and_evaluation_are_those_of_csv(
    rnn: Command, here: Path, arrangement: str
) -> None:
    columns, keys = ARRANGEMENTS[arrangement]
    as_csv(here / "a.csv", columns)
    table(here / "a.parquet", columns)
    results = []
    for extension in ("csv", "parquet"):
        kind = "series" if arrangement == "series" else extension
        text_file(
            here / "c.yaml",
            f"data: {{kind: {kind}, path: a.{extension}, {keys}}}",
            "training: {num_epochs: 1}",
        )
        trained = rnn("train", "-q", "-c", "c.yaml")
        assert trained.code == 0, trained.err
        for given in ("a.csv", "a.parquet"):
            results.append(rnn("predict", "-w", "latest", "-i", given).out)
            assert results[-1].count("\n") > 10
        assert rnn("evaluate", "-w", "latest", "-i", "a.parquet", "--json").code == 0
    assert len(set(results)) == 1


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_init_finds_in_parquet_what_it_finds_in_csv(
    rnn: Command, here: Path, arrangement: str
) -> None:
    columns, _ = ARRANGEMENTS[arrangement]
    as_csv(here / "a.csv", columns)
    table(here / "b.parquet", columns)
    first, second = (rnn("init", name, "-o", "-") for name in ("a.csv", "b.parquet"))
    assert second.code == 0, second.err
    expected = first.out.replace("a.csv", "b.parquet").replace("name: a", "name: b")
    if arrangement != "series":
        expected = expected.replace("kind: csv", "kind: parquet")
    assert second.out == expected


def test_nulls_and_nan_are_missing_and_decimals_are_numbers(tmp_path: Path) -> None:
    columns = {
        "a": [1.5, None, 3.0],
        "b": [float("nan"), 5.0, 6.0],
        "c": [Decimal("1.25"), Decimal("2"), Decimal("3")],
        "label": [True, False, True],
    }
    path = table(tmp_path / "a.parquet", columns)
    sequences = Parquet(path=path, missing="mean").read_file(path)
    np.testing.assert_array_equal(
        sequences.x[:, :, 0], [[1.5, np.nan, 1.25], [np.nan, 5, 2], [3, 6, 3]]
    )
    assert sequences.labels is not None
    assert sequences.labels.tolist() == ["1", "0", "1"]
    with pytest.raises(InputError, match=r"a\.parquet: row 1, column 2 \(b\): is empty; a number"):
        Parquet(path=path).read_file(path)


def test_invalid_parquet_files_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", {"x": [[1, 2], [3]], "label": ["a", "b"]})
    with pytest.raises(InputError, match=r"a\.parquet: column x: holds values of type list"):
        Parquet(path=path).read_file(path)
    path = table(tmp_path / "b.parquet", {"x": [1, 2], "label": ["a", None]})
    with pytest.raises(InputError, match=r"b\.parquet: row 2, column 2: the label is empty"):
        Parquet(path=path).read_file(path)
    with pytest.raises(InputError, match="no column is named 'labl'; did you mean 'label'"):
        Parquet(path=path, label_column="labl").read_file(path)
    path.write_bytes(b"1,2,3\n" * 9)
    with pytest.raises(InputError, match=r"b\.parquet: is not a valid Parquet file"):
        Parquet(path=path).read_file(path)
    with pytest.raises(InputError, match="is not a regular file"):
        Parquet(path=tmp_path).read_file(tmp_path)


def test_a_small_file_of_very_many_cells_is_refused(tmp_path: Path) -> None:
    columns = {"x": np.zeros(1 << 21, np.int8), "label": np.zeros(1 << 21, np.int8)}
    path = tmp_path / "a.parquet"
    with parquet.ParquetWriter(path, pyarrow.table(columns).schema) as writer:
        for _ in range(20):
            writer.write_table(pyarrow.table(columns))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="claims 83886080 cells in"):
        Parquet(path=path).read_file(path)


def test_without_pyarrow_the_extra_is_named(
    rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(here / "a.parquet", WIDE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for section in (Parquet(path=here / "a.parquet"), Series(path=here / "a.parquet")):
        with pytest.raises(InputError, match=r"needs pyarrow; pip install 'rnncli\[parquet\]'"):
            section.read(0)
    done = rnn("init", "a.parquet")
    assert (done.code, done.err.count("\n")) == (2, 1)
    as_csv(here / "a.csv", LONG)
    assert Csv(path=here / "a.csv", sequence_column="trip", label_column="mode").read(0)
