"""Options that several commands share."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from rnncli.cli.completion import complete_configs, complete_keys, complete_weights

if TYPE_CHECKING:
    from rnncli.config.config import Config

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The YAML config.",
        autocompletion=complete_configs,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the config; repeatable.",
        autocompletion=complete_keys,
    ),
]
Weights = Annotated[
    str,
    typer.Option(
        "--weights",
        "-w",
        metavar="FILE-or-RUN",
        help="A weights file, a run folder, a run's name, or 'latest'.",
        autocompletion=complete_weights,
    ),
]
LabelledInput = Annotated[
    str | None,
    typer.Option(
        "--input",
        "-i",
        metavar="FILE",
        help="Labelled sequences; by default the run's own test or validation data.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def standard_output() -> BinaryIO:
    """Return standard output for bytes; a sink where it is closed."""
    if sys.stdout is None:
        return open(os.devnull, "wb")
    return sys.stdout.buffer


def config_of(path: Path | None, overrides: list[str] | None) -> "Config":
    """Return the config of a file, or the defaults, with overrides."""
    from rnncli.config.reading import default_config, read_config

    if path is None:
        return default_config(overrides or ())
    return read_config(path, overrides or ())
