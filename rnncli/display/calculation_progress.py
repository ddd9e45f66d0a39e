"""A progress bar with the time left, for long calculations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

from rich.progress import BarColumn, Progress, TextColumn

from rnncli.display.console import error_console
from rnncli.display.formats import format_duration
from rnncli.display.terminal import stderr_can_redraw

# Seconds before the bar appears, as a short calculation needs none, and between two drawings.
_WAIT_SECONDS, _PAUSE_SECONDS = 0.4, 0.1


@contextmanager
def calculation_progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error during a calculation, if that is a terminal.

    The bar disappears at the end.

    Yields
    ------
    callable
        To be called with the number of completed parts of the calculation, and of all its parts.
    """
    if not stderr_can_redraw():
        yield lambda completed, total: None
        return
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.fields[left]} left"))
    bar = Progress(*columns, console=error_console(), auto_refresh=False, transient=True)
    task = bar.add_task(title, left="")
    started_at = perf_counter()
    next_drawing_at = started_at + _WAIT_SECONDS

    def show(completed: int, total: int) -> None:
        nonlocal next_drawing_at
        now = perf_counter()
        if now < next_drawing_at:
            return
        next_drawing_at = now + _PAUSE_SECONDS
        left = format_duration((now - started_at) / completed * (total - completed))
        # The terminal may be closed while the calculation continues.
        with suppress(OSError):
            bar.update(task, completed=completed, total=total, left=left)
            bar.start()
            bar.refresh()

    try:
        yield show
    finally:
        with suppress(OSError):
            bar.stop()
