"""``rnn plot``."""

from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import FigureFile, SeveralRuns, choice
from rnncli.display.figure_options import (
    DEFAULT_OPTIONS,
    MAX_DPI,
    FigureOptions,
    check_figure_file,
    parse_size,
)
from rnncli.errors import InputError

QUANTITIES = ("loss", "accuracy", "rmse", "learning_rate", "grad_norm")
KINDS = ("curves", "confusion", "forecast")

app = command_app()


_Kind = Annotated[
    str,
    choice(
        "--kind",
        values=KINDS,
        help="Curves by epoch; the confusion matrix, or predicted against true values; or the "
        "forecasts of a series over time.",
    ),
]
_Quantities = Annotated[
    list[str] | None,
    choice("--quantity", values=QUANTITIES, help="A curve; may be repeated. By default, all."),
]
_Size = Annotated[
    str | None, typer.Option(metavar="WxH", help="Size of the file's figure in inches.")
]
_Dpi = Annotated[
    int, typer.Option(metavar="N", min=10, max=MAX_DPI, help="Dots per inch of a .png file.")
]
_Title = Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the file's figure.")]


@app.command()
def plot(
    runs: SeveralRuns,
    kind: _Kind = "curves",
    quantities: _Quantities = None,
    log: Annotated[bool, typer.Option("--log", help="Use a logarithmic vertical axis.")] = False,
    output: FigureFile = None,
    size: _Size = None,
    dpi: _Dpi = DEFAULT_OPTIONS.dpi,
    title: _Title = None,
) -> None:
    """Draw the curves of runs, or the predictions of a run, in the terminal or into a file.

    The curves of one run are those of its training and validation splits; those of several runs,
    of their validation splits. Confusion matrices and forecasts use the test split, or else the
    validation split. Forecasts are drawn with their prediction intervals.

    \b
    Examples:
      rnn plot latest
      rnn plot latest 2026-11-22_14-05-33_sum_sign --quantity loss --log
      rnn plot latest --output curves.png --size 6x4 --dpi 200 --title "Sum sign"
      rnn plot latest --kind confusion --output confusion.svg
    """
    options = _figure_options(output, size, dpi, title)
    if kind == "curves":
        _plot_curves(runs, quantities or [], log, output, options)
        return
    if len(runs) > 1 or quantities or log:
        raise InputError(f"--kind {kind}: takes one run, and neither --quantity nor --log")
    if kind == "forecast":
        _plot_forecasts(runs[0], output, options)
    elif output is None:
        raise InputError("--kind confusion: needs --output FILE; in the terminal: 'rnn evaluate'")
    else:
        _plot_predictions(runs[0], output, options)


def _figure_options(
    output: Path | None, size: str | None, dpi: int, title: str | None
) -> FigureOptions:
    """Return the options of a figure, after a check that it can be written."""
    options = FigureOptions(parse_size(size), dpi, title or "")
    if output is not None:
        check_figure_file(output)
    elif options != DEFAULT_OPTIONS:
        raise InputError("plot: --size, --dpi and --title need --output FILE")
    return options


def _plot_curves(
    runs: list[str], quantities: list[str], log: bool, output: Path | None, options: FigureOptions
) -> None:
    from rnncli.analysis.training_curves import read_charts
    from rnncli.runs.find_run import read_runs

    charts = read_runs(runs, lambda folders: read_charts(list(dict.fromkeys(folders)), quantities))
    if output is None:
        from rnncli.display.terminal_plots import show_charts

        show_charts(charts, log)
    else:
        from rnncli.display.curve_figures import save_charts

        save_charts(charts, log, output, options)


def _plot_forecasts(run: str, output: Path | None, options: FigureOptions) -> None:
    from rnncli.analysis.forecasts import read_forecasts
    from rnncli.runs.saved_model import open_model

    forecasts = read_forecasts(open_model(run))
    if output is None:
        from rnncli.display.terminal_plots import show_forecasts

        show_forecasts(forecasts)
    else:
        from rnncli.display.curve_figures import save_forecasts

        save_forecasts(forecasts, output, options)


def _plot_predictions(run: str, output: Path, options: FigureOptions) -> None:
    """Draw the predictions on the evaluation split beside the true labels or values."""
    from rnncli.analysis.evaluation_data import read_evaluation_data
    from rnncli.display.evaluation_figures import save_confusion, save_values
    from rnncli.inference.evaluation import evaluate
    from rnncli.inference.predictions import Predictions, concatenated
    from rnncli.runs.saved_model import open_model

    saved = open_model(run)
    predictions: list[Predictions] = []
    _, sequences = read_evaluation_data(saved)
    report = evaluate(saved.model, [sequences], on_predictions=predictions.append)
    if report.classes:
        save_confusion(report, output, options)
    else:
        all_predictions = concatenated(predictions)
        save_values(all_predictions.known_labels, all_predictions.values, output, options)
