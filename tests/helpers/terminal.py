"""The command in a terminal of its own."""

import os
import subprocess
import sys
import termios
from contextlib import suppress


def on_terminal(words: list[str], typed: str = "", columns: int = 80) -> tuple[int, str]:
    """Run the command in a terminal; return its exit code and what it wrote."""
    first, second = os.openpty()
    termios.tcsetwinsize(second, (24, columns))
    os.write(first, typed.encode())
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *words],
        **dict.fromkeys(("stdin", "stdout", "stderr"), second),
        env=environment,
    ) as child:
        os.close(second)
        written = b""
        with suppress(OSError):  # raised by a terminal without writers
            while piece := os.read(first, 1 << 16):
                written += piece
    os.close(first)
    return child.returncode, written.decode()
