"""``rnn predict``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import SeveralWeights, choice
from rnncli.errors import InputError

FORMATS = ("csv", "jsonl", "npz")

app = command_app()


_Source = Annotated[
    str,
    typer.Option(
        "--input",
        "-i",
        metavar="FILE",
        help=".csv or .ts (also as .gz), .parquet, .npz or .npy; '-' is CSV from standard input.",
    ),
]
_Target = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="FILE", help=".csv, .jsonl or .npz; '-' is standard output."
    ),
]
_Format = Annotated[
    str | None,
    choice(
        "--format",
        values=FORMATS,
        help="By default, the format that the extension implies; without one, csv.",
    ),
]
_Stream = Annotated[
    bool,
    typer.Option(
        "--stream",
        help="Read one time step, or piece of text, per line from standard input, and write one "
        "prediction per line, or per frame; an empty line starts a new sequence.",
    ),
]
_Horizon = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Of a model that forecasts, write the N rows that follow the table, with the model's "
        "own forecasts in place of observations.",
    ),
]


@app.command()
def predict(
    weights: SeveralWeights,
    source: _Source = "-",
    output: _Target = "-",
    file_format: _Format = None,
    stream: _Stream = False,
    horizon: _Horizon = None,
) -> None:
    """Predict the label with its probabilities, or the value, of each sequence or text.

    Only the weights file is needed: no config and no training data. Values are followed by the
    bounds of their prediction intervals, such as lower_80 and upper_80. Of several models, the
    probabilities or values are averaged.

    \b
    Examples:
      rnn predict -w latest -i sequences.csv
      rnn predict -w model.npz -i x.npz -o predictions.jsonl
      rnn predict -w names.npz -i names.csv
      rnn predict -w sunspots.npz -i sunspots.csv --horizon 12
      rnn predict -w model.npz -w other.npz -i sequences.csv
      head -3 sequences.csv | rnn predict -w latest
      head -1 sequences.csv | tr , "\\n" | rnn predict -w latest --stream
    """
    from rnncli.analysis.prediction_files import format_of

    target = None if output == "-" else Path(output)
    file_format = format_of(target, file_format)
    if horizon is not None:
        if stream:
            raise InputError("--horizon: forecasts from a whole table; leave out --stream")
        _forecast(weights, source, horizon, target, file_format)
    elif not stream:
        _predict_file(weights, source, target, file_format)
    elif source != "-" or target is not None or file_format == "npz":
        raise InputError(
            "--stream: reads standard input and writes standard output as csv or jsonl; leave out "
            "--input, --output and npz"
        )
    else:
        _predict_stream(weights, file_format)


def _predict_file(weights: list[str], source: str, target: Path | None, file_format: str) -> None:
    from rnncli.analysis.prediction_files import open_predictions, write_predictions
    from rnncli.datasets.inputs import read_inputs
    from rnncli.runs.saved_model import open_models

    model = open_models(weights).model
    sequences = read_inputs(source, model.input_spec, labelled=False)
    with open_predictions(model, file_format, target, sys.stdout.buffer) as write:
        write_predictions(model, sequences, write)


def _forecast(
    weights: list[str], source: str, steps: int, target: Path | None, file_format: str
) -> None:
    """Write the rows that follow a table."""
    from rnncli.analysis.future_rows import forecast_table, write_future_rows
    from rnncli.runs.saved_model import open_models

    future = forecast_table(open_models(weights).model, source, steps)
    write_future_rows(future, file_format, target, sys.stdout.buffer)


def _predict_stream(weights: list[str], file_format: str) -> None:
    """Predict after each line of standard input, and write before the next line is read."""
    from rnncli.analysis.prediction_files import open_predictions, predict_stream
    from rnncli.datasets.untrusted.lines import standard_input_lines
    from rnncli.runs.saved_model import open_models

    model = open_models(weights).model
    with open_predictions(model, file_format, None, sys.stdout.buffer) as write:
        for predictions in predict_stream(model, standard_input_lines()):
            write(predictions)
            sys.stdout.flush()
