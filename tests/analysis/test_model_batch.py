"""The batches whose gradients are traced: with labels, without labels, and of a single sequence."""

from pathlib import Path

import numpy as np
import pytest
from conftest import write_csv

from rnncli.analysis.model_batch import random_batch, trace_batch
from rnncli.errors import InputError
from rnncli.runs.saved_model import open_model

X = np.arange(15.0).reshape(3, 5, 1)


def test_a_file_is_traced_with_its_labels_if_it_has_any(run_folder: Path, here: Path) -> None:
    labelled = write_csv(here / "labelled.csv", X, [0, 1, 1])
    batch = trace_batch(str(run_folder), str(labelled), 2, None).batch
    assert batch.x.shape == (2, 5, 1)
    assert batch.targets.ravel().tolist() == [0, 1]
    np.savetxt(here / "unlabelled.csv", X[:, :, 0], delimiter=",")
    batch = trace_batch(str(run_folder), str(here / "unlabelled.csv"), 2, None).batch
    assert batch.x.shape == (2, 5, 1)


def test_a_single_sequence_is_chosen_by_its_index(run_folder: Path, here: Path) -> None:
    path = str(write_csv(here / "labelled.csv", X, [0, 1, 1]))
    all_three = trace_batch(str(run_folder), path, 3, None).batch
    batch = trace_batch(str(run_folder), path, 3, 2).batch
    np.testing.assert_array_equal(batch.x, all_three.x[2:])
    with pytest.raises(InputError, match="choose one of 0 to 2"):
        trace_batch(str(run_folder), path, 3, 3)


def test_random_batches_have_the_models_shapes(run_folder: Path) -> None:
    batch = random_batch(open_model(str(run_folder)).model, 4).batch
    assert batch.x.shape == (4, 5, 1)
    assert set(batch.targets.ravel()) <= {0.0, 1.0}
