"""``metrics.csv``: a damaged metrics log is never extended nor shown."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command

from rnncli.runs.metrics_log import read_metrics


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: "", "metrics.csv:1: missing or incomplete; the rows of 3 epochs were"),
        (lambda text: text[:-5], "metrics.csv:4: missing or incomplete"),
        (lambda text: text[:-1], "metrics.csv:4: missing or incomplete"),
        (lambda text: text.replace("step", "steps"), "metrics.csv:1: not the header of this run"),
        (lambda text: text.replace("\n2,", "\n7,"), "metrics.csv:3: malformed row of epoch 2"),
        (lambda text: text.replace("0.", "zero."), "metrics.csv:2: malformed row of epoch 1"),
        (lambda text: text.replace("epoch", "époque"), "not a metrics log"),
        (lambda text: text[: len(text) // 2], "metrics.csv:3: missing or incomplete"),
        (
            lambda text: text.replace("\n2,12,", "\n2,13,"),
            "metrics.csv:4: the lines up to this one do not match their sha256 in checkpoint.npz",
        ),
        (lambda text: text[:-2] + "\n", "metrics.csv:4: the lines up to this one do not match"),
    ],
)
def test_a_run_with_a_damaged_log_is_not_resumed(
    rnn: Command, run_folder: Path, damage: Callable[[str], str], problem: str
) -> None:
    path = run_folder / "metrics.csv"
    path.write_text(damage(path.read_text()), "utf-8")
    before = path.read_bytes()
    refused = rnn("train", "--resume", run_folder, "--set", "training.num_epochs=4")
    assert refused.code == 2
    assert problem in refused.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: text.replace("epoch", "époque"), "not a metrics log"),
        (lambda text: text.replace("\n2,", "\n7,"), "metrics.csv:3: not the row of epoch 2"),
        (lambda text: text.replace("\n2,", "\n2,0,"), "metrics.csv:3: not the row of epoch 2"),
        (lambda text: text.replace("0.", "zero."), "metrics.csv:2: not the row of epoch 1"),
        (lambda text: text[:-5], "metrics.csv:4: the row is incomplete"),
        (lambda text: text + "4" * 1000, "metrics.csv:5: the row is incomplete"),
    ],
)
def test_a_damaged_log_is_not_shown(
    rnn: Command, run_folder: Path, damage: Callable[[str], str], problem: str
) -> None:
    path = run_folder / "metrics.csv"
    path.write_text(damage(path.read_text()), "utf-8")
    for command in (["plot", run_folder], ["runs", "show", run_folder]):
        refused = rnn(*command)
        assert refused.code == 2, refused
        assert problem in refused.err
        assert refused.err.count("\n") == 1


def test_a_long_log_takes_little_memory(run_folder: Path) -> None:
    path = run_folder / "metrics.csv"
    header = path.read_text().partition("\n")[0]
    row = ",0.123456789012345678" * 8
    with open(path, "w") as file:
        print(header, file=file)
        file.writelines(f"{epoch}{row}\n" for epoch in range(1, 100_001))
    tracemalloc.start()
    metrics = read_metrics(run_folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(metrics["epoch"]) == 100_000
    # The file has 17 MB; each number takes 8 bytes.
    assert peak < 2 * 9 * 8 * 100_000
