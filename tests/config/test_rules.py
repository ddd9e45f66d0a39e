"""Keys that are valid by themselves and do not fit each other are refused."""

import pytest

from rnncli.config.reading import default_config
from rnncli.errors import InputError


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            ["data.validation_fraction=0", "training.patience=3"],
            "--set training.patience=3: training.patience: there is no validation split to "
            "monitor; set data.validation_fraction",
        ),
        (
            ["training.optimizer={kind: sgd, nesterov: true}"],
            "--set training.optimizer={kind: sgd, nesterov: true}: training.optimizer.nesterov: "
            "has no effect without momentum; give training.optimizer.momentum, such as 0.9",
        ),
        (
            ["training.augmentation=[jitter, scaling, {kind: jitter, std: 1}]"],
            "--set training.augmentation=[jitter, scaling, {kind: jitter, std: 1}]: "
            "training.augmentation.2: is a second jitter; one of each kind was expected",
        ),
        (
            ["data={kind: csv, path: a, unit: word}"],
            "--set data={kind: csv, path: a, unit: word}: data.unit: is only for texts; give "
            "data.text_column, the column of the text",
        ),
        (
            ["data={kind: csv, path: a, text_column: t, label_per: step}"],
            "--set data={kind: csv, path: a, text_column: t, label_per: step}: data.label_per: "
            "does not apply with data.text_column, one text per row; omit it",
        ),
        (
            ["data={kind: csv, path: a, text_column: t, frames: 64}"],
            "--set data={kind: csv, path: a, text_column: t, frames: 64}: data.frames: does not "
            "apply with data.text_column, one text per row; omit it",
        ),
        (
            ["data={kind: csv, path: a, sequence_column: s, label_per: step, frames: 64}"],
            "--set data={kind: csv, path: a, sequence_column: s, label_per: step, frames: 64}: "
            "data.frames: needs one label per sequence, and data.label_per is step; omit it",
        ),
    ],
)
def test_inconsistent_keys_are_refused(overrides: list[str], problem: str) -> None:
    with pytest.raises(InputError) as raised:
        default_config(overrides)
    assert raised.value.problems == (problem,)


def test_all_rules_are_reported_at_once() -> None:
    with pytest.raises(InputError) as raised:
        default_config(
            [
                "data.validation_fraction=0",
                "training.patience=3",
                "training.optimizer={kind: sgd, nesterov: true}",
            ]
        )
    assert len(raised.value.problems) == 2


@pytest.mark.parametrize(
    "overrides",
    [
        ["training.patience=3"],
        ["data={kind: csv, path: a, validation_path: b, validation_fraction: 0}"],
        ["training.optimizer={kind: sgd, nesterov: true, momentum: 0.9}"],
        ["training.optimizer={kind: sgd, nesterov: false}"],
        ["training.augmentation=[jitter, scaling]"],
    ],
)
def test_consistent_keys_are_accepted(overrides: list[str]) -> None:
    default_config(overrides)
