"""Run command lines from help texts and pages in this process, and commands in a terminal."""

import io
import os
import re
import shlex
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress

import pytest
from conftest import Command, Result

TERMINAL = {key: os.environ[key] for key in os.environ if key not in ("COLUMNS", "LINES")}
TERMINAL |= {"TERM": "xterm-256color"}


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


def in_terminal(
    *words: str,
    columns: int = 80,
    env: dict[str, str] | None = None,
    watch: Callable[[subprocess.Popen[bytes], int, bytes], None] | None = None,
    stdin: str | None = None,
) -> tuple[int, bytes]:
    """Run a command in a terminal of its own.

    Parameters
    ----------
    *words : str
        The words after ``rnn``.
    columns : int
        The width of the terminal.
    env : dict, optional
        Changes of the environment.
    watch : callable, optional
        Called with the process, the terminal and all that was written, whenever more is written.
    stdin : str, optional
        What is typed.

    Returns
    -------
    (int, bytes)
        The exit code, and all that was written.
    """
    first, second = os.openpty()
    termios.tcsetwinsize(second, (24, columns))
    if stdin is not None:
        os.write(first, stdin.encode())
    written = b""
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *words],
        stdin=second,
        stdout=second,
        stderr=second,
        env=TERMINAL | (env or {}),
    ) as child:
        os.close(second)
        with suppress(OSError):  # raised by a terminal without writers
            while piece := os.read(first, 1 << 16):
                written += piece
                if watch is not None:
                    watch(child, first, written)
    os.close(first)
    return child.returncode, written


def text_of(written: bytes) -> str:
    """Return what was written to a terminal, without its control sequences."""
    text = written.decode(errors="replace")  # A signal can interrupt the writing of a character.
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r\n", "\n")
