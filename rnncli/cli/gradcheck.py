"""``rnn gradcheck``."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from rnncli.cli.completion import complete_weights, words
from rnncli.cli.options import ConfigFile, Json, Overrides


def gradcheck(
    config: ConfigFile = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            "-w",
            metavar="FILE-or-RUN",
            help="Check a trained model.",
            autocompletion=complete_weights,
        ),
    ] = None,
    overrides: Overrides = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="complex|central",
            help="How the true derivative is found.",
            autocompletion=words("complex", "central"),
        ),
    ] = "complex",
    num_samples: Annotated[int, typer.Option(min=1, help="Sequences in the checked batch.")] = 8,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say where a mistake is made, and which it is.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove the gradients of your own model, data and loss, entry by entry.

    Exit code 1 if backpropagation is wrong anywhere.

    \b
    Examples:
      rnn gradcheck
      rnn gradcheck -c configs/digits.yaml --set model.hidden_size=16
      rnn gradcheck -w latest --method central --json
      rnn gradcheck --explain
    """
    from rnncli.analysis.gradient_analysis import check_gradients, explain_gradients
    from rnncli.analysis.model_batch import gradcheck_batch
    from rnncli.display.tables import explained, show_gradcheck
    from rnncli.display.words import say
    from rnncli.gradients.gradcheck import TOLERANCES

    checked = gradcheck_batch(config, weights, overrides or [], num_samples)
    checks = check_gradients(checked, method)
    passed = all(check.passed for check in checks) and any(check.tested for check in checks)
    found = explain_gradients(checked) if explain else None
    if as_json:
        keys = ("name", "shape", "max_relative_error", "gradient_norm", "tested", "untested")
        arrays = [{key: getattr(check, key) for key in keys} for check in checks]
        answer: dict[str, object] = {"passed": passed, "method": method, "arrays": arrays}
        if explain:
            answer["explanation"] = asdict(found) if found else None
        print(json.dumps(answer))
    else:
        show_gradcheck(checks, method, TOLERANCES[method])
        if explain:
            print(explained(found, passed))
    if not passed:
        wrong = [check.name for check in checks if not check.passed]
        say(f"error: wrong gradients: {', '.join(wrong)}" if wrong else "error: nothing tested")
        raise typer.Exit(1)
