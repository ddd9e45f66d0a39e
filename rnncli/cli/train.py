"""``rnn train``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.completion import complete_runs
from rnncli.cli.options import ConfigFile, Overrides
from rnncli.errors import InputError

if TYPE_CHECKING:
    from rnncli.runs.training_run import TrainingRun


def train(
    config: ConfigFile = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="Go on with this run, in place.", autocompletion=complete_runs
        ),
    ] = None,
    overrides: Overrides = None,
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where run folders go.  [default: runs]")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The run's name, in place of the config's.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a network; print the path of its new run folder.

    \b
    Examples:
      rnn train --config configs/sum_sign.yaml
      rnn train -c configs/digits.yaml --set model.hidden_size=64 --name small
      rnn train --resume latest --set training.num_epochs=20
    """
    from rnncli.config.reading import read_config
    from rnncli.display.progress import training_display
    from rnncli.runs.resume import resume_run
    from rnncli.runs.training_run import start_run

    if (config is None) == (resume is None):
        raise InputError("train: give either --config FILE or --resume RUN")
    if config is not None:
        settings = read_config(config, overrides or (), name)
        run = start_run(settings, runs or Path("runs"), sys.argv)
    else:
        if runs is not None or name is not None:
            raise InputError("train: --runs and --name belong to a new run, not to --resume")
        run = resume_run(str(resume), overrides or [], sys.argv)
    setup = run.setup
    metric, epochs = setup.model.task.metric, setup.config.training.num_epochs
    with training_display(metric, epochs, len(setup.train), quiet) as display:
        for event in run.events():
            display.show(event)
    if not quiet:
        _summarize(run)
    print(run.folder)


def _summarize(run: "TrainingRun") -> None:
    from rnncli.display.tables import show_summary
    from rnncli.display.words import duration, figure

    setup = run.setup
    metric, record = setup.model.task.metric, run.record
    figures = [
        f"{name} {figure(name.partition('_')[2], value)}"
        for name, value in (record["figures"] or {}).items()
        if value is not None
    ]
    source = {"csv": "FILE.csv", "npz": "FILE.npz"}.get(setup.config.data.kind, "FILE.csv")
    show_summary(
        [
            ("best epoch", f"{record['best_epoch']} of {setup.progress.epoch}"),
            (metric, "  ".join(figures)),
            ("time", duration(setup.progress.seconds)),
            ("run", str(run.folder)),
            ("next", f"rnn predict -w {run.folder} -i {source}"),
        ]
    )
