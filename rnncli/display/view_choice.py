"""The choice of a view of a training run in progress."""

from shutil import get_terminal_size

from rnncli.display.plain_view import PlainView
from rnncli.display.terminal import stderr_can_redraw
from rnncli.display.training_view import TrainingView

# The smallest terminal in which the live view is readable, in columns and lines.
_MIN_COLUMNS, _MIN_LINES = 50, 14


def choose_view(metric: str, num_epochs: int, quiet: bool) -> TrainingView:
    """Return the view that suits standard error.

    Parameters
    ----------
    metric : str
        The name of the metric beside the loss.
    num_epochs : int
        The number of epochs of the training run.
    quiet : bool
        Whether to show nothing.
    """
    if quiet:
        return TrainingView(metric, num_epochs)
    columns, lines = get_terminal_size()
    if not stderr_can_redraw() or columns < _MIN_COLUMNS or lines < _MIN_LINES:
        return PlainView(metric, num_epochs)
    from rnncli.display.live_view import LiveView

    return LiveView(metric, num_epochs)
