"""The lock of a run folder: one training run at a time, on every file system."""

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest
from conftest import Command
from helpers.run_copies import changed_record

import rnncli
from rnncli.config.reading import read_config
from rnncli.errors import InputError
from rnncli.runs import lock, run_folder
from rnncli.runs.lock import LOCK_FILE, is_locked, locked
from rnncli.runs.resume import resume_run
from rnncli.runs.run_list import summarize_run
from rnncli.runs.training_run import TrainingRun, start_run


@pytest.mark.parametrize("name", [".", LOCK_FILE])
def test_a_training_run_waits_for_a_process_that_only_checks_the_lock(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (run_folder / LOCK_FILE).touch()
    descriptor = os.open(run_folder / name, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    with pytest.raises(InputError, match="another process"), locked(run_folder):
        pass
    monkeypatch.setattr(lock, "sleep", lambda _: os.close(descriptor))
    with locked(run_folder):
        assert is_locked(run_folder)


def test_the_lock_stays_with_a_folder_that_is_renamed(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    with locked(folder):
        folder = folder.rename(tmp_path / "b")
        assert is_locked(folder)
    assert not is_locked(folder)


def test_a_new_run_is_locked_before_it_gets_its_name(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real_rename = run_folder._renamed

    def rename(temporary: Path, target: Path) -> bool:
        seen.append(is_locked(temporary))
        return real_rename(temporary, target)

    monkeypatch.setattr(run_folder, "_renamed", rename)
    run = start_run(read_config(small), Path("runs"), [])
    assert seen == [True]
    assert is_locked(run.folder)
    for _ in run.events():
        pass
    assert not is_locked(run.folder)


def test_a_run_that_is_being_trained_is_not_resumed(small: Path) -> None:
    run = start_run(read_config(small), Path("runs"), [])
    with pytest.raises(InputError, match="another process is training this run"):
        resume_run(str(run.folder), [], [])
    for _ in run.events():
        pass
    for _ in resume_run(str(run.folder), [], []).events():
        pass


def without_locks(monkeypatch: pytest.MonkeyPatch, error: int, of_files: bool) -> None:
    """Refuse to lock folders, as NFS does, or files as well."""
    real_flock = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if of_files or stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(error, os.strerror(error))
        real_flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)


def finish(run: TrainingRun) -> None:
    for _ in run.events():
        pass


def status_of(run: Path) -> str:
    return summarize_run(run).status


def mark_as_running(run: Path) -> None:
    """Make a run look as one that was killed."""
    changed_record(run, status="running")


ERRORS = pytest.mark.parametrize(
    "error",
    [errno.EBADF, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL],
    ids=["EBADF", "ENOTSUP", "ENOLCK", "EINVAL"],
)


@ERRORS
def test_a_lock_holds_where_folders_cannot_be_locked(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    without_locks(monkeypatch, error, of_files=False)
    run = start_run(read_config(small), Path("runs"), [])
    assert (status_of(run.folder), run.warnings) == ("running", [])
    with pytest.raises(InputError, match="another process is training this run"):
        resume_run(str(run.folder), [], [])
    before = sorted(run.folder.iterdir())
    refused = rnn("runs", "delete", run.folder, "--yes")
    assert (refused.code, sorted(run.folder.iterdir())) == (2, before)
    finish(run)
    assert status_of(run.folder) == "finished"
    # The file of the lock is removed with the lock, and a killed process leaves it.
    assert not (run.folder / LOCK_FILE).exists()
    mark_as_running(run.folder)
    (run.folder / LOCK_FILE).touch()
    assert status_of(run.folder) == "killed"
    finish(resume_run(str(run.folder), ["training.num_epochs=4"], []))
    assert rnn("runs", "delete", run.folder, "--yes").code == 0
    assert list(Path("runs").iterdir()) == []


@ERRORS
def test_where_nothing_can_be_locked_care_is_demanded(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    without_locks(monkeypatch, error, of_files=True)
    run = start_run(read_config(small), Path("runs"), [])
    with pytest.raises(InputError, match="the status is 'running'"), locked(run.folder):
        pass
    (warning,) = run.warnings
    assert warning.startswith(f"{run.folder}: this file system has no locks; do not resume")
    assert status_of(run.folder) == "unknown"
    refused = "the status is 'running', and this file system has no locks that tell"
    with pytest.raises(InputError, match=refused):
        resume_run(str(run.folder), [], [])
    delete = rnn("runs", "delete", run.folder, "--yes")
    assert (delete.code, delete.err.count("\n"), refused in delete.err) == (2, 1, True)
    finish(run)
    # A user who knows that no process trains the run says so.
    mark_as_running(run.folder)
    with pytest.raises(InputError, match="set the status to 'interrupted'"):
        resume_run(str(run.folder), [], [])
    changed_record(run.folder, status="interrupted")
    resumed = resume_run(str(run.folder), ["training.num_epochs=4"], [])
    assert len(resumed.warnings) == 1
    finish(resumed)
    assert rnn("runs", "delete", run.folder, "--yes").code == 0
    assert list(Path("runs").iterdir()) == []


def test_a_training_run_without_a_lock_warns_in_one_line(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch, errno.ENOLCK, of_files=True)
    done = rnn("train", "-q", "-c", small)
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith(f"warning: {done.out.strip()}: this file system has no locks")
    with pytest.warns(RuntimeWarning, match="this file system has no locks"):
        rnncli.train(small, runs="other")


def test_a_lock_holds_where_the_locks_of_folders_are_those_of_one_machine(
    rnn: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux locks a folder of NFS for its own processes only, and files for all machines."""
    run = start_run(read_config(small), Path("runs"), [])
    real_flock = fcntl.flock

    def flock_of_another_machine(descriptor: int, operation: int) -> None:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            real_flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_of_another_machine)
    assert status_of(run.folder) == "running"
    with pytest.raises(InputError, match="another process is training this run"):
        resume_run(str(run.folder), [], [])
    assert rnn("runs", "delete", run.folder, "--yes").code == 2
    finish(run)
    finish(resume_run(str(run.folder), [], []))


def test_a_folder_that_vanishes_before_it_is_locked_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone: no such run"), locked(tmp_path / "gone"):
        pass


def test_a_lock_file_that_was_removed_when_the_lock_was_got_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process opens the file, its owner removes it and ends, and only then it gets the lock."""
    without_locks(monkeypatch, errno.EBADF, of_files=False)
    flock, tries = fcntl.flock, []

    def removed_first(descriptor: int, operation: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            if not tries:
                (tmp_path / LOCK_FILE).unlink()
            tries.append(descriptor)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    with locked(tmp_path) as held:
        assert held
        assert len(tries) == 2
        assert (tmp_path / LOCK_FILE).exists()
        assert is_locked(tmp_path)
