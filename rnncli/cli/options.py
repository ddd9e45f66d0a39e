"""Options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rnncli.config.schema import Config

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the config; repeatable."),
]
Weights = Annotated[
    str,
    typer.Option(
        "--weights",
        "-w",
        metavar="FILE-or-RUN",
        help="A weights file, a run folder, a run's name, or 'latest'.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def config_of(path: Path | None, overrides: list[str] | None) -> "Config":
    """Return the config of a file, or the defaults, with overrides."""
    from rnncli.config.validate import default_config, read_config

    if path is None:
        return default_config(overrides or ())
    return read_config(path, overrides or ())
