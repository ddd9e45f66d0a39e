"""The base of the views of a training run in progress."""

from types import TracebackType
from typing import Self

from rnncli.training.events import Epoch, Step


class TrainingView:
    """Shows nothing of a training run; the views that show something derive from it.

    Parameters
    ----------
    metric : str
        The name of the metric beside the loss.
    num_epochs : int
        The number of epochs of the training run.
    unit : str
        What `Step.size` counts: sequences or symbols.
    """

    def __init__(self, metric: str, num_epochs: int, unit: str = "sequences") -> None:
        self.metric, self.num_epochs, self.unit = metric, num_epochs, unit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the view, whether the training run ended or failed."""
        self.close()

    def show(self, event: Step | Epoch) -> None:
        """Show an event of the training run."""

    def close(self) -> None:
        """Restore the terminal."""
