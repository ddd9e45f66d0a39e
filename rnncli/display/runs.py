"""Runs as tables: many in a list, one in full, several side by side."""

import json
import sys
from collections.abc import Sequence
from math import isfinite
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnncli.analysis.comparison import Comparison
from rnncli.display.charts import sparkline
from rnncli.display.words import duration, figure
from rnncli.errors import one_line
from rnncli.runs.loss_log import Metrics, metric_of, row_of
from rnncli.runs.run_list import RunSummary

# What of the list a narrow terminal goes without, first to last; names tell when as well.
_LEFT_OUT = ("when", "time", "size", "cell", "loss", "validation", "status")
_RIGHT = ("validation", "loss", "size", "time", "best", "last")
_GAP, _WIDEST = 2, 10_000
_SPARKLINE = 30
_BAD = ("killed", "diverged", "failed", "damaged")


def show_runs(found: Sequence[RunSummary]) -> None:
    """Show a list of runs on standard output."""
    columns = {
        "run": [run.name for run in found],
        "when": [f"{run.when:%Y-%m-%d %H:%M}" if run.when else "-" for run in found],
        "status": [run.status for run in found],
        "validation": [_figure(run) for run in found],
        "loss": [_shown("loss", run.loss) for run in found],
        "cell": [run.cell or "-" for run in found],
        "size": [_size(run) for run in found],
        "time": [_shown("seconds", run.seconds) for run in found],
    }
    console = _console()
    widths = {head: max(map(len, [head, *cells])) for head, cells in columns.items()}
    for head in _LEFT_OUT:
        if sum(widths.values()) + _GAP * (len(widths) - 1) > console.width:
            del widths[head]
    lines = [Text(_line({head: head for head in widths}, widths), style="bold")]
    for index, run in enumerate(found):
        cells = {head: columns[head][index] for head in widths}
        lines.append(Text(_line(cells, widths), style=_style(run)))
    # A table of rich's would take longer than reading hundreds of runs.
    console.print(Text("\n").join(lines), soft_wrap=True)


def _line(cells: dict[str, str], widths: dict[str, int]) -> str:
    placed = [
        f"{one_line(cell):{'>' if head in _RIGHT else '<'}{widths[head]}}"
        for head, cell in cells.items()
    ]
    return (" " * _GAP).join(placed).rstrip()


def show_run(summary: RunSummary, record: dict[str, Any], metrics: Metrics, config: str) -> None:
    """Show one run on standard output: its record, figures, the course of the loss, its config."""
    console = _console()
    facts = {"run": summary.path, "status": summary.status, "started": record.get("started")}
    facts |= {"ended": record.get("ended"), "time": _shown("seconds", summary.seconds)}
    facts |= {key: value for key, value in record.items() if key not in ("figures", *facts)}
    print_table(console, ["record", ""], [(key, _text(value)) for key, value in facts.items()])
    if summary.best_epoch in metrics["epoch"]:
        metric = metric_of(metrics)
        rows = [row_of(metrics, summary.best_epoch - 1), row_of(metrics, -1)]
        heads = [name for name in metrics if name not in ("step", "seconds")]
        names = {f"{part}_{metric}": metric for part in ("train", "val")}
        cells = [
            (
                head,
                *(
                    _shown("epoch" if head == "epoch" else names.get(head, head), row[head])
                    for row in rows
                ),
            )
            for head in heads
        ]
        console.print()
        print_table(console, ["figure", "best", "last"], cells)
        console.print()
        curves = {part: metrics[f"{part}_loss"] for part in ("train", "val")}
        known = {part: values for part, values in curves.items() if any(map(isfinite, values))}
        lines = [(f"{part}_loss", sparkline(values, _SPARKLINE)) for part, values in known.items()]
        print_table(console, ["course", "epoch by epoch"], lines)
    console.print()
    console.print(config.rstrip("\n"), soft_wrap=True)


def show_comparison(found: Comparison) -> None:
    """Show runs side by side on standard output, each under its number."""
    console = _console()
    numbers = [str(number) for number in range(1, len(found.runs) + 1)]
    print_table(console, ["", "run"], list(zip(numbers, found.runs, strict=True)))
    console.print()
    if found.config:
        rows = [(key, *map(_text, values)) for key, values in found.config.items()]
        print_table(console, ["config", *numbers], rows)
    else:
        console.print("the configs are the same")
    console.print()
    figures = [
        (name, *(_shown(name.partition("_")[2] or name, value) for value in values))
        for name, values in found.figures.items()
    ]
    print_table(console, ["figure", *numbers], figures)


def _figure(run: RunSummary) -> str:
    if run.metric is None or run.metric_value is None:
        return "-"
    part = "" if run.has_validation else " (train)"
    return ("RMSE " * (run.metric == "rmse")) + figure(run.metric, run.metric_value) + part


def _size(run: RunSummary) -> str:
    layers = f"{run.num_layers}x" if run.num_layers not in (None, 1) else ""
    return "-" if run.hidden_size is None else f"{layers}{run.hidden_size}"


def _style(run: RunSummary) -> str:
    return "red" if run.status in _BAD else "cyan" if run.status == "running" else ""


def _shown(name: str, value: Any) -> str:
    """Return a figure by its name; a dash where there is none."""
    if name == "seconds" and value is not None:
        return duration(value)
    if name == "epoch" and value is not None:
        return f"{value:.0f}"
    return figure(name, value) if isinstance(value, float) else _text(value)


def _text(value: Any) -> str:
    """Return any plain value as text."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _console() -> Console:
    """Return where tables go; a file or a pipe has no width, nothing is to be folded there."""
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if terminal else _WIDEST, highlight=False, markup=False, emoji=False)


def print_table(
    console: Console,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Print a table without lines; what is too long is folded."""
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bold", pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in _RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(one_line, row))
    console.print(table)
