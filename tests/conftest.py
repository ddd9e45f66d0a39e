"""Shared by many tests: the command in this process or in one of its own, and small data."""

import compileall
import csv
import hashlib
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# Several threads of BLAS in each worker would wait for each other; NumPy reads this when it loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from rnncli.cli.commands import COMMANDS
from rnncli.cli.main import main

REPOSITORY = Path(__file__).parent.parent
# The function of every command, by its full name, such as ``runs show``.
ALL_COMMANDS = {}
for _name in COMMANDS:
    _app = importlib.import_module(f"rnncli.cli.{_name}").app
    _is_group = _app.registered_callback is not None
    if _is_group:
        ALL_COMMANDS[_name] = _app.registered_callback.callback
    for _command in _app.registered_commands:
        _function = _command.callback
        ALL_COMMANDS[f"{_name} {_function.__name__}" if _is_group else _name] = _function
# The name of the run that exists when the examples of the help and the README are run.
EXAMPLE = "2026-11-22_14-05-33_sum_sign"


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once, where Python itself may not: hundreds of processes import it."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(REPOSITORY / "rnncli", quiet=2)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Command = Callable[..., Result]

# An expression for the peak memory of the process that evaluates it.
PEAK_MEGABYTES = (
    "int(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    " // 1024"
)


@pytest.fixture
def rnn(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run the command in this process, with the real handling of errors and exit codes."""

    def run(*arguments: object) -> Result:
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Result(left.value.code or 0, out.decode(), err.decode())

    return run


def process(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a new process."""
    command = [sys.executable, "-m", "rnncli", *map(str, arguments)]
    environment = os.environ | {"PYTHONWARNINGS": "error"} | options.pop("env", {})
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, **options
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


SMALL = """
data: {kind: sum_sign, num_samples: 200, sequence_length: 5}
model: {hidden_size: 8}
training: {num_epochs: 3}
"""


@pytest.fixture
def small(here: Path) -> Path:
    """A config whose training takes milliseconds."""
    path = here / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def run_folder(rnn: Command, small: Path) -> Path:
    """A finished run of the small config."""
    result = rnn("train", "-c", small, "--quiet")
    assert result.code == 0, result.err
    return Path(result.out.strip())


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def metrics(run: Path) -> list[dict[str, str]]:
    """Return the rows of a run's metrics log."""
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def assert_same(run: Path, uninterrupted: Path) -> None:
    """Check that two runs have equal results, apart from the time that they took."""
    assert sha(run / "weights.npz") == sha(uninterrupted / "weights.npz")
    left, right = metrics(run), metrics(uninterrupted)
    for row in left + right:
        del row["seconds"]
    assert left == right


def write_csv(path: Path, x: np.ndarray, labels: list[object], header: str | None = None) -> Path:
    """Write sequences (N, T, D) with a label at the end of each row."""
    rows = [
        ",".join([*(repr(float(v)) for v in sequence.ravel()), str(label)])
        for sequence, label in zip(x, labels, strict=True)
    ]
    path.write_text("\n".join(([header] if header else []) + rows) + "\n", encoding="utf-8")
    return path
