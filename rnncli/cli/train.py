"""``rnn train``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.completion import complete_runs
from rnncli.cli.options import ConfigFile, Overrides
from rnncli.errors import InputError

if TYPE_CHECKING:
    from rnncli.runs.session import Session


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
    from rnncli.runs.session import new_session, resumed_session

    if (config is None) == (resume is None):
        raise InputError("train: give either --config FILE or --resume RUN")
    if config is not None:
        settings = read_config(config, overrides or (), name)
        session = new_session(settings, runs or Path("runs"), sys.argv)
    else:
        if runs is not None or name is not None:
            raise InputError("train: --runs and --name belong to a new run, not to --resume")
        session = resumed_session(str(resume), overrides or [], sys.argv)
    experiment = session.experiment
    metric, epochs = experiment.model.task.metric, experiment.config.training.num_epochs
    with training_display(metric, epochs, len(experiment.train), quiet) as display:
        for event in session.events():
            display.show(event)
    if not quiet:
        _summarize(session)
    print(session.folder)


def _summarize(session: "Session") -> None:
    from rnncli.display.tables import show_summary
    from rnncli.display.words import duration, figure

    experiment = session.experiment
    metric, record = experiment.model.task.metric, session.recorder.record
    figures = [
        f"{name} {figure(name.partition('_')[2], value)}"
        for name, value in (record["figures"] or {}).items()
        if value is not None
    ]
    source = {"csv": "FILE.csv", "npz": "FILE.npz"}.get(experiment.config.data.kind, "FILE.csv")
    show_summary(
        [
            ("best epoch", f"{record['best_epoch']} of {experiment.progress.epoch}"),
            (metric, "  ".join(figures)),
            ("time", duration(experiment.progress.seconds)),
            ("run", str(session.folder)),
            ("next", f"rnn predict -w {session.folder} -i {source}"),
        ]
    )
