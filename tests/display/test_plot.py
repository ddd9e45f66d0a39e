"""Curves and figures of runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, metrics, process

from rnncli.analysis.training_curves import read_charts

MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def other(rnn: Command, small: Path, run_folder: Path) -> Path:
    """A run without validation."""
    words = ["-q", "-c", small, "--name", "other", "--set", "data.validation_fraction=0"]
    return Path(rnn("train", *words).out.strip())


def test_the_curves_are_those_of_the_log(run_folder: Path, other: Path) -> None:
    rows = metrics(run_folder)
    charts = {chart.quantity: chart.curves for chart in read_charts([run_folder])}
    assert list(charts) == ["loss", "accuracy", "learning_rate", "grad_norm"]
    assert list(charts["loss"]) == ["train", "validation"]
    assert charts["accuracy"]["validation"] == [
        (float(row["epoch"]), float(row["val_accuracy"])) for row in rows
    ]
    assert list(charts["grad_norm"]) == ["grad_norm"]
    (chart,) = read_charts([run_folder, other], ["loss"])
    assert list(chart.curves) == [run_folder.name, f"{other.name} (train)"]
    assert chart.curves[run_folder.name][0] == (1.0, float(rows[0]["val_loss"]))


@pytest.mark.parametrize("environment", [{}, {"LC_ALL": "C"}, {"TERM": "dumb"}, {"COLUMNS": "20"}])
def test_in_plain_surroundings_marks_tell_curves_apart(
    run_folder: Path, environment: dict[str, str]
) -> None:
    done = process("plot", "latest", "--quantity", "loss", "--log", env=environment)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "o train   x" in done.stdout
    width = int(environment.get("COLUMNS", 80))
    assert max(map(len, done.stdout.splitlines())) <= width


@pytest.mark.parametrize("form", MAGIC)
def test_figures_are_files_and_the_same_again(
    rnn: Command, run_folder: Path, other: Path, here: Path, form: str
) -> None:
    loss = ["--quantity", "loss"]
    for name in "ab":
        result = rnn("plot", run_folder, other, *loss, "--log", "-o", here / f"{name}.{form}")
        assert (result.code, result.out, result.err) == (0, "", "")
    content = (here / f"a.{form}").read_bytes()
    assert content.startswith(MAGIC[form])
    assert content == (here / f"b.{form}").read_bytes()
    rnn("plot", run_folder, *loss, "-o", here / f"b.{form}")
    assert content != (here / f"b.{form}").read_bytes()


def test_confusion_shows_each_class_whatever_its_name(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((40, 5, 1))
    names = np.array(["low$\\x$", "_mid", "\u9ad8"])[np.digitize(x.sum(axis=(1, 2)), [-1, 1])]
    np.savez(here / "a.npz", x=x, y=names)
    (here / "c.yaml").write_text("data: {kind: npz, path: a.npz}\ntraining: {num_epochs: 2}\n")
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    result = rnn("plot", "latest", "--kind", "confusion", "-o", "c.svg")
    assert (result.code, result.err) == (0, "")
    text = Path("c.svg").read_text(encoding="utf-8")
    for name in ("low$", "_mid", "true class"):
        assert f"<!-- {name}" in text


def test_values_are_drawn_a_panel_a_column(rnn: Command, here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((40, 5, 1))
    np.savez(here / "a.npz", x=x, y=np.concatenate([x.sum(axis=1), x[:, 0]], axis=1))
    (here / "c.yaml").write_text("data: {kind: npz, path: a.npz}\ntraining: {num_epochs: 2}\n")
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    assert rnn("plot", "latest", "--kind", "confusion", "-o", "v.svg").code == 0
    text = Path("v.svg").read_text()
    assert "value_0" in text
    assert "value_1" in text
    assert "rmse" in rnn("plot", "latest").out


@pytest.mark.parametrize(
    "words",
    [
        ["nothing"],
        ["latest", "--quantity", "rmse"],
        ["latest", "--quantity", "los"],
        ["latest", "--output", "a.gif"],
        ["latest", "--kind", "pie"],
        ["latest", "--kind", "confusion"],
        ["latest", "--kind", "confusion", "-o", "a.png", "--log"],
        ["other", "--kind", "confusion", "-o", "a.png"],
    ],
)
def test_what_can_not_be_drawn_is_said_in_a_line(
    rnn: Command, run_folder: Path, other: Path, words: list[str]
) -> None:
    result = rnn("plot", *(str(other) if word == "other" else word for word in words))
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result
    assert not list(Path().glob("a.*"))


def test_without_an_epoch_there_is_nothing_to_draw(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "metrics.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    result = rnn("plot", "latest")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert rnn("runs", "show", "latest").code == 0


def test_without_matplotlib_the_error_says_what_to_install(run_folder: Path) -> None:
    script = (
        "import sys; sys.modules['matplotlib'] = None; from rnncli.cli.main import main; main()"
    )
    words = [sys.executable, "-c", script, "plot", "latest"]
    done = subprocess.run([*words, "-o", "a.png"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'rnncli[plot]'" in done.stderr
    # The terminal needs none of it.
    assert subprocess.run(words, capture_output=True).returncode == 0
