"""``rnn evaluate``."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from rnncli.cli.options import Json, Weights
from rnncli.errors import InputError


def evaluate(
    weights: Weights,
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE",
            help="Labelled sequences; by default the run's own test or validation data.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a model on labelled sequences, beside the best constant answer.

    \b
    Examples:
      rnn evaluate -w latest
      rnn evaluate -w model.npz -i labelled.csv --json
    """
    from rnncli.config.validate import read_config
    from rnncli.data.inputs import read_inputs
    from rnncli.display.tables import show_report
    from rnncli.runs.folder import CONFIG, find_weights
    from rnncli.runs.weights import load_model
    from rnncli.training.evaluation import evaluate as score

    path, run = find_weights(weights)
    model = load_model(path)
    if source is not None:
        report = score(model, read_inputs(source, model.expected, labelled=True))
    elif run is None:
        raise InputError(f"{path}: a weights file alone has no data; give --input FILE")
    else:
        config = read_config(run / CONFIG)
        held_out = config.data.read(config.seed)[0].held_out
        if held_out is None:
            raise InputError(f"{run}: this run held no data out; give --input FILE")
        report = score(model, [held_out])
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        show_report(report)
