"""A peer and this package are timed in turn, in one process that ends with the comparison."""

from pathlib import Path

import pytest

from rnncli.bench.peers.children import Peer, child
from rnncli.bench.peers.own import Work
from rnncli.bench.rounds import Effort
from rnncli.errors import InputError

EFFORT = Effort(2, 0.001)


def test_the_times_are_those_of_both_per_step() -> None:
    peer = Peer("Slow", "helpers", "helpers.slow_peer")
    with child(peer, 1, EFFORT) as process:
        times = [process.time(Work("tanh", batch, 3, 1, 2)) for batch in (30, 60)]
        assert process.process.poll() is None
    assert process.process.poll() is not None
    for batch, one in zip((30, 60), times, strict=True):
        assert (one.peer, one.threads) == ("Slow 1.0", 1)
        # It sleeps so many milliseconds per step.
        assert one.peer_microseconds >= 1000 * batch
        assert 0 < one.rnn_microseconds < one.peer_microseconds
        assert one.ratio > 1


def test_a_peer_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_peer.py").write_text("raise ImportError('libbroken.so is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    peer = Peer("Broken", "broken_peer", "broken_peer")
    assert peer.is_installed
    refused = pytest.raises(InputError, match=r"Broken: .*ImportError: libbroken.so is missing")
    with refused, child(peer, 1, EFFORT) as process:
        process.time(Work("tanh", 1, 1, 1, 1))


def test_the_threads_are_set_before_a_library_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asking_peer.py").write_text(
        "import os\n"
        "names = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'RNN_NUM_THREADS', 'XLA_FLAGS')\n"
        "VERSION = ' '.join(os.environ.get(name, '-') for name in names)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    peer = Peer("Asking", "asking_peer", "asking_peer")
    with child(peer, 1, EFFORT) as process:
        assert process.version.startswith("1 1 1 --xla_cpu_multi_thread_eigen=false")
    with child(peer, 2, EFFORT) as process:
        assert process.version == "2 2 2 -"
