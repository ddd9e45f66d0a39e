"""``rnn evaluate``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.options import Json, LabelledInput, Weights, standard_output


def evaluate(
    weights: Weights,
    source: LabelledInput = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write each answer beside the truth, by ending."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a model on labelled sequences, beside simple baselines.

    The baselines are the most frequent class or the mean; for forecasts also the last value, and
    the values of the last period.

    \b
    Examples:
      rnn evaluate -w latest
      rnn evaluate -w model.npz -i labelled.csv --json
      rnn evaluate -w latest --output answers.csv
    """
    from rnncli.analysis.evaluation_data import read_evaluation_data
    from rnncli.analysis.prediction_files import format_of, open_predictions
    from rnncli.datasets.inputs import read_inputs
    from rnncli.display.tables import show_report
    from rnncli.inference.evaluation import evaluate as evaluate_model
    from rnncli.runs.saved_model import open_model

    saved = open_model(weights)
    model = saved.model
    train = None
    if source is not None:
        batches = read_inputs(source, model.input_spec, labelled=True)
    else:
        train, sequences = read_evaluation_data(saved)
        batches = iter([sequences])
    if output is None:
        report = evaluate_model(model, batches, train)
    else:
        form = format_of(output, None)
        with open_predictions(model, form, output, standard_output()) as write:
            report = evaluate_model(model, batches, train, write)
    if as_json:
        print(json.dumps(report.as_dict()))
    else:
        show_report(report)
