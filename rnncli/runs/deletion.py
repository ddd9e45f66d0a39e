"""Deletes runs, and nothing but runs."""

from pathlib import Path

from rnncli.errors import InputError
from rnncli.runs import run_folder as names
from rnncli.runs.files import remove_leftovers, storage, sync_folder
from rnncli.runs.listing import find_folder
from rnncli.runs.lock import holding

# The config comes last: what is left of a deletion that was killed is known as a run still.
_FILES = (names.CHECKPOINT, names.WEIGHTS, names.METRICS, names.RECORD, names.CONFIG)


def find_deletable(run: str, runs: Path) -> Path:
    """Return the folder of a RUN, if it is one that may be deleted.

    Raises
    ------
    InputError
        There is no such run, it is not in `runs` itself or only a link there, it is being trained,
        or it holds what no run has.
    """
    folder = find_folder(run, runs)
    if folder.is_symlink():
        raise InputError(f"{run}: is a link; only the folder of a run itself is deleted")
    folder = folder.resolve()
    if folder.parent != runs.resolve():
        raise InputError(f"{run}: is not in {runs}/; --runs DIR names the folder to delete from")
    for path in folder.iterdir():
        leftover = path.match(".*.tmp")
        if not (path.is_file() or path.is_symlink()) or not (path.name in _FILES or leftover):
            raise InputError(f"{run}: holds {path.name}, which is not the run's; move it away")
    with holding(folder):
        return folder


def delete_run(folder: Path) -> None:
    """Delete a folder that `find_deletable` returned.

    Raises
    ------
    InputError
        It is being trained by now.
    StorageError
        It could not be deleted, or not all of it.
    """
    with holding(folder), storage(folder):
        remove_leftovers(folder)
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
        sync_folder(folder.parent)
