"""Arguments and options that several commands share, each defined once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rnncli.cli.completion import (
    complete_choices,
    complete_configs,
    complete_keys,
    complete_runs,
    complete_weights,
)
from rnncli.errors import InputError


def choice(*flags: str, values: Sequence[str], help: str) -> Any:
    """Return an option that takes one of the given values, which are shown, completed and checked.

    Parameters
    ----------
    *flags : str
        The names of the option, the long one first.
    values : sequence of str
        The values.
    help : str
        The help text.
    """

    def check(context: typer.Context, value: Any) -> Any:
        if context.resilient_parsing:  # the shell requests completions
            return value
        for word in value if isinstance(value, list | tuple) else [value]:
            if word is not None and word not in values:
                from rnncli.suggestions import suggest

                raise InputError(f"{flags[0]}: '{word}' is not known; {suggest(word, values)}")
        return value

    metavar = "|".join(values)
    return typer.Option(
        *flags, metavar=metavar, help=help, autocompletion=complete_choices(*values), callback=check
    )


def split_input(sequences: str) -> Any:
    """Return the option for a file of sequences in place of a split of the run.

    Parameters
    ----------
    sequences : str
        What the file holds, for the help text.
    """
    return typer.Option(
        "--input",
        "-i",
        metavar="FILE",
        help=f"{sequences}; '-' is standard input. By default, the run's test split, or else its "
        "validation split.",
    )


_run: Any = typer.Argument(
    metavar="RUN", help="A run folder, a run's name, or 'latest'.", autocompletion=complete_runs
)
Run = Annotated[str, _run]
OptionalRun = Annotated[str | None, _run]
SeveralRuns = Annotated[list[str], _run]
RunsFolder = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="The folder that contains the runs.")
]
DEFAULT_RUNS = Path("runs")
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="YAML config.", autocompletion=complete_configs
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the config; may be repeated.",
        autocompletion=complete_keys,
    ),
]
_weights: Any = typer.Option(
    "--weights",
    "-w",
    metavar="FILE-or-RUN",
    help="A weights file, a run folder, a run's name, or 'latest'.",
    autocompletion=complete_weights,
)
Weights = Annotated[str, _weights]
SeveralWeights = Annotated[
    list[str],
    typer.Option(
        "--weights",
        "-w",
        metavar="FILE-or-RUN",
        help="A weights file, a run folder, a run's name, or 'latest'. May be repeated: the "
        "predictions of several models are averaged.",
        autocompletion=complete_weights,
    ),
]
OptionalWeights = Annotated[str | None, _weights]
FigureFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Draw into a .png, .svg or .pdf file."),
]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON object to standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show neither progress nor a summary.")]
