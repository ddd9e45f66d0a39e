"""Ctrl-C at any moment, also while modules are imported: one line and exit code 130."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.campaign import sample_or_campaign

# Sends SIGINT to itself when a module is imported for the first time.
AT_IMPORT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)
module = sys.argv.pop(1)
sys.meta_path.insert(0, Finder())
from rnncli.__main__ import main
main()
"""
# Sends SIGINT to itself at one of all calls and returns of functions, which it counts.
AT_EVENT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from rnncli.__main__ import main
number, moment = 0, int(sys.argv.pop(1))
def count(*_):
    global number
    number += 1
    if number == moment:
        os.kill(os.getpid(), signal.SIGINT)
sys.setprofile(count)
try:
    main()
finally:
    sys.setprofile(None)
    os.write(1, str(number).encode())
"""
STOPPED = (130, "error: stopped by SIGINT\n")


def start(script: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A file that was just opened may not be closed; Python ignores that by default.
        env=os.environ | {"PYTHONWARNINGS": "error,ignore::ResourceWarning"},
    )


MODULES = ("rnncli.cli", "typer", "rnncli.errors", "numpy", "pydantic", "yaml", "rnncli.nn.network")


def test_an_interrupt_during_an_import_is_one_line(small: Path) -> None:
    children = [start(AT_IMPORT, module, "gradcheck", "-c", small) for module in MODULES]
    for module, child in zip(MODULES, children, strict=True):
        out, err = child.communicate(timeout=60)
        assert (child.returncode, err) == STOPPED, module
        assert out == "", module


@sample_or_campaign("count", 6, 400)
def test_an_interrupt_at_any_moment_is_one_line(small: Path, count: int) -> None:
    words = ("gradcheck", "-c", small, "--num-samples", 1, "--set", "model.hidden_size=1")
    child = start(AT_EVENT, -1, *words)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    events = int(out.rpartition("\n")[2])
    wrong = {}
    for moment in np.linspace(100, events * 0.9, count, dtype=int).tolist():
        child = start(AT_EVENT, moment, *words)
        _, err = child.communicate(timeout=60)
        if (child.returncode, err) != STOPPED:
            wrong[moment] = (child.returncode, err)
    assert not wrong


def test_an_interrupt_during_an_import_ends_the_wait_for_input(run_folder: Path) -> None:
    # The signal is sent again while the command waits.
    script = AT_IMPORT.replace(
        "main()", "import rnncli.cli.main as m; m._PAUSE_SECONDS = 1; main()"
    )
    child = start(script, "numpy", "predict", "-w", run_folder)
    assert child.stdin is not None
    assert child.stderr is not None
    # Standard input stays open, and nothing is written to it.
    assert (child.wait(timeout=60), child.stderr.read()) == STOPPED
    child.communicate()


@pytest.mark.parametrize("command", ["gradcheck", "train"])
def test_an_ignored_interrupt_stays_ignored(small: Path, command: str) -> None:
    script = AT_IMPORT.replace("signal.default_int_handler", "signal.SIG_IGN")
    child = start(script, "numpy", command, "-c", small)
    child.communicate(timeout=60)
    assert child.returncode == 0
