"""How many processes or threads a command may use at once.

The environment variable ``RNN_NUM_THREADS`` sets it. The default is the number of processors that
the process may run on.
"""

import os

from rnncli.errors import InputError

VARIABLE = "RNN_NUM_THREADS"
_MAX_CORES = 4096


def num_cores() -> int:
    """Return how many cores a command may use.

    Raises
    ------
    InputError
        ``RNN_NUM_THREADS`` is not a number of cores.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        has_affinity = hasattr(os, "sched_getaffinity")
        return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= _MAX_CORES):
        raise InputError(
            f"{VARIABLE}: '{text}' is not a number of cores; a whole number from 1 to {_MAX_CORES}"
        )
    return int(text)
