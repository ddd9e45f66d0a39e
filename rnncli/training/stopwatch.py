"""The time that training takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from rnncli.signals import handling


class Stopwatch:
    """Measures the time between its readings, except while the process is stopped.

    A process that was stopped, by SIGSTOP or from a terminal, receives SIGCONT when it continues.
    Since it cannot know when it was stopped, all that passed since the last reading is left out.
    """

    def __init__(self) -> None:
        self._last = perf_counter()

    def restart(self) -> None:
        """Leave out what passed since the last reading."""
        self._last = perf_counter()

    def read(self) -> float:
        """Return the seconds since the last reading."""
        last, self._last = self._last, perf_counter()
        return self._last - last


@contextmanager
def running_stopwatch() -> Iterator[Stopwatch]:
    """Yield a stopwatch that notices within the block that the process continues."""
    watch = Stopwatch()
    with handling(("SIGCONT",), lambda _: watch.restart()):
        yield watch
