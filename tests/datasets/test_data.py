"""Readers take what people have, refuse what is wrong with its place, and split fairly."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from conftest import write_csv
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets import Csv, Npz, SumSign
from rnncli.datasets.inputs import InputSpec, read_inputs
from rnncli.datasets.numbers import number, numbers
from rnncli.datasets.scaling import Scaler, scaled
from rnncli.datasets.split import held_out
from rnncli.datasets.task import scale_targets, sorted_labels
from rnncli.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 4, 2))


def test_sum_sign_is_what_it_says() -> None:
    part, task = SumSign(num_samples=500, sequence_length=6, input_size=3).read(0)
    assert part.validation is not None
    assert (len(part.train), len(part.validation)) == (450, 50)
    assert part.train.x.shape == (450, 6, 3)
    np.testing.assert_array_equal(part.train.labels, part.train.x.sum(axis=(1, 2)) > 0)
    assert abs(part.train.x.mean()) < 0.05
    assert abs(part.train.x.std() - 1) < 0.05
    assert (task.kind, task.labels) == ("binary", (0, 1))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_csv_as_it_comes(tmp_path: Path, end: str, bom: bytes, packed: bool) -> None:
    labels = ["red", "green", "blue"] * 10
    path = write_csv(tmp_path / "a.csv", X, labels, "a,b,c,d,e,f,g,h,label")
    content = bom + path.read_bytes().replace(b"\n", end.encode()) + end.encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    read = Csv(path=path, input_size=2).read_file(path)
    np.testing.assert_array_equal(read.x, X)
    assert read.labels is not None
    assert read.labels.tolist() == labels
    assert read.rows is not None
    assert read.rows[0] == 2
    part, task = Csv(path=path, input_size=2).read(0)
    assert task.labels == ("blue", "green", "red")
    assert len(part.train) == 27


def test_label_column_by_name_and_by_place(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("labels", "kind", "names"),
    [
        (["0", "1"], "binary", (0, 1)),
        (["10", "9", "-1"], "multiclass", (-1, 9, 10)),
        (["yes", "no"], "binary", ("no", "yes")),
        (["01", "1"], "binary", ("01", "1")),
        (["1.0", "2.000e+00"], "binary", (1, 2)),
        (["nan", "inf", "7"], "multiclass", ("7", "inf", "nan")),
        (["0.5", "1", "2"], "regression", ()),
    ],
)
def test_labels_speak_for_themselves(
    tmp_path: Path, labels: list[str], kind: str, names: tuple[object, ...]
) -> None:
    path = write_csv(tmp_path / "a.csv", X, (labels * 30)[:30])
    assert (task := Csv(path=path, input_size=2).read(0)[1]).kind == kind
    assert task.labels == names


def test_numbers_as_classes_or_values_on_request(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", X, ["1", "2", "3"] * 10)
    part, task = Csv(path=path, input_size=2, task="regression").read(0)
    task = scale_targets(task, part.train)
    targets = task.encode(part.train, float)
    assert abs(targets.mean()) < 1e-12
    assert targets.std() == pytest.approx(1)
    np.testing.assert_allclose(
        task.decode(targets)[:, 0], np.asarray(part.train.labels, float), atol=1e-12
    )


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(30) % 3,
        (np.arange(30) % 3).astype(float),
        np.array(["a", "b", "c"] * 10),
        np.arange(30) % 2 == 0,
        (np.arange(30) % 3)[:, np.newaxis],
    ],
)
def test_npz_labels_of_any_type(tmp_path: Path, labels: np.ndarray) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=X, y=labels)
    part, task = Npz(path=path).read(0)
    assert task.output_size == (1 if labels.dtype == bool else 3)
    assert part.train.x.shape == (27, 4, 2)


def test_npy_with_labels_apart_and_several_targets(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X[:, :, 0])
    np.save(tmp_path / "y.npy", RNG.standard_normal((30, 2)))
    data = Npz(path=tmp_path / "x.npy", label_path=tmp_path / "y.npy")
    part, task = data.read(0)
    assert part.train.x.shape == (27, 4, 1)
    assert (task.kind, task.output_size) == ("regression", 2)


def test_validation_and_test_files(tmp_path: Path) -> None:
    paths = [
        write_csv(tmp_path / f"{name}.csv", X + shift, ["a", "b"] * 15)
        for shift, name in enumerate(("train", "validation", "test"))
    ]
    data = Csv(path=paths[0], validation_path=paths[1], test_path=paths[2], input_size=2)
    part, _ = data.read(0)
    assert part.validation is not None
    assert part.test is not None
    assert len(part.train) == 30
    np.testing.assert_array_equal(part.validation.x, X + 1)
    np.testing.assert_array_equal(part.test.x, X + 2)
    assert part.for_evaluation is part.test


def test_unknown_label_in_another_file_is_named(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", X, ["a", "b"] * 15)
    test = write_csv(tmp_path / "test.csv", X[:3], ["a", "b", "c"])
    with pytest.raises(InputError, match=r"test\.csv:3: row 3: label 'c' is not known; one of a"):
        Csv(path=train, test_path=test, input_size=2).read(0)


def test_scaling_is_measured_on_the_training_part_alone() -> None:
    x = RNG.standard_normal((50, 7, 3)) * [1, 5, 0] + [0, -3, 4]
    scaler = Scaler.fit(x)
    z = scaled(x, scaler, np.float64)
    np.testing.assert_allclose(z.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=(0, 1)), [1, 1, 0], atol=1e-12)
    assert scaler.std[2] == 1
    constant = np.full((1000, 3, 1), 0.1)
    assert Scaler.fit(constant).std == (1,)


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    fraction=st.floats(0.05, 0.6),
    seed=st.integers(0, 1000),
)
def test_split_is_stratified_random_and_repeatable(
    sizes: list[int], fraction: float, seed: int
) -> None:
    group = np.repeat(np.arange(len(sizes)), sizes)
    chosen = held_out(group, fraction, np.random.default_rng(seed))
    assert chosen.sum() == round(len(group) * fraction)
    for name, size in enumerate(sizes):
        assert abs(chosen[group == name].sum() - size * fraction) < 1
    np.testing.assert_array_equal(chosen, held_out(group, fraction, np.random.default_rng(seed)))


@given(st.floats(-1e30, 1e30))
def test_every_number_is_read_back(value: float) -> None:
    assert number(repr(value)) == value
    assert numbers([repr(value)]) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "nan",
        "inf",
        "-Infinity",
        "1_000",
        "1e999",
        "0x10",
        "1,5",
        "１２",
        "1 2",
        "--1",
        "1e",
    ],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        number(text)
    with pytest.raises(ValueError, match="number|convert"):
        numbers(["1", text])


def test_sorted_labels() -> None:
    assert sorted_labels([2.0, 10.0, 1.0]) == [1, 2, 10]
    assert sorted_labels(["b", 2, "a"]) == ["2", "a", "b"]


def test_inputs_with_or_without_the_label_column(tmp_path: Path) -> None:
    labelled = write_csv(tmp_path / "labelled.csv", X, ["a", "b"] * 15)
    bare = tmp_path / "bare.csv"
    bare.write_text(
        "\n".join(line.rpartition(",")[0] for line in labelled.read_text().splitlines()) + "\n"
    )
    np.savez(tmp_path / "x.npz", x=X)
    expected = InputSpec(2, 4, -1)
    for path in (labelled, bare, tmp_path / "x.npz"):
        found = np.concatenate([p.x for p in read_inputs(str(path), expected, labelled=False)])
        np.testing.assert_array_equal(found, X)
    longer = tmp_path / "longer.csv"
    longer.write_text(",".join(["1"] * 12) + "\n")
    (part,) = read_inputs(str(longer), expected, labelled=False)
    assert part.x.shape == (1, 6, 2)
