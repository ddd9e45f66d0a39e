"""The view of a training run on the whole terminal: progress bars, metrics and loss curves."""

from contextlib import suppress
from time import perf_counter

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rnncli.display.charts import Curve, line_chart
from rnncli.display.console import error_console, has_color
from rnncli.display.formats import format_duration, format_metric
from rnncli.display.plain_view import lines_of
from rnncli.display.training_view import TrainingView
from rnncli.training.events import Epoch, Step

# Seconds before the view opens: a shorter training run needs none.
_WAIT_SECONDS = 0.4
# Seconds between two drawings at least, and their multiple of the time that a drawing takes, so
# that drawing costs less than one percent of the training time.
_MIN_PAUSE_SECONDS, _PAUSE_FACTOR = 0.1, 150
# The training curve is thinned out when it has more points than this.
_MAX_POINTS = 4000
# The axis is logarithmic if the largest loss is more than this multiple of the smallest.
_WIDE_RANGE = 50
# Lines above the chart in the view, and lines of the chart that remains at the end.
_LINES_ABOVE_CHART, _FINAL_CHART_LINES = 6, 10
# Lines of a terminal in which there is room for a generated text.
_MIN_LINES_WITH_SAMPLE = 20
# Columns left free at the right: the ``^C`` of an interrupt must not begin another line.
_MARGIN = 3


class LiveView(TrainingView):
    """Draws the training run on a screen of its own, and leaves the loss curves in the terminal.

    Parameters are those of `TrainingView`.
    """

    def __init__(self, metric: str, num_epochs: int, unit: str = "sequences") -> None:
        super().__init__(metric, num_epochs, unit)
        self.console = error_console()
        self.live: Live | None = None
        self.started_at = perf_counter()
        self.next_drawing_at = self.started_at + _WAIT_SECONDS
        self.train_curve: list[tuple[float, float]] = []
        self.validation_curve: list[tuple[float, float]] = []
        # The sum of the losses since the last point of the curve, over what they are the means of.
        self.loss_sum, self.point_size, self.size = 0.0, 0, 0
        # Epochs that were trained before a resume; None until the first step is known.
        self.epochs_before: float | None = None
        self.last: Epoch | None = None
        self.best: Epoch | None = None

    def show(self, event: Step | Epoch) -> None:
        """Record an event, and redraw from time to time."""
        if isinstance(event, Epoch):
            self._end_epoch(event)
            return
        if self.epochs_before is None:
            self.epochs_before = event.epoch - 1 + (event.batch - 1) / event.batches
        self.loss_sum += event.loss * event.size
        self.point_size += event.size
        self.size += event.size
        now = perf_counter()
        if now >= self.next_drawing_at:
            # The terminal may be closed while the training run continues.
            with suppress(OSError):
                self._draw(event)
            pause = _PAUSE_FACTOR * (perf_counter() - now)
            self.next_drawing_at = now + max(_MIN_PAUSE_SECONDS, pause)

    def close(self) -> None:
        """Restore the terminal, and leave the loss curves in it."""
        with suppress(OSError):
            if self.live is not None:
                self.live.stop()
            if len(self.train_curve) > 1:
                for line in self._chart(_FINAL_CHART_LINES):
                    self.console.print(line, no_wrap=True, crop=True)

    def _end_epoch(self, event: Epoch) -> None:
        self.last = event
        self._add_point(event.epoch)
        if event.val_loss is not None:
            self.validation_curve.append((event.epoch, event.val_loss))
            if event.best:
                self.best = event

    def _add_point(self, epochs: float) -> None:
        """Add the mean loss since the last point to the training curve."""
        if self.point_size:
            self.train_curve.append((epochs, self.loss_sum / self.point_size))
            self.loss_sum, self.point_size = 0.0, 0
        if len(self.train_curve) > _MAX_POINTS:
            del self.train_curve[::2]

    def _draw(self, event: Step) -> None:
        epochs = event.epoch - 1 + event.batch / event.batches
        self._add_point(epochs)
        if self.live is None:
            self.live = Live(console=self.console, screen=True, auto_refresh=False)
            self.live.start()
        width, height = self.console.size
        sample = self._sample(height)
        chart = self._chart(max(4, height - _LINES_ABOVE_CHART - len(sample)))
        bars = self._bars(event, epochs, width - _MARGIN)
        self.live.update(Group(bars, *self._metrics(event), *sample, *chart), refresh=True)

    def _bars(self, event: Step, epochs: float, width: int) -> RenderableType:
        elapsed = perf_counter() - self.started_at
        remaining = elapsed / (epochs - (self.epochs_before or 0.0)) * (self.num_epochs - epochs)
        grid = Table.grid(padding=(0, 1))
        bar_width = max(8, width - 38)
        grid.add_row(
            f"epoch {event.epoch:,}/{self.num_epochs:,}",
            ProgressBar(total=self.num_epochs, completed=epochs, width=bar_width),
            f"{format_duration(remaining)} left",
        )
        grid.add_row(
            f"step {event.batch:,}/{event.batches:,}",
            ProgressBar(total=event.batches, completed=event.batch, width=bar_width),
            f"{self.size / elapsed:,.0f} {self.unit}/s",
        )
        return grid

    def _metrics(self, event: Step) -> list[Text]:
        """Return three lines: the current step, the last epoch and the best epoch."""
        step = [f"loss {event.loss:.4f}", f"gradient norm {event.gradient_norm:.3g}"]
        epoch: list[str] = []
        if self.last is not None:
            last = self.last
            step.append(f"learning rate {last.learning_rate:.3g}")
            epoch = [f"epoch {last.epoch}: loss {last.train_loss:.4g}"]
            epoch.append(f"{self.metric} {format_metric(self.metric, last.train_metric)}")
            if last.val_loss is not None and last.val_metric is not None:
                epoch.append(f"validation {last.val_loss:.4g}")
                epoch.append(format_metric(self.metric, last.val_metric))
        best = Text("")
        if self.best is not None and self.best.val_loss is not None:
            best = Text(f"best so far: epoch {self.best.epoch}, {self.best.val_loss:.4g} ★", "bold")
        return [*(Text("   ".join(words), no_wrap=True) for words in (step, epoch)), best]

    def _sample(self, height: int) -> list[Text]:
        """Return the text that was generated after the last epoch, if there is room for it."""
        lines = lines_of(None if self.last is None else self.last.sample)
        if height < _MIN_LINES_WITH_SAMPLE:
            return []
        return [Text(f"| {line}", "italic", no_wrap=True) for line in lines]

    def _chart(self, height: int) -> list[Text]:
        curves: dict[str, Curve] = {"training loss": self.train_curve}
        if self.validation_curve:
            curves["validation loss"] = self.validation_curve
        if self.best is not None and self.best.val_loss is not None:
            curves[f"best: epoch {self.best.epoch}"] = [(self.best.epoch, self.best.val_loss)]
        losses = [loss for curve in curves.values() for _, loss in curve if loss > 0]
        log = bool(losses) and max(losses) > _WIDE_RANGE * min(losses)
        width = self.console.width - _MARGIN
        return line_chart(curves, width, height, log, has_color(self.console))
