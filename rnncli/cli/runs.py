"""``rnn runs`` and its commands."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import DEFAULT_RUNS, Json, Run, RunsFolder, SeveralRuns, choice
from rnncli.display.terminal import write_message
from rnncli.errors import InputError

SORTS = ("when", "name", "status", "accuracy", "rmse", "loss", "cell", "size", "seconds")
STATUSES = (
    *("running", "finished", "interrupted", "diverged", "failed"),
    *("killed", "unknown", "damaged"),
)

app = command_app(invoke_without_command=True)


@app.callback()
def runs(
    context: typer.Context,
    folder: RunsFolder = DEFAULT_RUNS,
    sort: Annotated[str, choice("--sort", values=SORTS, help="The order of the runs.")] = "when",
    status: Annotated[
        str | None, choice("--status", values=STATUSES, help="Only runs with this status.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Only runs whose name contains this text; * matches any text."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most this many runs.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the runs, the newest first, with the metrics of their best epochs.

    A run is 'killed' if its record says 'running' but no process trains it, 'unknown' if its file
    system has no locks that would tell, and 'damaged' if a file is missing or invalid.

    \b
    Examples:
      rnn runs
      rnn runs --sort loss --status finished --limit 10
      rnn runs --name sum_sign --json
    """
    if context.invoked_subcommand is not None:
        sources = map(context.get_parameter_source, context.params)
        if any(source is not None and source.name == "COMMANDLINE" for source in sources):
            command = context.invoked_subcommand
            raise InputError(f"runs: put options after '{command}'; see 'rnn runs {command} -h'")
        return
    from rnncli.runs.run_list import list_runs

    entries = list_runs(folder, sort, status, name, limit)
    if as_json:
        print(json.dumps({"runs": [entry.as_json() for entry in entries]}))
    elif entries:
        from rnncli.display.run_tables import show_runs

        show_runs(entries)
    else:
        write_message(f"no matching runs under {folder}/")


@app.command()
def show(run: Run, folder: RunsFolder = DEFAULT_RUNS, as_json: Json = False) -> None:
    """Show the record, metrics, loss curves and config of a run.

    \b
    Examples:
      rnn runs show latest
      rnn runs show 2026-11-22_14-05-33_sum_sign --json
    """
    from rnncli.config import yaml12
    from rnncli.config.tree import as_tree
    from rnncli.display.run_tables import show_run
    from rnncli.runs.find_run import find_damaged_run, read_runs
    from rnncli.runs.metrics_log import rows_of
    from rnncli.runs.run_details import read_details

    details = read_runs(
        [run], lambda folders: read_details(folders[0]), lambda name: find_damaged_run(name, folder)
    )
    summary, record, config = details.summary, details.record, as_tree(details.config)
    if as_json:
        rows = rows_of(details.metrics)
        more = {"record": record, "metrics": rows, "config": config, "changes": details.changes}
        print(json.dumps(summary.as_json() | more))
    else:
        show_run(summary, record, details.metrics, yaml12.dump(config))
        for change in details.changes:
            write_message(f"warning: {change}")


@app.command()
def compare(
    selected: SeveralRuns, folder: RunsFolder = DEFAULT_RUNS, as_json: Json = False
) -> None:
    """Compare runs: the config keys that differ, and the metrics.

    \b
    Examples:
      rnn runs compare latest 2026-11-22_14-05-33_sum_sign
    """
    from rnncli.analysis.comparison import compare
    from rnncli.display.run_tables import show_comparison
    from rnncli.runs.find_run import find_run, read_runs

    if len(selected) < 2:
        raise InputError("runs compare: only one run is given; give at least two")
    comparison = read_runs(selected, compare, lambda run: find_run(run, folder))
    if as_json:
        print(json.dumps(asdict(comparison)))
    else:
        show_comparison(comparison)


@app.command()
def delete(
    selected: SeveralRuns,
    folder: RunsFolder = DEFAULT_RUNS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete runs permanently; print the deleted folders.

    A confirmation is required. Nothing is deleted if one of the folders is not a run, is being
    trained, or is outside the folder that contains the runs.

    \b
    Examples:
      rnn runs delete 2026-11-22_14-05-33_sum_sign --yes
    """
    from rnncli.display.formats import plural
    from rnncli.runs.deletion import delete_run, find_deletable

    paths = list(dict.fromkeys(find_deletable(run, folder) for run in selected))
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise InputError("runs delete: no terminal to ask for confirmation; give --yes")
        for path in paths:
            write_message(str(path))
        if not typer.confirm(f"delete {plural(len(paths), 'run')} permanently?", err=True):
            write_message("nothing was deleted")
            raise typer.Exit(1)
    for path in paths:
        delete_run(path)
        print(path)
