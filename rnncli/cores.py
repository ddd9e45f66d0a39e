"""How many processes or threads a command may use at once, and functions that run on several cores.

The environment variable ``RNN_NUM_THREADS`` sets the number. The default is the number of
processors that the process may run on, or the share of them that its control group allows.
"""

import os
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import cache
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Task(NamedTuple):
    """A function to run.

    Attributes
    ----------
    run : callable
        The function.
    after : collection of hashable
        The keys of the tasks that must have ended before it begins, and that stand before it.
    """

    run: Callable[[], object]
    after: Collection[Hashable] = ()


def run_together(functions: Iterable[Callable[[], object]]) -> None:
    """Run functions that do not depend on each other: see `run_tasks`."""
    run_tasks({number: Task(function) for number, function in enumerate(functions)})


def run_tasks(tasks: Mapping[Any, Task]) -> None:
    """Run tasks on as many cores as may be used, in threads; return when all have ended.

    Each thread takes the first task that may begin. With one core they run one after the other, in
    their order. After an error no other task begins, and the error is raised; of several, that of
    the first task. What the tasks themselves would run together runs on one core each.
    """
    count = min(num_cores(), len(tasks))
    if count <= 1:
        for task in tasks.values():
            task.run()
        return
    from concurrent.futures import wait

    import numpy as np

    queue, threads = _Queue(tasks, np.geterr()), _threads(count - 1)
    with limited_to(1):
        contexts = [copy_context() for _ in range(count - 1)]
        others = [threads.submit(context.run, queue.work) for context in contexts]
        try:
            queue.work()
        finally:
            wait(others)
    if queue.errors:
        raise queue.errors[min(queue.errors)]


class _Queue:
    """Tasks that several threads take, one after the other.

    Attributes
    ----------
    errors : dict of int to BaseException
        What went wrong, by the places of the tasks.
    """

    def __init__(self, tasks: Mapping[Any, Task], numeric_errors: Any) -> None:
        self.tasks, self.numeric_errors = tasks, numeric_errors
        self.places = {key: place for place, key in enumerate(tasks)}
        self.waiting, self.ended = list[Hashable](tasks), set[Hashable]()
        self.errors: dict[int, BaseException] = {}
        self.changed = Condition()

    def work(self) -> None:
        """Run tasks until none is left, or until something goes wrong."""
        import numpy as np

        key: Hashable = None
        try:
            # NumPy's error handling belongs to the context from version 2 on, which is that of
            # the caller; before, it belongs to the thread.
            with np.errstate(**self.numeric_errors):
                while (key := self._next(key)) is not None:
                    self.tasks[key].run()
        except BaseException as error:
            with self.changed:
                self.errors[self.places.get(key, -1)] = error
                self.changed.notify_all()

    def _next(self, ended: Hashable) -> Hashable:
        """Return the next task, given the one that has ended; wait until one may begin."""
        with self.changed:
            if ended is not None:
                self.ended.add(ended)
                self.changed.notify_all()
            while self.waiting and not self.errors:
                for key in self.waiting:
                    if self.ended.issuperset(self.tasks[key].after):
                        self.waiting.remove(key)
                        return key
                self.changed.wait()
        return None


@cache
def _threads(count: int) -> "ThreadPoolExecutor":
    """Return a pool of threads that is kept for the life of the process."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, thread_name_prefix="rnn")


if hasattr(os, "register_at_fork"):  # A new process has none of the threads.
    os.register_at_fork(after_in_child=_threads.cache_clear)
