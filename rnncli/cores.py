"""How many processes or threads a command may use at once, and functions that run on several cores.

The environment variable ``RNN_NUM_THREADS`` sets the number. The default is the number of
processors that the process may run on.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from typing import TYPE_CHECKING

from rnncli.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

VARIABLE = "RNN_NUM_THREADS"
_MAX_CORES = 4096
_limit: ContextVar[int] = ContextVar("_limit", default=_MAX_CORES)


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
        count = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        return min(count, _limit.get())
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= _MAX_CORES):
        raise InputError(
            f"{VARIABLE}: '{text}' is not a number of cores; a whole number from 1 to {_MAX_CORES}"
        )
    return min(int(text), _limit.get())


@contextmanager
def limited_to(count: int) -> Iterator[None]:
    """Let `num_cores` return at most this number."""
    token = _limit.set(count)
    try:
        yield
    finally:
        _limit.reset(token)


def run_together(tasks: Sequence[Callable[[], None]]) -> None:
    """Run functions on as many cores as may be used, in threads; return when all have ended.

    With one core they run one after the other. The first error, in the order of the functions'
    threads, is raised. What the functions themselves would run together runs on one core each.
    """
    count = min(num_cores(), len(tasks))
    if count <= 1:
        _run_in_turn(tasks)
        return
    threads = _threads(count - 1)
    with limited_to(1):
        # NumPy's error handling and the limit of cores belong to the context of the caller.
        others = [
            threads.submit(copy_context().run, _run_in_turn, tasks[number::count])
            for number in range(1, count)
        ]
        try:
            _run_in_turn(tasks[::count])
        finally:
            for other in others:
                other.exception()  # waits for its end
    for other in others:
        other.result()


def _run_in_turn(tasks: Sequence[Callable[[], None]]) -> None:
    for task in tasks:
        task()


@cache
def _threads(count: int) -> "ThreadPoolExecutor":
    """Return a pool of threads that is kept for the life of the process."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, thread_name_prefix="rnn")
