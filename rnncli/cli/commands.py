"""The table of the commands, and the group that imports a command when it is called."""

from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

# The summary of each command, by the heading under which the help lists it. The module of a command
# is imported when it is needed: the help needs none of them and starts three times as fast.
SECTIONS = {
    "Prepare": {
        "init": "Write a config for a data file.",
        "config": "Show a complete config, its keys or its JSON schema.",
        "doctor": "Check a config, its data and its network before a long run.",
    },
    "Train": {
        "train": "Train a network; print the path of its run folder.",
        "runs": "List, show, compare and delete runs.",
        "plot": "Draw loss curves, forecasts or a confusion matrix.",
        "verify": "Repeat a run, and compare the weights bit by bit.",
    },
    "Use": {
        "predict": "Predict the label or the value of each sequence.",
        "evaluate": "Score a model on labelled sequences, or a language model on text.",
        "sample": "Write text from a language model.",
    },
    "Understand": {
        "gradcheck": "Check the gradients against the true derivatives.",
        "trace": "Follow states, gates and gradients through time.",
        "bench": "Measure the time of a training step.",
        "guide": "Read the guide in the terminal.",
    },
}
COMMANDS = [name for summaries in SECTIONS.values() for name in summaries]
_NAME_WIDTH = max(map(len, COMMANDS))


class _Group(TyperGroup):
    """A group of commands that suggests a command for an unknown one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called; raise ``InputError`` if there is none."""
        name, commands = args[0], self.list_commands(ctx)
        if name not in commands and not name.startswith("-") and not ctx.resilient_parsing:
            from rnncli.errors import InputError
            from rnncli.suggestions import suggest

            place = f"{ctx.info_name}: " if ctx.parent else ""
            raise InputError(f"{place}there is no command '{name}'; {suggest(name, commands)}")
        return super().resolve_command(ctx, args)


def command_app(**settings: Any) -> typer.Typer:
    """Return an application for the command, or the group of commands, of one module."""
    # Plain help: it is read in pipes too, and rich takes longer to import than everything else.
    return typer.Typer(cls=_Group, rich_markup_mode=None, add_completion=False, **settings)


def show_help(context: typer.Context) -> NoReturn:
    """Print the help of a group that is called without a command, and exit."""
    print(context.get_help())
    raise typer.Exit(2)


class LazyGroup(_Group):
    """The commands of the table, each imported from the module of its name when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return COMMANDS

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name, or None."""
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_command(import_module(f"rnncli.cli.{cmd_name}").app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by section."""
        for section, summaries in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(
                    [(f"{name:{_NAME_WIDTH}}", summary) for name, summary in summaries.items()]
                )
