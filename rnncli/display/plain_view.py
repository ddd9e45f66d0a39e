"""The view of a training run as plain lines, for files, pipes and small terminals."""

from time import perf_counter

from rnncli.display.formats import format_metric
from rnncli.display.terminal import printable, write_message
from rnncli.display.training_view import TrainingView
from rnncli.training.events import Epoch, Step

# What is shown of a generated text.
_MAX_SAMPLE_LINES, _MAX_SAMPLE_COLUMNS = 5, 76


class PlainView(TrainingView):
    """Writes one line per epoch to standard error; parameters as in `TrainingView`."""

    def __init__(self, metric: str, num_epochs: int, unit: str = "sequences") -> None:
        super().__init__(metric, num_epochs, unit)
        # The speed is that since the last line: after a resume, an earlier session may have trained
        # a part of the first epoch.
        self.size, self.last_line_at = 0, perf_counter()

    def show(self, event: Step | Epoch) -> None:
        """Write a line at the end of an epoch."""
        if isinstance(event, Step):
            self.size += event.size
            return
        now = perf_counter()
        speed = self.size / max(now - self.last_line_at, 1e-9)
        self.size, self.last_line_at = 0, now
        line = describe_epoch(event, self.metric, self.num_epochs)
        write_message(f"{line}  {speed:,.0f} {self.unit}/s")
        for line in lines_of(event.sample):
            write_message(f"  | {line}")


def lines_of(sample: str | None) -> list[str]:
    """Return the lines of a generated text, each of one screen line and printable."""
    lines = [] if sample is None else sample.strip("\n").split("\n")
    return [printable(line)[:_MAX_SAMPLE_COLUMNS] for line in lines[:_MAX_SAMPLE_LINES]]


def describe_epoch(event: Epoch, metric: str, num_epochs: int) -> str:
    """Return the losses and metrics of an epoch as one line; ``*`` marks the best epoch so far."""
    width = len(str(num_epochs))
    words = [
        f"epoch {event.epoch:{width}}/{num_epochs}",
        f"loss {event.train_loss:.4f}",
        f"{metric} {format_metric(metric, event.train_metric):>8}",
    ]
    if event.val_loss is not None and event.val_metric is not None:
        words += [
            f"validation {event.val_loss:.4f}",
            f"{format_metric(metric, event.val_metric):>8}",
        ]
    return "  ".join(words) + ("  *" if event.best and event.val_loss is not None else "")
