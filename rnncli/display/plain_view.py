"""The view of a training run as plain lines, for files, pipes and small terminals."""

from time import perf_counter

from rnncli.display.formats import format_metric
from rnncli.display.terminal import write_message
from rnncli.display.training_view import TrainingView
from rnncli.training.events import Epoch, Step


class PlainView(TrainingView):
    """Writes one line per epoch to standard error; parameters as in `TrainingView`."""

    def __init__(self, metric: str, num_epochs: int) -> None:
        super().__init__(metric, num_epochs)
        # The speed is that since the last line: after a resume, an earlier session may have trained
        # a part of the first epoch.
        self.sequences, self.last_line_at = 0, perf_counter()

    def show(self, event: Step | Epoch) -> None:
        """Write a line at the end of an epoch."""
        if isinstance(event, Step):
            self.sequences += event.sequences
            return
        now = perf_counter()
        speed = self.sequences / max(now - self.last_line_at, 1e-9)
        self.sequences, self.last_line_at = 0, now
        line = describe_epoch(event, self.metric, self.num_epochs)
        write_message(f"{line}  {speed:,.0f} sequences/s")


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
