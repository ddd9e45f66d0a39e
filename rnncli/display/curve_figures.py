"""Figures of the curves of runs and of forecasts, in files."""

from collections.abc import Sequence
from pathlib import Path

from rnncli.analysis.forecasts import Forecast
from rnncli.analysis.training_curves import Chart
from rnncli.display.figure_files import PANEL_SIZE, legend_beside, panels_file, plain_ticks
from rnncli.display.figure_options import DEFAULT_OPTIONS, FigureOptions

_FORECAST_SIZE = (9.0, 3.0)  # inches
# The opacity of the bands of prediction intervals, the widest first.
_BAND_SHADES = (0.15, 0.3)


def save_charts(
    charts: Sequence[Chart], log: bool, path: Path, options: FigureOptions = DEFAULT_OPTIONS
) -> None:
    """Draw the curves of runs as panels of one figure, with a circle at each best epoch.

    Errors are those of `figure_file`.
    """
    # The legend names each curve once; it has one color in all panels.
    named = [chart for chart in charts if chart.is_named]
    labels = {name: name for chart in named for name in chart.curves}
    for chart in named:
        labels |= {name: f"{name} (best: epoch {n})" for name, n in chart.best_epochs.items()}
    colors = {name: f"C{number}" for number, name in enumerate(labels)}
    with panels_file(len(charts), path, options, PANEL_SIZE, list(labels.values())) as panels:
        for chart, axes in zip(charts, panels, strict=True):
            for name, points in chart.curves.items():
                color = colors.get(name, "C0")
                marker = "." if len(points) == 1 else ""
                axes.plot(*zip(*points, strict=True), color=color, marker=marker)
                for point in points:
                    if point[0] == chart.best_epochs.get(name):
                        axes.plot(*point, "o", color=color, markerfacecolor="none")
            axes.set(title=chart.quantity, xlabel="epoch", yscale="log" if log else "linear")
            axes.grid(alpha=0.3)
            if log:
                plain_ticks(axes)
        legend_beside(panels[0], {labels[name]: color for name, color in colors.items()})


def save_forecasts(
    forecasts: Sequence[Forecast], path: Path, options: FigureOptions = DEFAULT_OPTIONS
) -> None:
    """Draw true and predicted values over time, a panel per column, as in `save_charts`.

    Prediction intervals are bands in the color of the last curve, whose forecasts they surround.
    """
    curves, bands = list(forecasts[0].curves), list(forecasts[0].bands)
    colors = {name: f"C{number}" for number, name in enumerate(curves)}
    # The narrower a band, the darker it is.
    shades = {name: _BAND_SHADES[-len(bands) :][number] for number, name in enumerate(bands)}
    band_colors = {name: (colors[curves[-1]], shade) for name, shade in shades.items()}
    names = curves + bands
    with panels_file(len(forecasts), path, options, _FORECAST_SIZE, names) as panels:
        for forecast, axes in zip(forecasts, panels, strict=True):
            for name, band in forecast.bands.items():
                rows, lower, upper = zip(*band, strict=True)
                axes.fill_between(rows, lower, upper, color=band_colors[name], linewidth=0)
            for name, points in forecast.curves.items():
                axes.plot(*zip(*points, strict=True), color=colors[name])
            axes.set(title=forecast.title, xlabel="row", ylabel=forecast.column)
            axes.grid(alpha=0.3)
        legend_beside(panels[0], colors, band_colors)
