"""``rnn gradcheck``."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.first_member import note_first_member
from rnncli.cli.options import ConfigFile, Json, OptionalWeights, Overrides, choice

METHODS = ("complex", "central")
_JSON_KEYS = (
    "name",
    "shape",
    "max_relative_error",
    "gradient_norm",
    "tested",
    "untested",
    "sampled",
)

app = command_app()


_Method = Annotated[
    str, choice("--method", values=METHODS, help="How the true derivatives are calculated.")
]

_NumSamples = Annotated[
    int, typer.Option(metavar="N", min=1, help="Sequences in the checked batch.")
]

_NumEntries = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Check only N random entries of each array, for large networks.",
        show_default="all",
    ),
]

_Explain = Annotated[
    bool, typer.Option("--explain", help="Locate the first error and name its likely cause.")
]


@app.command()
def gradcheck(
    config: ConfigFile = None,
    weights: OptionalWeights = None,
    overrides: Overrides = None,
    method: _Method = "complex",
    num_samples: _NumSamples = 8,
    num_entries: _NumEntries = None,
    explain: _Explain = False,
    as_json: Json = False,
) -> None:
    """Check the gradients of your own model, data and loss against the true derivatives.

    Exit code 1 if a gradient is wrong.

    \b
    Examples:
      rnn gradcheck
      rnn gradcheck -c configs/digits.yaml --set model.hidden_size=16
      rnn gradcheck -w latest --method central --json
      rnn gradcheck -c configs/sum_sign.yaml --num-entries 20
      rnn gradcheck --explain
    """
    from rnncli.analysis.gradient_analysis import check_gradients, explain_gradients
    from rnncli.analysis.model_batch import gradcheck_batch
    from rnncli.display.calculation_progress import calculation_progress
    from rnncli.display.gradcheck_report import explanation_text, show_gradcheck
    from rnncli.display.terminal import write_message
    from rnncli.gradients.gradcheck import TOLERANCES

    checked = gradcheck_batch(config, weights, overrides or [], num_samples)
    note_first_member(len(checked.model.parts))
    with calculation_progress("checking gradients") as on_progress:
        checks = check_gradients(checked, method, num_entries, on_progress)
    passed = all(check.passed for check in checks) and any(check.tested for check in checks)
    explanation = None
    if explain:
        with calculation_progress("locating the first error") as on_progress:
            explanation = explain_gradients(checked, on_progress)
    if as_json:
        arrays = [{key: getattr(check, key) for key in _JSON_KEYS} for check in checks]
        report: dict[str, Any] = {"passed": passed, "method": method, "num_entries": num_entries}
        report["arrays"] = arrays
        if explain:
            report["explanation"] = asdict(explanation) if explanation else None
        print(json.dumps(report))
    else:
        show_gradcheck(checks, method, TOLERANCES[method], num_entries)
        if explain:
            print(explanation_text(explanation, passed))
    if not passed:
        wrong = ", ".join(check.name for check in checks if not check.passed)
        write_message(f"error: wrong gradients: {wrong}" if wrong else "error: nothing was tested")
        raise typer.Exit(1)
