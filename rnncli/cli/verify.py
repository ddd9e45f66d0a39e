"""``rnn verify``."""

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import Json, Quiet, Run

app = command_app()


@app.command()
def verify(run: Run, quiet: Quiet = False, as_json: Json = False) -> None:
    """Repeat a finished run, and compare the weights bit by bit.

    The run folder does not change. Exit code 1 if the weights differ by more than rounding
    explains.

    \b
    Examples:
      rnn verify latest
      rnn verify latest --json
    """
    from rnncli.display.verification_report import show_verification
    from rnncli.display.view_choice import choose_view
    from rnncli.runs.find_run import find_run
    from rnncli.runs.verification import Repetition

    with TemporaryDirectory(prefix="rnn-verify-") as folder:
        repetition = Repetition(find_run(run), Path(folder))
        task = repetition.run.setup.model.task
        with choose_view(task, repetition.num_epochs, quiet) as view:
            for event in repetition.events():
                view.show(event)
        verdict = repetition.verdict()
    if as_json:
        print(json.dumps(asdict(verdict)))
    else:
        show_verification(verdict)
    if verdict.verdict == "different":
        raise typer.Exit(1)
