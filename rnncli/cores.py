"""How many processes or threads a command may use at once, and functions that run on several cores.

The environment variable ``RNN_NUM_THREADS`` sets the number. The default is the number of
processors that the process may run on, or the share of them that its control group allows.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

VARIABLE = "RNN_NUM_THREADS"
_MAX_CORES = 4096
# The microseconds of all cores that a control group may use in each period, and the period.
_QUOTAS = (
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)
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
        return min(count, _quota(), _limit.get())
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= _MAX_CORES):
        raise InputError(
            f"{VARIABLE}: '{text}' is not a number of cores; a whole number from 1 to {_MAX_CORES}"
        )
    return min(int(text), _limit.get())


@cache
def _quota() -> int:
    """Return how many cores the control group allows, rounded up."""
    for paths in _QUOTAS:
        # Without a limit, version 2 has the word "max" there, and version 1 has -1.
        with suppress(OSError, ValueError):
            quota, period = map(int, " ".join(Path(path).read_text() for path in paths).split())
            if quota > 0:
                return max(1, -(-quota // period))
    return _MAX_CORES


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
        for task in tasks:
            task()
        return
    from concurrent.futures import Future, wait

    import numpy as np

    threads, others = _threads(count - 1), list[Future[None]]()
    # The limit of cores belongs to the context of the caller, and so does NumPy's error handling
    # from version 2 on; before, it belongs to the thread.
    in_turn = partial(_run_in_turn, numeric_errors=np.geterr())
    with limited_to(1):
        try:
            for number in range(1, count):
                context = copy_context()
                others.append(threads.submit(context.run, in_turn, tasks[number::count]))
            in_turn(tasks[::count])
        finally:
            wait(others)
    for other in others:
        other.result()


def _run_in_turn(tasks: Sequence[Callable[[], None]], numeric_errors: Any) -> None:
    import numpy as np

    with np.errstate(**numeric_errors):
        for task in tasks:
            task()


@cache
def _threads(count: int) -> "ThreadPoolExecutor":
    """Return a pool of threads that is kept for the life of the process."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, thread_name_prefix="rnn")


if hasattr(os, "register_at_fork"):  # A new process has none of the threads.
    os.register_at_fork(after_in_child=_threads.cache_clear)
