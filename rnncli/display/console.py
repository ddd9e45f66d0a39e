"""The consoles of rich: the one place where they are created."""

from shutil import get_terminal_size

from rich.console import Console

from rnncli.display.terminal import stdout_is_terminal

# A file or a pipe has no width, so nothing is wrapped or cropped there.
_UNLIMITED_WIDTH = 10_000


def output_console() -> Console:
    """Return the console of standard output; as wide as the terminal, unlimited elsewhere."""
    width = None if stdout_is_terminal() else _UNLIMITED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def error_console() -> Console:
    """Return the console of standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def drawing_width() -> int:
    """Return the width of charts and paragraphs: the terminal's, ``COLUMNS``, or 80."""
    return get_terminal_size().columns


def has_color(console: Console) -> bool:
    """Return whether colors can be told apart on a console."""
    return console.color_system is not None and not console.no_color
