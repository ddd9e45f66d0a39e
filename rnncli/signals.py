"""Handling of signals within a block."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def handling(
    names: Sequence[str], handle: Callable[[signal.Signals], None]
) -> Iterator[Callable[[], None]]:
    """Handle signals within the block; yield a function that restores the previous handlers.

    Signals that are ignored stay ignored, as under ``nohup``. Outside the main thread, nothing is
    handled.

    Parameters
    ----------
    names : sequence of str
        Such as ``SIGTERM``; signals that the system does not have are left out.
    handle : callable
        Called with the signal; an exception that it raises is raised in the interrupted code.
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
