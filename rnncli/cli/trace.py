"""``rnn trace``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.options import Json, LabelledInput, Weights


def trace(
    weights: Weights,
    source: LabelledInput = None,
    num_samples: Annotated[
        int, typer.Option(min=1, help="Sequences that the means are over.")
    ] = 32,
    sample: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="One sequence alone, counted from 0."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Draw it: .png, .svg or .pdf."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what happens through time: states, gates, and how the gradient vanishes or explodes.

    \b
    Examples:
      rnn trace -w latest
      rnn trace -w latest -i labelled.csv --sample 0
      rnn trace -w model.npz --json
      rnn trace -w latest --output trace.png
    """
    from rnncli.analysis.gradient_analysis import trace_gradients
    from rnncli.analysis.model_batch import trace_batch
    from rnncli.display.traces import show_trace, trace_numbers

    if output is not None:
        from rnncli.display.figures import check_ending

        check_ending(output)
    found = trace_gradients(trace_batch(weights, source, num_samples, sample))
    if output is not None:
        from rnncli.display.trace_figures import save_trace

        save_trace(found, output)
    if as_json:
        print(json.dumps(trace_numbers(found)))
    else:
        show_trace(found)
