"""Figures in files, drawn by matplotlib, which is not installed with the rest."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from typing import Any

from rnncli.analysis.training_curves import Chart
from rnncli.errors import InputError
from rnncli.inference.evaluation import Report
from rnncli.nn.arrays import Array
from rnncli.runs.files import output_file

# It speaks of its caches while it is imported.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
try:
    from matplotlib import rc_context
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter
except ImportError:
    raise InputError("--output: needs matplotlib; pip install 'rnncli[plot]'") from None

# What each format would note of the day it was made: the same figure is to be the same bytes.
_NO_DATE: dict[str, dict[str, None]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_PANEL = (5.0, 3.4)
_MOST_NAMES, _MOST_NUMBERS = 40, 20
# Labels are text, not formulas, and may have letters that the font has not.
_SETTINGS: dict[Any, Any] = {"text.parse_math": False, "svg.hashsalt": "rnn"}


def check_ending(path: Path) -> str:
    """Return the format that a file's ending speaks of.

    Raises
    ------
    InputError
        It is none that can be drawn.
    """
    form = path.suffix.removeprefix(".").lower()
    if form not in _NO_DATE:
        raise InputError(f"--output: '{path}' has no known ending; one of {', '.join(_NO_DATE)}")
    return form


def save_charts(charts: Sequence[Chart], log: bool, path: Path) -> None:
    """Draw charts as panels of one figure.

    Raises
    ------
    InputError
        The ending is not known.
    StorageError
        The file could not be written.
    """
    with _panels(len(charts), path) as panels:
        for chart, axes in zip(charts, panels, strict=True):
            lines = [
                axes.plot(*zip(*points, strict=True), marker="." * (len(points) == 1))[0]
                for points in chart.curves.values()
            ]
            axes.set(title=chart.quantity, xlabel="epoch", yscale="log" if log else "linear")
            axes.grid(alpha=0.3)
            if log:
                plain_ticks(axes)
            if chart.is_named:
                axes.legend(lines, list(chart.curves), fontsize="small")


def save_confusion(report: Report, path: Path) -> None:
    """Draw how often each class (row) was taken for each (column); errors as in `save_charts`.

    The shade is the part of the true class.
    """
    labels = [str(part["label"]) for part in report.classes]
    side = max(_PANEL[1], 0.4 * min(len(labels), _MOST_NAMES))
    with _panels(1, path, (side + 1.5, side)) as (axes,):
        parts = [[count / max(sum(row), 1) for count in row] for row in report.confusion]
        image = axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
        image.axes.figure.colorbar(image, ax=axes, label="part of the true class")
        axes.set(
            title=f"accuracy {report.metrics['accuracy']:.2%} of {report.num_samples:,}",
            xlabel="answer",
            ylabel="true class",
        )
        if len(labels) <= _MOST_NAMES:
            axes.set_xticks(range(len(labels)), labels, rotation=90)
            axes.set_yticks(range(len(labels)), labels)
        if len(labels) <= _MOST_NUMBERS:
            for i, row in enumerate(report.confusion):
                for j, count in enumerate(row):
                    colour = "white" if parts[i][j] > 0.5 else "black"
                    axes.text(j, i, str(count), ha="center", va="center", color=colour)


def save_values(truth: Array, given: Array, path: Path) -> None:
    """Draw true against predicted values, both (M, K), a panel a column; errors as above."""
    columns = truth.shape[1]
    with _panels(columns, path) as panels:
        for i, axes in enumerate(panels):
            ends = [min(truth[:, i].min(), given[:, i].min())]
            ends.append(max(truth[:, i].max(), given[:, i].max()))
            axes.plot(ends, ends, color="grey", linewidth=1)
            axes.plot(truth[:, i], given[:, i], ".", alpha=0.5, rasterized=True)
            title = "value" if columns == 1 else f"value_{i}"
            axes.set(title=title, xlabel="true", ylabel="predicted")
            axes.grid(alpha=0.3)


def plain_ticks(axes: Axes) -> None:
    """Write the numbers of a logarithmic axis as text, since formulas are not drawn."""
    axes.yaxis.set_major_formatter(LogFormatter())
    axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))


@contextmanager
def figure_file(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    """Give a figure of a size in inches, and write it to a file in the end.

    Raises
    ------
    InputError
        The ending is not known.
    StorageError
        The file could not be written.
    """
    form = check_ending(path)
    with rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure = Figure(size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with output_file(path) as file:
            figure.savefig(file, format=form, metadata=_NO_DATE[form])


@contextmanager
def _panels(count: int, path: Path, size: tuple[float, float] = _PANEL) -> Iterator[list[Axes]]:
    """Give a figure with so many panels of a size, and write it to a file in the end."""
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    with figure_file(path, (columns * size[0], rows * size[1])) as figure:
        yield [figure.add_subplot(rows, columns, place + 1) for place in range(count)]
