"""Deletion of run folders."""

from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs.files import storage, sync_folder
from rnncli.runs.find_run import find_damaged_run
from rnncli.runs.lock import locked
from rnncli.runs.run_folder import delete_files, foreign_files, remove_folder


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
    with locked(folder):
        _check_files(folder)
        return folder


def delete_run(folder: Path) -> None:
    """Delete a folder that `find_deletable` returned.

    Raises
    ------
    InputError
        The run is being trained now, or its folder contains a file that does not belong to it.
    StorageError
        The folder could not be deleted completely.
    """
    with storage(folder):
        with locked(folder):
            _check_files(folder)
            delete_files(folder)
        remove_folder(folder)
        sync_folder(folder.parent)


def _check_files(folder: Path) -> None:
    """Check that a folder holds the files of a run only."""
    with storage(folder):
        foreign = foreign_files(folder)
    if foreign:
        raise InputError(f"{foreign[0]}: does not belong to the run; move it elsewhere")
