"""The task follows from the labels, or is declared."""

from pathlib import Path

import numpy as np
import pytest
from conftest import write_csv
from helpers.data import read, text_file

from rnncli.config.reading import config_from
from rnncli.datasets import Csv, Npz, Ts
from rnncli.datasets.labels import sorted_labels
from rnncli.datasets.task import scale_targets
from rnncli.errors import InputError
from rnncli.runs.training_setup import set_up

RNG = np.random.default_rng(0)


X = RNG.standard_normal((30, 4, 2))


@pytest.mark.parametrize(
    ("labels", "kind", "names"),
    [
        (["0", "1"], "binary", (0, 1)),
        (["10", "9", "-1"], "multiclass", (-1, 9, 10)),
        (["yes", "no"], "binary", ("no", "yes")),
        (["01", "1"], "binary", ("01", "1")),
        (["1.0", "2.000e+00"], "binary", (1, 2)),
        (["inf", "x", "7"], "multiclass", ("7", "inf", "x")),
        (["0.5", "1", "2"], "regression", ()),
    ],
)
def test_the_task_follows_from_the_labels(
    tmp_path: Path, labels: list[str], kind: str, names: tuple[object, ...]
) -> None:
    path = write_csv(tmp_path / "a.csv", X, (labels * 30)[:30])
    _, task = read(Csv(path=path, input_size=2))
    assert task.kind == kind
    assert task.labels == names


def test_numbers_as_classes_or_values_on_request(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", X, ["1", "2", "3"] * 10)
    splits, task = read(Csv(path=path, input_size=2, task="regression"))
    task = scale_targets(task, splits.train)
    targets = task.encode(splits.train, float)
    assert abs(targets.mean()) < 1e-12
    assert targets.std() == pytest.approx(1)
    np.testing.assert_allclose(
        task.decode(targets)[:, 0], np.asarray(splits.train.labels, float), atol=1e-12
    )


def test_an_unknown_label_in_another_file_is_named(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", X, ["a", "b"] * 15)
    test = write_csv(tmp_path / "test.csv", X[:3], ["a", "b", "c"])
    with pytest.raises(InputError, match=r"test\.csv:3: row 3: label 'c' is not known; one of a"):
        Csv(path=train, test_path=test, input_size=2).read(0)


def test_sorted_labels() -> None:
    assert sorted_labels([2.0, 10.0, 1.0]) == [1, 2, 10]
    assert sorted_labels(["b", 2, "a"]) == ["2", "a", "b"]


def test_targets_that_are_too_small_to_scale_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=X, y=RNG.standard_normal(30) * 1e-31)
    with pytest.raises(InputError, match=r"a\.npz: the targets have a standard deviation of"):
        set_up(config_from({"data": {"kind": "npz", "path": str(path)}}))


@pytest.mark.parametrize("value", [1e30, -1e30, 0.0])
def test_constant_targets_and_features_have_a_scale(tmp_path: Path, value: float) -> None:
    path = tmp_path / "a.npz"
    # The mean of twenty such values comes out slightly larger than each of them.
    np.savez(path, x=np.full((20, 1, 1), value), y=np.full(20, value))
    keys = {"kind": "npz", "path": str(path), "task": "regression", "validation_fraction": 0}
    config = config_from({"data": keys})
    model = set_up(config).model
    assert model.task.target_mean == pytest.approx((value,))
    # As large as rounding errors may be.
    assert model.task.target_std == pytest.approx((max(1, 1e-13 * abs(value)),))
    assert model.scaler is not None
    assert model.scaler.std == model.task.target_std


def test_a_target_far_from_those_of_the_training_data_is_named(tmp_path: Path) -> None:
    for name, y in (("a", RNG.standard_normal(30) * 1e-20), ("b", np.full(30, 1e-4))):
        np.savez(tmp_path / f"{name}.npz", x=X, y=y)
    keys = {"kind": "npz", "path": str(tmp_path / "a.npz")}
    set_up(config_from({"data": keys}))
    far = {"validation_path": str(tmp_path / "b.npz")}
    with pytest.raises(InputError, match=r"b\.npz: sequence 0: target 0\.0001 is too far from"):
        set_up(config_from({"data": keys | far}))
    # Before targets are scaled, they may have any size.
    np.savez(tmp_path / "c.npz", x=X, y=RNG.standard_normal(30) * 1e25)
    large = {"path": str(tmp_path / "c.npz"), "validation_path": str(tmp_path / "c.npz")}
    set_up(config_from({"data": keys | large}))


@pytest.mark.parametrize("marker", ["nan", "NaN", "?", "NA"])
def test_a_missing_label_is_not_a_class(tmp_path: Path, marker: str) -> None:
    labels = ["a", "b", marker] * 10
    np.savez(tmp_path / "a.npz", x=X, y=np.array(labels))
    with pytest.raises(InputError, match=r"a\.npz: sequence 2: the label is missing \('"):
        read(Npz(path=tmp_path / "a.npz"))
    lines = [f"{i}:{label}" for i, label in enumerate(labels)]
    text_file(tmp_path / "a.ts", f"@classLabel true a b {marker}", "@data", *lines)
    with pytest.raises(InputError, match=r"a\.ts:5: row 5: the label is missing \('"):
        read(Ts(path=tmp_path / "a.ts"))
    write_csv(tmp_path / "a.csv", X, labels)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"a\.csv:3: row 3, column 9: the label is missing \('"):
        read(Csv(path=tmp_path / "a.csv"))
