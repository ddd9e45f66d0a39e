"""``rnn init``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import choice
from rnncli.errors import InputError

KINDS = ("csv", "npz", "ts", "series")

app = command_app()


_DataFile = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help=".csv, .npz, .npy or .ts; .csv and .ts also as .gz."),
]
_Target = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The config to write; '-' is standard output."
    ),
]
_LabelColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The column of the label; in a series, of the target."),
]
_SequenceColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The column that identifies the sequence, in a CSV with one time step per row.",
    ),
]
_InputSize = Annotated[
    int | None,
    typer.Option(metavar="D", min=1, help="Features per time step, in a CSV of sequences."),
]
_Labels = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The file of the labels of an .npy file.")
]


@app.command()
def init(
    file: _DataFile = None,
    output: _Target = "config.yaml",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing config.")] = False,
    kind: Annotated[
        str | None, choice("--kind", values=KINDS, help="The kind of the data file.")
    ] = None,
    input_size: _InputSize = None,
    label_column: _LabelColumn = None,
    sequence_column: _SequenceColumn = None,
    labels: _Labels = None,
) -> None:
    """Write a config for a data file, with comments about what was recognized.

    Without FILE, the config is that of a synthetic task.

    \b
    Examples:
      rnn init
      rnn init labelled.csv -o labelled.yaml
      rnn init labelled.csv --input-size 5 -o -
    """
    from rnncli.display.terminal import write_message
    from rnncli.init.entries import Hints
    from rnncli.init.starter import starter
    from rnncli.runs.files import output_file

    target = None if output == "-" else Path(output)
    if target is not None and not force and (target.exists() or target.is_symlink()):
        raise InputError(f"{target}: already exists; give --output FILE, or --force")
    proposal = starter(file, Hints(kind, input_size, label_column, sequence_column, labels), target)
    for line in proposal.seen:
        write_message(line)
    for line in proposal.unsure:
        write_message(f"not certain: {line}")
    if target is None:
        sys.stdout.write(proposal.text)
        return
    with output_file(target) as stream:
        stream.write(proposal.text.encode())
    write_message(f"next: rnn train -c {target}")
    print(target)
