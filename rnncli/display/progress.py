"""The progress of a training: a view in a terminal, one line an epoch elsewhere, or nothing."""

from contextlib import AbstractContextManager
from shutil import get_terminal_size
from types import TracebackType
from typing import Protocol, Self

from rnncli.display.words import figure, on_terminal, say
from rnncli.training.events import Epoch, Step

_NARROWEST, _LOWEST = 50, 14


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


def training_display(metric: str, num_epochs: int, num_samples: int, quiet: bool) -> Display:
    """Return the display that fits: nothing if quiet, a view in a terminal, else plain lines."""
    if quiet:
        return Silent(metric, num_epochs, num_samples)
    if not on_terminal() or not _is_roomy():
        return PlainLines(metric, num_epochs, num_samples)
    from rnncli.display.live import LiveView

    return LiveView(metric, num_epochs, num_samples)


def _is_roomy() -> bool:
    """Return whether a view has room in the terminal."""
    width, height = get_terminal_size()
    return width >= _NARROWEST and height >= _LOWEST


def describe(event: Epoch, metric: str, num_epochs: int) -> str:
    """Return an epoch's figures in a line."""
    width = len(str(num_epochs))
    parts = [
        f"epoch {event.epoch:{width}}/{num_epochs}",
        f"loss {event.train_loss:.4f}",
        f"{metric} {figure(metric, event.train_metric):>8}",
    ]
    if event.val_loss is not None and event.val_metric is not None:
        parts += [
            f"validation {event.val_loss:.4f}",
            f"{figure(metric, event.val_metric):>8}",
        ]
    return "  ".join(parts) + ("  *" if event.best and event.val_loss is not None else "")
