"""A training as it goes, on the whole terminal: bars, figures, and the curves of the loss."""

from contextlib import suppress
from time import perf_counter

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rnncli.display.charts import Curve, line_chart
from rnncli.display.progress import Silent
from rnncli.display.words import duration, figure
from rnncli.training.events import Epoch, Step

# A training that ends sooner is not worth a view; drawing takes little of the time.
_WAIT_SECONDS, _SHORTEST_PAUSE, _PAUSE = 0.4, 0.1, 150
_MOST_POINTS = 4000
_WIDE_RANGE = 50
_LINES_ABOVE, _SUMMARY_LINES = 6, 10
# What a Ctrl-C echoes at the end of a line must not begin another.
_MARGIN = 3


class LiveView(Silent):
    """Draws the training on a screen of its own, and leaves the curves behind.

    Parameters
    ----------
    metric : str
        Name of the figure besides the loss.
    num_epochs, num_samples : int
        Size of the training.
    """

    def __init__(self, metric: str, num_epochs: int, num_samples: int) -> None:
        super().__init__(metric, num_epochs, num_samples)
        self.console = Console(stderr=True, highlight=False)
        self.live: Live | None = None
        self.begun = perf_counter()
        self.next_draw = self.begun + _WAIT_SECONDS
        self.train: list[tuple[float, float]] = []
        self.validation: list[tuple[float, float]] = []
        self.loss_sum, self.steps, self.sequences = 0.0, 0, 0
        self.first: float | None = None  # a resumed run has not come all the way in this time
        self.last: Epoch | None = None
        self.best: Epoch | None = None

    def show(self, event: Step | Epoch) -> None:
        """Take note of an event; redraw now and then."""
        if isinstance(event, Epoch):
            self._end_epoch(event)
            return
        if self.first is None:
            self.first = event.epoch - 1 + (event.batch - 1) / event.batches
        self.loss_sum += event.loss
        self.steps += 1
        self.sequences += event.sequences
        now = perf_counter()
        if now >= self.next_draw:
            # The terminal may be closed while the training goes on.
            with suppress(OSError):
                self._draw(event)
            taken = perf_counter() - now
            self.next_draw = now + max(_SHORTEST_PAUSE, _PAUSE * taken)

    def end(self) -> None:
        """Give the terminal back, and leave the curves on it."""
        with suppress(OSError):
            if self.live is not None:
                self.live.stop()
            if len(self.train) > 1:
                for line in self._chart(_SUMMARY_LINES):
                    self.console.print(line, no_wrap=True, crop=True)

    def _end_epoch(self, event: Epoch) -> None:
        self.last = event
        self._add_point(event.epoch)
        if event.val_loss is not None:
            self.validation.append((event.epoch, event.val_loss))
            if event.best:
                self.best = event

    def _add_point(self, where: float) -> None:
        """Add the mean loss since the last point to the curve."""
        if self.steps:
            self.train.append((where, self.loss_sum / self.steps))
            self.loss_sum, self.steps = 0.0, 0
        if len(self.train) > _MOST_POINTS:
            del self.train[::2]

    def _draw(self, event: Step) -> None:
        done = event.epoch - 1 + event.batch / event.batches
        self._add_point(done)
        if self.live is None:
            self.live = Live(console=self.console, screen=True, auto_refresh=False)
            self.live.start()
        width, height = self.console.size
        chart = self._chart(max(4, height - _LINES_ABOVE))
        whole = Group(self._bars(event, done, width - _MARGIN), *self._figures(event), *chart)
        self.live.update(whole, refresh=True)

    def _bars(self, event: Step, done: float, width: int) -> RenderableType:
        elapsed = perf_counter() - self.begun
        left = elapsed / (done - (self.first or 0.0)) * (self.num_epochs - done)
        grid = Table.grid(padding=(0, 1))
        bar = max(8, width - 38)
        grid.add_row(
            f"epoch {event.epoch:,}/{self.num_epochs:,}",
            ProgressBar(total=self.num_epochs, completed=done, width=bar),
            f"{duration(left)} left",
        )
        grid.add_row(
            f"step {event.batch:,}/{event.batches:,}",
            ProgressBar(total=event.batches, completed=event.batch, width=bar),
            f"{self.sequences / elapsed:,.0f} sequences/s",
        )
        return grid

    def _figures(self, event: Step) -> list[Text]:
        now = [f"loss {event.loss:.4f}", f"gradient norm {event.gradient_norm:.3g}"]
        if self.last is not None:
            now.append(f"learning rate {self.last.learning_rate:.3g}")
        lines = [Text("   ".join(now), no_wrap=True)]
        if self.last is not None:
            last = self.last
            words = [f"epoch {last.epoch}: loss {last.train_loss:.4g}"]
            words.append(f"{self.metric} {figure(self.metric, last.train_metric)}")
            if last.val_loss is not None and last.val_metric is not None:
                words.append(f"validation {last.val_loss:.4g}")
                words.append(figure(self.metric, last.val_metric))
            lines.append(Text("   ".join(words), no_wrap=True))
        best = Text("")
        if self.best is not None and self.best.val_loss is not None:
            best = Text(f"best so far: epoch {self.best.epoch}, {self.best.val_loss:.4g} ★", "bold")
        return [*lines, best]

    def _chart(self, height: int) -> list[Text]:
        curves: dict[str, Curve] = {"training loss": self.train}
        if self.validation:
            curves["validation loss"] = self.validation
        if self.best is not None and self.best.val_loss is not None:
            curves[f"best: epoch {self.best.epoch}"] = [(self.best.epoch, self.best.val_loss)]
        losses = [loss for curve in curves.values() for _, loss in curve if loss > 0]
        wide = bool(losses) and max(losses) > _WIDE_RANGE * min(losses)
        colour = not self.console.no_color
        return line_chart(curves, self.console.width - _MARGIN, height, wide, colour)
