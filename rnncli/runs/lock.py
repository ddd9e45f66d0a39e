"""One process at a time trains in a run folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from rnncli.errors import InputError
from rnncli.runs.files import storage

# Who only asks whether a folder is held, holds it for a moment; a training waits for that.
_TRIES, _PAUSE = 10, 0.01


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Keep other processes from training in a run folder; the system lets go of it by itself.

    Where folders can not be locked, nothing happens.

    Raises
    ------
    InputError
        Another process holds the folder.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    with storage(folder):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            for left in reversed(range(_TRIES)):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not left:
                        problem = f"{folder}: another process is training in this run"
                        raise InputError(problem) from None
                    sleep(_PAUSE)
        yield
    finally:
        with storage(folder):
            os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Return whether a process trains in a run folder; True where that can not be known."""
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
