"""A lock on a run folder, so that only one process at a time trains in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from rnncli.errors import InputError
from rnncli.runs.files import storage

# `is_locked` takes the lock for an instant, so `locked` tries for a tenth of a second.
_TRIES, _PAUSE_SECONDS = 10, 0.01


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder; the system releases it even if the process is killed.

    The lock stays with the folder when that is renamed. Where folders cannot be locked, this
    does nothing.

    Raises
    ------
    InputError
        Another process holds the lock.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    with storage(folder):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            for tries_left in reversed(range(_TRIES)):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not tries_left:
                        problem = f"{folder}: another process is training this run"
                        raise InputError(problem) from None
                    sleep(_PAUSE_SECONDS)
        yield
    finally:
        with storage(folder):
            os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Return whether a process is training in a run folder; True where that is unknown."""
    if os.name != "posix":
        return True
    import fcntl

    with storage(folder):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
