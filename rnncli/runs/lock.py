"""A lock on a run folder, so that only one process at a time trains in it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import sleep

from rnncli.config import RECORD
from rnncli.errors import InputError, RnnError
from rnncli.runs.files import storage
from rnncli.runs.run_record import read_record

# Network file systems lock files for all machines, but folders for one machine or not at all.
LOCK_FILE = ".lock"
# `is_locked` takes the lock for an instant, so `locked` tries for a tenth of a second.
_TRIES, _PAUSE_SECONDS = 10, 0.01


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of a run folder; the system releases it even if the process is killed.

    Both the folder and the file `LOCK_FILE` in it are locked. The lock stays with the folder when
    that is renamed, and the file is removed at the end. Where neither can be locked, the block runs
    without a lock, unless the run's record says that the run is being trained.

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
        held = _lock(folder, exclusive=True, opened=opened)
        for _ in range(_TRIES):
            if held is not False:
                break
            # What a try has locked would be in the way of the next one.
            opened.close()
            sleep(_PAUSE_SECONDS)
            held = _lock(folder, exclusive=True, opened=opened)
        if held is False:
            raise InputError(f"{folder}: another process is training this run")
        if held is None and _recorded_as_running(folder):
            raise InputError(
                f"{folder / RECORD}: the status is 'running', and this file system has no "
                "locks that tell whether a process trains the run; if none does, set the status to "
                "'interrupted'"
            )
        yield bool(held)


def is_locked(folder: Path) -> bool | None:
    """Return whether a process is training in a run folder; None if locks cannot tell."""
    with ExitStack() as opened:
        held = _lock(folder, exclusive=False, opened=opened)
    return None if held is None else not held


def lock_warnings(folder: Path) -> list[str]:
    """Return a warning if the file system of a run folder has no locks, or else nothing."""
    if is_locked(folder) is not None:
        return []
    return [
        f"{folder}: this file system has no locks; do not resume or delete the run while it is "
        "trained"
    ]


def _lock(folder: Path, exclusive: bool, opened: ExitStack) -> bool | None:
    """Try to lock a folder and its lock file until `opened` is closed.

    Return True if that succeeded, False if another process has the lock, and None if neither can be
    locked.
    """
    if os.name != "posix":
        return None
    with storage(folder):
        try:
            descriptor = _open(folder, os.O_RDONLY, opened)
            of_folder = _flock(descriptor, exclusive)
            if of_folder is False:
                return False
            of_file = _lock_file(descriptor, exclusive, opened)
        except FileNotFoundError:
            raise InputError(f"{folder}: no such run; it was deleted meanwhile") from None
    return of_folder if of_file is None else of_file


def _lock_file(folder: int, exclusive: bool, opened: ExitStack) -> bool | None:
    """Try to lock the lock file of an open folder; None if that is impossible or there is none."""
    # NFS locks a file exclusively only if it is open for writing.
    flags = os.O_RDWR | os.O_CREAT if exclusive else os.O_RDONLY
    try:
        descriptor = _open(LOCK_FILE, flags | os.O_NOFOLLOW, opened, folder)
    except FileNotFoundError:
        if exclusive:
            raise
        return None
    held = _flock(descriptor, exclusive)
    if not exclusive or not held:
        return held
    # The process that had the lock before may have removed the file that is open here.
    if not _is_named(descriptor, folder):
        return False
    opened.callback(_remove_lock_file, folder)
    return held


def _is_named(descriptor: int, folder: int) -> bool:
    """Return whether an open file is the lock file of an open folder."""
    with suppress(FileNotFoundError):
        named = os.stat(LOCK_FILE, dir_fd=folder, follow_symlinks=False)
        return os.path.samestat(named, os.fstat(descriptor))
    return False


def _open(path: Path | str, flags: int, opened: ExitStack, folder: int | None = None) -> int:
    descriptor = os.open(path, flags, 0o666, dir_fd=folder)
    opened.callback(os.close, descriptor)
    return descriptor


def _remove_lock_file(folder: int) -> None:
    with suppress(OSError):
        os.unlink(LOCK_FILE, dir_fd=folder)


def _flock(descriptor: int, exclusive: bool) -> bool | None:
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _recorded_as_running(folder: Path) -> bool:
    with suppress(RnnError):
        return read_record(folder).get("status") == "running"
    return False
