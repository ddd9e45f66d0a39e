"""Commands in a terminal of their own."""

import os
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress

_LEFT_OUT = ("COLUMNS", "LINES", "NO_COLOR")
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
_ENVIRONMENT |= {"TERM": "xterm-256color"}


def in_terminal(
    *words: str,
    program: Sequence[str] = (sys.executable, "-m", "rnncli"),
    columns: int = 80,
    env: dict[str, str] | None = None,
    watch: Callable[[subprocess.Popen[bytes], int, bytes], None] | None = None,
    stdin: str | None = None,
) -> tuple[int, bytes]:
    """Run a command in a terminal of its own.

    Parameters
    ----------
    *words : str
        The words after the program.
    program : sequence of str
        The program and its first words; ``rnn`` by default.
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
    controller, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    if stdin is not None:
        os.write(controller, stdin.encode())
    written = b""
    with subprocess.Popen(
        [*program, *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=_ENVIRONMENT | (env or {}),
    ) as child:
        os.close(terminal)
        with suppress(OSError):  # raised by a terminal without writers
            while piece := os.read(controller, 1 << 16):
                written += piece
                if watch is not None:
                    watch(child, controller, written)
    os.close(controller)
    return child.returncode, written


def text_of(written: bytes) -> str:
    """Return what was written to a terminal, without its control sequences."""
    text = written.decode(errors="replace")  # A signal can interrupt the writing of a character.
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r\n", "\n")
