"""Every command with a model of texts with a label."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, Command, assert_same
from helpers.shell import type_in

import rnncli

NAMES = REPOSITORY / "tests" / "data" / "first_names_train.csv"
CONFIG = f"""
data:
  kind: csv
  path: {{path}}
  test_path: {REPOSITORY / "tests" / "data" / "first_names_test.csv"}
  text_column: name
  label_column: sex
model: {{hidden_size: 8, embedding_size: 6}}
training: {{num_epochs: 2}}
"""


@pytest.fixture
def config(here: Path) -> Path:
    """A config of the first 300 first names."""
    lines = NAMES.read_text().splitlines()[:301]
    (here / "names.csv").write_text("\n".join(lines) + "\n")
    text = CONFIG.replace("{path}", "names.csv").replace("{{", "{").replace("}}", "}")
    (here / "names.yaml").write_text(text)
    return here / "names.yaml"


@pytest.fixture
def run(rnn: Command, config: Path) -> Path:
    result = rnn("train", "-c", config, "--quiet")
    assert result.code == 0, result.err
    return Path(result.out.strip())


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_are_the_same_in_every_way(
    rnn: Command, run: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["anna", "boris", "li"]
    expected = rnncli.load(run).predict_proba(names)
    for text in (
        "name,sex\nanna,f\nboris,m\nli,\n",
        "name\nanna\nboris\nli\n",
        "anna\nboris\nli\n",
        "id,name\n1,anna\n2,boris\n3,li\n",
    ):
        (here / "x.csv").write_text(text)
        type_in(monkeypatch, text.encode())
        for source in ("x.csv", "-"):
            result = rnn("predict", "-w", run, "-i", source)
            assert result.code == 0, result.err
            female = [float(row["probability_female"]) for row in rows(result.out)]
            np.testing.assert_allclose(female, expected[:, 0], atol=1e-6)


def test_ids_are_repeated_beside_predictions(rnn: Command, config: Path, here: Path) -> None:
    result = rnn("train", "-c", config, "-q", "--set", "data.id_column=name")
    result = rnn("predict", "-w", result.out.strip(), "-i", "names.csv")
    assert [row["name"] for row in rows(result.out)[:2]] == ["talia", "bernadette"]


def test_a_stream_continues_the_text(
    rnn: Command, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = rnncli.load(run)
    type_in(monkeypatch, b"ann\na\n\nb\n")
    result = rnn("predict", "-w", run, "--stream")
    assert result.code == 0, result.err
    female = [float(row["probability_female"]) for row in rows(result.out)]
    np.testing.assert_allclose(female, model.predict_proba(["ann", "anna", "b"])[:, 0], atol=1e-6)
    type_in(monkeypatch, b"ann\n\xe9\n")
    assert "standard input:2: row 2: is not UTF-8 text" in rnn("predict", "-w", run, "--stream").err


def test_evaluation_and_analysis(
    rnn: Command, run: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCKS", 1)
    report = json.loads(rnn("evaluate", "-w", run, "--json").out)
    assert 0.5 < report["metrics"]["accuracy"] <= 1
    assert report["num_samples"] == 967
    on_training = rnn("evaluate", "-w", run, "-i", "names.csv", "--json")
    assert json.loads(on_training.out)["num_samples"] == 300
    traced = json.loads(rnn("trace", "-w", run, "-i", "names.csv", "--sample", 0, "--json").out)
    assert np.shape(traced["input"]) == (len("talia"), 6)
    assert traced["loss"] > 0
    for arguments in (
        ("trace", "-w", run / "weights.npz"),
        ("gradcheck", "-w", run),
        ("gradcheck", "-w", run / "weights.npz"),
        ("gradcheck", "-c", config, "--explain"),
        ("doctor", "-c", config, "--set", "training.num_epochs=30"),
        ("bench", "-c", config),
        ("plot", run, "--kind", "confusion", "--output", "confusion.svg"),
        ("verify", run),
    ):
        result = rnn(*arguments)
        assert result.code == 0, (arguments, result.out, result.err)


def test_a_resumed_run_is_the_same(rnn: Command, config: Path, run: Path) -> None:
    short = Path(
        rnn("train", "-q", "-c", config, "--set", "training.schedule=constant").out.strip()
    )
    resumed = rnn("train", "-q", "--resume", short, "--set", "training.num_epochs=4")
    assert resumed.code == 0, resumed.err
    keys = ("--set", "training.schedule=constant", "--set", "training.num_epochs=4")
    assert_same(short, Path(rnn("train", "-q", "-c", config, *keys).out.strip()))


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("sequence_column: sex", "does not apply with data.text_column, one text per row; omit it"),
        ("input_size: 2", "does not apply with data.text_column"),
        ("unit: words", "'words' is not known; did you mean 'word'?"),
        ("vocabulary_size: 1", "1 is out of range"),
        ("text_columm: name", "unknown key; did you mean 'text_column'?"),
    ],
)
def test_mistakes_in_the_config_are_named(
    rnn: Command, config: Path, key: str, problem: str
) -> None:
    config.write_text(config.read_text().replace("data:\n", f"data:\n  {key}\n"))
    result = rnn("train", "-c", config)
    assert result.code == 2
    assert f"names.yaml:3: data.{key.partition(':')[0]}: {problem}" in result.err


def test_a_model_without_an_embedding_is_refused(rnn: Command, config: Path) -> None:
    result = rnn("train", "-c", config, "--set", "model.embedding_size=null")
    assert "model.embedding_size: is null, but the data are symbols" in result.err
