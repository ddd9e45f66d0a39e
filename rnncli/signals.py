"""Signals of the system, for as long as a block lasts."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def handling(
    names: Sequence[str], handle: Callable[[signal.Signals], None]
) -> Iterator[Callable[[], None]]:
    """Handle signals by a function; yield what puts everything back as it was before.

    Those that are ignored stay so, as under ``nohup``; outside the main thread nothing is handled.

    Parameters
    ----------
    names : sequence of str
        Such as ``SIGTERM``; those that the system does not know are left out.
    handle : callable
        Gets the signal; what it raises is raised where the program stands.
    """
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    with suppress(ValueError):  # outside the main thread
        for name in names:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda n, _: handle(signal.Signals(n)))
    try:
        yield restore
    finally:
        restore()
