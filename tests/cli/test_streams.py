"""Closed pipes, full devices, terminals and locales: the run is saved whatever becomes of them."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import process
from helpers.terminal import in_terminal

import rnncli

X = np.random.default_rng(0).standard_normal((40, 5, 1))
RNN = f"{shlex.quote(sys.executable)} -m rnncli"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    words = ["bash", "-c", f"set -o pipefail; {command}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, command
    assert "Exception ignored" not in done.stderr, command
    return done


def test_training_continues_when_standard_error_is_closed(small: Path) -> None:
    shell(f"({RNN} train -c {small} --set training.num_epochs=50; echo $? > code) 2>&1 | head -1")
    (run,) = Path("runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert Path("code").read_text().strip() == "0"


def test_closed_pipes_and_full_devices(run_folder: Path) -> None:
    predict = f"yes 1,2,3,4,5 | head -20000 | {RNN} predict -w {run_folder}"
    for command, code in (
        (f"{predict} | head -1", 0),
        (f"{predict} > /dev/full", 3),
        (f"{predict} >&-", 0),
        (f"{RNN} config show > /dev/full", 3),
        (f"{RNN} --help | head -1", 0),
    ):
        done = shell(command)
        assert done.returncode in (code, 141), (command, done.stderr)


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"}]
)
def test_environments_without_color_or_unicode(small: Path, environment: dict[str, str]) -> None:
    done = process("train", "-c", small, env=environment)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        ("2>&1 | head -1", 0),
        ("2> /dev/full", 0),
        ("> /dev/full 2>&1", 3),
        (">&- 2>&- <&-", 0),
    ],
)
def test_a_run_is_saved_when_its_output_fails(
    small: Path, here: Path, redirection: str, code: int
) -> None:
    done = shell(f"{RNN} train -c small.yaml {redirection}")
    assert done.returncode == code, done.stderr
    (run,) = (here / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert rnncli.load(run).predict(X).shape == (len(X),)


def test_a_narrow_terminal(small: Path, here: Path) -> None:
    code, written = in_terminal("train", "-c", "small.yaml", columns=20)
    assert code == 0, written
    assert b"Traceback" not in written
    (run,) = (here / "runs").iterdir()
    assert rnncli.load(run).predict(X).shape == (len(X),)
