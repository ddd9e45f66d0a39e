"""The separator and the decimal mark of CSV."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from helpers.data import text_file

from rnncli.datasets import Csv, Series
from rnncli.datasets.dialect import Dialect, detect_dialect
from rnncli.errors import InputError


@pytest.mark.parametrize(
    ("lines", "separator", "decimal"),
    [
        (["1,2,a", "3,4,b"], "comma", "point"),
        (["1;2;a", "3;4;b"], "semicolon", "point"),
        (["1.5;2;a", "3;4;b"], "semicolon", "point"),
        (["1,5;2,5;a", "3,5;4,5;b"], "semicolon", "comma"),
        (["day;price;shop", "1;2,5;north", "2;3,5;south"], "semicolon", "comma"),
        (["1\t2\ta", "3\t4\tb"], "tab", "point"),
        (["1|2,5|a", "3|4,5|b"], "pipe", "comma"),
        (["1,2,a;b", "3,4,c;d"], "comma", "point"),
        (["1,a|b|c", "2,a|b|d"], "comma", "point"),
        (['"1,5";"x"', '"2,5";"y"'], "semicolon", "comma"),
        (["x", "1", "2"], "comma", "point"),
        ([], "comma", "point"),
    ],
)
def test_separator_and_decimal_mark_are_detected(
    lines: list[str], separator: str, decimal: str
) -> None:
    assert detect_dialect(lines, Dialect()) == Dialect(separator, decimal)  # type: ignore[arg-type]


def test_a_file_with_semicolons_and_decimal_commas(rnn: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 3)).round(3)
    points = [",".join([*map(str, row), "ab"[i % 2]]) for i, row in enumerate(x.tolist())]
    commas = [line.replace(",", ";").replace(".", ",") for line in points]
    text_file(here / "p.csv", "u,v,w,label", *points)
    text_file(here / "c.csv", "u;v;w;label", *commas)
    sequences = Csv(path=here / "c.csv").read_file(here / "c.csv")
    np.testing.assert_array_equal(sequences.x[:, :, 0], x)
    text_file(here / "c.yaml", "data: {kind: csv, path: c.csv}", "training: {num_epochs: 1}")
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    expected = rnn("predict", "-w", "latest", "-i", "c.csv").out
    # One row of whole numbers would be ambiguous; the model remembers its separator.
    text_file(here / "one.csv", "1;2;3")
    assert rnn("predict", "-w", "latest", "-i", "one.csv").code == 0
    text_file(here / "p.yaml", "data: {kind: csv, path: p.csv}", "training: {num_epochs: 1}")
    assert rnn("train", "-q", "-c", "p.yaml").code == 0
    assert rnn("predict", "-w", "latest", "-i", "c.csv").out == expected
    assert rnn("predict", "-w", "latest", "-i", "p.csv").out == expected


def test_a_declared_dialect_is_kept(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "1;2;x", "3;4;y")
    sequences = Csv(path=path, separator="semicolon").read_file(path)
    np.testing.assert_array_equal(sequences.x[:, :, 0], [[1, 2], [3, 4]])
    with pytest.raises(InputError, match="cells separated by tabs were expected"):
        Csv(path=path, separator="tab").read_file(path)
    path = text_file(tmp_path / "b.csv", "x", "1,5", "2,5", "3")
    table = Series(path=path, separator="semicolon", decimal="comma").read_table()
    np.testing.assert_array_equal(table.values[:, 0], [1.5, 2.5, 3])


def test_decimal_points_among_decimal_commas_are_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "1,5;2;x", *["3;4;y"] * 40, "1.234;5;x")
    with pytest.raises(InputError, match=r"a\.csv:42: '1\.234' has a decimal point"):
        Csv(path=path).read_file(path)


def test_text_with_commas_keeps_them(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "1,5;2;a,b", "3,5;4;c,d")
    sequences = Csv(path=path).read_file(path)
    assert sequences.labels is not None
    assert sequences.labels.tolist() == ["a,b", "c,d"]


def test_a_nul_byte_is_refused_by_the_column_that_it_is_in(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "1;2;x", "3,5;4;\0")
    with pytest.raises(InputError, match=r"a\.csv:2: row 2, column 3: a NUL byte"):
        Csv(path=path, separator="semicolon").read_file(path)


@pytest.mark.parametrize(
    ("lines", "separator"),
    [
        (["name;sex", "anna;f", "tom;m"], "semicolon"),
        (["ham\tyes, I do", "spam\twin, win, win", "ham\tno"], "tab"),
        (["name,sex", "anna;x,f", "tom;y,m"], "comma"),
        (["hello, you", "no", "yes, yes, yes"], "comma"),
    ],
)
def test_tables_of_texts(lines: list[str], separator: str) -> None:
    assert detect_dialect(lines, Dialect()).separator == separator
