"""``rnn runs`` and its sub-commands."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.options import Json
from rnncli.display.words import say
from rnncli.errors import InputError

app = typer.Typer(invoke_without_command=True)

Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Where run folders are.")]
_RUNS = Path("runs")


@app.callback()
def runs(
    context: typer.Context,
    folder: Runs = _RUNS,
    sort: Annotated[
        str,
        typer.Option(metavar="when|name|status|accuracy|rmse|loss|cell|size|seconds"),
    ] = "when",
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="Only these: finished, running, killed, ..."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Only those with this in their name; * is any text."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most.")] = None,
    as_json: Json = False,
) -> None:
    """List the runs, newest first, with the figures of their best epochs.

    A run that says 'running' though no process trains it is 'killed'; one with a file that is
    missing or broken is 'damaged'.

    \b
    Examples:
      rnn runs
      rnn runs --sort loss --status finished --limit 10
      rnn runs --name sum_sign --json
    """
    if context.invoked_subcommand is not None:
        sources = map(context.get_parameter_source, context.params)
        if any(source is not None and source.name == "COMMANDLINE" for source in sources):
            sub = context.invoked_subcommand
            raise InputError(f"runs: options stand behind '{sub}', as in 'rnn runs {sub} --help'")
        return
    from rnncli.runs.run_list import list_runs

    found = list_runs(folder, sort, status, name, limit)
    if as_json:
        print(json.dumps({"runs": [run.as_json() for run in found]}))
    elif found:
        from rnncli.display.runs import show_runs

        show_runs(found)
    else:
        say(f"no such run under {folder}/")


Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or 'latest'.")]
Several = Annotated[list[str], typer.Argument(metavar="RUN...", help="Folders, names or 'latest'.")]


@app.command()
def show(run: Run, folder: Runs = _RUNS, as_json: Json = False) -> None:
    """Show one run: its record, its figures, the course of its loss, and its config.

    \b
    Examples:
      rnn runs show latest
      rnn runs show 2026-11-22_14-05-33_sum_sign --json
    """
    from rnncli.config import yaml12
    from rnncli.config.reading import read_config
    from rnncli.config.tree import as_tree
    from rnncli.display.runs import show_run
    from rnncli.runs.loss_log import read_metrics, rows_of
    from rnncli.runs.run_folder import CONFIG, find_damaged_run
    from rnncli.runs.run_list import summarize_run
    from rnncli.runs.run_record import read_record

    path = find_damaged_run(run, folder)
    summary, record, metrics = summarize_run(path), read_record(path), read_metrics(path)
    config = as_tree(read_config(path / CONFIG))
    if as_json:
        more = {"record": record, "metrics": rows_of(metrics), "config": config}
        print(json.dumps(summary.as_json() | more))
    else:
        show_run(summary, record, metrics, yaml12.dump(config))


@app.command()
def compare(wanted: Several, folder: Runs = _RUNS, as_json: Json = False) -> None:
    """Compare runs: the keys of their configs that differ, and their figures.

    \b
    Examples:
      rnn runs compare latest 2026-11-22_14-05-33_sum_sign
    """
    from rnncli.analysis.comparison import compare
    from rnncli.display.runs import show_comparison
    from rnncli.runs.run_folder import find_run

    if len(wanted) < 2:
        raise InputError("runs compare: one run is given; at least two were expected")
    found = compare([find_run(run, folder) for run in wanted])
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show_comparison(found)


@app.command()
def delete(
    wanted: Several,
    folder: Runs = _RUNS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete runs for good, once it is confirmed; print what was deleted.

    Nothing is deleted if one of them is no run, is being trained, or is not in the runs folder.

    \b
    Examples:
      rnn runs delete 2026-11-22_14-05-33_sum_sign --yes
    """
    from rnncli.runs.deletion import delete_run, find_deletable

    found = list(dict.fromkeys(find_deletable(run, folder) for run in wanted))
    if not yes:
        if any(stream is None or not stream.isatty() for stream in (sys.stdin, sys.stderr)):
            raise InputError("runs delete: there is no terminal to ask; --yes deletes unasked")
        for path in found:
            say(str(path))
        if not typer.confirm(f"delete {len(found)} for good?", err=True):
            say("nothing was deleted")
            raise typer.Exit(1)
    for path in found:
        delete_run(path)
        print(path)
