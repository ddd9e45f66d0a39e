"""A run is found by its path, its name or as 'latest'."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import Command

from rnncli.errors import InputError
from rnncli.runs import find_run as module
from rnncli.runs.find_run import find_run, run_folders


def test_a_run_is_found_by_path_by_name_and_as_latest(rnn: Command, run_folder: Path) -> None:
    newer = Path(rnn("train", "-c", run_folder / "config.yaml", "-q").out.strip())
    assert find_run("latest") == newer
    assert find_run(run_folder.name) == run_folder
    assert find_run(str(run_folder.resolve())) == run_folder.resolve()
    with pytest.raises(InputError, match="no such run"):
        find_run("nothing")


def create_run(runs: Path, name: str, started: object = None, record: str | None = None) -> Path:
    """Create what looks like a run: a config and a record with a start time."""
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "config.yaml").touch()
    if record is not None or started is not None:
        (folder / "run.json").write_text(record or json.dumps({"started": started}))
    return folder


def test_latest_is_the_run_started_last_whatever_the_names(tmp_path: Path) -> None:
    last = create_run(tmp_path, "2026-01-01_00-00-00_a", "2026-05-05T10:00:00+00:00")
    create_run(tmp_path, "zzz", "2026-05-05T09:00:00+00:00")
    create_run(tmp_path, "2030-01-01_00-00-00_b", "2026-05-05T08:00:00+00:00")
    assert find_run("latest", tmp_path) == last


def test_start_times_of_different_zones_are_compared_in_utc(tmp_path: Path) -> None:
    create_run(tmp_path, "east", "2026-05-05T23:00:00+14:00")
    last = create_run(tmp_path, "west", "2026-05-05T12:00:00-11:00")
    create_run(tmp_path, "utc", "2026-05-05T22:59:59+00:00")
    assert find_run("latest", tmp_path) == last


def test_a_copy_does_not_change_what_is_latest(tmp_path: Path) -> None:
    time = "2026-05-05T10:00:00+00:00"
    create_run(tmp_path, "2026-05-05_10-00-00_a", time)
    latest = create_run(tmp_path, "2026-05-05_10-00-00_a_2", time)
    for name in ("best", "zz", "2026-05-05_10-00-00_a_2_copy", "2031-01-01_00-00-00_a"):
        shutil.copytree(latest, tmp_path / name)
        assert find_run("latest", tmp_path) == latest, name
    # Copying an older run changes nothing either, though the copy is the newest folder.
    older = create_run(tmp_path, "2026-05-04_10-00-00_a", "2026-05-04T10:00:00+00:00")
    shutil.copytree(older, tmp_path / "zzz")
    assert find_run("latest", tmp_path) == latest


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "{}", '{"started": 3}', '{"started": "soon"}', '{"started": "9999-99"}'],
)
def test_with_a_damaged_record_the_name_tells_the_time(tmp_path: Path, record: str) -> None:
    create_run(tmp_path, "2026-05-05_10-00-00_a", "2026-05-05T10:00:00")
    damaged = create_run(tmp_path, "2026-05-05_11-00-00_a", record=record)
    create_run(tmp_path, "without-time", record=record)
    assert find_run("latest", tmp_path) == damaged
    create_run(tmp_path, "2026-05-05_12-00-00_a", "2026-05-05T12:00:00")
    assert [path.name for path in run_folders(tmp_path)] == [
        *(f"2026-05-05_{hour}-00-00_a" for hour in (12, 11, 10)),
        "without-time",
    ]


def test_a_temporary_folder_is_never_used(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", "2026-05-05T10:00:00+00:00")
    temporary = create_run(tmp_path, ".2026-06-06_10-00-00_a.0123.tmp", "2026-06-06T10:00:00+00:00")
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
    run = create_run(tmp_path, "2026-05-05_10-00-00_a", "2026-05-05T10:00:00+00:00")
    gone = create_run(tmp_path, "2026-05-05_09-00-00_b", "2026-05-05T09:00:00+00:00")
    real = module.read_record

    def vanishing(folder: Path) -> dict[str, object]:
        shutil.rmtree(gone, ignore_errors=True)
        return real(folder)

    monkeypatch.setattr(module, "read_record", vanishing)
    assert find_run("latest", tmp_path) == run


@pytest.mark.parametrize("run", ["../x", "a\0b", "x" * 300, "/", "", "no/such", "latest/../x"])
def test_an_unknown_run_is_refused(rnn: Command, here: Path, run: str) -> None:
    for words in (["train", "--resume", run], ["verify", run], ["evaluate", "-w", run]):
        result = rnn(*words)
        assert result.code == 2, result
        assert result.err.count("\n") == 1
