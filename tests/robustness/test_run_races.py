"""Processes that create, train, read and delete runs at the same time, and are killed meanwhile."""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import monotonic

import pytest
from conftest import Command, process
from helpers.campaign import sample_or_campaign
from helpers.run_copies import entries

from rnncli.analysis.training_curves import read_charts
from rnncli.config.reading import read_config
from rnncli.errors import InputError
from rnncli.runs.deletion import delete_run, find_deletable
from rnncli.runs.find_run import find_run, read_runs
from rnncli.runs.run_folder import create_run_folder
from rnncli.runs.run_list import list_runs
from rnncli.runs.saved_model import open_model
from rnncli.runs.training_run import start_run

RUNS = Path("runs")
# A training run whose process gets a signal when its folder is complete but has no name yet.
CREATION = """
import os, signal, sys
from rnncli.cli.main import main
from rnncli.runs import run_folder
rename = run_folder._renamed
def stopped(*folders):
    run_folder._renamed = rename
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return rename(*folders)
run_folder._renamed = stopped
main(["train", "-q", "-c", "small.yaml"])
"""


@contextmanager
def creation_stopped_by(name: str) -> Iterator[subprocess.Popen[str]]:
    """Start a training run, and wait until the signal has stopped it."""
    command = [sys.executable, "-c", CREATION, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        yield child


def hidden() -> list[Path]:
    return list(RUNS.glob(".*"))


def test_a_killed_creation_is_never_used_and_is_removed_with_the_next(
    rnn: Command, small: Path
) -> None:
    with creation_stopped_by("SIGKILL"):
        pass
    (leftover,) = hidden()
    assert (leftover / "config.yaml").is_file()
    resumed = rnn("train", "--resume", "latest")
    assert resumed.code == 2
    assert "no run under runs/ yet" in resumed.err
    done = rnn("train", "-q", "-c", small)
    assert [str(path) for path in RUNS.iterdir()] == [done.out.strip()]


def test_a_folder_that_a_live_process_fills_is_not_removed(rnn: Command, small: Path) -> None:
    with creation_stopped_by("SIGSTOP") as child:
        (filled,) = hidden()
        done = rnn("train", "-q", "-c", small)
        assert (done.code, hidden()) == (0, [filled])
        child.send_signal(signal.SIGCONT)
        out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert {str(path) for path in RUNS.iterdir()} == {done.out.strip(), out.strip()}


@pytest.mark.parametrize(
    "name",
    ["mine.tmp", ".mine.tmp", ".mine.0123456789abcdef.tmp", ".x.0123456789abcdeg.tmp"],
)
def test_what_others_have_put_among_the_runs_is_not_removed(
    rnn: Command, small: Path, name: str
) -> None:
    mine = RUNS / name
    mine.mkdir(parents=True)
    (mine / "notes.txt").touch()
    (mine / "config.yaml").touch()
    assert rnn("train", "-q", "-c", small).code == 0
    assert {path.name for path in mine.iterdir()} == {"notes.txt", "config.yaml"}


def in_processes(tasks: list[Callable[[], None]], watch: Callable[[], None]) -> None:
    """Run tasks in processes of their own and, until they have ended, call `watch` repeatedly."""
    children = []
    for task in tasks:
        child = os.fork()
        if not child:
            code = 0
            try:
                task()
            except BaseException:
                traceback.print_exc()
                code = 1
            os._exit(code)
        children.append(child)
    codes: dict[int, int] = {}
    try:
        while len(codes) < len(children):
            watch()
            for child in set(children) - set(codes):
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid:
                    codes[child] = os.waitstatus_to_exitcode(status)
    finally:
        for child in set(children) - set(codes):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert set(codes.values()) == {0}


def copied_and_deleted(run: Path, times: int) -> None:
    """Create and delete runs that are newer than `run`."""
    files = {path.name: path.read_bytes() for path in run.iterdir()}
    started = b'"started": "2'
    assert started in files["run.json"]
    files["run.json"] = files["run.json"].replace(started, b'"started": "3')

    def fill(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).write_bytes(content)

    for number in range(times):
        name = f"new{number}_of_{os.getpid()}"
        with ExitStack() as lock:
            folder = create_run_folder(RUNS, name, datetime.now(), fill, lock)
        delete_run(folder.resolve())


@sample_or_campaign("times", 100, 3_000)
def test_readers_skip_runs_that_are_deleted_meanwhile(run_folder: Path, times: int) -> None:
    seen = set()

    def read() -> None:
        seen.add(open_model("latest").run)
        read_runs(["latest", run_folder.name], read_charts)
        summaries = list_runs(RUNS)
        assert [summary.problem for summary in summaries if summary.problem] == []
        assert run_folder.name in {summary.name for summary in summaries}

    in_processes([lambda: copied_and_deleted(run_folder, times)] * 2, read)
    assert len(seen) > 1
    assert list(RUNS.iterdir()) == [run_folder]


@sample_or_campaign("times", 30, 1_000)
def test_a_fresh_run_is_not_deleted(small: Path, times: int) -> None:
    """Runs are trained while another process deletes the latest one as soon as it can."""
    config = read_config(small, ["training.num_epochs=1"])
    deleted = set()

    def train() -> None:
        for _ in range(times):
            for _ in start_run(config, RUNS, []).events():
                pass

    def delete() -> None:
        with suppress(InputError):
            folder = find_deletable("latest", RUNS)
            delete_run(folder)
            deleted.add(folder)

    RUNS.mkdir()
    in_processes([train], delete)
    assert deleted
    assert not hidden()


@sample_or_campaign("times", 30, 1_000)
def test_creations_and_deletions_do_not_disturb_each_other(here: Path, times: int) -> None:
    def create_and_delete() -> None:
        for _ in range(times):
            with ExitStack() as lock:
                folder = create_run_folder(
                    RUNS, "a", datetime.now(), lambda f: (f / "config.yaml").touch(), lock
                )
            delete_run(folder.resolve())

    begun = monotonic()
    in_processes([create_and_delete] * 4, lambda: None)
    print(f"{4 * times} runs created and deleted in {monotonic() - begun:.1f} s")
    assert list(RUNS.iterdir()) == []


def test_a_killed_deletion_leaves_a_damaged_run_that_is_deleted_again(
    rnn: Command, run_folder: Path
) -> None:
    killed = (
        "import os\n"
        "from rnncli.runs import deletion, run_folder\n"
        "run_folder.remove_temporary_files = lambda folder: os.kill(os.getpid(), 9)\n"
        "deletion.delete_run(deletion.find_deletable('latest', deletion.Path('runs')))"
    )
    done = subprocess.run([sys.executable, "-c", killed], check=False)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(InputError, match="no run under"):
        find_run("latest")
    (entry,) = entries(rnn)
    assert (entry["name"], entry["status"]) == (run_folder.name, "damaged")
    assert rnn("runs", "delete", run_folder.name, "--yes").code == 0
    assert list(RUNS.iterdir()) == []


def test_latest_is_the_run_started_last_in_any_time_zone(small: Path) -> None:
    """The names of the folders are in local time, which the zones order the other way around."""
    for zone in ("<+13>-13", "<-08>8"):
        assert process("train", "-q", "-c", small, env={"TZ": zone}).returncode == 0
    west, east = sorted(RUNS.iterdir())
    assert find_run("latest") == west
    assert process("runs", "delete", "latest", "--yes").returncode == 0
    assert list(RUNS.iterdir()) == [east]
