"""The report of an evaluation, as tables."""

from collections.abc import Mapping

from rnncli.display.console import output_console
from rnncli.display.formats import format_metric
from rnncli.display.table import natural_widths, print_table, table_width
from rnncli.inference.report import Report

# Classes beyond this are left out of the table by class; the JSON report has all of them.
_MAX_CLASSES = 50
_CONFUSION_TITLE = "confusion matrix (rows: true class, columns: predicted class)"


def show_evaluation(report: Report) -> None:
    """Show the metrics beside those of the baselines, and the results by class or of intervals."""
    # The best n-grams may be those of order 1, which are shown already.
    baselines = {
        name: values
        for name, values in report.baselines.items()
        if name != "ngram" or values["order"] > 1
    }
    columns = [report.metrics, *baselines.values()]
    rows = [
        [name, *(format_metric(name, column[name]) if name in column else "" for column in columns)]
        for name in report.metrics
    ]
    best = report.best_baseline if len(baselines) > 1 else None
    headers = ["metric", "model", *(_header(*item, best) for item in baselines.items())]
    print_table(headers, rows, title=f"{report.num_samples:,} predictions")
    if best is not None:
        metric = "rmse" if "rmse" in report.metrics else "loss"
        print(f"* the best baseline, {_header(best, baselines[best])}: the lowest {metric}")
    if report.intervals:
        print()
        _show_intervals(report)
    if not report.classes:
        return
    print()
    if len(report.classes) > _MAX_CLASSES:
        print(f"{len(report.classes)} classes: 'rnn evaluate --json' reports each of them")
        return
    _show_classes(report)
    print()
    _show_confusion(report)


def _header(name: str, baseline: Mapping[str, float], best: str | None = None) -> str:
    """Return the name of a baseline as a header; of n-grams with their order.

    The best baseline is marked with a star.
    """
    header = f"{baseline['order']:g}-gram" if name == "ngram" else name.replace("_", " ")
    return f"{header} *" if name == best else header


def _show_intervals(report: Report) -> None:
    rows = [
        [
            f"{100 * row['level']:.0f} %",
            *(format_metric(name, row[name]) for name in ("coverage", "mean_width")),
        ]
        for row in report.intervals
    ]
    print_table(["level", "coverage", "mean width"], rows, title="prediction intervals")


def _show_classes(report: Report) -> None:
    names = ("precision", "recall", "f1")
    rows = [
        [
            str(row["label"]),
            *(format_metric(name, float(str(row[name]))) for name in names),
            f"{row['count']:,}",
        ]
        for row in report.classes
    ]
    print_table(["class", *names, "count"], rows, title="by class")


def _show_confusion(report: Report) -> None:
    """Show the confusion matrix, with the longest headers with which it fits."""
    labels = [str(row["label"]) for row in report.classes]
    width = output_console().width
    rows = [
        [label[: width // 3], *(f"{count:,}" if count else "." for count in counts)]
        for label, counts in zip(labels, report.confusion, strict=True)
    ]
    for length in range(max(map(len, labels)), 0, -1):
        headers = ["", *(label[:length] for label in labels)]
        if table_width(natural_widths([headers, *rows])) <= width:
            print_table(headers, rows, title=_CONFUSION_TITLE)
            return
    print("the confusion matrix is too wide for this terminal; draw it with")
    print("rnn plot RUN --kind confusion --output confusion.svg")
