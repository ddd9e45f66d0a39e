"""The JSON schema accepts what the validation accepts, and editors find it."""

import json
from pathlib import Path

import pytest
from conftest import REPOSITORY
from jsonschema import Draft7Validator

from rnncli.config import SCHEMA_FILE, json_schema, yaml12
from rnncli.config.json_schema import schema_line
from rnncli.config.reading import config_from, read_config
from rnncli.config.tree import as_tree
from rnncli.errors import InputError

CONFIGS = sorted((REPOSITORY / "configs").glob("*.yaml"))
VALIDATOR = Draft7Validator(json_schema.json_schema())
PREFIX = "# yaml-language-server: $schema="


def test_the_shipped_schema_is_valid() -> None:
    Draft7Validator.check_schema(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_fit_the_schema_complete_or_not(path: Path) -> None:
    assert VALIDATOR.is_valid(yaml12.load(path.read_text(), "x").tree)
    assert VALIDATOR.is_valid(as_tree(read_config(path)))


@pytest.mark.parametrize(
    ("tree", "right"),
    [
        ({}, True),
        ({"data": {"num_samples": 50}}, True),
        ({"data": "adding"}, True),
        ({"data": {"kind": "csv", "path": "a.csv", "label_column": "up"}}, True),
        ({"data": {"kind": "csv", "path": "a.csv", "label_column": 3, "header": None}}, True),
        ({"data": {"kind": "series", "path": "a.csv", "columns": ["a", "b"]}}, True),
        ({"training": {"clip_norm": None, "optimizer": {"learning_rate": 1}}}, True),
        ({"training": {"optimizer": "sgd", "schedule": "constant"}}, True),
        ({"training": {"augmentation": ["jitter", {"kind": "scaling", "std": 1}]}}, True),
        ({"training": {"augmentation": "jitter"}}, False),
        ({"training": {"augmentation": [{"std": 1}]}}, False),
        ({"modle": {}}, False),
        ({"model": {"hidden_sise": 3}}, False),
        ({"model": {"cell": "tahn"}}, False),
        ({"model": {"dropout": 1}}, False),
        ({"model": {"pooling": ["mean", "max", "last"]}}, True),
        ({"model": {"pooling": ["mean"]}}, True),
        ({"model": {"pooling": []}}, False),
        ({"model": {"pooling": ["mean", "mean"]}}, False),
        ({"model": {"pooling": ["mean", 3]}}, False),
        ({"model": {"pooling": None}}, False),
        ({"model": {"num_layers": "2"}}, False),
        ({"model": {"bidirectional": None}}, False),
        ({"model": 5}, False),
        ({"seed": -1}, False),
        ({"name": "../x"}, False),
        ({"data": "sum_sgn"}, False),
        ({"data": "csv"}, False),
        ({"data": None}, False),
        ({"data": {"kind": "sum_sgn"}}, False),
        ({"data": {"kind": "csv"}}, False),
        ({"data": {"path": "a.csv"}}, False),
        ({"data": {"kind": "series", "path": "a.csv", "columns": ["a", 1]}}, False),
        ({"data": {"kind": "adding", "delay": 3}}, False),
        ({"training": {"optimizer": {"kind": "adam", "momentum": 0.9}}}, False),
        ({"training": {"clip_norm": 0}}, False),
    ],
)
def test_the_schema_agrees_with_the_validation(tree: dict[str, object], right: bool) -> None:
    assert VALIDATOR.is_valid(tree) == right
    try:
        config_from(tree)
        valid = True
    except InputError:
        valid = False
    assert valid == right


def test_a_config_names_its_schema_by_a_relative_path(here: Path) -> None:
    path = schema_line(here).removeprefix(PREFIX)
    assert not Path(path).is_absolute()
    assert (here / path).samefile(SCHEMA_FILE)
    configs = schema_line(REPOSITORY / "configs").removeprefix(PREFIX)
    assert configs == "../rnncli/config/schema.json"


def test_a_schema_beside_the_config_takes_precedence(here: Path) -> None:
    (here / "schema.json").write_text('{"title": "Something else"}')
    assert schema_line(here) != f"{PREFIX}schema.json"
    (here / "schema.json").write_bytes(SCHEMA_FILE.read_bytes())
    assert schema_line(here) == f"{PREFIX}schema.json"


def test_a_path_with_a_space_is_written_as_a_uri(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_schema, "SCHEMA_FILE", here / "my project" / "schema.json")
    assert schema_line(here) == f"{PREFIX}{here.as_uri()}/my%20project/schema.json"
