"""Processes that create, train, read and delete runs at the same time, and are killed meanwhile."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import Command, process
from helpers.campaign import sample_or_campaign
from helpers.run_copies import entries

from rnncli.analysis.training_curves import read_charts
from rnncli.errors import InputError
from rnncli.runs.deletion import delete_run, find_deletable
from rnncli.runs.find_run import find_run, read_runs
from rnncli.runs.run_list import list_runs
from rnncli.runs.saved_model import open_model

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


# Creates copies of a run, which are newer, and deletes them. Without a name, each has its own.
COPIES = """
import os, sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from rnncli.runs.deletion import delete_run
from rnncli.runs.run_folder import create_run_folder
times, run, name = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
files = {path.name: path.read_bytes() for path in run.iterdir()}
files["run.json"] = files["run.json"].replace(b'"started": "2', b'"started": "3')
def fill(folder):
    for file, content in files.items():
        (folder / file).write_bytes(content)
for number in range(times):
    with ExitStack() as lock:
        copy = name or f"copy{number}_of_{os.getpid()}"
        folder = create_run_folder(Path("runs"), copy, datetime.now(), fill, lock)
    delete_run(folder.resolve())
"""
TRAININGS = """
import sys
from pathlib import Path
from rnncli.config.reading import read_config
from rnncli.runs.training_run import start_run
config = read_config(Path("small.yaml"), ["training.num_epochs=1"])
for _ in range(int(sys.argv[1])):
    for _ in start_run(config, Path("runs"), []).events():
        pass
"""


def until_they_end(scripts: list[tuple[object, ...]], watch: Callable[[], None]) -> None:
    """Run scripts with arguments and, until all have ended, call `watch` repeatedly."""
    with ExitStack() as stack:
        children = []
        for words in scripts:
            command = [sys.executable, "-c", *map(str, words)]
            children.append(stack.enter_context(subprocess.Popen(command)))
            stack.callback(children[-1].kill)
        while any(child.poll() is None for child in children):
            watch()
        assert [child.returncode for child in children] == [0] * len(children)


@sample_or_campaign("times", 150, 3_000)
def test_readers_skip_runs_that_are_deleted_meanwhile(run_folder: Path, times: int) -> None:
    seen = set()

    def read() -> None:
        seen.add(open_model("latest").run)
        read_runs(["latest", run_folder.name], read_charts)
        summaries = list_runs(RUNS)
        assert [summary.problem for summary in summaries if summary.problem] == []
        assert run_folder.name in {summary.name for summary in summaries}

    read()  # The first one imports what it needs, while the copies would come to their end.
    until_they_end([(COPIES, times, run_folder, "")] * 2, read)
    assert len(seen) > 1
    assert list(RUNS.iterdir()) == [run_folder]


@sample_or_campaign("times", 10, 1_000)
def test_a_fresh_run_is_not_deleted(small: Path, times: int) -> None:
    """Runs are trained while another process deletes the latest one as soon as it can."""
    deleted = set()

    def delete() -> None:
        with suppress(InputError):
            folder = find_deletable("latest", RUNS)
            delete_run(folder)
            deleted.add(folder)

    RUNS.mkdir()
    until_they_end([(TRAININGS, times)], delete)
    assert deleted
    assert not hidden()


@sample_or_campaign("times", 10, 1_000)
def test_creations_and_deletions_of_the_same_names_do_not_disturb_each_other(
    run_folder: Path, times: int
) -> None:
    until_they_end([(COPIES, times, run_folder, "a")] * 4, lambda: time.sleep(0.01))
    assert list(RUNS.iterdir()) == [run_folder]


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
