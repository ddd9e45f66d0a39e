"""``rnn config`` and its commands."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from rnncli.cli.commands import command_app, show_help
from rnncli.cli.completion import complete_prefixes
from rnncli.cli.options import ConfigFile, Json, OptionalRun, Overrides
from rnncli.errors import InputError

app = command_app(invoke_without_command=True)


@app.callback()
def _config(context: typer.Context) -> None:
    """Show a complete config, its keys or its JSON schema.

    \b
    Examples:
      rnn config keys training
      rnn config show -c configs/digits.yaml
    """
    if context.invoked_subcommand is None:
        show_help(context)


@app.command()
def show(
    run: OptionalRun = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Show a config with all defaults, as YAML.

    The config is that of a file or of a run, or the default config.

    \b
    Examples:
      rnn config show
      rnn config show -c configs/digits.yaml --set model.hidden_size=64
      rnn config show latest
    """
    from rnncli.cli.resolved_config import resolved_config
    from rnncli.config import yaml12
    from rnncli.config.json_schema import schema_line
    from rnncli.config.tree import as_tree
    from rnncli.runs.find_run import read_runs
    from rnncli.runs.run_folder import CONFIG

    if run is None:
        settings = resolved_config(config, overrides)
    elif config is not None:
        raise InputError("config show: give either --config FILE or a RUN")
    else:
        settings = read_runs([run], lambda runs: resolved_config(runs[0] / CONFIG, overrides))
    text = yaml12.dump(as_tree(settings))
    print(f"{schema_line()}\n{text}", end="")


@app.command()
def schema() -> None:
    """Print the JSON schema, with which an editor checks configs.

    \b
    Examples:
      rnn config schema
      rnn config schema > schema.json
    """
    from rnncli.config.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2))


@app.command()
def keys(
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="PREFIX",
            help="Only keys with this prefix.",
            autocompletion=complete_prefixes,
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """List the keys with their defaults, values and meanings.

    \b
    Examples:
      rnn config keys
      rnn config keys training.optimizer
      rnn config keys model --json
    """
    from rnncli.config.reference import reference
    from rnncli.display.config_keys import show_keys

    references = reference(prefix)
    if not references:
        raise InputError(f"{prefix}: no key begins with this; 'rnn config keys' lists all keys")
    if as_json:
        print(json.dumps({"keys": [asdict(key) for key in references]}))
    else:
        show_keys(references)
