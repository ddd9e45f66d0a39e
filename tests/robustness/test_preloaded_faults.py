"""Faults at the C library: each call fails, is cut short or ends the process, in turn."""

import csv
import errno
import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, Result
from helpers.campaign import sample_or_campaign
from helpers.faults import (
    CONFIG,
    assert_no_temporary_files,
    assert_resumable,
    build_library,
    needs_library,
)
from helpers.forked import Forked

from rnncli.runs.files import remove_temporary_files

pytestmark = needs_library

Fault = dict[str, object]


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Commands in processes of their own, under the library of faults."""
    with Forked(build_library(tmp_path_factory.mktemp("library"))) as commands:
        yield commands


@dataclass(frozen=True)
class Runs:
    """A finished run, and one with the same config that was killed after its first checkpoint."""

    finished: Path
    killed: Path


@pytest.fixture(scope="module")
def runs(forked: Forked, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "c.yaml").write_text(CONFIG)
    words = ("train", "-q", "-c", "c.yaml", "--runs")
    assert forked.run(*words, "finished", folder=folder).code == 0
    fault: Fault = {"FAULT_CALLS": "rename", "FAULT_AT": 7, "FAULT_SIGNAL": int(signal.SIGKILL)}
    where = folder / "killed"
    assert forked.run(*words, where, folder=folder, FAULT_FOLDER=where, **fault).code == -9
    (finished,), (killed,) = (folder / "finished").iterdir(), where.iterdir()
    assert (killed / "checkpoint.npz").exists()
    remove_temporary_files(killed)
    return Runs(finished, killed)


@dataclass(frozen=True)
class Scene:
    """A command that is disturbed.

    Attributes
    ----------
    rnn : Command
        The undisturbed command.
    forked : Forked
        Runs the disturbed command.
    runs : Runs
        What it works on.
    folder : Path
        The folder of all folders in which it is run.
    """

    rnn: Command
    forked: Forked
    runs: Runs
    folder: Path

    def prepare(self, folder: Path) -> list[object]:
        """Fill a folder, and return the command that is run in it."""
        raise NotImplementedError

    def check(self, folder: Path, done: bool) -> None:
        """Check the folder after the command, which was done or has failed."""
        raise NotImplementedError

    def run(self, name: str, fault: Fault) -> tuple[Path, Result, list[str]]:
        """Run the command under a fault; return its folder, what came of it, and the calls."""
        folder, log = self.folder / name, self.folder / f"{name}.log"
        folder.mkdir()
        words = self.prepare(folder)
        where = {"FAULT_FOLDER": folder, "FAULT_LOG": log}
        result = self.forked.run(*words, folder=folder, **where, **fault)
        return folder, result, log.read_text().splitlines()


class Train(Scene):
    def prepare(self, folder: Path) -> list[object]:
        (folder / "c.yaml").write_text(CONFIG)
        return ["train", "-q", "-c", "c.yaml"]

    def check(self, folder: Path, done: bool) -> None:
        runs = list(folder.glob("runs/2*"))
        assert runs or not done
        for run in runs:
            assert_resumable(self.rnn, run, self.runs.finished)


class Resume(Scene):
    def prepare(self, folder: Path) -> list[object]:
        shutil.copytree(self.runs.killed, folder / "run")
        return ["train", "-q", "--resume", "run"]

    def check(self, folder: Path, done: bool) -> None:
        assert_resumable(self.rnn, folder / "run", self.runs.finished)


class Predict(Scene):
    def prepare(self, folder: Path) -> list[object]:
        shutil.copy(self.runs.finished / "weights.npz", folder)
        (folder / "x.csv").write_text("1,-1,1,1\n" * 300)
        (folder / "out.csv").write_text("old")
        return ["predict", "-w", "weights.npz", "-i", "x.csv", "-o", "out.csv"]

    def check(self, folder: Path, done: bool) -> None:
        output = folder / "out.csv"
        before = output.read_text()
        words = ("-w", folder / "weights.npz", "-i", folder / "x.csv", "-o", output)
        assert self.rnn("predict", *words).code == 0
        assert before == output.read_text() or (before == "old" and not done)


class Init(Scene):
    def prepare(self, folder: Path) -> list[object]:
        (folder / "d.csv").write_text("1,2,3,a\n4,5,6,b\n" * 12)
        (folder / "c.yaml").write_text("old")
        return ["init", "d.csv", "-o", "c.yaml", "--force"]

    def check(self, folder: Path, done: bool) -> None:
        if done or (folder / "c.yaml").read_text() != "old":
            assert self.rnn("config", "show", "-c", folder / "c.yaml").code == 0


class Delete(Scene):
    def prepare(self, folder: Path) -> list[object]:
        shutil.copytree(self.runs.finished, folder / "runs" / "run")
        return ["runs", "delete", "run", "--yes"]

    def check(self, folder: Path, done: bool) -> None:
        run = folder / "runs" / "run"
        assert not (done and run.exists())
        # A folder without files, whose removal alone has failed, is not a run.
        if run.exists() and list(run.iterdir()):
            again = self.rnn("runs", "delete", "run", "--runs", run.parent, "--yes")
            assert (again.code, run.exists()) == (0, False), again.err


SCENES = {scene.__name__.lower(): scene for scene in (Train, Resume, Predict, Init, Delete)}


@pytest.fixture(params=SCENES)
def scene(
    request: pytest.FixtureRequest, rnn: Command, forked: Forked, runs: Runs, tmp_path: Path
) -> Scene:
    chosen: type[Scene] = SCENES[request.param]
    return chosen(rnn, forked, runs, tmp_path)


# The suite takes some of all calls with all faults, the campaign takes them all.
COUNTS = sample_or_campaign("count", 2, None)


def each_call(
    scene: Scene, count: int | None, faults: list[Fault]
) -> Iterator[tuple[Path, Result, Fault, str]]:
    """Yield folder, result, fault and call of a scene, for each call with each of the faults."""
    _, undisturbed, calls = scene.run("undisturbed", {})
    assert undisturbed.code == 0, undisturbed.err
    cases = [fault | {"FAULT_AT": at} for at in range(1, len(calls) + 1) for fault in faults]
    chosen = cases if count is None else random.Random(0).sample(cases, count)
    for number, fault in enumerate(chosen):
        folder, result, calls = scene.run(str(number), fault)
        yield folder, result, fault, next((call for call in calls if "!" in call), "none")
        shutil.rmtree(folder)
    print(f"{type(scene).__name__}: {len(chosen)} of {len(cases)} faults")


def assert_one_line(result: Result, *case: object) -> None:
    """The last line on standard error, and no other, is that of an error."""
    *before, last = result.err.splitlines()
    assert last.startswith("error: "), (case, result)
    assert "error" not in "".join(before).lower(), (case, result)


ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EBADF", "EINVAL", "EINTR")


@COUNTS
def test_each_call_that_fails_once(scene: Scene, count: int | None) -> None:
    faults: list[Fault] = [{"FAULT_ERRNO": getattr(errno, name)} for name in ERRORS]
    for folder, result, *case in each_call(scene, count, faults):
        # An invalid argument of a call is reported as an invalid path.
        assert result.code in (0, 2, 3), (case, result)
        if result.code:
            assert_one_line(result, case)
        assert_no_temporary_files(folder)
        scene.check(folder, done=result.code == 0)


@COUNTS
def test_a_disk_that_takes_nothing_from_each_call_on(scene: Scene, count: int | None) -> None:
    takes_space: Fault = {
        "FAULT_CALLS": "write,pwrite,mkdir,rename,fsync,ftruncate",
        "FAULT_REPEAT": "after",
    }
    errors = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    faults = [takes_space | {"FAULT_ERRNO": number} for number in errors]
    for folder, result, *case in each_call(scene, count, faults):
        assert result.code in (0, 3), (case, result)
        if result.code:
            assert_one_line(result, case)
        assert_no_temporary_files(folder)
        scene.check(folder, done=result.code == 0)


CODES = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}


@COUNTS
def test_a_signal_at_each_call(scene: Scene, count: int | None) -> None:
    faults: list[Fault] = [{"FAULT_SIGNAL": int(number)} for number in CODES]
    for folder, result, *case in each_call(scene, count, faults):
        number = signal.Signals(int(str(case[0]["FAULT_SIGNAL"])))
        assert result.code in (0, CODES[number]), (case, result)
        if number != signal.SIGKILL:
            assert_no_temporary_files(folder)
        if result.code in (130, 143):
            assert_one_line(result, case)
        scene.check(folder, done=result.code == 0)


def contents(folder: Path) -> dict[str, object]:
    """Return the content of all files, without the times of runs and the names made of them."""
    files: dict[str, object] = {}
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if path.name == "metrics.csv":
            with open(path, newline="") as file:
                rows = list(csv.reader(file))
            files[path.name] = [row[:2] + row[3:] for row in rows]
        elif path.name == "checkpoint.npz":
            arrays = dict(np.load(path))
            del arrays["metadata"]
            files[path.name] = {name: array.tobytes() for name, array in arrays.items()}
        elif path.name != "run.json":
            name = path.name if path.is_file() else f"folder {number}"
            files[name] = path.read_bytes() if path.is_file() else None
    return files


EVERY: dict[str, Fault] = {
    "one byte at a time": {"FAULT_AT": 1, "FAULT_BYTES": 1},
    "every second transfer short": {"FAULT_AT": 2, "FAULT_BYTES": 100},
    "every second call interrupted": {
        "FAULT_AT": 2,
        "FAULT_ERRNO": errno.EINTR,
        "FAULT_CALLS": "open,read,write,pwrite,fsync,flock,ftruncate",
    },
}


@pytest.mark.parametrize("way", EVERY)
def test_short_and_interrupted_calls_change_nothing(scene: Scene, way: str) -> None:
    before, undisturbed, _ = scene.run("undisturbed", {})
    after, result, calls = scene.run("disturbed", EVERY[way] | {"FAULT_REPEAT": "every"})
    assert any("!" in call for call in calls)
    assert (result.code, result.err) == (0, undisturbed.err)
    assert contents(after) == contents(before)
    scene.check(after, done=True)
