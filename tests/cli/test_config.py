"""``rnn config``: complete configs, the keys and the JSON schema."""

import json
import re
from pathlib import Path

from conftest import Command

from rnncli.config import SCHEMA_FILE
from rnncli.config.reading import read_config


def test_schema_prints_the_shipped_schema(rnn: Command) -> None:
    assert json.loads(rnn("config", "schema").out) == json.loads(SCHEMA_FILE.read_bytes())


def test_show_prints_a_config_that_reproduces_itself(
    rnn: Command, here: Path, run_folder: Path
) -> None:
    for words in ([], ["-c", "small.yaml"], ["latest"], [run_folder, "--set", "seed=5"]):
        shown = rnn("config", "show", *words)
        assert shown.code == 0, shown.err
        (here / "again.yaml").write_text(shown.out)
        assert rnn("config", "show", "-c", "again.yaml").out == shown.out
    assert read_config(here / "again.yaml").seed == 5
    schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", shown.out)
    assert schema is not None
    assert (here / schema[1]).samefile(SCHEMA_FILE)


def test_wrong_input_is_one_line(rnn: Command, small: Path) -> None:
    for words, problem in (
        (["show", "latest", "-c", small], "give either --config FILE or a RUN"),
        (["show", "latest"], "no run under runs/ yet"),
        (["show", "--set", "model.cel=gru"], "did you mean 'cell'?"),
        (["keys", "modle"], "modle: no key begins with this"),
    ):
        done = rnn("config", *words)
        assert (done.code, done.out) == (2, "")
        assert problem in done.err
        assert done.err.count("\n") == 1


def test_keys_as_json(rnn: Command) -> None:
    (dtype,) = json.loads(rnn("config", "keys", "model.dtype", "--json").out)["keys"]
    assert dtype == {
        "key": "model.dtype",
        "kinds": [],
        "default": "float32",
        "values": "one of float32, float64",
        "meaning": "floating-point type of weights and arithmetic",
    }


def test_keys_as_a_table(rnn: Command) -> None:
    shown = rnn("config", "keys", "training.sch")
    assert shown.code == 0, shown.err
    assert "\x1b" not in shown.out
    assert "warmup_steps" in shown.out
