"""The curves of runs: one run has two curves per quantity, several runs have one each."""

from math import isnan, nan
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


def test_of_a_long_curve_the_extremes_are_drawn(run_folder: Path) -> None:
    """A log of 100,000 epochs with a wave, one peak, one gap and the best epoch in the middle."""
    path = run_folder / "metrics.csv"
    header = path.read_text().partition("\n")[0]
    values = {epoch: 2 + epoch % 7 / 7 for epoch in range(1, 100_001)}
    values |= {31_234: 99.0, 50_000: 0.5, 60_000: nan}
    with open(path, "w") as file:
        print(header, file=file)
        for epoch, value in values.items():
            text = "" if isnan(value) else str(value)
            print(f"{epoch},{epoch},0.1,0.01,{text},0.9,{text},0.9,1.0", file=file)
    (loss,) = read_charts([run_folder], ["loss"])
    points = dict(loss.curves["validation"])
    assert len(points) <= 4003
    assert points[31_234.0] == 99
    assert points[50_000.0] == 0.5
    assert loss.best_epochs == {"validation": 50_000}
    assert {1.0, 100_000.0} <= points.keys()
    assert list(points) == sorted(points)
    assert all(values[int(epoch)] == value for epoch, value in points.items())
