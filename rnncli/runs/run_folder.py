"""Run folders: the names of their files, and how they are created."""

import errno
import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from rnncli.runs.files import TEMPORARY, storage, sync_folder, temporary_name
from rnncli.runs.run_record import RECORD

CONFIG, METRICS = "config.yaml", "metrics.csv"
WEIGHTS, CHECKPOINT = "weights.npz", "checkpoint.npz"
TIME_FORMAT = "%Y-%m-%d_%H-%M-%S"


def create_run_folder(runs: Path, name: str, time: datetime, fill: Callable[[Path], None]) -> Path:
    """Create the folder ``runs/2026-11-22_14-05-33_name``, with ``_2`` if that already exists.

    It is filled under a temporary name and then renamed. Only one process can rename a folder with
    files to a given name, so two runs never share a folder and an incomplete one is never visible.

    Raises
    ------
    StorageError
        The folder could not be created; nothing is left behind.
    """
    stem = f"{time:{TIME_FORMAT}}_{name}"
    temporary = temporary_name(runs / stem)
    with storage(runs):
        runs.mkdir(parents=True, exist_ok=True)
        try:
            temporary.mkdir()
            fill(temporary)
            for count in itertools.count(1):
                folder = runs / (stem if count == 1 else f"{stem}_{count}")
                if _renamed(temporary, folder):
                    break
        except BaseException:
            with suppress(OSError):
                for path in temporary.iterdir():
                    path.unlink()
                temporary.rmdir()
            raise
        sync_folder(runs)
    return folder


def _renamed(folder: Path, target: Path) -> bool:
    """Rename a folder; return False if the target already exists."""
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


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
