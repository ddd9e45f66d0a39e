"""``rnn verify``."""

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from rnncli.cli.completion import complete_runs
from rnncli.cli.options import Json


def verify(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's folder, its name, or 'latest'.",
            autocompletion=complete_runs,
        ),
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Repeat a finished run, and compare the weights bit by bit.

    Nothing in the run's folder changes. Exit code 1 if the weights differ by more than rounding
    explains.

    \b
    Examples:
      rnn verify latest
      rnn verify latest --json
    """
    from rnncli.display.progress import training_display
    from rnncli.display.tables import show_verdict
    from rnncli.runs.run_folder import find_run
    from rnncli.runs.verification import Repetition

    with TemporaryDirectory(prefix="rnn-verify-") as folder:
        repetition = Repetition(find_run(run), Path(folder))
        setup = repetition.run.setup
        metric, count = setup.model.task.metric, len(setup.train)
        with training_display(metric, repetition.num_epochs, count, quiet) as display:
            for event in repetition.events():
                display.show(event)
        found = repetition.verdict()
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show_verdict(found)
    if found.verdict == "different":
        raise typer.Exit(1)
