"""``rnn train``: its streams, its summary, and what it suggests next."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, write_csv
from helpers.shell import run_line

import rnncli
from rnncli.analysis.evaluation_data import read_evaluation_data
from rnncli.inference.evaluation import evaluate
from rnncli.runs.saved_model import open_model

X = np.random.default_rng(0).standard_normal((40, 5, 1))


def summary(err: str) -> dict[str, str]:
    """Return the names and values at the end of a training run."""
    return dict(re.findall(r"^([a-z ]+): (.*)$", err, re.MULTILINE))


def test_the_path_goes_to_standard_output_and_the_rest_to_standard_error(
    rnn: Command, small: Path
) -> None:
    result = rnn("train", "--config", small)
    assert Path(result.out.strip()).is_dir()
    assert result.out.count("\n") == 1
    lines = result.err.splitlines()
    assert [line.split("/")[0] for line in lines[:3]] == ["epoch 1", "epoch 2", "epoch 3"]
    assert "\x1b" not in result.err
    assert rnn("train", "-c", small, "--quiet").err == ""


def test_options_in_any_order_and_runs_and_name(rnn: Command, small: Path) -> None:
    result = rnn("train", "--name", "mine", "--set", "seed=4", "-c", small, "-q", "--runs", "here")
    run = Path(result.out.strip())
    assert run.parent == Path("here")
    assert run.name.endswith("_mine")
    assert json.loads((run / "run.json").read_text())["seed"] == 4


def test_the_new_runs_options_are_refused_for_a_resume(rnn: Command, run_folder: Path) -> None:
    for option in ("--runs", "--name"):
        result = rnn("train", "--resume", "latest", option, "x")
        assert (result.code, result.err.count("\n")) == (2, 1)


def write_csv_file() -> str:
    write_csv(Path("my data.csv"), X, [0, 1] * 20)
    return "{kind: csv, path: my data.csv}"


def write_csv_with_a_test_file() -> str:
    write_csv(Path("a.csv"), X, [0, 1] * 20, "a,b,c,d,e,label")
    write_csv(Path("b.csv"), X[:9], [0, 1, 0] * 3, "a,b,c,d,e,label")
    return "{kind: csv, path: a.csv, test_path: b.csv}"


def write_long_csv() -> str:
    rows = [f"{i},{x[t, 0]},{i % 2}" for i, x in enumerate(X) for t in range(5)]
    Path("long.csv").write_text("\n".join(["id,x,label", *rows]) + "\n")
    return "{kind: csv, path: long.csv, sequence_column: id, label_column: label}"


def write_npz() -> str:
    np.savez("a.npz", x=X, y=np.arange(40) % 2)
    return "{kind: npz, path: a.npz}"


def write_ts() -> str:
    rows = [",".join(map(str, x[:, 0])) + f":{'ab'[i % 2]}" for i, x in enumerate(X)]
    head = ["@problemName x", "@univariate true", "@classLabel true a b", "@data"]
    Path("a.ts").write_text("\n".join([*head, *rows]) + "\n")
    return "{kind: ts, path: a.ts}"


def write_series() -> str:
    rows = [f"{np.sin(t / 3)}" for t in range(80)]
    Path("s.csv").write_text("\n".join(["value", *rows]) + "\n")
    return "{kind: series, path: s.csv, sequence_length: 5, test_size: 10}"


@pytest.mark.parametrize(
    ("write", "source"),
    [
        (write_csv_file, "'my data.csv'"),
        (write_csv_with_a_test_file, "b.csv"),
        (write_long_csv, "long.csv"),
        (write_npz, "a.npz"),
        (write_ts, "a.ts"),
        (write_series, "s.csv"),
        (lambda: "{kind: sum_sign, num_samples: 50}", None),
        (lambda: "{kind: sum_sign, num_samples: 50, validation_fraction: 0}", None),
    ],
)
def test_the_next_command_works_as_printed(
    rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch, write, source: str | None
) -> None:
    (here / "c.yaml").write_text(f"data: {write()}\ntraining: {{num_epochs: 1}}\n")
    trained = rnn("train", "-c", "c.yaml")
    assert trained.code == 0, trained.err
    command = summary(trained.err)["next"]
    assert source is None or command.endswith(f" -i {source}")
    result = run_line(rnn, monkeypatch, command)
    assert result.code == 0, (command, result.err)
    assert result.out


def test_the_summary_has_the_score_of_the_test_split(rnn: Command, here: Path) -> None:
    (here / "c.yaml").write_text(
        f"data: {write_csv_with_a_test_file()}\ntraining: {{num_epochs: 3}}\n"
    )
    trained = rnn("train", "-c", "c.yaml")
    run = Path(trained.out.strip())
    _, sequences = read_evaluation_data(open_model(run))
    expected = evaluate(rnncli.load(run), [sequences]).metrics
    score = summary(trained.err)["test"]
    assert f"loss {expected['loss']:.4g}  accuracy {100 * expected['accuracy']:.2f} %" in score
    assert "(9 predictions)" in score
    assert "test" not in summary(rnn("train", "-c", "c.yaml", "-q").err)
