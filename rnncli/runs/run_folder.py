"""Run folders: their names, how they are created, and how they are found."""

import errno
import itertools
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rnncli.errors import InputError, RnnError
from rnncli.runs.files import TEMPORARY, storage, sync_folder, temporary_name
from rnncli.runs.run_record import RECORD, read_record, start_time

CONFIG, METRICS = "config.yaml", "metrics.csv"
WEIGHTS, CHECKPOINT = "weights.npz", "checkpoint.npz"
_TIME_FORMAT = "%Y-%m-%d_%H-%M-%S"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_.*?(?:_(\d+))?", re.ASCII | re.DOTALL)
_NEVER = datetime.min.replace(tzinfo=UTC)


def create_run_folder(runs: Path, name: str, time: datetime, fill: Callable[[Path], None]) -> Path:
    """Create the folder ``runs/2026-11-22_14-05-33_name``, with ``_2`` if that already exists.

    It is filled under a temporary name and then renamed. Only one process can rename a folder with
    files to a given name, so two runs never share a folder and an incomplete one is never visible.

    Raises
    ------
    StorageError
        The folder could not be created; nothing is left behind.
    """
    stem = f"{time:{_TIME_FORMAT}}_{name}"
    temporary = temporary_name(runs / stem)
    with storage(runs):
        runs.mkdir(parents=True, exist_ok=True)
        try:
            temporary.mkdir()
            fill(temporary)
            folder = next(
                folder
                for count in itertools.count(1)
                if _renamed(temporary, folder := runs / (stem + f"_{count}" * (count > 1)))
            )
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


def run_folders(runs: Path) -> list[Path]:
    """Return the folders of all runs in `runs`, the most recently started first."""
    return sorted(filter(_has_config, runs.glob("*")), key=_start_order, reverse=True)


def _start_order(folder: Path) -> tuple[datetime, int, int, str]:
    """Return a sort key: when the run was started, by its record or else by the folder's name.

    Runs started in the same second are ordered by their numbers. A copy has the start time of the
    original and sorts before it, because its name has another form or is longer.
    """
    named = _NAME.fullmatch(folder.name)
    started = None
    with suppress(RnnError):
        started = start_time(read_record(folder))
    if started is None and named is not None:
        with suppress(ValueError, OverflowError):
            started = datetime.strptime(named[1], _TIME_FORMAT).astimezone(UTC)
    number = 0 if named is None else int(named[2] or 1)
    return started or _NEVER, number, -len(folder.name), folder.name


def find_run(run: str, runs: Path = Path("runs")) -> Path:
    """Return the folder of a RUN: its path, its name under `runs`, or ``latest``.

    Raises
    ------
    InputError
        There is no such run.
    """
    if run == "latest":
        folders = run_folders(runs)
        if not folders:
            raise InputError(f"latest: no run under {runs}/ yet; 'rnn train' creates one")
        return folders[0]
    for folder in (Path(run), runs / run):
        if _has_config(folder):
            return folder
    raise InputError(f"{run}: no such run; give its path, its name under {runs}/, or latest")


def find_damaged_run(run: str, runs: Path) -> Path:
    """Return the folder of a RUN as `find_run` does, even if some of its files are missing.

    Raises
    ------
    InputError
        There is no such run.
    """
    for folder in (Path(run), runs / run):
        if run != "latest" and is_run(folder):
            return folder
    return find_run(run, runs)


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


def _has_config(folder: Path) -> bool:
    return not is_temporary(folder) and is_file(folder / CONFIG)
