"""``rnn runs delete``: runs and damaged runs, and nothing else."""

import shutil
from pathlib import Path

from conftest import Command, process
from helpers.run_copies import copied
from helpers.terminal import in_terminal


def test_delete_deletes_runs_and_damaged_runs(rnn: Command, run_folder: Path) -> None:
    damaged = copied(run_folder, "damaged")
    (damaged / "config.yaml").unlink()
    (damaged / ".weights.npz.0123.tmp").touch()
    result = rnn("runs", "delete", "damaged", run_folder, "damaged", "--yes")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [str(damaged.resolve()), str(run_folder.resolve())]
    assert list(run_folder.parent.iterdir()) == []


def test_delete_deletes_nothing_else(rnn: Command, run_folder: Path, here: Path) -> None:
    runs, outside = run_folder.parent, here / "outside"
    shutil.copytree(run_folder, outside)
    shutil.copytree(run_folder, runs / "deep" / "run")
    (runs / "link").symlink_to(outside)
    (runs / "inner").symlink_to(run_folder.name)
    (runs / "plain").mkdir()
    (copied(run_folder, "noted") / "notes.txt").touch()
    (copied(run_folder, "nested") / "weights").mkdir()
    inside = str(run_folder)
    before = sorted(path for path in here.rglob("*"))
    for wrong in (
        *(outside, "../outside", "runs/../outside", f"{inside}/..", ".", "", "..", "/", "nothing"),
        *("link", "inner", "runs/link/", "plain", "noted", "nested", "deep/run", "deep", "a\0b"),
    ):
        result = rnn("runs", "delete", inside, wrong, "--yes")
        assert (result.code, result.err.count("\n")) == (2, 1), (wrong, result)
        assert result.out == ""
        assert sorted(path for path in here.rglob("*")) == before, wrong
    # The negative control: a run that may be deleted, by an indirect path.
    assert rnn("runs", "delete", f"runs/plain/../{run_folder.name}", "--yes").code == 0
    assert not run_folder.exists()
    assert outside.is_dir()


def test_delete_latest_deletes_the_run_started_last(rnn: Command, run_folder: Path) -> None:
    copy = copied(run_folder, "zzz", started="2020-01-01T00:00:00+00:00")
    leftover = run_folder.parent / ".2090-01-01_00-00-00_a.0123.tmp"
    shutil.copytree(run_folder, leftover)
    assert rnn("runs", "delete", "latest", "--yes").code == 0
    assert (run_folder.exists(), copy.exists(), leftover.exists()) == (False, True, True)


def test_delete_asks_for_confirmation_and_needs_a_terminal_for_it(
    run_folder: Path, here: Path
) -> None:
    refused = process("runs", "delete", "latest", input="y\n")
    assert (refused.returncode, run_folder.is_dir()) == (2, True)
    assert "--yes" in refused.stderr
    for answer, code in (("n", 1), ("y", 0)):
        assert in_terminal("runs", "delete", "latest", stdin=f"{answer}\n")[0] == code
        assert run_folder.is_dir() == (answer == "n")
