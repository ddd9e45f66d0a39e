"""Curves of runs in the terminal."""

from collections.abc import Sequence

from rich.console import Console

from rnncli.analysis.training_curves import Chart
from rnncli.display.charts import line_chart

_HEIGHT = 12


def show_charts(charts: Sequence[Chart], log: bool) -> None:
    """Draw charts on standard output, one below the other, as wide as it is."""
    console = Console(highlight=False, markup=False, emoji=False)
    colour = console.color_system is not None and not console.no_color
    for chart in charts:
        alone = (
            f" ({next(iter(chart.curves))})" if chart.is_named and len(chart.curves) == 1 else ""
        )
        console.print(f"{chart.quantity}, by epoch{alone}", style="bold")
        for line in line_chart(chart.curves, console.width, _HEIGHT, log, colour):
            console.print(line)
