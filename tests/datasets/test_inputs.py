"""Sequences for a model, with or without labels."""

from pathlib import Path

import numpy as np
from conftest import write_csv

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.inputs import read_inputs

RNG = np.random.default_rng(0)


X = RNG.standard_normal((30, 4, 2))


def test_inputs_with_or_without_the_label_column(tmp_path: Path) -> None:
    labelled = write_csv(tmp_path / "labelled.csv", X, ["a", "b"] * 15)
    bare = tmp_path / "bare.csv"
    bare.write_text(
        "\n".join(line.rpartition(",")[0] for line in labelled.read_text().splitlines()) + "\n"
    )
    np.savez(tmp_path / "x.npz", x=X)
    expected = InputSpec(2, 4, -1)
    for path in (labelled, bare, tmp_path / "x.npz"):
        result = np.concatenate([b.x for b in read_inputs(str(path), expected, labelled=False)])
        np.testing.assert_array_equal(result, X)
    longer = tmp_path / "longer.csv"
    longer.write_text(",".join(["1"] * 12) + "\n")
    (batch,) = read_inputs(str(longer), expected, labelled=False)
    assert batch.x.shape == (1, 6, 2)


def test_extensions_are_those_of_any_case(tmp_path: Path) -> None:
    spec = InputSpec(2, 4, -1)
    np.savez(tmp_path / "x.npz", x=X)
    (tmp_path / "x.npz").rename(tmp_path / "X.NPZ")
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy").rename(tmp_path / "Y.NPY")
    for name in ("X.NPZ", "Y.NPY"):
        (batch,) = read_inputs(str(tmp_path / name), spec, labelled=False)
        np.testing.assert_array_equal(batch.x, X)
