"""Fault injection: every system call fails in turn, disks are full, and saves keep their order."""

import builtins
import errno
import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, metrics, process, sha
from helpers.campaign import sample_or_campaign
from helpers.faults import CONFIG, assert_no_temporary_files, assert_resumable

import rnncli
from rnncli.errors import StorageError
from rnncli.runs.files import append_line


class Faults:
    """Makes the k-th system call that concerns a folder fail, once or permanently.

    Calls are open, write, flush, close, fsync, rename, replace and mkdir; ``calls`` are the calls
    made, in order.
    """

    def __init__(self, folder: Path, error: int, at: int, permanent: bool) -> None:
        self.folder, self.error, self.at, self.permanent = folder, error, at, permanent
        self.calls: list[tuple[str, str]] = []
        self.opened: dict[int, str] = {}

    def call(self, name: str, path: str) -> None:
        self.calls.append((name, path))
        count = len(self.calls)
        if count == self.at or (self.permanent and count > self.at > 0):
            raise OSError(self.error, os.strerror(self.error), path)

    def concerns(self, path: object) -> bool:
        if not isinstance(path, str | os.PathLike):
            return False
        return Path(os.fspath(path)).absolute().is_relative_to(self.folder)

    @contextmanager
    def injected(self) -> Iterator["Faults"]:
        real_open = builtins.open
        saved: list[tuple[Any, str, Any]] = []

        def patch(module: Any, name: str, function: Callable[..., Any]) -> None:
            saved.append((module, name, getattr(module, name)))
            setattr(module, name, function)

        def open_file(path: Any, *rest: Any, **options: Any) -> Any:
            if not self.concerns(path):
                return real_open(path, *rest, **options)
            self.call("open", str(path))
            file = real_open(path, *rest, **options)
            self.opened.pop(file.fileno(), None)  # an opener's own call
            return FaultyFile(self, str(path), file)

        def on_path(module: Any, name: str) -> None:
            real = getattr(module, name)

            def function(path: Any, *rest: Any, **options: Any) -> Any:
                if self.concerns(path):
                    self.call(name, str(rest[0] if name in ("replace", "rename") else path))
                result = real(path, *rest, **options)
                if name == "open":
                    self.opened[result] = str(path)
                return result

            patch(module, name, function)

        def on_descriptor(name: str) -> None:
            real = getattr(os, name)

            def function(descriptor: int) -> Any:
                path = self.opened.get(descriptor)
                if path is None and name == "fsync":
                    path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
                if path is None:
                    return real(descriptor)
                if name == "close":
                    del self.opened[descriptor]
                    real(descriptor)
                self.call(name, path)
                return None if name == "close" else real(descriptor)

            patch(os, name, function)

        patch(builtins, "open", open_file)
        patch(io, "open", open_file)
        for name in ("open", "mkdir", "rename", "replace"):
            on_path(os, name)
        for name in ("fsync", "close"):
            on_descriptor(name)
        try:
            yield self
        finally:
            for module, name, function in saved:
                setattr(module, name, function)


class FaultyFile:
    """A file whose writing, flushing and closing can fail."""

    def __init__(self, faults: Faults, path: str, file: Any) -> None:
        self._faults, self._path, self._file = faults, path, file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "FaultyFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, content: Any) -> Any:
        self._faults.call("write", self._path)
        return self._file.write(content)

    def flush(self) -> None:
        self._faults.call("flush", self._path)
        self._file.flush()

    def close(self) -> None:
        closed = self._file.closed
        self._file.close()
        if not closed:
            self._faults.call("close", self._path)


def assert_clear(code: int, err: str, error: int) -> None:
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("error: "), err
    assert os.strerror(error) in lines[0]
    # A file without read permission is invalid input.
    assert code == 3 or (code == 2 and error == errno.EACCES and "readable" in err), err


# In the suite each combination takes every twelfth call; together they take every other one.
STRIDES = sample_or_campaign("stride", 12, 1)
WAYS = pytest.mark.parametrize("permanent", [False, True], ids=["once", "permanent"])
CODES = [errno.ENOSPC, errno.EIO, errno.EACCES]
ERRORS = pytest.mark.parametrize("error", CODES, ids=["ENOSPC", "EIO", "EACCES"])


def fail_in_turn(
    rnn: Command,
    here: Path,
    fault: tuple[int, bool, int],
    prepare: Callable[[Path], tuple[object, ...]],
    check: Callable[[Path], None],
) -> int:
    """Run a command with one call after another failing, until all succeed; return their number.

    `prepare` gets a folder for runs and returns the command; `check` gets that folder afterwards.
    """
    error, permanent, stride = fault
    at, failed = 1 + (4 * CODES.index(error) + 2 * permanent) % stride, 0
    while True:
        runs = here / "out" / str(at)
        words = prepare(runs)
        with Faults(here, error, at, permanent).injected() as faults:
            result = rnn(*words)
        if len(faults.calls) < at:
            break
        assert_clear(result.code, result.err, error)
        assert_no_temporary_files(here)
        check(runs)
        at, failed = at + stride, failed + 1
    assert result.code == 0
    print(f"{failed} of {len(faults.calls)} calls failed in turn")
    return failed


@ERRORS
@WAYS
@STRIDES
def test_every_call_that_fails_in_a_training_run(
    rnn: Command, here: Path, error: int, permanent: bool, stride: int
) -> None:
    config = here / "c.yaml"
    config.write_text(CONFIG)
    uninterrupted = Path(
        rnn("train", "-q", "-c", config, "--runs", here / "uninterrupted").out.strip()
    )

    def prepare(runs: Path) -> tuple[object, ...]:
        return "train", "-q", "-c", config, "--runs", runs

    def check(runs: Path) -> None:
        for run in runs.glob("*"):
            assert_resumable(rnn, run, uninterrupted)

    assert fail_in_turn(rnn, here, (error, permanent, stride), prepare, check) > 60 / stride


@ERRORS
@WAYS
@STRIDES
def test_every_call_that_fails_when_a_run_is_resumed(
    rnn: Command, here: Path, error: int, permanent: bool, stride: int
) -> None:
    config = here / "c.yaml"
    config.write_text(CONFIG)
    uninterrupted = Path(
        rnn("train", "-q", "-c", config, "--runs", here / "uninterrupted").out.strip()
    )

    def extended(run: Path) -> tuple[object, ...]:
        return "train", "-q", "--resume", run, "--set", "training.num_epochs=2"

    def prepare(runs: Path) -> tuple[object, ...]:
        one = ("--set", "training.num_epochs=1")
        return extended(Path(rnn("train", "-q", "-c", config, "--runs", runs, *one).out.strip()))

    def check(runs: Path) -> None:
        (run,) = runs.iterdir()
        rnncli.load(run)
        assert rnn(*extended(run)).code == 0
        assert [row["epoch"] for row in metrics(run)] == ["1", "2"]
        assert sha(run / "checkpoint.npz") != sha(uninterrupted / "checkpoint.npz")

    assert fail_in_turn(rnn, here, (error, permanent, stride), prepare, check) > 40 / stride


def test_every_save_is_written_synced_renamed_and_synced_in_its_folder(
    rnn: Command, here: Path
) -> None:
    (here / "c.yaml").write_text(CONFIG)
    with Faults(here, 0, 0, False).injected() as faults:
        assert rnn("train", "-q", "-c", "c.yaml").code == 0
    renamed = [i for i, (name, _) in enumerate(faults.calls) if name in ("replace", "rename")]
    assert len(renamed) > 8
    for i in renamed:
        kind, target = faults.calls[i]
        folder = str(Path(target).parent)
        names = [name for name, _ in faults.calls[:i]]
        if kind == "replace":
            # open, write..., flush, fsync, close; then the new name, and the folder's fsync.
            start = len(names) - 1 - names[::-1].index("open")
            assert names[start + 1 :] == ["write", "flush", "fsync", "close"], names[start:]
            temporary = {Path(path).absolute() for _, path in faults.calls[start:i]}
            assert len(temporary) == 1
            assert temporary.pop().parent == Path(folder).absolute()
        after = [(name, Path(path).name) for name, path in faults.calls[i + 1 : i + 3]]
        assert after == [("open", Path(folder).name), ("fsync", Path(folder).name)]
    # The metrics log is on the disk before the checkpoint that counts on it.
    last = max(i for i in renamed if faults.calls[i][1].endswith("checkpoint.npz"))
    synced = [path for name, path in faults.calls[:last] if name == "fsync"]
    assert any(path.endswith("metrics.csv") for path in synced[-6:])


def test_a_file_that_cannot_grow_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(StorageError, match=str(path)):
        limit_files(5, lambda: append_line(path, "and more"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def limit_files(size: int, do: Callable[[], None]) -> None:
    """Do something while no file can grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        do()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def assert_failed_well(
    done: subprocess.CompletedProcess[str], folder: Path, uninterrupted: Path, rnn: Command
) -> None:
    assert done.returncode in (0, 3), done.stderr
    if done.returncode:
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: "), line
        assert str(folder) in line or "runs" in line
        assert "space" in line or "large" in line, line
    assert_no_temporary_files(folder)
    for run in folder.glob("*"):
        assert_resumable(rnn, run, uninterrupted)


@sample_or_campaign("count", 3, 20)
def test_files_of_limited_size(rnn: Command, here: Path, count: int) -> None:
    (here / "c.yaml").write_text(CONFIG)
    uninterrupted = Path(
        rnn("train", "-q", "-c", "c.yaml", "--runs", here / "uninterrupted").out.strip()
    )
    largest = max(path.stat().st_size for path in uninterrupted.iterdir())
    codes = []
    for i in range(count):
        size, runs = (largest + 100) * i // (count - 1), here / "out" / str(i)
        done = subprocess.run(
            [sys.executable, "-m", "rnncli", "train", "-q", "-c", "c.yaml", "--runs", str(runs)],
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=lambda size=size: resource.setrlimit(  # type: ignore[misc]
                resource.RLIMIT_FSIZE, (size, size)
            ),
        )
        assert_failed_well(done, runs, uninterrupted, rnn)
        codes.append(done.returncode)
    assert codes[0] == 3
    assert codes[-1] == 0


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount a file system in memory; this takes the rights of root."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.campaign
def test_twenty_small_disks_and_one_that_is_read_only(rnn: Command, here: Path) -> None:
    (here / "c.yaml").write_text(CONFIG)
    uninterrupted = Path(
        rnn("train", "-q", "-c", "c.yaml", "--runs", here / "uninterrupted").out.strip()
    )
    codes = []
    for i in range(20):
        with mounted(here / "disks" / str(i), "-o", f"size={4 + 4 * i}k") as disk:
            done = process("train", "-q", "-c", "c.yaml", "--runs", disk / "runs")
            codes.append(done.returncode)
            subprocess.run(["mount", "-o", "remount,size=1m", disk], check=True)
            assert_failed_well(done, disk / "runs", uninterrupted, rnn)
    assert codes[0] == 3
    assert codes[-1] == 0
    with mounted(here / "read-only", "-o", "ro") as disk:
        done = process("train", "-q", "-c", "c.yaml", "--runs", disk)
        assert done.returncode == 3
        assert done.stderr == f"error: {disk}: Read-only file system\n"
