"""An exception that nobody expected: one line, exit code 70, and a report with the details."""

import os
import platform
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

from rnncli.cli.unexpected import EXIT_CODE
from rnncli.version import __version__

# The list of runs fails as if it had a defect.
DEFECTS = {
    "KeyError: 'x'": "return {}['x']",
    "ValueError: two\\nlines": "raise ValueError('two\\nlines')",
    "AssertionError": "assert folder is None",
    "RecursionError: maximum recursion depth exceeded": "return broken(folder, *others)",
    "Exception: \\x1b[31m": "raise Exception('\\x1b[31m')",
}


def run_with_defect(
    folder: Path,
    body: str,
    *words: str,
    prepare: Callable[[], None] | None = None,
    function: str = "run_list.list_runs",
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, in which a function has another body."""
    script = (
        "from rnncli.runs import metrics_log, run_list\n"
        f"def broken(folder, *others):\n    {body}\n"
        f"{function} = broken\n"
        "from rnncli.__main__ import main; main()\n"
    )
    (folder / "defect.py").write_text(script)
    return subprocess.run(
        [sys.executable, "defect.py", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder), "PYTHONWARNINGS": "error"},
        preexec_fn=prepare,
        timeout=60,
    )


@pytest.mark.parametrize("shown", DEFECTS)
def test_a_defect_is_one_line_and_a_report(here: Path, shown: str) -> None:
    done = run_with_defect(here, DEFECTS[shown], "runs", "--name", "a b")
    assert (done.returncode, done.stdout) == (EXIT_CODE, "") == (70, "")
    match = re.fullmatch(r"error: unexpected (.*); report: (\S+)\n", done.stderr)
    assert match is not None, done.stderr
    assert match[1].startswith(shown)
    report = Path(match[2])
    assert report.parent == here
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text(encoding="utf-8")
    assert "\ncommand: defect.py runs --name 'a b'\n" in text
    assert f"\nrnncli: {__version__}\n" in text
    assert f"\nnumpy: {np.__version__}\n" in text
    assert "\npydantic: " in text
    assert f"\nPython: {sys.version.split()[0]} " in text
    assert f"\nplatform: {platform.system()}" in text
    assert "Traceback (most recent call last):\n" in text
    assert 'defect.py", line 3, in broken\n' in text


def test_every_report_has_a_name_of_its_own(here: Path) -> None:
    for _ in range(2):
        run_with_defect(here, "raise ValueError", "runs")
    assert len(list(here.glob("rnn-report-*"))) == 2


def test_a_report_that_cannot_be_written_does_not_hide_the_defect(here: Path) -> None:
    def no_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    (here / "defect.py").touch()
    done = run_with_defect(here, "raise KeyError(5)", "runs", prepare=no_files)
    assert done.returncode == EXIT_CODE
    start = "error: unexpected KeyError: 5; report: none, because it could not be written ("
    assert done.stderr.startswith(start)
    assert done.stderr.count("\n") == 1
    assert not list(here.glob("rnn-report-*"))


def test_too_little_memory_is_not_a_defect(here: Path) -> None:
    done = run_with_defect(here, "raise MemoryError", "runs")
    assert (done.returncode, done.stderr) == (3, "error: memory: not enough memory\n")
    assert not list(here.glob("rnn-report-*"))


def test_a_run_with_a_defect_has_failed(small: Path) -> None:
    function = "metrics_log.MetricsLog.append"
    done = run_with_defect(
        Path.cwd(), "raise KeyError(5)", *("train", "-q", "-c", "small.yaml"), function=function
    )
    assert done.returncode == EXIT_CODE
    (run,) = Path("runs").iterdir()
    assert '"status": "failed"' in (run / "run.json").read_text()


def test_a_broken_installation_is_reported(here: Path) -> None:
    (here / "typer.py").write_text("raise ImportError('a shared library is missing')")
    done = subprocess.run(
        [sys.executable, "-m", "rnncli", "--help"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(here), "TMPDIR": str(here)},
    )
    assert done.returncode == EXIT_CODE
    start = "error: unexpected ImportError: a shared library is missing; report: "
    assert done.stderr.startswith(start + str(here))
    assert done.stderr.count("\n") == 1


def test_completion_is_silent(rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> int:
        raise ValueError

    monkeypatch.setenv("_RNN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "rnn ")
    monkeypatch.setenv("COMP_CWORD", "1")
    monkeypatch.setenv("TMPDIR", str(here))
    monkeypatch.setattr("rnncli.cli.main.app", broken)
    result = rnn()
    assert (result.code, result.out, result.err) == (0, "", "")
    assert not list(here.iterdir())
