"""Keys of all files: validation and test files, and defaults of other sections."""

from pathlib import Path

import numpy as np
from conftest import write_csv
from helpers.data import TS, read, ts

from rnncli.config.reading import config_from
from rnncli.datasets import Csv

RNG = np.random.default_rng(0)


X = RNG.standard_normal((30, 4, 2))


def test_validation_and_test_files(tmp_path: Path) -> None:
    paths = [
        write_csv(tmp_path / f"{name}.csv", X + shift, ["a", "b"] * 15)
        for shift, name in enumerate(("train", "validation", "test"))
    ]
    data = Csv(path=paths[0], validation_path=paths[1], test_path=paths[2], input_size=2)
    splits, _ = read(data)
    assert splits.validation is not None
    assert splits.test is not None
    assert len(splits.train) == 30
    np.testing.assert_array_equal(splits.validation.x, X + 1)
    np.testing.assert_array_equal(splits.test.x, X + 2)
    assert splits.for_evaluation is splits.test


def test_files_get_defaults_that_suit_them(tmp_path: Path) -> None:
    path = str(ts(tmp_path, TS))
    config = config_from({"data": {"kind": "ts", "path": path}})
    assert (config.model.cell.kind, config.model.pooling) == ("gru", ("mean", "max", "last"))
    assert config.training.num_updates == 1000
    assert getattr(config.data, "frames", None) == 64
    chosen = config_from(
        {"data": {"kind": "ts", "path": path}, "model": {"cell": "tanh", "pooling": "last"}}
    )
    assert (chosen.model.cell.kind, chosen.model.pooling) == ("tanh", "last")
    assert config_from({"data": {"kind": "sum_sign"}}).model.cell.kind == "tanh"
