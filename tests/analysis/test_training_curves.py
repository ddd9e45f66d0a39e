"""The curves of runs: one run has two curves per quantity, several runs have one each."""

from pathlib import Path

import pytest
from conftest import Command, metrics

from rnncli.analysis.training_curves import read_charts
from rnncli.errors import InputError


def test_one_run_has_training_and_validation_curves(run_folder: Path) -> None:
    loss, accuracy = read_charts([run_folder], ["loss", "accuracy"])
    assert (loss.quantity, accuracy.quantity) == ("loss", "accuracy")
    rows = metrics(run_folder)
    for name, column in (("train", "train_loss"), ("validation", "val_loss")):
        assert loss.curves[name] == [(float(r["epoch"]), float(r[column])) for r in rows]
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert loss.best_epochs == {"validation": int(best["epoch"])}


def test_several_runs_have_one_curve_each(rnn: Command, small: Path, run_folder: Path) -> None:
    options = ("--set", "data.validation_fraction=0")
    without = Path(rnn("train", "-q", "-c", small, *options).out.strip())
    (loss,) = read_charts([run_folder, without], ["loss"])
    assert list(loss.curves) == [run_folder.name, f"{without.name} (train)"]


def test_a_quantity_that_is_not_logged_is_refused(run_folder: Path) -> None:
    with pytest.raises(InputError, match="'rmse' is not logged; one of loss, accuracy"):
        read_charts([run_folder], ["rmse"])
