"""The reference of the keys is complete, and so are the files made from it."""

import json
from dataclasses import fields
from typing import Any

import pytest
from config.write_reference import PAGE, page_text

from rnncli.config import SCHEMA_FILE
from rnncli.config.config import Config
from rnncli.config.json_schema import json_schema
from rnncli.config.reference import markdown_reference, reference
from rnncli.datasets import DATA
from rnncli.nn.architecture import Architecture
from rnncli.nn.cells import CELLS
from rnncli.training.augmentation import AUGMENTATIONS
from rnncli.training.optimizers import OPTIMIZERS
from rnncli.training.schedules import SCHEDULES
from rnncli.training.settings import Training

KEYS = {entry.key for entry in reference()}
SECTIONS = [
    ("data", list(DATA.values())),
    ("model", [Architecture]),
    ("training.optimizer", list(OPTIMIZERS.values())),
    ("training.schedule", list(SCHEDULES.values())),
    ("training.augmentation[]", list(AUGMENTATIONS.values())),
]


@pytest.mark.parametrize(("path", "sections"), SECTIONS, ids=lambda value: str(value)[:20])
def test_every_key_of_every_kind_is_listed(path: str, sections: list[Any]) -> None:
    for section in sections:
        assert {f"{path}.{item.name}" for item in fields(section)} <= KEYS


def test_the_keys_outside_of_kinds_are_listed() -> None:
    names = {item.name for item in fields(Training)} - {"optimizer", "schedule"}
    assert {f"training.{name}" for name in names} <= KEYS
    assert {item.name for item in fields(Config)} - {"data", "model", "training"} <= KEYS


def test_every_key_has_a_meaning_and_values() -> None:
    assert all(entry.meaning and entry.values for entry in reference())


def test_an_entry_has_the_defaults_by_kind_of_data() -> None:
    entry, signed = reference("model.cell")
    assert (signed.key, signed.kinds, signed.default) == ("model.cell.signed", ("mingru",), "false")
    default, *others = entry.default.split("; ")
    kinds_of = {
        cell: kinds.split(", ") for cell, _, kinds in (o.partition(" for ") for o in others)
    }
    assert default == "tanh"
    assert kinds_of["gru"][-1] == "csv and parquet with text_column"
    for cell in {_preferred_cell(option) for option in DATA.values()} - {None}:
        kinds = {kind for kind in kinds_of[cell] if kind in DATA}
        assert kinds == {kind for kind, option in DATA.items() if _preferred_cell(option) == cell}
    assert (entry.kinds, entry.values) == ((), f"one of {', '.join(CELLS)}")
    assert entry.meaning == "the recurrent cell"


def _preferred_cell(option: type) -> str | None:
    return getattr(option, "defaults", {}).get("model", {}).get("cell")


def test_kinds_that_agree_on_a_key_share_an_entry() -> None:
    entries = {entry.kinds: entry.default for entry in reference("training.optimizer.beta1")}
    assert entries == {("adam", "adamw"): "0.9"}
    entries = {entry.kinds: entry.default for entry in reference("training.optimizer.weight")}
    assert entries == {("sgd",): "0.0", ("adamw",): "0.01"}


def test_values_are_written_in_words() -> None:
    values = {entry.key: entry.values for entry in reference()}
    assert values["training.batch_size"] == (
        "whole number, at least 1 and at most 1000000000, or null"
    )
    assert values["training.clip_norm"] == "number, above 0, or null"
    assert values["training.shuffle"] == "true or false"
    assert values["training.start_from"] == "path or null"
    assert values["data.id_column"] == "whole number or string or null"


def test_the_markdown_has_a_table_for_each_section() -> None:
    text = markdown_reference()
    assert "## Section `training.optimizer`" in text
    assert "\n| `momentum` | sgd | `0.0` | number, at least 0 and below 1 | " in text
    assert "\n| `path` | csv, npz, " in text
    assert " | required | path | " in text


def test_the_shipped_files_are_current() -> None:
    how = "run: python tests/config/write_reference.py"
    assert json.loads(SCHEMA_FILE.read_bytes()) == json_schema(), how
    assert PAGE.read_text(encoding="utf-8") == page_text(), how
