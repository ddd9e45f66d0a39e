"""The application, and the one place where errors become messages and exit codes."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from threading import Timer, get_ident
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from rnncli.cli.commands import LazyGroup, show_help
from rnncli.cli.completion import COMPLETION_VARIABLE, complete
from rnncli.display.terminal import prepare_streams, write_message
from rnncli.errors import InterruptError, RnnError, StorageError
from rnncli.signals import handling
from rnncli.version import __version__

# Typer does not export the base of the errors about options. It is defined beside `BadParameter`:
# in click, or in newer versions in typer's own copy of click.
_UsageError: Any = import_module(typer.BadParameter.__module__).UsageError
# An exception raised during an import, or while pydantic builds a validator, can be lost. A signal
# that arrives there is therefore sent again after a short pause.
_EXCEPTIONS_ARE_LOST_IN = ("<frozen importlib", f"{os.sep}pydantic{os.sep}")
_PAUSE_SECONDS = 0.01

app = typer.Typer(
    name="rnn",
    cls=LazyGroup,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(requested: bool) -> None:
    if requested:
        print(f"rnn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Recurrent networks from scratch in NumPy: train, predict, and check the gradients.

    \b
    Start with:
      rnn train --config configs/sum_sign.yaml
      rnn evaluate -w latest
      rnn guide tour
    """
    if context.invoked_subcommand is None:
        show_help(context)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command, and exit with its code."""
    prepare_streams()
    # Raised as exceptions, these signals let the command clean up.
    with handling(("SIGINT", "SIGTERM", "SIGHUP"), _interrupt):
        code = _run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_standard_output()
    except OSError as error:
        code = code or _report(StorageError("standard output", error))
        _discard_standard_output()
    sys.exit(code)


def _interrupt(number: signal.Signals) -> None:
    if os.name == "posix" and _would_be_lost():
        Timer(_PAUSE_SECONDS, signal.pthread_kill, (get_ident(), number)).start()
        return
    raise InterruptError(f"stopped by {number.name}", number)


def _would_be_lost() -> bool:
    """Return whether code that discards or converts any exception is being executed."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if any(place in frame.f_code.co_filename for place in _EXCEPTIONS_ARE_LOST_IN):
            return True
        frame = frame.f_back
    return False


def _run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""

    def run() -> int:
        return app(args=arguments, prog_name="rnn", standalone_mode=False) or 0

    try:
        return complete(run) if COMPLETION_VARIABLE in os.environ else run()
    except RnnError as error:
        return _report(error)
    except _UsageError as error:
        return _report(RnnError(_usage_problem(error)))
    except (typer.Abort, KeyboardInterrupt):
        return _report(InterruptError("stopped by SIGINT", signal.SIGINT))
    except SystemExit as exit:
        # Typer turns a closed pipe into exit code 1, which is reserved for negative results.
        if not isinstance(exit.__context__, BrokenPipeError):
            raise
        _discard_standard_output()
        return 0
    except OSError as error:
        return _report(StorageError(str(error.filename or "input or output"), error))
    except MemoryError as error:
        return _report(StorageError("memory", OSError(str(error) or "not enough memory")))
    except Exception as error:
        from rnncli.cli.unexpected import report_unexpected

        return report_unexpected(error)


def _usage_problem(error: Any) -> str:
    """Return the message of an error about options in the form of all other messages."""
    command = error.ctx.command_path if error.ctx is not None else "rnn"
    message = error.format_message().rstrip(".")
    problem = message[:1].lower() + message[1:]
    return f"{command.removeprefix('rnn ')}: {problem}; see '{command} --help'"


def _report(error: RnnError) -> int:
    """Write each line of an error to standard error; return its exit code."""
    for line in str(error).splitlines():
        write_message(f"error: {line}")
    return error.exit_code


def _discard_standard_output() -> None:
    """Discard all further output, including what Python flushes at its exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
