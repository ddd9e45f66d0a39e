"""``rnn trace``."""

import json
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.first_member import note_first_member
from rnncli.cli.options import FigureFile, Json, Weights, split_input

app = command_app()


_Source = Annotated[str | None, split_input("Sequences, with labels for the gradients")]


@app.command()
def trace(
    weights: Weights,
    source: _Source = None,
    num_samples: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of sequences to average over.")
    ] = 32,
    sample: Annotated[
        int | None,
        typer.Option(metavar="INDEX", min=0, help="Trace this sequence alone, counted from 0."),
    ] = None,
    output: FigureFile = None,
    as_json: Json = False,
) -> None:
    """Follow states, gates and gradients through time, to see gradients vanish or explode.

    \b
    Examples:
      rnn trace -w latest
      rnn trace -w latest -i labelled.csv --sample 0
      rnn trace -w model.npz --json
      rnn trace -w latest --output trace.png
    """
    from rnncli.analysis.gradient_analysis import trace_gradients
    from rnncli.analysis.model_batch import trace_batch
    from rnncli.display.figure_options import check_figure_file
    from rnncli.display.trace_report import show_trace, trace_numbers

    if output is not None:
        check_figure_file(output)
    traced = trace_batch(weights, source, num_samples, sample)
    note_first_member(len(traced.model.parts))
    result = trace_gradients(traced)
    if output is not None:
        from rnncli.display.trace_figures import save_trace

        save_trace(result, output)
    if as_json:
        print(json.dumps(trace_numbers(result)))
    else:
        show_trace(result)
