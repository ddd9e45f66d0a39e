"""``rnn evaluate``."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import Json, SeveralWeights, split_input
from rnncli.display.terminal import write_message
from rnncli.errors import InputError

app = command_app()


_Source = Annotated[str | None, split_input("Labelled sequences")]


@app.command()
def evaluate(
    weights: SeveralWeights,
    source: _Source = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write each prediction beside the true label or value: .csv, .jsonl or .npz.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a model on labelled sequences, and compare it with simple baselines.

    The baselines are the most frequent class or the mean; for forecasts, also the last value, the
    value one period earlier and a linear autoregression, of which the best is marked with *; for
    language models, n-grams of order 1 and of the best order. Models of a grammar are also compared
    with it; see `rnn guide grammars`. For predicted values, the coverage and the mean width of the
    prediction intervals are reported. Of several models, the probabilities or
    values are averaged; without input, the data is that of the first run.

    \b
    Examples:
      rnn evaluate -w latest
      rnn evaluate -w model.npz -i labelled.csv --json
      rnn evaluate -w latest --output predictions.csv
      rnn evaluate -w model.npz -w other.npz -i labelled.csv
      rnn evaluate -w language_model.npz -i text.txt
    """
    from rnncli.analysis.evaluation_data import (
        data_warnings,
        read_baseline_data,
        read_evaluation_data,
        read_forecast_table,
    )
    from rnncli.analysis.language_models import evaluate_language_model
    from rnncli.datasets.inputs import read_inputs
    from rnncli.inference.evaluation import evaluate as evaluate_model
    from rnncli.runs.saved_model import open_models

    saved = open_models(weights)
    model, table = saved.model, None
    if model.task.is_language_model:
        if output is not None:
            raise InputError(
                "--output: does not apply to a language model, which predicts symbols; omit it"
            )
        _show(evaluate_language_model(saved, source), as_json)
        return
    if source is not None:
        sequences = read_inputs(source, model.input_spec, labelled=True)
        train = read_baseline_data(saved)
    else:
        train, evaluation_split = read_evaluation_data(saved)
        sequences, table = iter([evaluation_split]), read_forecast_table(saved)
        for warning in data_warnings(saved):
            write_message(f"warning: {warning}")
    with _prediction_writer(model, output) as write:
        report = evaluate_model(model, sequences, train, write, table)
    _show(report, as_json)
    if not as_json:
        _note_missing_intervals(model)


def _show(report: Any, as_json: bool) -> None:
    from rnncli.display.evaluation_report import show_evaluation

    if as_json:
        print(json.dumps(report.as_dict()))
    else:
        show_evaluation(report)


def _note_missing_intervals(model: Any) -> None:
    """Say for which levels the model has no prediction interval, if it has any intervals."""
    from rnncli.display.interval_notes import missing_intervals
    from rnncli.display.terminal import write_message

    if model.intervals is not None and (note := missing_intervals(model.intervals)):
        write_message(note)


@contextmanager
def _prediction_writer(model: Any, output: Path | None) -> Iterator[Callable[[Any], None]]:
    """Open a file for predictions; without a file, they are not written."""
    from rnncli.analysis.prediction_files import format_of, open_predictions

    if output is None:
        yield lambda predictions: None
    else:
        with open_predictions(model, format_of(output, None), output, sys.stdout.buffer) as write:
            yield write
