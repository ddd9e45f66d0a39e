"""Run folders: created inside the runs folder alone, and under valid names."""

import os
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from conftest import Command

import rnncli
from rnncli.config.reading import read_config
from rnncli.errors import InputError
from rnncli.runs.run_folder import create_run_folder
from rnncli.runs.training_run import start_run


def test_runs_started_in_the_same_second_never_share_a_folder(tmp_path: Path) -> None:
    when = datetime(2026, 11, 22, 14, 5, 33)
    folders = [
        create_run_folder(tmp_path, "a", when, lambda folder: (folder / "b").touch(), ExitStack())
        for _ in range(3)
    ]
    assert [path.name for path in folders] == [
        "2026-11-22_14-05-33_a",
        "2026-11-22_14-05-33_a_2",
        "2026-11-22_14-05-33_a_3",
    ]


def test_a_folder_that_cannot_be_written_gives_exit_code_3(
    rnn: Command, small: Path, here: Path
) -> None:
    (here / "taken").write_text("a file")
    result = rnn("train", "-c", small, "--runs", here / "taken")
    assert result.code == 3
    assert str(here / "taken") in result.err


NAMES = [
    "../x",
    "/x",
    "a/b",
    "..",
    ".",
    "",
    "a\0b",
    "a" * 300,
    "a\nb",
    "-x",
    "ü",
    "a b",
    "~",
    "$HOME",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_an_invalid_name_is_refused(rnn: Command, small: Path, here: Path, name: str) -> None:
    before = sorted(here.rglob("*"))
    for words in (["--name", name], ["--set", f"name={name!r}"]):
        result = rnn("train", "-q", "-c", small, *words)
        assert result.code == 2, result
        assert result.err.startswith("error: ")
        assert result.err.count("\n") == 1
    with pytest.raises(InputError, match="name"):
        rnncli.train({"name": name, "data": {"kind": "sum_sign"}}, runs=here / "runs")
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("stem", ["..x", "a b", "ü" * 80, "-n", "x" * 200, "con\\x"])
def test_a_file_name_becomes_a_valid_run_name(
    rnn: Command, small: Path, here: Path, stem: str
) -> None:
    small.rename(here / f"{stem}.yaml")
    done = rnn("train", "-q", "-c", here / f"{stem}.yaml")
    assert done.code == 0, done.err
    (run,) = (here / "runs").iterdir()
    assert run == here / done.out.strip()


def test_the_folders_above_a_new_run_are_on_the_disk_with_it(
    small: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power loss, a run is found only if the names of all folders on its path are."""
    real_sync, synced = os.fsync, []

    def record(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real_sync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    for runs in (here / "deep" / "runs", Path("relative")):
        synced.clear()
        start_run(read_config(small), runs, [])
        assert {str(runs.resolve()), str(runs.resolve().parent), str(here)} <= set(synced)
        synced.clear()
        start_run(read_config(small), runs, [])
        assert str(runs.resolve().parent) not in synced
