"""A trace as heat maps and curves in a file, drawn by matplotlib."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnncli.display.figure_files import figure_file, plain_ticks
from rnncli.display.trace_report import CURVE_LABELS, title
from rnncli.gradients.trace import CellTrace, Trace
from rnncli.nn.arrays import Array

# The size of a panel and the largest width of the figure, in inches.
_PANEL_WIDTH, _PANEL_HEIGHT, _MAX_WIDTH = 6.0, 1.6, 600.0
# Panels of a cell, with and without the gradients that a trace of labelled sequences has.
_ROWS, _ROWS_WITHOUT_GRADIENTS = 7, 4


def save_trace(trace: Trace, path: Path) -> None:
    """Draw a trace into a file: heat maps and curves, a column per cell, time from left to right.

    Errors are those of `figure_file`.
    """
    columns = len(trace.cells)
    has_gradients = trace.loss is not None
    rows = _ROWS if has_gradients else _ROWS_WITHOUT_GRADIENTS
    size = (min(_PANEL_WIDTH * columns, _MAX_WIDTH), _PANEL_HEIGHT * rows)
    with figure_file(path, size) as figure:
        axes = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for cell, column in zip(trace.cells, axes.T, strict=True):
            column[0].set_title(title(cell) + f"\n{_ratio(cell)}", fontsize="medium")
            panels = iter(column)
            _heat(next(panels), trace.inputs, "input x")
            _heat(next(panels), cell.state, "state h")
            if cell.gradient is not None:
                _heat(next(panels), cell.gradient, "dL/dh")
                norms = [name for name in cell.curves if name.endswith("gradient_norm")]
                _curves(next(panels), cell, norms, log=True)
            fractions = [name for name in cell.curves if name in (*cell.gates, "saturated", "dead")]
            _curves(next(panels), cell, ["state_norm"])
            _curves(next(panels), cell, fractions)
            if has_gradients:
                _curves(next(panels), cell, ["weight_share"])
            column[-1].set_xlabel(trace.step_name)


def _ratio(cell: CellTrace) -> str:
    ratio = cell.gradient_ratio
    return "" if ratio is None else f"|dL/dh| first/last {ratio:.3g}"


def _heat(axes: Axes, values: Array, name: str) -> None:
    """Draw (T, K) with zero in the middle of the colors."""
    largest = np.abs(values[np.isfinite(values)]).max(initial=0) or 1.0
    extent = (0.5, len(values) + 0.5, values.shape[1] - 0.5, -0.5)
    image = axes.imshow(
        values.T,
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu",
        vmin=-largest,
        vmax=largest,
        extent=extent,
    )
    axes.set_ylabel(name)
    axes.locator_params(integer=True)
    figure = axes.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=axes)


def _curves(axes: Axes, cell: CellTrace, names: list[str], log: bool = False) -> None:
    steps = range(1, len(cell.state) + 1)
    lines = [axes.plot(steps, cell.curves[name])[0] for name in names]
    if log and any((cell.curves[name] > 0).any() for name in names):
        axes.set_yscale("log")
        plain_ticks(axes)
    labels = [CURVE_LABELS.get(name, name) for name in names]
    if len(labels) == 1:
        axes.set_ylabel(labels[0])
    else:
        axes.legend(lines, labels, fontsize="small", loc="best")
    axes.grid(alpha=0.3)
