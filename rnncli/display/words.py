"""Figures in words, alike wherever they are shown."""

import os
import sys
from contextlib import suppress


def figure(metric: str, value: float) -> str:
    """Return an accuracy as a percentage, any other figure with four digits."""
    percent = metric in ("accuracy", "balanced_accuracy")
    return f"{value:.2%}".replace("%", " %") if percent else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Return a time as 0.4 s, 3:07 or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def on_terminal() -> bool:
    """Return whether standard error is a terminal that can redraw."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def say(text: str) -> None:
    """Write a line to standard error, if anyone is there to read it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)
