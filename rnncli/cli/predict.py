"""``rnn predict``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.completion import words
from rnncli.cli.options import Weights, standard_output
from rnncli.errors import InputError


def predict(
    weights: Weights,
    source: Annotated[
        str,
        typer.Option(
            "--input", "-i", metavar="FILE", help="CSV, .npz, .npy or .ts; '-' is standard input."
        ),
    ] = "-",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="'-' is standard output.")
    ] = "-",
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="csv|jsonl|npz",
            help="By default what the output's ending says, else csv.",
            autocompletion=words("csv", "jsonl", "npz"),
        ),
    ] = None,
    stream: Annotated[
        bool,
        typer.Option(
            help="One step a line from standard input, one answer a line; a blank line begins anew."
        ),
    ] = False,
) -> None:
    """Predict the label, with probabilities, or the value of each sequence.

    The weights file is all it takes: no config, no training data.

    \b
    Examples:
      rnn predict -w latest -i sequences.csv
      rnn predict -w model.npz -i x.npz -o predictions.jsonl
      head -3 sequences.csv | rnn predict -w latest
      head -1 sequences.csv | tr , "\\n" | rnn predict -w latest --stream
    """
    from rnncli.analysis.prediction_files import (
        format_of,
        open_predictions,
        predict_stream,
        write_predictions,
    )
    from rnncli.datasets.inputs import read_inputs
    from rnncli.runs.saved_model import open_model

    target = None if output == "-" else Path(output)
    wanted = format_of(target, form)
    model = open_model(weights).model
    if stream:
        if source != "-" or target is not None or wanted == "npz":
            raise InputError("--stream: goes from standard input to standard output, not as npz")
        with open_predictions(model, wanted, None, standard_output()) as write:
            for answers in predict_stream(model, sys.stdin.buffer):
                write(answers)
                sys.stdout.flush()
        return
    parts = read_inputs(source, model.input_spec, labelled=False)
    with open_predictions(model, wanted, target, standard_output()) as write:
        write_predictions(model, parts, write)
