"""Finding runs: by path, by name, or the one started last."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from rnncli.errors import InputError, RnnError
from rnncli.runs.run_folder import TIME_FORMAT, has_config, is_run
from rnncli.runs.run_record import read_record, start_time

_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_.*?(?:_(\d+))?", re.ASCII | re.DOTALL)
_Result = TypeVar("_Result")
_NEVER = datetime.min.replace(tzinfo=UTC)


def run_folders(runs: Path) -> list[Path]:
    """Return the folders of all runs in `runs`, the most recently started first."""
    return sorted(filter(has_config, runs.glob("*")), key=_start_order, reverse=True)


def _start_order(folder: Path) -> tuple[datetime, int, int, str]:
    """Return a sort key: when the run was started, by its record or else by the folder's name.

    Runs started in the same second are ordered by their numbers. A copy has the start time of the
    original and sorts before it, because its name has another form or is longer.
    """
    match = _NAME.fullmatch(folder.name)
    started = None
    with suppress(RnnError):
        started = start_time(read_record(folder))
    if started is None and match is not None:
        with suppress(ValueError, OverflowError):
            started = datetime.strptime(match[1], TIME_FORMAT).astimezone(UTC)
    number = 0 if match is None else int(match[2] or 1)
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
        if has_config(folder):
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


def read_runs(
    runs: Iterable[str],
    read: Callable[[list[Path]], _Result],
    find: Callable[[str], Path] = find_run,
) -> _Result:
    """Find runs, and return `read` of their folders.

    If a run is deleted before it is read, ``latest`` is then the next one.

    Parameters
    ----------
    runs : iterable of str
        Each a RUN.
    read : callable
        Reads the runs whose folders it is given.
    find : callable
        Returns the folder of a RUN.

    Raises
    ------
    InputError
        There is no such run, or it cannot be read.
    """
    names = list(runs)
    while True:
        folders = [find(name) for name in names]
        try:
            return read(folders)
        except RnnError:
            if folders == [find(name) for name in names]:
                raise
