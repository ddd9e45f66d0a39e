"""Run command lines from help texts and pages in this process."""

import io
import re
import shlex
import subprocess
import sys

import pytest
from conftest import Command, Result


def run_line(rnn: Command, monkeypatch: pytest.MonkeyPatch, line: str) -> Result:
    """Run a line of a shell; in this process if it is one command after an optional pipe.

    Output to a file or to another command is not redirected.
    """
    feeder, pipe, command = line.rpartition("| rnn ")
    if "$(" in line or not (pipe or line.startswith("rnn ")):
        script = re.sub(r"\brnn (?=[a-z])", f"{shlex.quote(sys.executable)} -m rnncli ", line)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        return Result(done.returncode, done.stdout, done.stderr)
    if pipe:
        text = subprocess.run(["bash", "-c", feeder], capture_output=True, check=True).stdout
        type_in(monkeypatch, text)
    words = shlex.split(command.removeprefix("rnn "), comments=True)
    ends = [words.index(word) for word in (">", "2>&1") if word in words]
    return rnn(*words[: min(ends, default=len(words))])


def type_in(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    """Give a text on standard input."""
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(text)))
    monkeypatch.setattr(sys, "stdin", stream)
