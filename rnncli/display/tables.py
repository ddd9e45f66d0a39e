"""Results as tables: drawn by rich, in colour in a terminal, plain elsewhere."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli.display.words import figure, on_terminal, say
from rnncli.gradients.explain import Explanation
from rnncli.gradients.gradcheck import ArrayCheck
from rnncli.inference.evaluation import Report
from rnncli.runs.verification import Verdict
from rnncli.training.benchmark import Timing

if TYPE_CHECKING:
    from rnncli.config.reference import KeyReference

_MOST_CLASSES = 12


def show_summary(rows: Sequence[tuple[str, str]]) -> None:
    """Show the end of a run on standard error."""
    if not on_terminal():
        for name, value in rows:
            say(f"{name}: {value}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(stderr=True, highlight=False).print(table)


def show_gradcheck(checks: Sequence[ArrayCheck], method: str, tolerance: float) -> None:
    """Show a gradient check on standard output."""
    rows = []
    for check in checks:
        error = check.max_relative_error
        verdict = "ok" if check.passed else "WRONG"
        rows.append(
            [
                check.name,
                "x".join(map(str, check.shape)),
                "-" if error is None else f"{error:.1e}",
                f"{check.gradient_norm:.3g}",
                f"{check.tested:,}",
                f"{check.untested:,}",
                verdict if check.tested else "not tested",
            ]
        )
    heads = ["array", "shape", "error", "norm", "tested", "no signal", "verdict"]
    print_table(f"gradients against the {method} step, tolerance {tolerance:g}", heads, rows)
    for check in checks:
        if not check.passed:
            print(
                f"{check.name}{list(check.worst or ())}: backpropagation gives {check.calculated:.17g}, "
                f"the true derivative is {check.true:.17g}"
            )


def explained(found: Explanation | None, passed: bool) -> str:
    """Return in words where backpropagation and the truth part."""
    if found is None and passed:
        return "all is well: what flows back is right at every step, and so is every sum"
    if found is None:
        return "no mistake found: what flows back is right at every step, and so is every sum"
    if found.step is None:
        place = "the sum over all steps" if found.layer else "which belongs to no step"
    else:
        place = f"step {found.step} of {found.steps}" if found.step else "the initial state"
    owner = f" in {found.layer}" if found.layer else ""
    cause = found.cause or "no mistake that is known gives these values"
    return (
        f"going back from the loss, the first that is wrong: {found.array}{owner}, {place}\n{cause}"
    )


def show_verdict(found: Verdict) -> None:
    """Show whether a repeated run gave the same weights, on standard output."""
    print(
        {
            "identical": "bit-identical",
            "rounding": "equal within rounding",
            "different": "different",
        }[found.verdict]
    )
    if found.array is not None:
        print(
            f"largest difference {found.largest_difference:.3g}, in {found.array}; over the "
            f"largest weight {found.largest_relative_difference:.3g}"
        )
    rows = [[key, str(then), str(now)] for key, (then, now) in found.environment.items()]
    if rows:
        print_table("what else is not as it was", ["", "recorded", "now"], rows)


def show_report(report: Report) -> None:
    """Show an evaluation on standard output."""
    columns = [report.metrics, *report.baselines.values()]
    rows = [[name, *(figure(name, column[name]) for column in columns)] for name in report.metrics]
    names = [name.replace("_", " ") for name in report.baselines]
    print_table(f"{report.num_samples:,} predictions", ["metric", "model", *names], rows)
    if len(report.classes) > _MOST_CLASSES:
        return
    rows = [
        [
            str(part["label"]),
            *(figure("accuracy", float(str(part[key]))) for key in ("precision", "recall", "f1")),
            str(part["count"]),
            *(str(count) if count else "." for count in counts),
        ]
        for part, counts in zip(report.classes, report.confusion, strict=True)
    ]
    if rows:
        names = [str(part["label"]) for part in report.classes]
        heads = ["true class", "precision", "recall", "F1", "count", *names]
        print_table("classes, and what they were taken for", heads, rows)


def show_timing(timing: Timing) -> None:
    """Show a benchmark on standard output."""
    whole = timing.microseconds_per_step
    parts = {
        "forward": timing.forward_microseconds,
        "backward": timing.backward_microseconds,
        "optimizer": timing.optimizer_microseconds,
    }
    rows = [["step", f"{whole:,.1f}", ""]]
    rows += [[name, f"{value:,.1f}", f"{value / whole:.0%}"] for name, value in parts.items()]
    size = f"{timing.num_layers} layer{'s' if timing.num_layers > 1 else ''} of "
    print_table(
        f"{timing.cell}, {size}{timing.hidden_size}, batch {timing.batch_size}, "
        f"{timing.sequence_length} steps of {timing.input_size}, {timing.dtype}, "
        f"{timing.threads or '?'} thread{'' if timing.threads == 1 else 's'}",
        ["part", "microseconds", "share"],
        rows,
    )
    print(f"{timing.sequences_per_second:,.0f} sequences/s")
    print(
        f"{timing.gflops:.1f} GFLOP/s, {timing.utilization:.0%} of the {timing.sgemm_gflops:.0f} "
        "that a large matrix product reaches here"
    )


def show_keys(found: "Sequence[KeyReference]") -> None:
    """Show the reference of the config's keys on standard output."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    terminal = sys.stdout is not None and sys.stdout.isatty()
    console = Console(width=None if terminal else 120, highlight=False, markup=False)
    table = Table(padding=(0, 1, 0, 0), box=SIMPLE_HEAD)
    longest = max(len(key.key) for key in found)
    table.add_column("key", overflow="fold", no_wrap=console.width >= 2 * longest)
    for head in ("kind", "default", "meaning: values"):
        table.add_column(head, overflow="fold")
    for key in found:
        meaning = f"{key.meaning}: {key.values}"
        table.add_row(key.key, ", ".join(key.kinds), key.default, meaning)
    console.print(table)


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on standard output; the first column is text, the others are figures."""
    from rich.console import Console
    from rich.table import Table

    terminal = sys.stdout is not None and sys.stdout.isatty()
    table = Table()
    for index, head in enumerate(heads):
        table.add_column(head, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        wrong = terminal and "WRONG" in row
        table.add_row(*row, style="red" if wrong else None)
    # A file or a pipe has no width of its own; nothing is to be cut off there.
    console = Console(width=None if terminal else 120, highlight=False)
    console.print(title, style="bold")
    console.print(table)
