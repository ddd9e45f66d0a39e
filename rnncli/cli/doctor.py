"""``rnn doctor``."""

import json
from dataclasses import asdict

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.first_member import note_first_member
from rnncli.cli.options import ConfigFile, Json, Overrides

app = command_app()


@app.command()
def doctor(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Check a config, its data and its new network before a long run.

    Each finding says what was measured, what it means and what to change. Exit code 1 if there is
    a finding.

    \b
    Examples:
      rnn doctor
      rnn doctor -c configs/digits.yaml
      rnn doctor -c configs/digits.yaml --set model.hidden_size=64 --json
    """
    from rnncli.analysis.diagnosis import diagnose
    from rnncli.cli.resolved_config import resolved_config
    from rnncli.display.doctor_report import show_diagnosis

    resolved = resolved_config(config, overrides)
    note_first_member(resolved.training.ensemble)
    diagnosis = diagnose(resolved)
    if as_json:
        print(json.dumps(asdict(diagnosis)))
    else:
        show_diagnosis(diagnosis)
    if not diagnosis.healthy:
        raise typer.Exit(1)
