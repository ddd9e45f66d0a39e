"""Long sequences, few optimizer steps and trends are found, and nothing on sound configs."""

from pathlib import Path

import numpy as np
import pytest
from helpers.data import text_file
from helpers.doctor import examination_of

from rnncli.doctor.findings import Problem
from rnncli.doctor.training_checks import few_updates, long_sequences, trend


def of_length(num_steps: int, **data: object) -> list[Problem]:
    """Return what `long_sequences` finds in a file of sequences."""
    x = np.random.default_rng(0).standard_normal((20, num_steps, 1))
    np.savez("x.npz", x=x, y=np.arange(20) % 2)
    tree = {"data": {"kind": "npz", "path": "x.npz"} | data}
    return list(long_sequences(examination_of(tree)))


def test_long_sequences_that_could_be_read_as_frames(here: Path) -> None:
    (problem,) = of_length(129, frames=None)
    assert problem.measured == "sequences of up to 129 time steps"
    assert problem.change.startswith("set data.frames: 64")
    assert not of_length(128, frames=None)


def test_sequences_are_long_as_the_network_takes_them(here: Path) -> None:
    assert not of_length(600, frames=64)


def test_long_sequences_that_cannot_be_read_as_frames(here: Path) -> None:
    """Time steps have labels, or the sequences are not those of a file."""
    rows = [f"{row // 150},{row % 7},{row % 2}" for row in range(6 * 150)]
    text_file(Path("steps.csv"), "sequence,value,label", *rows)
    keys = {"sequence_column": "sequence", "label_column": "label", "label_per": "step"}
    for data, output in (
        ({"kind": "csv", "path": "steps.csv"} | keys, "every_step"),
        ({"kind": "sum_sign", "num_samples": 20, "sequence_length": 150}, "sequence"),
    ):
        examination = examination_of({"data": data, "model": {"output": output}})
        assert examination.sequence_length == 150
        assert not list(long_sequences(examination))


def of_updates(**training: object) -> list[Problem]:
    """Return what `few_updates` finds with 90 training sequences."""
    data = {"kind": "sum_sign", "num_samples": 100}
    return list(few_updates(examination_of({"data": data, "training": training})))


def test_few_optimizer_steps() -> None:
    (problem,) = of_updates(num_epochs=66, batch_size=32)
    assert problem.measured == "66 epochs of 3 batches are 198 optimizer steps"
    assert "training.num_updates: 600" in problem.change
    assert not of_updates(num_epochs=67, batch_size=32)


def test_the_advised_number_of_optimizer_steps_is_enough() -> None:
    assert of_updates(num_updates=60)
    assert not of_updates(num_updates=600)


def in_series(values: np.ndarray, **data: object) -> list[Problem]:
    """Return what `trend` finds in a column that follows one without a trend."""
    constant_range = np.sin(np.arange(len(values)))
    rows = [f"{first},{second}" for first, second in zip(constant_range, values, strict=True)]
    Path("s.csv").write_text("\n".join(["a,b", *rows]) + "\n")
    keys = {"kind": "series", "path": "s.csv", "columns": ["a", "b"], "validation_fraction": 0}
    keys |= {"relative": "none"}
    return list(trend(examination_of({"data": keys | {"sequence_length": 5} | data})))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_series_that_leaves_the_range_of_its_past(here: Path, sign: int) -> None:
    (problem,) = in_series(sign * np.arange(100.0))
    assert problem.measured == (
        "100% of the last fifth of 'b' is outside the range of the values before"
    )
    assert problem.change == "set data.relative: last"


def test_what_the_advice_on_a_trend_changes(here: Path) -> None:
    assert not in_series(np.arange(100.0), relative="last")


def test_a_series_without_a_trend_and_inputs_with_one(here: Path) -> None:
    season = np.sin(np.arange(100) / 3)
    assert not in_series(season)
    assert not in_series(np.arange(100.0), targets=["a"])


def test_data_that_are_no_series_have_no_trend() -> None:
    data = {"kind": "adding", "num_samples": 50, "sequence_length": 10}
    assert not list(trend(examination_of({"data": data})))
