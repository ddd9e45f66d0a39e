"""CSV files as other programs write them."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from conftest import write_csv
from helpers.data import read

from rnncli.datasets import Csv
from rnncli.errors import InputError

RNG = np.random.default_rng(0)


X = RNG.standard_normal((30, 4, 2))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_csv_with_any_line_ending_bom_or_compression(
    tmp_path: Path, end: str, bom: bytes, packed: bool
) -> None:
    labels = ["red", "green", "blue"] * 10
    path = write_csv(tmp_path / "a.csv", X, labels, "a,b,c,d,e,f,g,h,label")
    content = bom + path.read_bytes().replace(b"\n", end.encode()) + end.encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    sequences = Csv(path=path, input_size=2).read_file(path)
    np.testing.assert_array_equal(sequences.x, X)
    assert sequences.labels is not None
    assert sequences.labels.tolist() == labels
    assert sequences.positions is not None
    assert sequences.positions[0] == 2
    splits, task = read(Csv(path=path, input_size=2))
    assert task.labels == ("blue", "green", "red")
    assert len(splits.train) == 27


def test_the_label_column_by_name_and_by_position(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1,a,2\n3,b,4\n")
    by_place = Csv(path=path, label_column=1).read_file(path)
    np.testing.assert_array_equal(by_place.x[:, :, 0], [[1, 2], [3, 4]])
    path.write_text("x,kind,z\n1,a,2\n3,b,4\n")
    by_name = Csv(path=path, label_column="kind").read_file(path)
    np.testing.assert_array_equal(by_name.x, by_place.x)
    assert by_name.labels is not None
    assert by_name.labels.tolist() == ["a", "b"]


def test_a_header_of_numbers_can_be_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("0,1,2\n5,6,a\n7,8,b\n")
    assert len(Csv(path=path, header=False).read_file(path)) == 3
    assert len(Csv(path=path, header=True).read_file(path)) == 2
    with pytest.raises(InputError, match=r"row 1: 0, 1, 2, ... may be column numbers"):
        Csv(path=path).read_file(path)


def test_wide_csv_with_empty_cells_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1,2,3,4,a\n5,6,,,b\n")
    sequences = Csv(path=path, input_size=2).read_file(path)
    assert sequences.lengths is not None
    assert sequences.lengths.tolist() == [2, 1]
    np.testing.assert_array_equal(sequences.x[1], [[0, 0], [5, 6]])


@pytest.mark.parametrize("cell", ["NA", "?"])
def test_a_first_row_without_values_is_not_a_header(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{cell},{cell},a\n1,2,b\n3,4,a\n")
    assert len(Csv(path=path, missing="zero").read_file(path)) == 3
    with pytest.raises(InputError, match="row 1, column 1: .* is not a number"):
        Csv(path=path).read_file(path)


@pytest.mark.parametrize("label", ["NaN", "nan", "NA", "?"])
def test_a_missing_label_is_refused_by_row(tmp_path: Path, label: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"1,2,a\n3,4,b\n5,6,{label}\n")
    with pytest.raises(InputError, match=r"row 3, column 3: the label is missing"):
        Csv(path=path).read_file(path)
    path.write_text(f"id,x,label\n1,2,a\n2,2,{label}\n")
    for per in ("sequence", "step"):
        section = Csv(path=path, sequence_column="id", label_column="label", label_per=per)
        with pytest.raises(InputError, match=r"row 3, column 3: the label is missing"):
            section.read_file(path)
