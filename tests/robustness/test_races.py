"""Races: processes train, resume, delete and read the same runs at the same time."""

import errno
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import Command, Result, assert_same, metrics
from helpers.campaign import sample_or_campaign
from helpers.faults import CONFIG, FILES, assert_resumable, build_library, needs_library
from helpers.forked import Forked
from helpers.run_copies import changed_record

pytestmark = needs_library
ROUNDS = sample_or_campaign("rounds", 3, 200)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Forked]]:
    """Commands in three processes, whose calls can be delayed."""
    library = build_library(tmp_path_factory.mktemp("library"))
    with ExitStack() as stack:
        yield [stack.enter_context(Forked(library)) for _ in range(3)]


@pytest.fixture(scope="module")
def runs(three: list[Forked], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ``finished`` run, and one with the same config that was ``killed``."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "c.yaml").write_text(CONFIG)
    for name, fault in ("finished", {}), ("killed", {"FAULT_SIGNAL": int(signal.SIGKILL)}):
        where = {"FAULT_FOLDER": folder, "FAULT_CALLS": "rename", "FAULT_AT": 7}
        three[0].run("train", "-q", "-c", "c.yaml", folder=folder, **where, **fault)
        (run,) = (folder / "runs").iterdir()
        run.rename(folder / name)
    return folder


def delays(folder: Path, rng: random.Random) -> dict[str, object]:
    """Return faults that delay some calls, so that each round has its own order of events."""
    return {
        "FAULT_FOLDER": folder,
        "FAULT_AT": rng.randrange(1, 6),
        "FAULT_REPEAT": "every",
        "FAULT_DELAY": rng.choice([0, 300, 2000]),
    }


# In the first round training is so slow that others meet it for certain.
SLOW: dict[str, object] = {"FAULT_AT": 1, "FAULT_DELAY": 10_000}


def folder_of_round(folder: Path, number: int) -> Path:
    where = folder / str(number)
    (where / "runs").mkdir(parents=True)
    (where / "c.yaml").write_text(CONFIG)
    return where


def assert_refused(result: Result, *reasons: str) -> None:
    """The command was refused in one line, for one of these reasons."""
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result
    assert any(reason in result.err for reason in reasons), result


@ROUNDS
def test_a_run_is_not_deleted_while_it_is_trained(
    rnn: Command, three: list[Forked], runs: Path, tmp_path: Path, rounds: int
) -> None:
    train, delete, _ = three
    tried = 0
    for number in range(rounds):
        where, rng = folder_of_round(tmp_path, number), random.Random(number)
        slow = {} if number else SLOW
        train.start("train", "-q", "-c", "c.yaml", folder=where, **delays(where, rng) | slow)
        while not number and train.is_running and not list(where.glob("runs/2*")):
            time.sleep(0.002)
        deletions = []
        while train.is_running:
            words = ("runs", "delete", "latest", "--yes")
            deletions.append(delete.run(*words, folder=where, **delays(where, rng)))
        trained = train.wait()
        assert (trained.code, trained.err) == (0, ""), trained
        for result in deletions:
            if result.code:
                assert_refused(result, "another process is training", "no run under", "no such")
        tried += sum("another process" in result.err for result in deletions)
        if not any(result.code == 0 for result in deletions):
            assert_same(where / trained.out.strip(), runs / "finished")
    print(f"{rounds} rounds: {tried} deletions refused")
    assert tried


@ROUNDS
def test_one_of_three_processes_resumes_a_run(
    three: list[Forked], runs: Path, tmp_path: Path, rounds: int
) -> None:
    refused = 0
    for number in range(rounds):
        where, rng = folder_of_round(tmp_path, number), random.Random(number)
        run = Path(shutil.copytree(runs / "killed", where / "runs" / "a"))
        for process in three:
            words = ("train", "-q", "--resume", rng.choice(["a", "latest", "runs/a"]))
            slow = {} if number else SLOW
            process.start(*words, folder=where, **delays(where, rng) | slow)
        results = [process.wait() for process in three]
        for result in results:
            if result.code:
                assert_refused(result, "another process is training this run")
                refused += 1
        assert any(result.code == 0 for result in results), results
        assert_same(run, runs / "finished")
        assert {path.name for path in run.iterdir()} == FILES
    print(f"{rounds} rounds: {refused} of {3 * rounds} refused")
    assert refused


@ROUNDS
def test_a_run_is_resumed_or_deleted(
    three: list[Forked], runs: Path, tmp_path: Path, rounds: int
) -> None:
    resume, delete, _ = three
    for number in range(rounds):
        where, rng = folder_of_round(tmp_path, number), random.Random(number)
        run = Path(shutil.copytree(runs / "killed", where / "runs" / "a"))
        resume.start("train", "-q", "--resume", "a", folder=where, **delays(where, rng))
        delete.start("runs", "delete", "a", "--yes", folder=where, **delays(where, rng))
        resumed, deleted = resume.wait(), delete.wait()
        if resumed.code:
            assert_refused(resumed, "another process", "no such run", "No such file", "deleted")
        if deleted.code:
            assert_refused(deleted, "another process is training")
            assert resumed.code == 0
            assert_same(run, runs / "finished")
        else:
            assert list((where / "runs").iterdir()) == []


@ROUNDS
def test_a_kill_while_a_folder_is_made(
    rnn: Command, three: list[Forked], runs: Path, tmp_path: Path, rounds: int
) -> None:
    """Others meet the incomplete folder before and after the kill, and never take it for a run."""
    train, other, _ = three
    for number in range(rounds):
        where, rng = folder_of_round(tmp_path, number), random.Random(number)
        kill = {"FAULT_FOLDER": where / "runs", "FAULT_SIGNAL": int(signal.SIGKILL)}
        train.start("train", "-q", "-c", "c.yaml", folder=where, **kill, FAULT_AT=number % 27 + 1)
        words = rng.choice(
            [("train", "-q", "--resume", "latest"), ("runs", "delete", "latest", "--yes")]
        )
        while train.is_running:
            result = other.run(*words, folder=where)
            if result.code:
                assert_refused(result, "no run under", "another process", "no such run")
        assert train.wait().code == -signal.SIGKILL
        visible = list((where / "runs").glob("2*"))
        result = other.run("train", "-q", "--resume", "latest", folder=where)
        if visible:
            assert_resumable(rnn, visible[0], runs / "finished")
            assert result.code == 0, result
        else:
            assert_refused(result, "no run under")
        again = other.run("train", "-q", "-c", "c.yaml", folder=where)
        assert again.code == 0, again
        listed = json.loads(other.run("runs", "--json", folder=where).out)["runs"]
        assert {run["status"] for run in listed} == {"finished"}
        assert list((where / "runs").glob(".*")) == []


@pytest.mark.parametrize("name", ["EBADF", "ENOLCK", "EOPNOTSUPP"])
def test_a_live_run_is_left_alone_where_nothing_can_be_locked(
    three: list[Forked], tmp_path: Path, name: str
) -> None:
    """As on some network file systems."""
    train, other, _ = three
    where = folder_of_round(tmp_path, 0)
    fault = {"FAULT_CALLS": "flock", "FAULT_AT": 1, "FAULT_REPEAT": "every"}
    no_locks = {"FAULT_FOLDER": where, "FAULT_ERRNO": getattr(errno, name), **fault}
    long = ("--set", "training.num_epochs=3000")
    number = train.start("train", "-q", "-c", "c.yaml", *long, folder=where, **no_locks)
    while train.is_running and not list(where.glob("runs/2*/checkpoint.npz")):
        time.sleep(0.002)
    (run,) = where.glob("runs/2*")
    for words in ("train", "-q", "--resume", run), ("runs", "delete", run, "--yes"):
        refused = other.run(*words, folder=where, **no_locks)
        assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1), refused
    listed = json.loads(other.run("runs", "--json", folder=where, **no_locks).out)["runs"]
    assert [run["status"] for run in listed] in (["running"], ["unknown"])
    os.kill(number, signal.SIGTERM)
    stopped = train.wait()
    assert stopped.code == 143, stopped
    epochs = [row["epoch"] for row in metrics(run)]
    assert epochs == [str(epoch) for epoch in range(1, len(epochs) + 1)]
    # Once it has ended, it can be resumed and deleted there as anywhere else.
    more = ("--set", f"training.num_epochs={len(epochs) + 1}")
    resumed = other.run("train", "-q", "--resume", run, *more, folder=where, **no_locks)
    assert resumed.code == 0, resumed
    deleted = other.run("runs", "delete", run, "--yes", folder=where, **no_locks)
    assert (deleted.code, list((where / "runs").iterdir())) == (0, []), deleted


READINGS = {
    "predict": ("predict", "-w", "latest", "-i", "x.csv"),
    "evaluate": ("evaluate", "-w", "latest"),
    "plot": ("plot", "latest"),
    "list": ("runs", "--json"),
    "show": ("runs", "show", "latest"),
    "config": ("config", "show", "latest"),
}


@pytest.mark.parametrize("name", READINGS)
@sample_or_campaign("rounds", 1, 35)
def test_what_reads_the_latest_run_while_runs_are_deleted(
    three: list[Forked], runs: Path, tmp_path: Path, name: str, rounds: int
) -> None:
    delete, *readers = three
    readings = 0
    for number in range(rounds):
        where, rng = folder_of_round(tmp_path, number), random.Random(number)
        (where / "x.csv").write_text("1,-1,1,1\n")
        for day in range(10, 16):
            run = shutil.copytree(runs / "finished", where / "runs" / f"run{day}")
            changed_record(Path(run), started=f"2026-11-{day}T12:00:00.000000+00:00")
        doomed = [f"run{day}" for day in range(15, 10, -1)]
        delete.start("runs", "delete", *doomed, "--yes", folder=where, **delays(where, rng))
        while delete.is_running:
            for reader in readers:
                reader.start(*READINGS[name], folder=where, **delays(where, rng))
            for reader in readers:
                result = reader.wait()
                assert (result.code, result.err) == (0, ""), result
                readings += 1
        deleted = delete.wait()
        assert (deleted.code, deleted.err) == (0, ""), deleted
        assert [path.name for path in (where / "runs").iterdir()] == ["run10"]
    print(f"{readings} readings while {5 * rounds} runs were deleted")
    assert readings
