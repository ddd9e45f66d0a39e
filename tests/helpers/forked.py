"""Commands in forked processes: real processes, without the time that imports take."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from conftest import Result

# Forks a process for each line of standard input, and writes its number and then its exit code.
# No command may take a minute.
_SERVER = """
import encodings.cp437, encodings.utf_8_sig, gc, json, os, signal, sys, warnings
import numpy.ma, pydantic.dataclasses, typer
from rnncli.cli import config, evaluate, init, plot, predict, resolved_config, runs, train
from rnncli.cli.main import app, main
from rnncli.analysis import comparison, evaluation_data, prediction_files, training_curves
from rnncli.config.reading import config_from
from rnncli.datasets import inputs
from rnncli.datasets.arrangements import wide
from rnncli.display import charts, evaluation_report, run_tables, terminal_plots, view_choice
from rnncli.init import config_text
from rnncli.runs import deletion, resume, run_details, run_list, saved_model

config_from({})  # makes the validators of all sections
typer.main.get_command(app)
gc.freeze()
# Standard input itself is left to the commands.
for line in open(0, "rb", closefd=False):
    order = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    signal.alarm(60)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    warnings.simplefilter("error")
    # A signal may arrive between the opening of a file and the block that closes it.
    warnings.simplefilter("ignore", ResourceWarning)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(order["streams"][stream - 1], os.O_WRONLY | os.O_TRUNC), stream)
    for stream in order["closed"]:  # Python starts with None in their place
        os.close(stream)
        setattr(sys, ("stdin", "stdout", "stderr")[stream], None)
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    main(order["arguments"])
"""


class Forked:
    """Runs one command at a time in a process forked from one with all imports.

    Parameters
    ----------
    environment : mapping of str to str, optional
        Environment variables of all commands.
    """

    def __init__(self, environment: Mapping[str, str] = {}) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._streams = [Path(self._folder.name, name) for name in ("out", "err")]
        for stream in self._streams:
            stream.touch()
        self._has_started = False
        self._server = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # so that `is_running` sees all that was written
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment,
        )

    def start(
        self,
        *arguments: object,
        folder: Path,
        closed: Sequence[int] = (),
        **environment: object,
    ) -> int:
        """Start a command in a folder, when the one before has ended; return its process number.

        Of standard input, output and error, 0, 1 and 2, some may be closed.
        """
        if self._has_started:
            self.wait()
        self._has_started = True
        order = {
            "arguments": [*map(str, arguments)],
            "folder": str(folder),
            "closed": closed,
            "environment": {name: str(value) for name, value in environment.items()},
            "streams": [*map(str, self._streams)],
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        return int(self._answer())

    @property
    def is_running(self) -> bool:
        """Whether the command that was started has not ended."""
        return not select.select([self._server.stdout], [], [], 0)[0]

    def wait(self) -> Result:
        """Wait for the end of the command; a signal that ended it is a negative exit code."""
        code, self._has_started = int(self._answer()), False
        return Result(code, *(stream.read_text() for stream in self._streams))

    def run(
        self,
        *arguments: object,
        folder: Path,
        closed: Sequence[int] = (),
        **environment: object,
    ) -> Result:
        """Run a command to its end."""
        self.start(*arguments, folder=folder, closed=closed, **environment)
        return self.wait()

    def _answer(self) -> bytes:
        assert self._server.stdout is not None
        return self._server.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()
        self._folder.cleanup()
