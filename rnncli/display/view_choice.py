"""The choice of a view of a training run in progress."""

from shutil import get_terminal_size

from rnncli.datasets.task import Task
from rnncli.display.plain_view import PlainView
from rnncli.display.terminal import stderr_can_redraw
from rnncli.display.training_view import TrainingView

# The smallest terminal in which the live view is readable, in columns and lines.
_MIN_COLUMNS, _MIN_LINES = 50, 14


def choose_view(task: Task, num_epochs: int, quiet: bool) -> TrainingView:
    """Return the view that suits standard error.

    Parameters
    ----------
    task : Task
        The learning task.
    num_epochs : int
        The number of epochs of the training run.
    quiet : bool
        Whether to show nothing.
    """
    arguments = task.metric, num_epochs, "symbols" if task.is_language_model else "sequences"
    if quiet:
        return TrainingView(*arguments)
    columns, lines = get_terminal_size()
    if not stderr_can_redraw() or columns < _MIN_COLUMNS or lines < _MIN_LINES:
        return PlainView(*arguments)
    from rnncli.display.live_view import LiveView

    return LiveView(*arguments)
