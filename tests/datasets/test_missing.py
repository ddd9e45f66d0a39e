"""Missing values are refused or filled in."""

from pathlib import Path

import numpy as np
import pytest
from helpers.data import read

from rnncli.datasets import Csv
from rnncli.errors import InputError


@pytest.mark.parametrize(
    ("how", "values"), [("zero", [0, 2, 0, 4]), ("last", [3, 2, 2, 4]), ("mean", [3, 2, 3, 4])]
)
def test_missing_values_are_filled_in(tmp_path: Path, how: str, values: list[float]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",2,?,4,a\n3,3,3,3,b\n")
    splits, _ = read(Csv(path=path, missing=how, validation_fraction=0))
    np.testing.assert_array_equal(splits.train.x[0, :, 0], values)
    with pytest.raises(InputError, match="row 1, column 1: is empty"):
        Csv(path=path, validation_fraction=0).read(0)
