"""``rnn config``: the config as it is, and as it may be."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from rnncli.cli.completion import complete_prefixes, complete_runs
from rnncli.cli.options import ConfigFile, Json, Overrides, config_of
from rnncli.errors import InputError

config_app = typer.Typer(no_args_is_help=True)


@config_app.callback()
def _config() -> None:
    """Show a config complete, its keys, or its JSON schema.

    \b
    Examples:
      rnn config keys training
      rnn config show -c configs/digits.yaml
    """


@config_app.command()
def show(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A run's folder, its name, or 'latest'.",
            autocompletion=complete_runs,
        ),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Show a config as YAML with every default filled in: of a file, of a run, or of nothing.

    \b
    Examples:
      rnn config show
      rnn config show -c configs/digits.yaml --set model.hidden_size=64
      rnn config show latest
    """
    from rnncli.config import yaml12
    from rnncli.config.json_schema import schema_line
    from rnncli.config.tree import as_tree
    from rnncli.runs.run_folder import CONFIG, find_run

    if run is not None:
        if config is not None:
            raise InputError("config show: give either --config FILE or a RUN")
        config = find_run(run) / CONFIG
    text = yaml12.dump(as_tree(config_of(config, overrides)))
    print(f"{schema_line()}\n{text}", end="")


@config_app.command()
def schema() -> None:
    """Print the JSON schema with which an editor completes and checks configs.

    \b
    Examples:
      rnn config schema
      rnn config schema > schema.json
    """
    from rnncli.config.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2))


@config_app.command()
def keys(
    prefix: Annotated[
        str, typer.Argument(help="Only keys that begin so.", autocompletion=complete_prefixes)
    ] = "",
    as_json: Json = False,
) -> None:
    """List every key with its default, its values and its meaning.

    \b
    Examples:
      rnn config keys
      rnn config keys training.optimizer
      rnn config keys model --json
    """
    from rnncli.config.reference import reference
    from rnncli.display.tables import show_keys

    found = reference(prefix)
    if not found:
        raise InputError(f"{prefix}: no key begins so; 'rnn config keys' lists them all")
    if as_json:
        print(json.dumps({"keys": [asdict(key) for key in found]}))
    else:
        show_keys(found)
