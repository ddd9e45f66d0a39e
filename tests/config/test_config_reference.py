"""``rnn config``: what a config is, and what it may be."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args
from urllib.parse import unquote, urlsplit

import pytest
from conftest import REPOSITORY, Command, process
from jsonschema import Draft7Validator

from rnncli.config import SCHEMA_FILE, yaml12
from rnncli.config.json_schema import json_schema
from rnncli.config.reading import config_from, read_config
from rnncli.datasets import Data
from rnncli.errors import InputError
from rnncli.nn.network import Architecture
from rnncli.training.optimizers import Optimizer
from rnncli.training.settings import Training

CONFIGS = sorted((REPOSITORY / "configs").glob("*.yaml"))
VALIDATOR = Draft7Validator(json_schema())


def test_the_schema_that_is_shipped_is_the_one_of_the_code(rnn: Command) -> None:
    shipped = SCHEMA_FILE.read_text(encoding="utf-8")
    assert shipped == rnn("config", "schema").out, "rnn config schema > rnncli/config/schema.json"
    Draft7Validator.check_schema(json.loads(shipped))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_fit_the_schema_whole_or_as_they_are(rnn: Command, path: Path) -> None:
    for text in (path.read_text(), rnn("config", "show", "-c", path).out):
        assert VALIDATOR.is_valid(yaml12.load(text, "x").tree)


@pytest.mark.parametrize(
    ("tree", "right"),
    [
        ({}, True),
        ({"data": {"num_samples": 50}}, True),
        ({"data": {"kind": "csv", "path": "a.csv", "label_column": "up"}}, True),
        ({"training": {"clip_norm": None, "optimizer": {"learning_rate": 1}}}, True),
        ({"modle": {}}, False),
        ({"model": {"hidden_sise": 3}}, False),
        ({"model": {"cell": "tahn"}}, False),
        ({"model": {"dropout": 1}}, False),
        ({"model": {"num_layers": "2"}}, False),
        ({"seed": -1}, False),
        ({"name": "../x"}, False),
        ({"data": {"kind": "sum_sgn"}}, False),
        ({"data": {"kind": "csv"}}, False),
        ({"data": {"path": "a.csv"}}, False),
        ({"data": {"kind": "adding", "delay": 3}}, False),
        ({"training": {"optimizer": {"kind": "adam", "momentum": 0.9}}}, False),
        ({"training": {"clip_norm": 0}}, False),
    ],
)
def test_the_schema_says_what_the_validation_says(tree: dict[str, object], right: bool) -> None:
    assert VALIDATOR.is_valid(tree) == right
    try:
        config_from(tree)
        found = True
    except InputError:
        found = False
    assert found == right


def test_show_is_a_config_that_gives_itself(rnn: Command, here: Path, run_folder: Path) -> None:
    for words in ([], ["-c", "small.yaml"], ["latest"], [run_folder, "--set", "seed=5"]):
        shown = rnn("config", "show", *words)
        assert shown.code == 0, shown.err
        (here / "again.yaml").write_text(shown.out)
        assert rnn("config", "show", "-c", "again.yaml").out == shown.out
    assert read_config(here / "again.yaml").seed == 5
    schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", shown.out)
    assert schema is not None
    assert Path(unquote(urlsplit(schema[1]).path)).samefile(SCHEMA_FILE)


def test_wrong_input_is_one_line(rnn: Command, small: Path) -> None:
    for words, problem in (
        (["show", "latest", "-c", small], "give either --config FILE or a RUN"),
        (["show", "latest"], "there is no run under runs/ yet"),
        (["show", "--set", "model.cel=gru"], "did you mean 'cell'?"),
        (["keys", "modle"], "modle: no key begins so"),
    ):
        done = rnn("config", *words)
        assert (done.code, done.out) == (2, "")
        assert problem in done.err
        assert done.err.count("\n") == 1


def test_every_key_is_listed_with_all_that_is_said_of_it(rnn: Command) -> None:
    listed = json.loads(rnn("config", "keys", "--json").out)["keys"]
    found = {entry["key"] for entry in listed}
    for path, sections in (
        ("data", get_args(Data)),
        ("model", [Architecture]),
        ("training.optimizer", get_args(Optimizer)),
    ):
        for section in sections:
            assert found >= {f"{path}.{item.name}" for item in fields(section)}
    plain = {item.name for item in fields(Training)} - {"optimizer", "schedule"}
    assert found >= {f"training.{name}" for name in plain}
    assert all(entry["meaning"] and entry["values"] for entry in listed)
    (cell,) = json.loads(rnn("config", "keys", "model.cell", "--json").out)["keys"]
    assert cell == {
        "key": "model.cell",
        "kinds": [],
        "default": "tanh; gru for csv, npz, ts, series",
        "values": "one of tanh, relu, lstm, gru",
        "meaning": "the recurrent cell",
    }


@pytest.mark.parametrize("columns", ["20", "80", "200"])
def test_the_table_in_any_width(columns: str) -> None:
    shown = process("config", "keys", "training.sch", env={"COLUMNS": columns, "LC_ALL": "C"})
    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout
    assert "warmup_steps" in shown.stdout
