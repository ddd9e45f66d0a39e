"""Charts of runs in the terminal."""

from collections.abc import Mapping, Sequence

from rnncli.analysis.forecasts import Forecast
from rnncli.analysis.training_curves import Chart
from rnncli.display.charts import Band, Curve, line_chart
from rnncli.display.console import drawing_width, has_color, output_console

# The lines of a chart, axes and legend included: with its title, it fits in a terminal of 24 lines.
_HEIGHT = 12


def show_charts(charts: Sequence[Chart], log: bool) -> None:
    """Draw the curves of runs on standard output, one chart below the other."""
    for chart in charts:
        names = list(chart.curves)
        name = f" ({names[0]})" if chart.is_named and len(names) == 1 else ""
        _show(f"{chart.quantity} by epoch{name}", chart.curves, log)


def show_forecasts(forecasts: Sequence[Forecast]) -> None:
    """Draw the true and predicted values of each column, with intervals, on standard output."""
    for forecast in forecasts:
        _show(f"{forecast.title} by row", forecast.curves, False, forecast.bands)


def _show(
    title: str, curves: Mapping[str, Curve], log: bool, bands: Mapping[str, Band] | None = None
) -> None:
    console, width = output_console(), drawing_width()
    console.print(title, style="bold", width=width)
    for line in line_chart(curves, width, _HEIGHT, log, has_color(console), bands or {}):
        console.print(line, width=width)
