"""Figures of matplotlib in files."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rnncli.display.figure_options import DEFAULT_OPTIONS, FigureOptions, figure_format
from rnncli.runs.files import output_file

# Matplotlib logs messages about its caches while it is imported.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

from matplotlib import rc_context  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402
from matplotlib.ticker import LogFormatter  # noqa: E402

PANEL_SIZE = (5.0, 3.4)  # inches
# The width of a letter of a legend, and that of its line in letters.
_INCHES_PER_LETTER, _LETTERS_OF_LINE = 0.08, 6
# The dates that formats would contain: the same figure must be the same bytes.
_WITHOUT_DATE: dict[str, dict[str, None]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
# Labels are text, not formulas. A fixed salt makes the identifiers of an SVG file repeatable.
_SETTINGS: dict[Any, Any] = {"text.parse_math": False, "svg.hashsalt": "rnn"}


@contextmanager
def figure_file(
    path: Path, size: tuple[float, float], options: FigureOptions = DEFAULT_OPTIONS
) -> Iterator[Figure]:
    """Create a figure, and write it to a file at the end of the block.

    Parameters
    ----------
    path : Path
        The file; its extension implies the format.
    size : (float, float)
        Width and height in inches, unless the options have a size.
    options : FigureOptions
        The size, resolution and title.

    Raises
    ------
    InputError
        The extension is unknown.
    StorageError
        The file cannot be written.
    """
    file_format = figure_format(path)
    with rc_context(_SETTINGS), warnings.catch_warnings():
        # Fonts lack some letters, and tight layouts fail in small figures: both are harmless.
        warnings.simplefilter("ignore")
        figure = Figure(options.size or size, layout="constrained")
        FigureCanvasAgg(figure)
        if options.title:
            figure.suptitle(options.title)
        yield figure
        with output_file(path) as file:
            figure.savefig(
                file, format=file_format, dpi=options.dpi, metadata=_WITHOUT_DATE[file_format]
            )


@contextmanager
def panels_file(
    count: int,
    path: Path,
    options: FigureOptions,
    panel_size: tuple[float, float] = PANEL_SIZE,
    legend: Sequence[str] = (),
) -> Iterator[list[Axes]]:
    """Create a figure with panels in a grid, and write it to a file at the end of the block.

    Parameters
    ----------
    count : int
        The number of panels.
    path, options : Path, FigureOptions
        As in `figure_file`, also for errors.
    panel_size : (float, float)
        Width and height of a panel in inches.
    legend : sequence of str
        The names that a legend beside the panels will have; the figure is made wider for them.
    """
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    margin = _INCHES_PER_LETTER * (_LETTERS_OF_LINE + max(map(len, legend))) if legend else 0.0
    size = (columns * panel_size[0] + margin, rows * panel_size[1])
    with figure_file(path, size, options) as figure:
        yield [figure.add_subplot(rows, columns, number + 1) for number in range(count)]


def plain_ticks(axes: Axes) -> None:
    """Write the numbers of a logarithmic axis as plain text, because formulas are not drawn."""
    axes.yaxis.set_major_formatter(LogFormatter())
    axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))


def legend_beside(
    axes: Axes,
    colors: Mapping[str, str],
    band_colors: Mapping[str, tuple[str, float]] = MappingProxyType({}),
) -> None:
    """Place one legend to the right of all panels, where it does not hide a curve.

    Parameters
    ----------
    axes : Axes
        Any panel of the figure.
    colors : mapping of str to str
        The color of each curve by its name.
    band_colors : mapping of str to (str, float)
        The color and the opacity of each band by its name.
    """
    figure = axes.get_figure()
    if figure is not None and colors:
        handles = [
            *(Line2D([], [], color=color) for color in colors.values()),
            *(Patch(color=color, linewidth=0) for color in band_colors.values()),
        ]
        names = [*colors, *band_colors]
        figure.legend(handles, names, loc="outside right center", fontsize="small", frameon=False)
