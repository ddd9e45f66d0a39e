"""Run folders: the names of their files, and how they are created and removed."""

import errno
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from rnncli.config import RECORD
from rnncli.errors import InputError, StorageError
from rnncli.runs.files import (
    TEMPORARY,
    make_folder,
    remove_temporary_files,
    storage,
    sync_folder,
    temporary_name,
)
from rnncli.runs.lock import LOCK_FILE, is_locked, locked

CONFIG, METRICS = "config.yaml", "metrics.csv"
WEIGHTS, CHECKPOINT = "weights.npz", "checkpoint.npz"
TIME_FORMAT = "%Y-%m-%d_%H-%M-%S"

_FILES = (CONFIG, RECORD, METRICS, WEIGHTS, CHECKPOINT, LOCK_FILE)
# The form of what `temporary_name` returns.
_TEMPORARY_NAME = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.DOTALL)


def create_run_folder(
    runs: Path, name: str, time: datetime, fill: Callable[[Path], None], lock: ExitStack
) -> Path:
    """Create the folder ``runs/2026-11-22_14-05-33_name``, with ``_2`` if that already exists.

    It is locked and filled under a temporary name and then renamed. Only one process can rename a
    folder with files to a given name, so two runs never share a folder and an incomplete one is
    never visible. Folders that killed processes left are removed first.

    Parameters
    ----------
    runs, name, time : Path, str, datetime
        The folder that contains the runs, the name in the config, and the start time.
    fill : callable
        Writes the files into the folder that it is given.
    lock : ExitStack
        Receives the lock of the folder, which it holds until it is closed.

    Raises
    ------
    StorageError
        The folder could not be created; nothing is left behind.
    """
    stem = f"{time:{TIME_FORMAT}}_{name}"
    names = (stem if count == 1 else f"{stem}_{count}" for count in itertools.count(1))
    targets = (runs / name for name in names)
    folder = None
    with storage(runs):
        make_folder(runs)
        _remove_leftovers(runs)
        while folder is None:
            folder = _created(temporary_name(runs / stem), targets, fill, lock)
        sync_folder(runs)
    return folder


def _created(
    temporary: Path, targets: Iterator[Path], fill: Callable[[Path], None], lock: ExitStack
) -> Path | None:
    """Create a folder under a temporary name, and rename it to the first free one of the targets.

    Return None if another process that creates a run has taken the folder for a leftover before it
    was locked.
    """
    try:
        temporary.mkdir()
        try:
            lock.enter_context(locked(temporary))
        except InputError:
            return None
        if not temporary.exists():
            lock.close()
            return None
        fill(temporary)
        return next(target for target in targets if _renamed(temporary, target))
    except BaseException:
        with suppress(StorageError, OSError):
            delete_files(temporary)
            lock.close()
            remove_folder(temporary)
        raise


def _renamed(folder: Path, target: Path) -> bool:
    """Rename a folder; return False if the target already exists."""
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


def _remove_leftovers(runs: Path) -> None:
    """Remove the folders that killed processes left while they created a run."""
    for folder in runs.glob(TEMPORARY):
        if not _TEMPORARY_NAME.fullmatch(folder.name) or folder.is_symlink():
            continue
        # A leftover that cannot be removed does no harm.
        with suppress(StorageError, InputError, OSError):
            if is_locked(folder) is False and not foreign_files(folder):
                with locked(folder):
                    delete_files(folder)
                remove_folder(folder)


def foreign_files(folder: Path) -> list[Path]:
    """Return what is in a run folder besides the files of a run."""
    return [
        path
        for path in folder.iterdir()
        if not (path.name in _FILES or path.match(TEMPORARY))
        or (path.is_dir() and not path.is_symlink())
    ]


def delete_files(folder: Path) -> None:
    """Delete the files of a run folder, which is locked, and the folder where that is possible.

    The config is the first, so that other processes no longer find the run. The record is the last,
    even after the lock file, so that a run whose deletion was interrupted is still recognized as a
    damaged one.
    """
    for name in (CONFIG, CHECKPOINT, WEIGHTS, METRICS):
        (folder / name).unlink(missing_ok=True)
    remove_temporary_files(folder)
    for name in (LOCK_FILE, RECORD):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def remove_folder(folder: Path) -> None:
    """Remove a run folder after `delete_files`, if it still exists, when its lock is released.

    A file that is deleted while it is open stays in its folder on NFS: that of the lock.
    """
    with suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError as error:
            # Another process has created a run of this name, or deletes the same folder.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or foreign_files(folder):
                raise


def is_run(folder: Path) -> bool:
    """Return whether a folder is a run folder, even if some of its files are missing."""
    return not is_temporary(folder) and any(
        is_file(folder / name) for name in (CONFIG, RECORD, METRICS)
    )


def is_temporary(folder: Path) -> bool:
    """Return whether a folder is that of a run whose creation was interrupted."""
    return folder.match(TEMPORARY)


def is_file(path: Path) -> bool:
    """Return whether `path` is a file; False also for a path that is invalid or not accessible."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def has_config(folder: Path) -> bool:
    """Return whether a folder is that of a run that can be used: it has a config."""
    return not is_temporary(folder) and is_file(folder / CONFIG)
