"""Time training steps against PyTorch and JAX: the same work, in turn, in one run.

    pip install -e '.[peers]'
    python tests/benchmarks/peers.py
    python tests/benchmarks/peers.py --threads 2 --shapes large --history

A step is forward, backpropagation through time and Adam, in float32. PyTorch runs eagerly with its
fused Adam; JAX runs whole steps inside one compiled loop, and its compilation is not counted. Each
peer has a process of its own, in which rounds go by turns, so that a machine whose speed drifts is
fair to both. A time is the median over the rounds, and a ratio above 1, the median of the rounds'
ratios, means that rnn is the faster one. A peer that is not installed is left out.
"""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rnncli import blas
from rnncli.bench.peers.children import INSTALL, PEERS, Child, PeerTiming, child
from rnncli.bench.peers.own import Work
from rnncli.bench.rounds import Effort

FOLDER = Path(__file__).parent
HISTORY = FOLDER / "history.jsonl"
ROUND_SECONDS = 0.2

SHAPES = {
    "small": (
        Work("tanh", 1, 10, 1, 32),
        *(Work(cell, batch, 10, 1, 32) for cell in ("tanh", "lstm", "gru") for batch in (32, 256)),
    ),
    "medium": tuple(
        Work(cell, *sizes)
        for cell in ("tanh", "lstm", "gru")
        for sizes in ((32, 50, 1, 128), (128, 28, 28, 128))
    ),
    "large": (
        *(Work(cell, 64, 100, 16, 256) for cell in ("tanh", "lstm", "gru")),
        *(
            Work(cell, 50, 50, 65, hidden, layers=2)
            for cell in ("lstm", "gru")
            for hidden in (128, 256)
        ),
    ),
}


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """Return the commit that is measured; a plus sign marks one with changes."""
    described = ["git", "-C", str(FOLDER), "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(described, capture_output=True, text=True, check=True).stdout.strip()


def about(threads: int) -> dict[str, object]:
    """Return what the history has besides the results; a high load spoils these."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "blas": blas.describe(),
        "threads": threads,
    }


def row(work: Work, timings: Sequence[PeerTiming]) -> str:
    """Return a line of the table."""
    others = "".join(
        f"{one.rnn_microseconds:>10.1f}{one.peer_microseconds:>10.1f} {one.ratio:>5.2f}x"
        for one in timings
    )
    sizes = f"{work.batch:>5} {work.steps:>5} {work.inputs:>6} {work.hidden:>6} {work.layers:>6}"
    return f"{work.cell:<6} {sizes}{others}"


def measure(names: Sequence[str], threads: int, effort: Effort, as_json: bool) -> list[object]:
    """Print a row for each shape as it is measured; return the results for the history."""
    results: list[object] = []
    with ExitStack() as stack:
        children: list[Child] = [
            stack.enter_context(child(peer, threads, effort)) for peer in PEERS if peer.is_installed
        ]
        if not as_json:
            print(f"{blas.describe()}, {threads} threads; microseconds per step, and how many")
            print("times as fast rnn is")
            heads = "".join(f"{'rnn':>10}{one.version:>17}" for one in children)
            print(f"cell   batch steps inputs hidden layers{heads}")
        for work in [work for name in names for work in SHAPES[name]]:
            timings = [one.time(work) for one in children]
            result = {"work": work._asdict(), "peers": [one._asdict() for one in timings]}
            print(json.dumps(result) if as_json else row(work, timings), flush=True)
            results.append(result)
    return results


def main() -> None:
    """Measure the grid."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=ROUND_SECONDS, help="of a round")
    parser.add_argument("--threads", type=int, default=1, help="threads of each library")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=[*SHAPES])
    parser.add_argument("--json", action="store_true", help="one object per shape")
    parser.add_argument(
        "--history", nargs="?", type=Path, const=HISTORY, help="append to history.jsonl or a file"
    )
    arguments = parser.parse_args()
    if not any(peer.is_installed for peer in PEERS):
        parser.error(f"neither PyTorch nor JAX is installed; {INSTALL}")
    record = about(arguments.threads)
    effort = Effort(arguments.rounds, arguments.seconds)
    record["results"] = measure(arguments.shapes, arguments.threads, effort, arguments.json)
    if arguments.history is not None:
        with open(arguments.history, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
