"""``rnn bench``."""

import json
import re
from pathlib import Path

import pytest
from conftest import Command


def test_the_json_has_the_contracts_keys(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.training.benchmark._BLOCKS", 1, raising=False)
    result = json.loads(rnn("bench", "-c", small, "--json").out)
    keys = "cell batch_size sequence_length input_size hidden_size num_layers dtype threads"
    keys += " microseconds_per_step sequences_per_second gflops sgemm_gflops utilization"
    assert set(keys.split()) <= result.keys()
    assert (result["cell"], result["hidden_size"], result["sequence_length"]) == ("tanh", 8, 5)
    step, rate = result["microseconds_per_step"], result["sequences_per_second"]
    assert rate == pytest.approx(32 / step * 1e6)
    assert result["utilization"] == pytest.approx(result["gflops"] / result["sgemm_gflops"])
    shown = rnn("bench", "-c", small).out
    assert shown.startswith("tanh, 1 layer of 8 units, float32, ")
    assert "\nbatch size 32, 5 time steps of 1 feature\n" in shown
    assert sum(map(int, re.findall(r"(\d+)%", shown.partition("sequences/s")[0]))) in (99, 100, 101)
