"""``metrics.csv``: a damaged metrics log is never extended."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: "", "not the metrics log of the 3 epochs trained"),
        (lambda text: text.replace("\n2,", "\n7,"), "metrics.csv:3: malformed row of epoch 2"),
        (lambda text: text.replace("0.", "zero."), "metrics.csv:2: malformed row of epoch 1"),
        (lambda text: text.replace("epoch", "époque"), "not a metrics log"),
        (lambda text: text[: len(text) // 2], "not the metrics log of the 3 epochs trained"),
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
