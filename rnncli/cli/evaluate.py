"""``rnn evaluate``."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import Json, LabelledInput, Weights, standard_output
from rnncli.errors import InputError

app = command_app()


@app.command()
def evaluate(
    weights: Weights,
    source: LabelledInput = None,
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
    """Score a model on labelled sequences, and a constant prediction as a baseline.

    \b
    Examples:
      rnn evaluate -w latest
      rnn evaluate -w model.npz -i labelled.csv --json
      rnn evaluate -w latest --output predictions.csv
    """
    from rnncli.analysis.evaluation_data import held_out_of
    from rnncli.analysis.prediction_files import answers_file, format_of
    from rnncli.datasets.inputs import read_inputs
    from rnncli.display.evaluation_report import show_evaluation
    from rnncli.inference.evaluation import report, score_parts
    from rnncli.runs.run_folder import find_weights
    from rnncli.runs.weights import load_model

    path, run = find_weights(weights)
    model = load_model(path)
    if source is not None:
        parts = read_inputs(source, model.input_spec, labelled=True)
    elif run is None:
        raise InputError(f"{path}: a weights file alone has no data; give --input FILE")
    else:
        parts = iter([held_out_of(run)])
    scored = []
    with ExitStack() as stack:
        write: Callable[[Any], None] | None = None
        if output is not None:
            form = format_of(output, None)
            write = stack.enter_context(answers_file(model, form, output, standard_output()))
        for part in score_parts(model, parts):
            scored.append(part)
            if write is not None:
                write(part.answers)
    evaluation = report(model.task, scored)
    if as_json:
        print(json.dumps(asdict(evaluation)))
    else:
        show_evaluation(evaluation)
