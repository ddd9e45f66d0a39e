"""A peer in the place of PyTorch or JAX: a step takes a millisecond for each sequence."""

from collections.abc import Callable
from time import sleep

from rnncli.bench.peers.own import Work

VERSION = "Slow 1.0"


def peer_steps(work: Work, threads: int) -> tuple[Callable[[], object], int]:
    return lambda: sleep(2 * work.batch / 1000), 2
