"""Run folders: created atomically inside the runs folder, and found by path, name or 'latest'."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from conftest import Command

import rnncli
from rnncli.errors import InputError
from rnncli.runs import run_folder
from rnncli.runs.run_folder import create_run_folder, find_run, run_folders


def test_runs_started_in_the_same_second_never_share_a_folder(tmp_path: Path) -> None:
    when = datetime(2026, 11, 22, 14, 5, 33)
    made = [
        create_run_folder(tmp_path, "a", when, lambda folder: (folder / "b").touch())
        for _ in range(3)
    ]
    assert [path.name for path in made] == [
        "2026-11-22_14-05-33_a",
        "2026-11-22_14-05-33_a_2",
        "2026-11-22_14-05-33_a_3",
    ]


def test_a_run_is_found_by_path_by_name_and_as_latest(rnn: Command, run_folder: Path) -> None:
    newer = Path(rnn("train", "-c", run_folder / "config.yaml", "-q").out.strip())
    assert find_run("latest") == newer
    assert find_run(run_folder.name) == run_folder
    assert find_run(str(run_folder.resolve())) == run_folder.resolve()
    with pytest.raises(InputError, match="no such run"):
        find_run("nothing")


def made(runs: Path, name: str, started: object = None, record: str | None = None) -> Path:
    """Create what looks like a run: a config and a record with a start time."""
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "config.yaml").touch()
    if record is not None or started is not None:
        (folder / "run.json").write_text(record or json.dumps({"started": started}))
    return folder


def test_latest_is_the_run_started_last_whatever_the_names(tmp_path: Path) -> None:
    last = made(tmp_path, "2026-01-01_00-00-00_a", "2026-05-05T10:00:00+00:00")
    made(tmp_path, "zzz", "2026-05-05T09:00:00+00:00")
    made(tmp_path, "2030-01-01_00-00-00_b", "2026-05-05T08:00:00+00:00")
    assert find_run("latest", tmp_path) == last


def test_start_times_of_different_zones_are_compared_in_utc(tmp_path: Path) -> None:
    made(tmp_path, "east", "2026-05-05T23:00:00+14:00")
    last = made(tmp_path, "west", "2026-05-05T12:00:00-11:00")
    made(tmp_path, "utc", "2026-05-05T22:59:59+00:00")
    assert find_run("latest", tmp_path) == last


def test_a_copy_does_not_change_what_is_latest(tmp_path: Path) -> None:
    time = "2026-05-05T10:00:00+00:00"
    made(tmp_path, "2026-05-05_10-00-00_a", time)
    latest = made(tmp_path, "2026-05-05_10-00-00_a_2", time)
    for name in ("best", "zz", "2026-05-05_10-00-00_a_2_copy", "2031-01-01_00-00-00_a"):
        shutil.copytree(latest, tmp_path / name)
        assert find_run("latest", tmp_path) == latest, name
    # Copying an older run changes nothing either, though the copy is the newest folder.
    older = made(tmp_path, "2026-05-04_10-00-00_a", "2026-05-04T10:00:00+00:00")
    shutil.copytree(older, tmp_path / "zzz")
    assert find_run("latest", tmp_path) == latest


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "{}", '{"started": 3}', '{"started": "soon"}', '{"started": "9999-99"}'],
)
def test_with_a_damaged_record_the_name_tells_the_time(tmp_path: Path, record: str) -> None:
    made(tmp_path, "2026-05-05_10-00-00_a", "2026-05-05T10:00:00")
    damaged = made(tmp_path, "2026-05-05_11-00-00_a", record=record)
    made(tmp_path, "without-time", record=record)
    assert find_run("latest", tmp_path) == damaged
    made(tmp_path, "2026-05-05_12-00-00_a", "2026-05-05T12:00:00")
    assert [path.name for path in run_folders(tmp_path)] == [
        *(f"2026-05-05_{hour}-00-00_a" for hour in (12, 11, 10)),
        "without-time",
    ]


def test_a_temporary_folder_is_never_used(tmp_path: Path) -> None:
    run = made(tmp_path, "a", "2026-05-05T10:00:00+00:00")
    temporary = made(tmp_path, ".2026-06-06_10-00-00_a.0123.tmp", "2026-06-06T10:00:00+00:00")
    assert find_run("latest", tmp_path) == run
    for name in (temporary.name, str(temporary)):
        with pytest.raises(InputError, match="no such run"):
            find_run(name, tmp_path)
    shutil.rmtree(run)
    with pytest.raises(InputError, match="no run under"):
        find_run("latest", tmp_path)


def test_a_run_that_vanishes_while_they_are_sorted_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path, "2026-05-05_10-00-00_a", "2026-05-05T10:00:00+00:00")
    gone = made(tmp_path, "2026-05-05_09-00-00_b", "2026-05-05T09:00:00+00:00")
    real = run_folder.read_record

    def vanishing(folder: Path) -> dict[str, object]:
        shutil.rmtree(gone, ignore_errors=True)
        return real(folder)

    monkeypatch.setattr(run_folder, "read_record", vanishing)
    assert find_run("latest", tmp_path) == run


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


@pytest.mark.parametrize("run", ["../x", "a\0b", "x" * 300, "/", "", "no/such", "latest/../x"])
def test_an_unknown_run_is_refused(rnn: Command, here: Path, run: str) -> None:
    for words in (["train", "--resume", run], ["verify", run], ["evaluate", "-w", run]):
        result = rnn(*words)
        assert result.code == 2, result
        assert result.err.count("\n") == 1
