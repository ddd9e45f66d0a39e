"""``rnn config``: complete configs, the reference of the keys, and the JSON schema."""

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
    """Show a complete config, the reference of all keys, or the JSON schema.

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
            help="A run folder, a run's name, or 'latest'.",
            autocompletion=complete_runs,
        ),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Show a config file, a run's config or the defaults as YAML, with every default filled in.

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
    """Print the JSON schema by which an editor completes and checks configs.

    Saved as schema.json beside a config, it is named in the first line of what 'rnn init' and
    'rnn config show' write there.

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
        str,
        typer.Argument(
            help="Show only the keys with this prefix.", autocompletion=complete_prefixes
        ),
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

    entries = reference(prefix)
    if not entries:
        raise InputError(f"{prefix}: no key has this prefix; 'rnn config keys' lists them all")
    if as_json:
        print(json.dumps({"keys": [asdict(entry) for entry in entries]}))
    else:
        show_keys(entries)
