"""Times this package's training step and that of a peer in turn, for each work on standard input.

    python -m rnncli.bench.peers MODULE THREADS ROUNDS SECONDS

Where the system allows it, the process runs on as many cores as it may use threads: JAX has a pool
of threads that its flags do not limit. The module has the peer's `VERSION` and its function
`peer_steps(work, threads)`. Each line of standard input is a `Work` in JSON. The first line of the
output is the version, and each further one has the microseconds of both in every round.
`rnncli.bench.peers.children` starts it.
"""

import json
import os
import sys
from importlib import import_module

from rnncli.bench.peers.own import Work, own_step
from rnncli.bench.rounds import Contestant, Effort, in_turn
from rnncli.blas import one_thread


def main(name: str, threads: int, effort: Effort) -> None:
    """Answer each line of standard input."""
    if hasattr(os, "sched_setaffinity"):  # Threads that start later inherit it.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    module = import_module(name)
    print(json.dumps(module.VERSION), flush=True)
    for line in sys.stdin:
        work = Work(*json.loads(line))
        function, steps = module.peer_steps(work, threads)
        own = Contestant(own_step(work))
        contestants = {"rnn": own, "peer": Contestant(function, steps=steps)}
        with one_thread():  # of NumPy's BLAS, as in training
            times = in_turn(contestants, effort)
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Effort(int(sys.argv[3]), float(sys.argv[4])))
