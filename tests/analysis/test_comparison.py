"""``rnn runs compare``: the keys that differ, and the results."""

import json
from pathlib import Path

from conftest import Command
from helpers.run_copies import entries


def test_only_keys_that_differ_are_compared(rnn: Command, small: Path, run_folder: Path) -> None:
    other = rnn("train", "-q", "-c", small, "--set", "model.cell=gru", "--set", "seed=3").out
    comparison = json.loads(rnn("runs", "compare", run_folder, other.strip(), "--json").out)
    assert comparison["config"] == {"seed": [0, 3], "model.cell": ["tanh", "gru"]}
    assert comparison["figures"]["val_loss"] == [run["loss"] for run in entries(rnn)[::-1]]
    assert "model.cell" in rnn("runs", "compare", run_folder, other.strip()).out
    assert "the same" in rnn("runs", "compare", run_folder, run_folder).out
    assert rnn("runs", "compare", run_folder).code == 2
