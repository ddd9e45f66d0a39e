"""``rnn doctor``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.options import Json, Overrides, config_of


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="The YAML config.")
    ] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Examine config, data and a new network before a long run.

    Exit code 1 if anything is found; each finding says what to change.

    \b
    Examples:
      rnn doctor
      rnn doctor -c configs/digits.yaml
      rnn doctor -c configs/digits.yaml --set model.hidden_size=64 --json
    """
    from rnncli.analysis.diagnosis import diagnose
    from rnncli.display.findings import show_diagnosis

    found = diagnose(config_of(config, overrides))
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show_diagnosis(found)
    if not found.healthy:
        raise typer.Exit(1)
