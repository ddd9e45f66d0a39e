"""Runs as tables: many in a list, one with all its details, several side by side."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

from rnncli.analysis.comparison import Comparison
from rnncli.display.charts import sparkline
from rnncli.display.console import output_console
from rnncli.display.formats import format_duration, format_metric
from rnncli.display.table import natural_widths, print_table, table_width
from rnncli.runs.metrics_log import Metrics, metric_of, row_of
from rnncli.runs.run_list import RunSummary

# The columns that a narrow terminal leaves out, first to last. A run's name contains its date.
_OPTIONAL_COLUMNS = ("when", "time", "size", "cell", "loss", "validation", "status")
_NUMERIC_COLUMNS = ("validation", "loss", "size", "time")
# The most characters of a loss curve: with its name, its row fits in a narrow terminal unwrapped.
_SPARKLINE_WIDTH = 30
_STYLES = dict.fromkeys(("killed", "diverged", "failed", "damaged"), "red") | {"running": "cyan"}


def show_runs(runs: Sequence[RunSummary]) -> None:
    """Show a list of runs on standard output."""
    columns = {
        "run": [run.name for run in runs],
        "when": [f"{run.when:%Y-%m-%d %H:%M}" if run.when else "-" for run in runs],
        "status": [run.status for run in runs],
        "validation": [_metric(run) for run in runs],
        "loss": [_formatted("loss", run.loss) for run in runs],
        "cell": [_cell(run) for run in runs],
        "size": [_size(run) for run in runs],
        "time": [_formatted("seconds", run.seconds) for run in runs],
    }
    available = output_console().width
    for header in _OPTIONAL_COLUMNS:
        cells = list(zip(*([name, *column] for name, column in columns.items()), strict=True))
        if table_width(natural_widths(cells)) <= available:
            break
        del columns[header]
    print_table(
        list(columns),
        list(zip(*columns.values(), strict=True)),
        left=[i for i, header in enumerate(columns) if header not in _NUMERIC_COLUMNS],
        styles=[_STYLES.get(run.status, "") for run in runs],
        wrap=False,
    )


def show_run(summary: RunSummary, record: dict[str, Any], metrics: Metrics, config: str) -> None:
    """Show one run on standard output: its record, metrics, loss curves and config."""
    facts = {"run": summary.path, "status": summary.status, "started": record.get("started")}
    facts |= {"ended": record.get("ended"), "time": _formatted("seconds", summary.seconds)}
    facts |= {
        key: value for key, value in record.items() if key not in ("figures", "seconds", *facts)
    }
    rows = [(key, _text(value)) for key, value in facts.items()]
    print_table(["record", ""], rows, left=(0, 1))
    if summary.best_epoch is not None and summary.best_epoch in metrics["epoch"]:
        print()
        _show_metrics(metrics, summary.best_epoch)
        print()
        curves = {f"{split}_loss": metrics[f"{split}_loss"] for split in ("train", "val")}
        print_table(
            ["curve", "epoch by epoch"],
            [
                (name, sparkline(values, _SPARKLINE_WIDTH))
                for name, values in curves.items()
                if any(map(isfinite, values))
            ],
            left=(0, 1),
        )
    print()
    output_console().print(config.rstrip("\n"), soft_wrap=True)


def show_comparison(comparison: Comparison) -> None:
    """Show runs side by side on standard output, each under its number."""
    numbers = [str(number) for number in range(1, len(comparison.runs) + 1)]
    print_table(["", "run"], list(zip(numbers, comparison.runs, strict=True)), left=(0, 1))
    print()
    if comparison.config:
        rows = [(key, *map(_text, values)) for key, values in comparison.config.items()]
        print_table(["config", *numbers], rows, left=range(len(numbers) + 1))
    else:
        print("the configs are the same")
    print()
    results = [
        (name, *(_formatted(name.partition("_")[2] or name, value) for value in values))
        for name, values in comparison.figures.items()
    ]
    print_table(["result", *numbers], results, left=range(len(numbers) + 1))


def _show_metrics(metrics: Metrics, best_epoch: int) -> None:
    """Show the logged columns at the best and at the last epoch."""
    metric = metric_of(metrics)
    rows = [row_of(metrics, best_epoch - 1), row_of(metrics, -1)]
    metric_names = {f"{split}_{metric}": metric for split in ("train", "val")}
    cells = [
        (header, *(_formatted(metric_names.get(header, header), row[header]) for row in rows))
        for header in metrics
        if header not in ("step", "seconds")
    ]
    print_table(["metric", "best", "last"], cells)


def _metric(run: RunSummary) -> str:
    if run.metric is None or run.metric_value is None:
        return "-"
    split = "" if run.has_validation else " (train)"
    prefix = "RMSE " if run.metric == "rmse" else ""
    return prefix + format_metric(run.metric, run.metric_value) + split


def _cell(run: RunSummary) -> str:
    ensemble = f", ensemble of {run.ensemble}" if run.ensemble > 1 else ""
    return (run.cell or "-") + ensemble


def _size(run: RunSummary) -> str:
    layers = f"{run.num_layers}x" if run.num_layers not in (None, 1) else ""
    return "-" if run.hidden_size is None else f"{layers}{run.hidden_size}"


def _formatted(name: str, value: Any) -> str:
    """Return a value as its name requires; a dash for None."""
    if name == "seconds" and value is not None:
        return format_duration(value)
    if name == "epoch" and value is not None:
        return f"{value:.0f}"
    return format_metric(name, value) if isinstance(value, float) else _text(value)


def _text(value: Any) -> str:
    """Return any plain value as text."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
