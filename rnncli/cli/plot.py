"""``rnn plot``."""

from pathlib import Path
from typing import Annotated

import typer

from rnncli.errors import InputError


def plot(
    wanted: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Folders, names or 'latest'.")
    ],
    quantities: Annotated[
        list[str] | None,
        typer.Option(
            "--quantity",
            metavar="loss|accuracy|rmse|learning_rate|grad_norm",
            help="What to draw; repeatable. All by default.",
        ),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Draw logarithms.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Draw into a .png, .svg or .pdf instead."
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="curves|confusion",
            help="'confusion' is of the held-out data: classes, or true against predicted values.",
        ),
    ] = "curves",
) -> None:
    """Draw the curves of runs, in the terminal or into a file.

    One run shows its training and validation part, several their validation parts.

    \b
    Examples:
      rnn plot latest
      rnn plot latest 2026-11-22_14-05-33_sum_sign --quantity loss --log
      rnn plot latest --output curves.png
      rnn plot latest --kind confusion --output confusion.svg
    """
    from rnncli.runs.run_folder import find_run

    if kind not in ("curves", "confusion"):
        raise InputError(f"--kind: '{kind}' is not known; one of curves, confusion")
    if kind == "confusion":
        if len(wanted) > 1 or output is None or quantities or log:
            raise InputError("--kind confusion: takes one run and --output FILE, and no more")
        _draw_answers(wanted[0], output)
        return
    from rnncli.analysis.training_curves import read_charts

    folders = list(dict.fromkeys(find_run(run) for run in wanted))
    charts = read_charts(folders, quantities or ())
    if output is None:
        from rnncli.display.curves import show_charts

        show_charts(charts, log)
    else:
        from rnncli.display.figures import save_charts

        save_charts(charts, log, output)


def _draw_answers(run: str, output: Path) -> None:
    """Draw what a model answers on the run's held-out data, beside the truth."""
    import numpy as np

    from rnncli.analysis.evaluation_data import read_evaluation_data
    from rnncli.display.figures import check_ending, save_confusion, save_values
    from rnncli.inference.evaluation import evaluate
    from rnncli.inference.predictions import Predictions
    from rnncli.runs.saved_model import open_model

    check_ending(output)
    saved = open_model(run)
    predictions: list[Predictions] = []
    _, sequences = read_evaluation_data(saved)
    report = evaluate(saved.model, [sequences], on_predictions=predictions.append)
    if report.classes:
        save_confusion(report, output)
    else:
        labels = [part.labels for part in predictions if part.labels is not None]
        values = [part.values for part in predictions]
        save_values(np.concatenate(labels), np.concatenate(values), output)
