"""``rnn init``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.completion import words
from rnncli.errors import InputError


def init(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="CSV, .parquet, .npz, .npy or .ts; CSV and .ts also as .gz."
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", help="The config; '-' is standard output."),
    ] = "config.yaml",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the config.")] = False,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="csv|parquet|npz|ts|series",
            help="What the file is.",
            autocompletion=words("csv", "parquet", "npz", "ts", "series"),
        ),
    ] = None,
    input_size: Annotated[
        int | None,
        typer.Option(metavar="D", min=1, help="Features per time step, with one sequence per row."),
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The label, or in a series the column to forecast."),
    ] = None,
    sequence_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With one time step per row, the column that identifies the sequence.",
        ),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The labels of an .npy file.")
    ] = None,
) -> None:
    """Look at a data file, and write a config for it, with comments.

    Without FILE, the config is that of a synthetic task.

    \b
    Examples:
      rnn init
      rnn init labelled.csv -o labelled.yaml
      rnn init labelled.csv --input-size 5 -o -
    """
    from rnncli.display.words import say
    from rnncli.init.config_text import suggested_config
    from rnncli.init.suggestion import Hints
    from rnncli.runs.files import output_file

    target = None if output == "-" else Path(output)
    if target is not None and not force and (target.exists() or target.is_symlink()):
        raise InputError(f"{target}: already exists; give --output FILE, or --force")
    hints = Hints(kind, input_size, label_column, sequence_column, labels)
    suggested = suggested_config(file, hints, target)
    for line in suggested.findings:
        say(line)
    for line in suggested.uncertainties:
        say(f"not certain: {line}")
    if target is None:
        sys.stdout.write(suggested.text)
        return
    with output_file(target) as stream:
        stream.write(suggested.text.encode())
    say(f"next: rnn train -c {target}")
    print(target)
