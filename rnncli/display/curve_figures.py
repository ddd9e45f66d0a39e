"""Figures of the curves of runs and of forecasts, in files."""

from collections.abc import Sequence
from pathlib import Path

from rnncli.analysis.curves import Chart
from rnncli.analysis.forecasts import Forecast
from rnncli.display.figure_files import legend_beside, panels_file, plain_ticks
from rnncli.display.figure_options import DEFAULT_OPTIONS, FigureOptions

_WIDE_PANEL = (9.0, 3.0)  # inches


def save_charts(
    charts: Sequence[Chart], log: bool, path: Path, options: FigureOptions = DEFAULT_OPTIONS
) -> None:
    """Draw the curves of runs as panels of one figure, with a circle at each best epoch.

    Raises
    ------
    InputError
        The extension is unknown.
    StorageError
        The file cannot be written.
    """
    with panels_file(len(charts), path, options) as panels:
        for chart, axes in zip(charts, panels, strict=True):
            lines = []
            for name, points in chart.curves.items():
                marker = "." if len(points) == 1 else ""
                (line,) = axes.plot(*zip(*points, strict=True), marker=marker)
                lines.append(line)
                best = [point for point in points if point[0] == chart.best_epochs.get(name)]
                if best:
                    axes.plot(*best[0], "o", color=line.get_color(), markerfacecolor="none")
                    text = f"best: epoch {best[0][0]:.0f}"
                    axes.annotate(
                        text, best[0], (0, 6), textcoords="offset points", fontsize="small"
                    )
            axes.set(title=chart.quantity, xlabel="epoch", yscale="log" if log else "linear")
            axes.grid(alpha=0.3)
            if log:
                plain_ticks(axes)
            if chart.is_named:
                legend_beside(axes, lines, list(chart.curves))


def save_forecasts(
    forecasts: Sequence[Forecast], path: Path, options: FigureOptions = DEFAULT_OPTIONS
) -> None:
    """Draw true and predicted values over time, a panel per column; errors as in `save_charts`."""
    with panels_file(len(forecasts), path, options, _WIDE_PANEL) as panels:
        for forecast, axes in zip(forecasts, panels, strict=True):
            lines = [
                axes.plot(*zip(*points, strict=True), "-" if name == "true" else "--")[0]
                for name, points in forecast.curves.items()
            ]
            axes.set(title=forecast.title, xlabel="row", ylabel=forecast.column)
            axes.grid(alpha=0.3)
            legend_beside(axes, lines, list(forecast.curves))
