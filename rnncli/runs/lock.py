"""A lock on a run folder, so that only one process at a time trains in it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import sleep

from rnncli.errors import InputError, RnnError
from rnncli.runs.files import storage
from rnncli.runs.run_record import RECORD, read_record

# Locked in place of the folder where folders cannot be locked, as on NFS.
LOCK_FILE = ".lock"
# `is_locked` takes the lock for an instant, so `locked` tries for a tenth of a second.
_TRIES, _PAUSE_SECONDS = 10, 0.01


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of a run folder; the system releases it even if the process is killed.

    The lock stays with the folder when that is renamed. Where folders cannot be locked, the file
    `LOCK_FILE` in the folder is, and it is removed at the end. Where files cannot be locked
    either, the block runs without a lock, unless the run's record says that the run is being
    trained.

    Yields
    ------
    bool
        Whether the lock is held; False where the file system has no locks.

    Raises
    ------
    InputError
        Another process holds the lock, or may be training the run, or the folder does not exist.
    """
    with ExitStack() as opened:
        for tries_left in reversed(range(_TRIES)):
            held = _lock(folder, exclusive=True, opened=opened)
            if held is not False:
                break
            if not tries_left:
                raise InputError(f"{folder}: another process is training this run")
            sleep(_PAUSE_SECONDS)
        if held is None and _says_running(folder):
            raise InputError(
                f"{folder / RECORD}: says 'running', and this file system has no locks that tell "
                "whether a process trains the run; if none does, set the status to 'interrupted'"
            )
        yield bool(held)


def is_locked(folder: Path) -> bool | None:
    """Return whether a process is training in a run folder; None if locks cannot tell."""
    with ExitStack() as opened:
        held = _lock(folder, exclusive=False, opened=opened)
    return None if held is None else not held


def lock_warnings(folder: Path) -> list[str]:
    """Return a warning about a run that this process has locked, if there are no locks."""
    if is_locked(folder) is not None:
        return []
    return [
        f"{folder}: this file system has no locks; do not resume or delete the run while it is "
        "trained"
    ]


def _lock(folder: Path, exclusive: bool, opened: ExitStack) -> bool | None:
    """Try to lock a folder until `opened` is closed.

    Return True if that succeeded, False if another process has the lock, and None if locks cannot
    tell.
    """
    if os.name != "posix":
        return None
    with storage(folder):
        try:
            folder_descriptor = _open(folder, os.O_RDONLY, opened)
        except FileNotFoundError:
            raise InputError(f"{folder}: no such run; it was deleted meanwhile") from None
        held = _flock(folder_descriptor, exclusive)
        if held is not None:
            return held
        file = folder / LOCK_FILE
        # A process that could lock the folder itself, on the file server, has no lock file.
        if not file.exists() and (not exclusive or _says_running(folder)):
            return None
        # NFS locks a file exclusively only if it is open for writing.
        flags = os.O_RDWR | os.O_CREAT if exclusive else os.O_RDONLY
        descriptor = _open(file, flags | os.O_NOFOLLOW, opened)
        held = _flock(descriptor, exclusive)
        if not exclusive or held is False:
            return held
        # The process that had the lock before has removed the file that is open here.
        if not file.exists() or not os.path.samestat(file.stat(), os.fstat(descriptor)):
            return False
        opened.callback(_remove_lock_file, folder_descriptor)
        return held


def _open(path: Path, flags: int, opened: ExitStack) -> int:
    descriptor = os.open(path, flags, 0o666)
    opened.callback(os.close, descriptor)
    return descriptor


def _remove_lock_file(folder_descriptor: int) -> None:
    """Remove the lock file of a folder that may have been renamed since it was opened."""
    with suppress(OSError):
        os.unlink(LOCK_FILE, dir_fd=folder_descriptor)


def _flock(descriptor: int, exclusive: bool) -> bool | None:
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _says_running(folder: Path) -> bool:
    with suppress(RnnError):
        return read_record(folder).get("status") == "running"
    return False
