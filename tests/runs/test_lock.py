"""The lock of a run folder: one training run at a time, from when the folder is visible."""

import fcntl
import os
from pathlib import Path

import pytest

from rnncli.config.reading import read_config
from rnncli.errors import InputError
from rnncli.runs import lock, run_folder
from rnncli.runs.lock import is_locked, locked
from rnncli.runs.resume import resume_run
from rnncli.runs.training_run import start_run


def test_a_training_run_waits_for_a_process_that_only_checks_the_lock(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor = os.open(run_folder, os.O_RDONLY)
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
