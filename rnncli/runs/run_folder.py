"""Run folders: their names, how they are made, and how they are found."""

import errno
import itertools
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rnncli.errors import InputError
from rnncli.runs.files import storage, sync_folder

CONFIG, RECORD, METRICS = "config.yaml", "run.json", "metrics.csv"
WEIGHTS, CHECKPOINT = "weights.npz", "checkpoint.npz"
_LARGEST_RECORD = 1 << 20


def create_run(runs: Path, name: str, when: datetime, fill: Callable[[Path], None]) -> Path:
    """Make a new folder ``runs/2026-11-22_14-05-33_name``; ``_2`` where that is taken.

    It is filled under another name. Only one process can rename a folder that is not empty to the
    same name, so two runs never share one, and none is ever seen half made.

    Raises
    ------
    StorageError
        The folder could not be made; nothing is left of it.
    """
    stem = f"{when:%Y-%m-%d_%H-%M-%S}_{name}"
    temporary = runs / f".{stem}.{secrets.token_hex(8)}.tmp"
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


def _renamed(folder: Path, name: Path) -> bool:
    """Give a folder a name; return False where that is taken."""
    try:
        folder.rename(name)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


def run_folders(runs: Path) -> list[Path]:
    """Return the folders of all runs, the newest first."""
    found = [path for path in runs.glob("*") if _is_file(path / CONFIG)]
    return sorted(found, key=lambda path: (path.name[:19], path.stat().st_mtime_ns), reverse=True)


def find_run(run: str, runs: Path = Path("runs")) -> Path:
    """Return the folder of a RUN: its path, its name under `runs`, or ``latest``.

    Raises
    ------
    InputError
        There is no such run.
    """
    if run == "latest":
        found = run_folders(runs)
        if not found:
            raise InputError(f"latest: there is no run under {runs}/ yet; 'rnn train' makes one")
        return found[0]
    for path in (Path(run), runs / run):
        if _is_file(path / CONFIG):
            return path
    raise InputError(f"{run}: no run folder; give its path, its name under {runs}/, or latest")


def read_record(folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` says of a run.

    Raises
    ------
    InputError
        It is missing or damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        raise InputError(f"{path}: is missing; it belongs to a run")
    try:
        with storage(path), open(path, "rb") as file:
            record = json.loads(file.read(_LARGEST_RECORD))
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is no JSON; the record is damaged") from None
    if not isinstance(record, dict):
        raise InputError(f"{path}: is no JSON object; the record is damaged")
    return record


def find_weights(weights: str) -> tuple[Path, Path | None]:
    """Return the weights file of a FILE-or-RUN, and the run's folder where it has one."""
    path = Path(weights)
    if _is_file(path):
        folder = path.parent
        return path, folder if path.name == WEIGHTS and _is_file(folder / CONFIG) else None
    if weights != "latest" and path.suffix == ".npz":
        raise InputError(f"{weights}: no such file; a weights file or a run was expected")
    folder = find_run(weights)
    if not _is_file(folder / WEIGHTS):
        raise InputError(f"{folder}: has no {WEIGHTS} yet; train for an epoch at least")
    return folder / WEIGHTS, folder


def _is_file(path: Path) -> bool:
    """Return whether there is such a file; a name that can be none is no file."""
    with suppress(OSError):
        return path.is_file()
    return False
