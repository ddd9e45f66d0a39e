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
        typer.Argument(metavar="[FILE]", help="CSV, .npz, .npy or .ts; CSV and .ts also as .gz."),
    ] = None,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", help="The config; '-' is standard output."),
    ] = "config.yaml",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the config.")] = False,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="csv|npz|ts|series",
            help="What the file is.",
            autocompletion=words("csv", "npz", "ts", "series"),
        ),
    ] = None,
    input_size: Annotated[
        int | None, typer.Option(metavar="D", min=1, help="Features a step, in rows of CSV.")
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The label, or in a series what is foretold."),
    ] = None,
    sequence_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="In CSV with one step a row, what tells sequences."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The labels of an .npy file.")
    ] = None,
) -> None:
    """Look at a data file, and write a config for it, with comments, to begin with.

    Without FILE it is that of a synthetic task.

    \b
    Examples:
      rnn init
      rnn init labelled.csv -o labelled.yaml
      rnn init labelled.csv --input-size 5 -o -
    """
    from rnncli.display.words import say
    from rnncli.init.entries import Hints
    from rnncli.init.starter import starter
    from rnncli.runs.files import output_file

    target = None if output == "-" else Path(output)
    if target is not None and not force and (target.exists() or target.is_symlink()):
        raise InputError(f"{target}: is there already; give --output FILE, or --force")
    hints = Hints(kind, input_size, label_column, sequence_column, labels)
    found = starter(file, hints, target)
    for line in found.seen:
        say(line)
    for line in found.unsure:
        say(f"not certain: {line}")
    if target is None:
        sys.stdout.write(found.text)
        return
    with output_file(target) as stream:
        stream.write(found.text.encode())
    say(f"next: rnn train -c {target}")
    print(target)
