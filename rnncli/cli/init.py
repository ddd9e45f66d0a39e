"""``rnn init``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.completion import complete_file_kinds
from rnncli.errors import InputError

app = command_app()


_DataFile = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help=".csv, .ts or .txt (also as .gz), .parquet, .npz or .npy."),
]
_Target = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The config to write; '-' is standard output."
    ),
]
_Kind = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="The kind of the data, as in a config; by default, from the name of FILE.",
        autocompletion=complete_file_kinds,
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
        help="The column that identifies the sequence, in a table with one time step per row.",
    ),
]
_InputSize = Annotated[
    int | None,
    typer.Option(
        metavar="D", min=1, help="Features per time step, in a table with one sequence per row."
    ),
]
_Labels = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The file with the labels of an .npy file.")
]


@app.command()
def init(
    file: _DataFile = None,
    output: _Target = "config.yaml",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing config.")] = False,
    kind: _Kind = None,
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
    from rnncli.init.config_text import suggested_config
    from rnncli.init.suggestion import Hints
    from rnncli.runs.files import output_file

    target = None if output == "-" else Path(output)
    if target is not None and not force and (target.exists() or target.is_symlink()):
        raise InputError(f"{target}: already exists; give --output FILE, or --force")
    hints = Hints(kind, input_size, label_column, sequence_column, labels)
    suggested = suggested_config(file, hints, target)
    for line in suggested.findings:
        write_message(line)
    for line in suggested.uncertainties:
        write_message(f"not certain: {line}")
    if target is None:
        sys.stdout.write(suggested.text)
        return
    with output_file(target) as stream:
        stream.write(suggested.text.encode())
    write_message(f"next: rnn train -c {target}")
    print(target)
