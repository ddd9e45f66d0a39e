"""The scripts of `tests/benchmarks` that time training steps, on the smallest work."""

import json
import re
import sys
from pathlib import Path

import pytest
from benchmarks import compare_commits, peers
from conftest import REPOSITORY

from rnncli.bench.peers.children import Peer
from rnncli.bench.peers.own import Work

SMALL = Work("tanh", 2, 3, 1, 2)


def test_a_comparison_with_peers_is_kept_in_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "PEERS", (Peer("Slow", "helpers", "helpers.slow_peer"),))
    monkeypatch.setattr(peers, "SHAPES", {"small": (SMALL,)})
    history = tmp_path / "history.jsonl"
    arguments = f"peers.py --rounds 2 --seconds 0.001 --history {history}"
    monkeypatch.setattr(sys, "argv", arguments.split())
    peers.main()
    shown = capsys.readouterr().out
    assert re.search(r"^tanh +2 +3 +1 +2 +1 +[\d.]+ +[\d.]+ +[\d.]+x$", shown, re.MULTILINE)
    record = json.loads(history.read_text())
    assert record.keys() >= {"date", "commit", "processor", "load", "blas", "threads"}
    (result,) = record["results"]
    assert result["work"]["cell"] == "tanh"
    assert result["peers"][0]["ratio"] > 0
    peers.main()
    assert len(history.read_text().splitlines()) == 2


def test_two_packages_are_timed_in_turn() -> None:
    with (
        compare_commits.child(REPOSITORY, 1) as first,
        compare_commits.child(REPOSITORY, 1) as second,
    ):
        row = compare_commits.compare([first, second], SMALL, 3, 0.001)
    assert re.fullmatch(r"tanh +2 +3 +1 +2 +1 +[\d.]+ +[\d.]+ +[\d.]+x +[\d.]+ to [\d.]+", row)


def test_each_child_imports_the_package_of_its_own_folder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rnncli").mkdir()
    (tmp_path / "rnncli" / "__init__.py").write_text("raise ImportError('another package')")
    left = pytest.raises(SystemExit, match="a commit cannot be measured")
    with compare_commits.child(tmp_path, 1) as process, left:
        compare_commits.ask(process, SMALL)
    assert "another package" in capfd.readouterr().err
