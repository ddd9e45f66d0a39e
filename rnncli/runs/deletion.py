"""Deletion of run folders."""

from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs.files import TEMPORARY, remove_temporary_files, storage, sync_folder
from rnncli.runs.find_run import find_damaged_run
from rnncli.runs.lock import locked
from rnncli.runs.run_folder import CHECKPOINT, CONFIG, METRICS, WEIGHTS
from rnncli.runs.run_record import RECORD

# The config is deleted last, so that a run whose deletion was interrupted is still recognized.
_FILES = (CHECKPOINT, WEIGHTS, METRICS, RECORD, CONFIG)


def find_deletable(run: str, runs: Path) -> Path:
    """Return the folder of a RUN, if it may be deleted.

    Raises
    ------
    InputError
        There is no such run, it is a link or not directly in `runs`, it is being trained, or its
        folder contains a file that does not belong to the run.
    """
    folder = find_damaged_run(run, runs)
    if folder.is_symlink():
        raise InputError(f"{run}: is a link; give the run folder itself")
    folder = folder.resolve()
    if folder.parent != runs.resolve():
        raise InputError(f"{run}: is not in {runs}/; --runs DIR names the folder to delete from")
    with storage(folder):
        paths = list(folder.iterdir())
    for path in paths:
        known = path.name in _FILES or path.match(TEMPORARY)
        if not (known and (path.is_file() or path.is_symlink())):
            raise InputError(f"{run}: {path.name} does not belong to the run; move it elsewhere")
    with locked(folder):
        return folder


def delete_run(folder: Path) -> None:
    """Delete a folder that `find_deletable` returned.

    Raises
    ------
    InputError
        The run is being trained now.
    StorageError
        The folder could not be deleted completely.
    """
    with locked(folder), storage(folder):
        remove_temporary_files(folder)
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
        sync_folder(folder.parent)
