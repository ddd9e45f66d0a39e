"""The application, and the one place where errors become lines and exit codes."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from rnncli.cli.bench import bench
from rnncli.cli.completion import VARIABLE, complete
from rnncli.cli.config import config_app
from rnncli.cli.doctor import doctor
from rnncli.cli.evaluate import evaluate
from rnncli.cli.gradcheck import gradcheck
from rnncli.cli.guide import guide
from rnncli.cli.init import init
from rnncli.cli.plot import plot
from rnncli.cli.predict import predict
from rnncli.cli.runs import app as runs
from rnncli.cli.trace import trace
from rnncli.cli.train import train
from rnncli.cli.verify import verify
from rnncli.display.words import say
from rnncli.errors import InterruptError, RnnError, StorageError
from rnncli.signals import handling
from rnncli.version import __version__

COMMANDS = (
    *(init, train, predict, evaluate, gradcheck, trace, bench, verify),
    *(plot, doctor, guide),
)
GROUPS = {"runs": runs, "config": config_app}
_UsageError: type[BaseException] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="rnn",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in COMMANDS:
    app.command()(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"rnn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Recurrent networks from scratch in NumPy: train, predict, and prove the gradients.

    \b
    Start with:
      rnn train --config configs/sum_sign.yaml
      rnn predict -w latest -i sequences.csv
      rnn gradcheck
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() == "ascii":
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    # As an error they let the command tidy up; SIGINT does so by itself.
    with handling(("SIGTERM", "SIGHUP"), _stop):
        code = complete(_run) if VARIABLE in os.environ else _run(arguments)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _close_standard_output()
    except OSError as error:
        code = code or _fail(StorageError("standard output", error))
        _close_standard_output()
    sys.exit(code)


def _stop(number: signal.Signals) -> NoReturn:
    raise InterruptError(f"stopped by {number.name}", number)


def _run(arguments: Sequence[str] | None = None) -> int:
    try:
        return app(args=arguments, prog_name="rnn", standalone_mode=False) or 0
    except RnnError as error:
        return _fail(error)
    except _UsageError as error:
        return _fail(RnnError(getattr(error, "format_message", error.__str__)()))
    except (typer.Abort, KeyboardInterrupt):
        return _fail(InterruptError("stopped by SIGINT", signal.SIGINT))
    except SystemExit as left:
        # typer turns a closed pipe into exit code 1, which is to say "the answer is no".
        if not isinstance(left.__context__, BrokenPipeError):
            raise
        _close_standard_output()
        return 0
    except OSError as error:
        return _fail(StorageError(str(error.filename or "input or output"), error))
    except MemoryError as error:
        return _fail(StorageError("memory", OSError(str(error) or "not enough of it")))


def _fail(error: RnnError) -> int:
    for line in str(error).splitlines():
        say(f"error: {line}")
    return error.exit_code


def _close_standard_output() -> None:
    """Let nothing more be written there, not even when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
