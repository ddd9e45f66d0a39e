"""``rnn plot``: curves, confusion matrices and forecasts, in the terminal and in files."""

import csv
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, metrics, process

from rnncli.analysis.forecasts import read_forecasts
from rnncli.analysis.training_curves import read_charts
from rnncli.display import figure_files
from rnncli.runs.saved_model import open_model

MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def other(rnn: Command, small: Path, run_folder: Path) -> Path:
    """A run without validation."""
    words = ["-q", "-c", small, "--name", "other", "--set", "data.validation_fraction=0"]
    return Path(rnn("train", *words).out.strip())


def test_the_curves_are_those_of_the_log_with_the_best_epoch(run_folder: Path, other: Path) -> None:
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
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert chart.best_epochs == {run_folder.name: int(best["epoch"]), f"{other.name} (train)": 3}


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"TERM": "dumb", "COLUMNS": "20"}])
def test_without_color_different_characters_distinguish_curves(
    run_folder: Path, environment: dict[str, str]
) -> None:
    done = process("plot", "latest", "--quantity", "loss", "--log", env=environment)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "o train   x" in done.stdout
    width = int(environment.get("COLUMNS", 80))
    assert max(map(len, done.stdout.splitlines())) <= width


@pytest.mark.parametrize("file_format", MAGIC)
def test_figures_are_written_reproducibly(
    rnn: Command, run_folder: Path, other: Path, here: Path, file_format: str
) -> None:
    loss = ["--quantity", "loss"]
    for name in "ab":
        result = rnn(
            "plot", run_folder, other, *loss, "--log", "-o", here / f"{name}.{file_format}"
        )
        assert (result.code, result.out, result.err) == (0, "", "")
    content = (here / f"a.{file_format}").read_bytes()
    assert content.startswith(MAGIC[file_format])
    assert content == (here / f"b.{file_format}").read_bytes()
    rnn("plot", run_folder, *loss, "-o", here / f"b.{file_format}")
    assert content != (here / f"b.{file_format}").read_bytes()


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


def test_values_are_drawn_in_a_panel_per_column(rnn: Command, here: Path) -> None:
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
def test_an_error_of_plot_is_one_line(
    rnn: Command, run_folder: Path, other: Path, words: list[str]
) -> None:
    result = rnn("plot", *(str(other) if word == "other" else word for word in words))
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result
    assert not list(Path().glob("a.*"))


def test_a_run_without_an_epoch_cannot_be_drawn(rnn: Command, run_folder: Path) -> None:
    path = run_folder / "metrics.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    result = rnn("plot", "latest")
    assert (result.code, result.err.count("\n")) == (2, 1)


def test_without_matplotlib_the_error_says_what_to_install(
    rnn: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = rnn("plot", "latest", "-o", "a.png")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "pip install 'rnncli[plot]'" in result.err
    assert rnn("plot", "latest").code == 0


def svg(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def test_figures_have_a_size_a_resolution_and_a_title(rnn: Command, run_folder: Path) -> None:
    words = ["plot", "latest", "--quantity", "loss", "--size", "6x2.5", "--dpi", "40"]
    assert rnn(*words, "--title", "My runs", "-o", "a.svg").code == 0
    assert "<!-- My runs -->" in svg("a.svg")
    assert 'width="432pt" height="180pt"' in svg("a.svg")
    assert rnn(*words, "-o", "a.png").code == 0
    width, height = struct.unpack(">II", Path("a.png").read_bytes()[16:24])
    assert (width, height) == (240, 100)


def test_the_best_epoch_is_marked_and_the_legend_is_beside_the_curves(
    rnn: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = []
    original = figure_files.legend_beside

    def record(axes, colors):
        original(axes, colors)
        figures.append(axes.get_figure())

    monkeypatch.setattr("rnncli.display.curve_figures.legend_beside", record)
    assert rnn("plot", "latest", "-o", "a.svg").code == 0
    best = min(metrics(run_folder), key=lambda row: float(row["val_loss"]))
    assert svg("a.svg").count(f"<!-- validation (best: epoch {best['epoch']}) -->") == 1
    ((legend,),) = [figure.legends for figure in figures]
    right_ends = [axes.get_window_extent().x1 for axes in figures[0].axes]
    assert len(right_ends) == 4
    assert legend.get_window_extent().x0 >= max(right_ends)


@pytest.mark.parametrize("horizon", [1, 3])
def test_forecasts_are_drawn_over_time(rnn: Command, here: Path, horizon: int) -> None:
    rows = [f"{np.sin(t / 3)},{t}" for t in range(80)]
    Path("s.csv").write_text("\n".join(["wave,trend", *rows]) + "\n")
    Path("c.yaml").write_text(
        # Without a linear autoregression, which is nearly exact here, the band is wide.
        "data: {kind: series, path: s.csv, sequence_length: 5, test_size: 20, relative: none, "
        f"horizon: {horizon}}}\nmodel: {{head_inputs: 0}}\ntraining: {{num_epochs: 2}}\n"
    )
    run = Path(rnn("train", "-q", "-c", "c.yaml").out.strip())
    wave, trend = read_forecasts(open_model(str(run)))
    assert (wave.column, trend.column) == ("wave", "trend")
    # Row 62 of the file, after the header, has t = 60: the first of the 20 rows to test.
    assert trend.curves["true"] == [(t + 2.0, pytest.approx(t)) for t in range(60, 80)]
    names = ["true", "1 step ahead", *(["3 steps ahead"] if horizon == 3 else [])]
    assert list(wave.curves) == names
    # The last forecast of the horizon is in the middle of its bands.
    assert list(wave.bands) == ["80 % interval"]
    centers = [(x, (low + high) / 2) for x, low, high in wave.bands["80 % interval"]]
    assert centers == [(x, pytest.approx(y)) for x, y in wave.curves[names[-1]]]
    predictions = rnn("evaluate", "-w", run, "-o", "p.csv")
    assert predictions.code == 0, predictions.err
    with open("p.csv", newline="") as file:
        table = list(csv.DictReader(file))
    last = 2 * (horizon - 1)
    for name, place in ((names[1], 0), (names[-1], last)):
        for i, row in enumerate(table):
            x, y = wave.curves[name][i]
            assert x == 62 + i + place // 2
            assert y == pytest.approx(float(row[f"value_{place}"]), rel=1e-6)
    shown = rnn("plot", run, "--kind", "forecast")
    assert shown.code == 0, shown.err
    assert "wave (RMSE " in shown.out
    assert "true" in shown.out
    assert "░░ 80 % interval" in shown.out
    assert shown.out.count("░") > 40
    assert rnn("plot", run, "--kind", "forecast", "-o", "f.svg").code == 0
    assert "<!-- 1 step ahead -->" in svg("f.svg")
    assert "<!-- 80 % interval -->" in svg("f.svg")
    assert svg("f.svg").count('id="FillBetweenPolyCollection_') == 2


def test_only_a_series_has_a_forecast(rnn: Command, run_folder: Path) -> None:
    result = rnn("plot", "latest", "--kind", "forecast")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "a run with 'data.kind: series' was expected" in result.err
