"""``rnn evaluate``."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    from rnncli.datasets.inputs import read_inputs
    from rnncli.display.evaluation_report import show_evaluation
    from rnncli.inference.evaluation import report, score_parts
    from rnncli.runs.run_folder import find_weights
    from rnncli.runs.weights import load_model

    path, run = find_weights(weights)
    model = load_model(path)
    if source is not None:
        sequences = read_inputs(source, model.input_spec, labelled=True)
    elif run is None:
        raise InputError(f"{path}: a weights file alone has no data; give --input FILE")
    else:
        sequences = iter([held_out_of(run)])
    scored = []
    with _prediction_writer(model, output) as write:
        for chunk in score_parts(model, sequences):
            scored.append(chunk)
            write(chunk.answers)
    evaluation = report(model.task, scored)
    if as_json:
        print(json.dumps(asdict(evaluation)))
    else:
        show_evaluation(evaluation)


@contextmanager
def _prediction_writer(model: Any, output: Path | None) -> Iterator[Callable[[Any], None]]:
    """Open a file for predictions; without a file, they are not written."""
    from rnncli.analysis.prediction_files import answers_file, format_of

    if output is None:
        yield lambda predictions: None
    else:
        with answers_file(model, format_of(output, None), output, standard_output()) as write:
            yield write
