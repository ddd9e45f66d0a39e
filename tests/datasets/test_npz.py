"""NumPy files, in memory and on disk."""

from pathlib import Path

import numpy as np
import pytest
from helpers.data import read

from rnncli.config.reading import config_from
from rnncli.datasets import Npz, mapped
from rnncli.inference.evaluation import evaluate
from rnncli.runs.training_setup import set_up

RNG = np.random.default_rng(0)


X = RNG.standard_normal((30, 4, 2))


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
    splits, task = read(Npz(path=path))
    assert task.output_size == (1 if labels.dtype == bool else 3)
    assert splits.train.x.shape == (27, 4, 2)


def test_npy_with_several_targets_in_another_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X[:, :, 0])
    np.save(tmp_path / "y.npy", RNG.standard_normal((30, 2)))
    data = Npz(path=tmp_path / "x.npy", label_path=tmp_path / "y.npy")
    splits, task = read(data)
    assert splits.train.x.shape == (27, 4, 1)
    assert (task.kind, task.output_size) == ("regression", 2)


def test_two_dimensions_are_sequences_of_one_feature(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((4, 3)), y=["a", "b", "a", "b"])
    splits, _ = read(Npz(path=tmp_path / "a.npz", validation_fraction=0))
    assert splits.train.x.shape == (4, 3, 1)


def test_files_that_stay_on_disk_give_the_same_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 6, 2)).astype(np.float32) * [1, 9] + [0, 5]
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x.sum(axis=(1, 2)) > 30)
    tree = {
        "data": {
            "kind": "npz",
            "path": str(tmp_path / "x.npy"),
            "label_path": str(tmp_path / "y.npy"),
        },
        "model": {"dtype": "float64"},
        "training": {"num_epochs": 3},
    }
    losses = []
    for limit in (1 << 40, 0):
        monkeypatch.setattr("rnncli.datasets.formats.npz.MAPPED_FROM_BYTES", limit)
        monkeypatch.setattr(mapped, "_NUMBERS_PER_CHUNK", 100)
        setup = set_up(config_from(tree))
        assert isinstance(setup.train.x, mapped.Mapped) == (limit == 0)
        *_, last = setup.fit()
        report = evaluate(setup.model, [setup.splits.for_evaluation])  # type: ignore[list-item]
        assert report.metrics["loss"] == pytest.approx(last.val_loss, rel=1e-9)
        losses.append(last.val_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
