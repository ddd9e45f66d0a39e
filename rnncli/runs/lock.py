"""One process at a time trains in a run folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs.files import storage


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
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"{folder}: another process is training in this run") from None
        yield
    finally:
        with storage(folder):
            os.close(descriptor)
