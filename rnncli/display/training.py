"""The progress of a training: a bar in a terminal, one line an epoch elsewhere, or nothing."""

from contextlib import AbstractContextManager, suppress
from time import perf_counter
from types import TracebackType
from typing import Protocol, Self

from rnncli.display.words import duration, figure, on_terminal, say
from rnncli.training.fit import Epoch, Step

_REDRAW_SECONDS = 0.1


class Display(AbstractContextManager["Display"], Protocol):
    """Shows the events of a training as they come."""

    def show(self, event: Step | Epoch) -> None:
        """Show one event."""
        ...


class Silent:
    """Shows nothing; the base of what does.

    Parameters
    ----------
    metric : str
        Name of the figure besides the loss.
    num_epochs, num_samples : int
        Size of the training.
    """

    def __init__(self, metric: str, num_epochs: int, num_samples: int) -> None:
        self.metric, self.num_epochs, self.num_samples = metric, num_epochs, num_samples

    def __enter__(self) -> Self:
        return self

    def show(self, event: Step | Epoch) -> None:
        """Show nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, whatever came."""
        self.end()

    def end(self) -> None:
        """Leave nothing behind."""


class PlainLines(Silent):
    """Writes one line an epoch."""

    before = 0.0

    def show(self, event: Step | Epoch) -> None:
        """Write the line, if the event is an epoch."""
        if isinstance(event, Epoch):
            speed = self.num_samples / max(event.seconds - self.before, 1e-9)
            self.before = event.seconds
            say(f"{describe(event, self.metric, self.num_epochs)}  {speed:,.0f} sequences/s")


class Bar(Silent):
    """Draws a bar with the current figures and the time left."""

    def __init__(self, metric: str, num_epochs: int, num_samples: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        super().__init__(metric, num_epochs, num_samples)
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
            expand=True,
        )
        self.task = self.progress.add_task("epoch", total=num_epochs, figures="")
        self.last = ""
        self.next_draw = 0.0
        self.begun = perf_counter()
        self.sequences = 0
        self.first: float | None = None

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def show(self, event: Step | Epoch) -> None:
        """Redraw, at most ten times a second; leave a line for an epoch."""
        # The terminal may be closed while the training goes on.
        with suppress(OSError):
            self._show(event)

    def _show(self, event: Step | Epoch) -> None:
        if isinstance(event, Epoch):
            self.last = f"{self.metric} {figure(self.metric, _figure(event))}"
            self.progress.console.print(
                describe(event, self.metric, self.num_epochs),
                highlight=False,
                no_wrap=True,
                overflow="crop",
            )
            return
        self.sequences += event.sequences
        now = perf_counter()
        if now < self.next_draw:
            return
        self.next_draw = now + _REDRAW_SECONDS
        done = event.epoch - 1 + event.batch / event.batches
        if self.first is None:  # a resumed run has not come all the way in this time
            self.first = done
        elapsed = now - self.begun
        left = elapsed / max(done - self.first, 1e-9) * (self.num_epochs - done)
        figures = [
            f"loss {event.loss:.4f}",
            self.last,
            f"{self.sequences / elapsed:,.0f} seq/s",
            f"{duration(left)} left" if done > self.first else "",
        ]
        self.progress.update(
            self.task,
            completed=done,
            description=f"epoch {event.epoch}/{self.num_epochs}",
            figures="  ".join(filter(None, figures)),
        )
        self.progress.refresh()

    def end(self) -> None:
        """Take the bar away; the epochs' lines stay."""
        with suppress(OSError):
            self.progress.stop()


def training_display(metric: str, num_epochs: int, num_samples: int, quiet: bool) -> Display:
    """Return the display that fits: nothing if quiet, a bar in a terminal, else plain lines."""
    kind = Silent if quiet else Bar if on_terminal() else PlainLines
    return kind(metric, num_epochs, num_samples)


def describe(event: Epoch, metric: str, num_epochs: int) -> str:
    """Return an epoch's figures in a line."""
    width = len(str(num_epochs))
    parts = [
        f"epoch {event.epoch:{width}}/{num_epochs}",
        f"loss {event.train_loss:.4f}",
        f"{metric} {figure(metric, event.train_figure):>8}",
    ]
    if event.val_loss is not None and event.val_figure is not None:
        parts += [
            f"validation {event.val_loss:.4f}",
            f"{figure(metric, event.val_figure):>8}",
        ]
    return "  ".join(parts) + ("  *" if event.best and event.val_loss is not None else "")


def _figure(event: Epoch) -> float:
    return event.train_figure if event.val_figure is None else event.val_figure
