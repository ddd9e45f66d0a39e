"""``rnn evaluate``."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import Json, LabelledInput, Weights, standard_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnncli.inference.predictions import Predictions


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
    """Score a model on labelled sequences, beside the best constant answer.

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
    from rnncli.inference.evaluation import report, score_parts
    from rnncli.runs.saved_model import open_model

    saved = open_model(weights)
    model = saved.model
    if source is not None:
        parts = read_inputs(source, model.input_spec, labelled=True)
    else:
        parts = iter([read_evaluation_data(saved)])
    scored = []
    with ExitStack() as stack:
        write: Callable[[Predictions], None] | None = None
        if output is not None:
            form = format_of(output, None)
            write = stack.enter_context(open_predictions(model, form, output, standard_output()))
        for part in score_parts(model, parts):
            scored.append(part)
            if write is not None:
                write(part.answers)
    found = report(model.task, scored)
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show_report(found)
