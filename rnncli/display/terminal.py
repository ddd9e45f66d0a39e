"""Standard output and standard error: whether they are terminals, and messages to the user."""

import os
import sys
from contextlib import suppress


def stdout_is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def stderr_can_redraw() -> bool:
    """Return whether standard error is a terminal that can move its cursor."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def write_message(text: str) -> None:
    """Write a line to standard error; a closed or full standard error is ignored."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)
