"""A config's step is compared as far as the peers have the like; the rest is said."""

from pathlib import Path

import pytest
from helpers.setups import setup_of

from rnncli.bench.peers import comparison
from rnncli.bench.peers.children import Peer
from rnncli.bench.peers.comparison import Comparison, compare, work_of
from rnncli.bench.peers.own import Work
from rnncli.bench.rounds import Effort
from rnncli.cores import limited_to
from rnncli.runs.training_setup import TrainingSetup

SLOW = Peer("Slow", "helpers", "helpers.slow_peer")
MISSING = Peer("Missing", "no_such_package", "no_such_module")


def comparison_of(setup: TrainingSetup) -> Comparison:
    network, task = setup.model.network, setup.model.task
    batch = setup.train.epoch(20, True, 0, 0).batch(0)
    return compare(network, task, batch, setup.training, Effort(2, 0.001))


def test_each_peer_is_timed_on_one_thread_and_on_all_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comparison, "PEERS", (MISSING, SLOW))
    with limited_to(2):
        found = comparison_of(setup_of(training={"clip_norm": None}))
    assert [(one.peer, one.threads) for one in found.timings] == [("Slow 1.0", 1), ("Slow 1.0", 2)]
    assert found.notes == ["Missing is not installed; pip install 'rnncli[peers]' installs it."]


def test_what_a_peer_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "PEERS", (SLOW,))
    found = comparison_of(setup_of(cell="peephole", dropout=0.1, num_layers=2, pooling="mean"))
    assert found == Comparison(
        [],
        [
            "The comparison is without dropout, pooling, clipping; all use Adam.",
            "Slow has no peephole cell to compare with.",
        ],
    )


def test_the_work_is_that_of_the_config(here: Path) -> None:
    setup = setup_of(cell="lstm", num_layers=2, bidirectional=True, dtype="float64")
    network, task = setup.model.network, setup.model.task
    batch = setup.sequences.epoch(20, True, 0, 0).batch(0)
    expected = Work("lstm", 20, 7, 1, 6, 2, True, 1, "binary_cross_entropy", dtype="float64")
    assert work_of(network, task, batch) == expected
