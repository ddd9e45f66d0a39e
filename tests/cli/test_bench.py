"""``rnn bench``."""

import json
import re
from pathlib import Path

import pytest
from conftest import Command

from rnncli.bench.peers import comparison
from rnncli.bench.peers.children import Peer


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCKS", 1)
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCK_SECONDS", 0.001)
    monkeypatch.setattr("rnncli.bench.machine._PRODUCT_SIZE", 64)
    monkeypatch.setattr("rnncli.bench.machine._MEMORY_BYTES", 1 << 20)


def test_the_json_has_the_contracts_keys(rnn: Command, small: Path) -> None:
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
    assert sum(map(int, re.findall(r"(\d+)%", shown.partition("sequences/s")[0]))) == 100


def test_the_report_tells_parts_speeds_limit_and_scaling(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNN_NUM_THREADS", "3")
    result = json.loads(rnn("bench", "-c", small, "--json").out)
    parts = "products element_wise gradient_sum input_gradient optimizer metrics data"
    assert [*result["parts"]] == parts.split()
    assert result["parts"]["input_gradient"] == 0  # One layer passes none on.
    assert (result["num_shards"], [one["cores"] for one in result["scaling"]]) == (1, [1])
    assert result["limit"].keys() == {"kind", "reason", "advice"}
    assert "peers" not in result
    shown = rnn("bench", "-c", small).out
    for part in ("products", "element wise", "gradient sum", "optimizer", "metrics", "data"):
        assert re.search(rf"^{part} +[\d.,]+ +\d+%$", shown, re.MULTILINE), part
    assert "input gradient" not in shown
    assert re.search(r"^[\d.]+ GB/s in element-wise passes; ", shown, re.MULTILINE)
    assert re.search(r"^\d+ calls of NumPy; ", shown, re.MULTILINE)
    assert shown.endswith("its arrays are too small for threads.\n")


def test_large_batches_are_timed_on_several_cores(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNN_NUM_THREADS", "3")
    sizes = ("model.cell=lstm", "model.hidden_size=128", "training.batch_size=64")
    words = ["bench", "-c", small, *(word for size in sizes for word in ("--set", size))]
    result = json.loads(rnn(*words, "--json").out)
    assert (result["num_shards"], [one["cores"] for one in result["scaling"]]) == (2, [1, 2])
    assert re.search(r"^2 +[\d.,]+ +[\d.]+x$", rnn(*words).out, re.MULTILINE)
    # Four cores can work on two layers, and three are allowed.
    result = json.loads(rnn(*words, "--set", "model.num_layers=2", "--json").out)
    assert (result["num_shards"], result["max_cores"]) == (1, 4)
    assert [one["cores"] for one in result["scaling"]] == [1, 2, 3]


def test_peers_are_compared_where_they_are_installed(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Peer("Slow", "helpers", "helpers.slow_peer")
    missing = Peer("PyTorch", "no_such_package", "no_such_module")
    monkeypatch.setattr(comparison, "PEERS", (missing, slow))
    monkeypatch.setenv("RNN_NUM_THREADS", "1")
    arguments = ("bench", "-c", small, "--peers", "--set", "training.batch_size=4")
    result = json.loads(rnn(*arguments, "--json").out)
    (one,) = result["peers"]
    assert (one["peer"], one["threads"]) == ("Slow 1.0", 1)
    assert one["ratio"] > 1
    assert result["peer_notes"][0] == "The comparison is without clipping; all use Adam."
    shown = rnn(*arguments).out
    assert re.search(r"^Slow 1.0 +1 +[\d.,]+ +[\d.,]+ +[\d.,]+x$", shown, re.MULTILINE)
    assert shown.endswith("PyTorch is not installed; pip install 'rnncli[peers]' installs it.\n")


def test_peers_are_imported_for_a_comparison_only(
    rnn: Command, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert rnn("bench", "-c", small).code == 0
    refused = rnn("bench", "-c", small, "--peers")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "error: PyTorch: the comparison failed: ImportError: imported\n"
