"""``rnn train``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.completion import complete_runs
from rnncli.cli.options import DEFAULT_RUNS, ConfigFile, Overrides, Quiet
from rnncli.display.terminal import write_message
from rnncli.errors import InputError

app = command_app()

_Name = Annotated[
    str | None, typer.Option(metavar="NAME", help="The run's name, instead of the config's.")
]


@app.command(context_settings={"allow_extra_args": True})
def train(
    context: typer.Context,
    config: ConfigFile = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Resume this run in place.", autocompletion=complete_runs),
    ] = None,
    overrides: Overrides = None,
    runs: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help=f"The folder that contains the runs.  [default: {DEFAULT_RUNS}]"
        ),
    ] = None,
    name: _Name = None,
    quiet: Quiet = False,
) -> None:
    """Train a network; print the path of its run folder.

    \b
    Examples:
      rnn train --config configs/sum_sign.yaml
      rnn train -c configs/digits.yaml --set model.hidden_size=64 --name small
      rnn train --resume latest --set training.num_epochs=20
    """
    _check_options(context.args, config, resume, runs or name)
    from rnncli.display.view_choice import choose_view

    if config is not None:
        from rnncli.config.reading import read_config
        from rnncli.runs.training_run import start_run

        settings = read_config(config, overrides or (), name)
        run = start_run(settings, runs or DEFAULT_RUNS, sys.argv)
    else:
        from rnncli.runs.resume import resume_run

        run = resume_run(str(resume), overrides or [], sys.argv)
    for warning in run.warnings:
        write_message(f"warning: {warning}")
    setup = run.setup
    with choose_view(setup.model.task, setup.config.training.num_epochs, quiet) as view:
        for event in run.events():
            view.show(event)
    if not quiet:
        from rnncli.display.training_summary import show_training_summary

        show_training_summary(run)
    print(run.folder)


def _check_options(
    arguments: list[str], config: Path | None, resume: str | None, for_new_run: object
) -> None:
    """Check that either a new run or a resume is described, and nothing else."""
    if arguments:
        word = arguments[0]
        if word.endswith((".yaml", ".yml")):
            instead = f"a config follows -c, as in 'rnn train -c {word}'"
        else:
            instead = f"'rnn init {word}' writes a config for a data file"
        raise InputError(f"train: unexpected '{word}'; {instead}")
    if (config is None) == (resume is None):
        raise InputError("train: give either --config FILE or --resume RUN")
    if resume is not None and for_new_run is not None:
        raise InputError("train: --runs and --name are for a new run, not for --resume")
