"""A trace as heat maps and curves in a file, drawn by matplotlib."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnncli.display.figures import figure_file, plain_ticks
from rnncli.display.traces import HEADS, title
from rnncli.gradients.trace import CellTrace, Trace
from rnncli.nn.arrays import Array

_COLUMN, _ROW, _WIDEST = 6.0, 1.6, 600.0  # inches


def save_trace(trace: Trace, path: Path) -> None:
    """Draw a trace into a file: heat maps and curves, a column a layer, time from left to right.

    Raises
    ------
    InputError
        The file's ending is not known.
    StorageError
        The file could not be written.
    """
    columns = len(trace.cells)
    size = (min(_COLUMN * columns, _WIDEST), _ROW * 7)
    with figure_file(path, size) as figure:
        axes = figure.subplots(7, columns, sharex=True, squeeze=False)
        for layer, column in zip(trace.cells, axes.T, strict=True):
            column[0].set_title(title(layer) + f"\n{_ratio(layer)}", fontsize="medium")
            _heat(column[0], trace.inputs, "input x")
            _heat(column[1], layer.state, "state h")
            _heat(column[2], layer.gradient, "dL/dh")
            norms = [name for name in layer.curves if name.endswith("gradient_norm")]
            _curves(column[3], layer, norms, log=True)
            shares = [name for name in layer.curves if name in (*layer.gates, "saturated", "dead")]
            _curves(column[4], layer, ["state_norm"])
            _curves(column[5], layer, shares)
            _curves(column[6], layer, ["weight_share"])
            column[6].set_xlabel("step")


def _ratio(layer: CellTrace) -> str:
    ratio = layer.gradient_ratio
    return "" if ratio is None else f"|dL/dh| first/last {ratio:.3g}"


def _heat(axes: Axes, values: Array, name: str) -> None:
    """Draw (T, K) with zero in the middle of the colours."""
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


def _curves(axes: Axes, layer: CellTrace, names: list[str], log: bool = False) -> None:
    steps = range(1, len(layer.state) + 1)
    for name in names:
        axes.plot(steps, layer.curves[name], label=HEADS.get(name, name))
    if log and any((layer.curves[name] > 0).any() for name in names):
        axes.set_yscale("log")
        plain_ticks(axes)
    axes.legend(fontsize="small", loc="best")
    axes.grid(alpha=0.3)
