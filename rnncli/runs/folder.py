"""Run folders: their names, how they are made, and how they are found."""

import itertools
from datetime import datetime
from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs.files import storage, sync_folder

CONFIG, RECORD, METRICS = "config.yaml", "run.json", "metrics.csv"
WEIGHTS, CHECKPOINT = "weights.npz", "checkpoint.npz"


def create_run(runs: Path, name: str, when: datetime) -> Path:
    """Make a new folder ``runs/2026-11-22_14-05-33_name``; ``_2`` where that is taken.

    Making the folder is what reserves the name, so two runs never share one.
    """
    stem = f"{when:%Y-%m-%d_%H-%M-%S}_{name}"
    with storage(runs):
        runs.mkdir(parents=True, exist_ok=True)
        for count in itertools.count(1):
            folder = runs / (stem if count == 1 else f"{stem}_{count}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            sync_folder(runs)
            return folder
    raise AssertionError("the numbers do not end")


def find_run(run: str, runs: Path = Path("runs")) -> Path:
    """Return the folder of a RUN: its path, its name under `runs`, or ``latest``.

    Raises
    ------
    InputError
        There is no such run.
    """
    if run == "latest":
        found = [path for path in runs.glob("*") if (path / CONFIG).is_file()]
        if not found:
            raise InputError(f"latest: there is no run under {runs}/ yet; 'rnn train' makes one")
        return max(found, key=lambda path: (path.name[:19], path.stat().st_mtime_ns))
    for path in (Path(run), runs / run):
        if (path / CONFIG).is_file():
            return path
    raise InputError(f"{run}: no run folder; give its path, its name under {runs}/, or latest")


def find_weights(weights: str) -> tuple[Path, Path | None]:
    """Return the weights file of a FILE-or-RUN, and the run's folder where it has one."""
    path = Path(weights)
    if path.is_file():
        folder = path.parent
        return path, folder if path.name == WEIGHTS and (folder / CONFIG).is_file() else None
    if weights != "latest" and path.suffix == ".npz":
        raise InputError(f"{weights}: no such file; a weights file or a run was expected")
    folder = find_run(weights)
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder}: has no {WEIGHTS} yet; train for an epoch at least")
    return folder / WEIGHTS, folder
