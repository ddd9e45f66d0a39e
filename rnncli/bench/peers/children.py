"""Processes that time the training steps of a peer: one for each peer and number of threads.

The libraries read their number of threads when they start, and one that is at rest must not
disturb another.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from statistics import median
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from rnncli.bench.peers.own import Work
from rnncli.bench.rounds import Effort
from rnncli.errors import InputError


class Peer(NamedTuple):
    """A library to compare with.

    Attributes
    ----------
    name, package : str
        Its name, and that of its package.
    module : str
        The module that makes its steps.
    """

    name: str
    package: str
    module: str

    @property
    def is_installed(self) -> bool:
        """Whether it is installed, which is found without importing it."""
        return find_spec(self.package) is not None


PEERS = (
    Peer("PyTorch", "torch", "rnncli.bench.peers.torch_steps"),
    Peer("JAX", "jax", "rnncli.bench.peers.jax_steps"),
)
# The cells that all of them have.
PEER_CELLS = ("tanh", "relu", "lstm", "gru")
INSTALL = "pip install 'rnncli[peers]'"
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RNN_NUM_THREADS")
_XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class PeerTiming(NamedTuple):
    """The time of a training step of this package beside that of a peer.

    Attributes
    ----------
    peer : str
        Its name and version.
    threads : int
        How many threads each of both may use.
    rnn_microseconds, peer_microseconds : float
        The median over the rounds.
    ratio : float
        The median over the rounds of the peer's time over the own one: above 1, this package is
        the faster one.
    """

    peer: str
    threads: int
    rnn_microseconds: float
    peer_microseconds: float
    ratio: float


class Child(NamedTuple):
    """A process that times the steps of one peer.

    Attributes
    ----------
    process : Popen
        The process.
    threads : int
        How many threads it may use.
    version : str
        The peer's name and version.
    """

    process: "subprocess.Popen[str]"
    threads: int
    version: str

    def time(self, work: Work) -> PeerTiming:
        """Return the times of a work, whose cell the peer must have."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(work) + "\n")
        self.process.stdin.flush()
        times = answer(self.process)
        ratios = [b / a for a, b in zip(times["rnn"], times["peer"], strict=True)]
        own, other = median(times["rnn"]), median(times["peer"])
        return PeerTiming(self.version, self.threads, own, other, median(ratios))


@contextmanager
def child(peer: Peer, threads: int, effort: Effort) -> Iterator[Child]:
    """Start a process for a peer, and end it afterwards.

    Parameters
    ----------
    peer : Peer
        The peer.
    threads : int
        How many threads both may use.
    effort : Effort
        How long to measure each work.

    Raises
    ------
    InputError
        The process failed, as when the peer cannot be imported.
    """
    environment = os.environ | dict.fromkeys(_THREADS, str(threads))
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    if threads == 1:
        environment["XLA_FLAGS"] = _XLA_ONE_THREAD
    command = [sys.executable, "-m", __package__, peer.module, str(threads), *map(str, effort)]
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Child(process, threads, answer(process))
        except (EOFError, OSError, ValueError):
            errors.seek(0)
            reason = errors.read().strip().rpartition("\n")[2] or "it wrote no answer"
            raise InputError(f"{peer.name}: the comparison failed: {reason}") from None
        finally:
            process.kill()


def answer(process: "subprocess.Popen[str]") -> Any:
    """Return the next line of the output, from JSON; ``EOFError`` if there is none."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise EOFError
    return json.loads(line)
