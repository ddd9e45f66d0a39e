"""Closed pipes, full devices, terminals and locales: the run is saved whatever becomes of them."""

import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Result, process
from helpers.forked import Forked
from helpers.terminal import in_terminal

import rnncli
from rnncli.cli.main import main

X = np.random.default_rng(0).standard_normal((40, 5, 1))
RNN = f"{shlex.quote(sys.executable)} -m rnncli"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    words = ["bash", "-c", f"set -o pipefail; {command}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, command
    assert "Exception ignored" not in done.stderr, command
    return done


def test_training_continues_when_standard_error_is_closed(small: Path) -> None:
    shell(f"({RNN} train -c {small} --set training.num_epochs=50; echo $? > code) 2>&1 | head -1")
    (run,) = Path("runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert Path("code").read_text().strip() == "0"


def test_closed_pipes_and_full_devices(run_folder: Path) -> None:
    predict = f"yes 1,2,3,4,5 | head -20000 | {RNN} predict -w {run_folder}"
    for command, code in (
        (f"{predict} | head -1", 0),
        (f"{predict} > /dev/full", 3),
        (f"{predict} >&-", 3),
        (f"{RNN} config show > /dev/full", 3),
        (f"{RNN} --help | head -1", 0),
    ):
        done = shell(command)
        assert done.returncode in (code, 141), (command, done.stderr)


READERS = ("predict -w {run}", "predict -w {run} --stream", "evaluate -w {run} -i -")
WRITERS = (
    *("predict -w {run} -i x.csv", "predict -w {run} -i x.csv --format npz", "trace -w {run}"),
    *("evaluate -w {run} --json", "config schema", "init x.csv -o -", "guide", "--help"),
)


@pytest.fixture(scope="module")
def forked() -> Iterator[Forked]:
    with Forked() as commands:
        yield commands


@pytest.mark.parametrize(
    ("closed", "commands", "errors"),
    [((0,), READERS, 1), ((1,), WRITERS, 1), ((0, 1, 2), (*READERS[:1], *WRITERS[:2]), 0)],
    ids=["in", "out", "all"],
)
def test_a_closed_stream_that_is_needed_is_one_line(
    run_folder: Path,
    here: Path,
    forked: Forked,
    closed: tuple[int, ...],
    commands: tuple[str, ...],
    errors: int,
) -> None:
    np.savetxt("x.csv", X[:, :, 0], delimiter=",")
    words = [command.format(run=run_folder) for command in commands]
    done = [forked.run(*command.split(), folder=here, closed=closed) for command in words]
    # One of them is a process that begins without the stream.
    redirection = " ".join(("<&-", ">&-", "2>&-")[stream] for stream in closed)
    begun = shell(f"{RNN} {words[0]} {redirection}")
    done.append(Result(begun.returncode, begun.stdout, begun.stderr))
    for command, result in zip([*words, words[0]], done, strict=True):
        assert (result.code, result.out) == (3, ""), (command, result)
        assert result.err.count("error: ") == errors, (command, result)
        assert "Traceback" not in result.err, command


def at_once(commands: list[str], **environment: str) -> list[tuple[int, bytes, bytes]]:
    """Run commands at the same time; return the exit code and the output of each."""
    processes = [
        subprocess.Popen(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | environment,
        )
        for command in commands
    ]
    outputs = [child.communicate(timeout=60) for child in processes]
    return [(child.returncode, *output) for child, output in zip(processes, outputs, strict=True)]


def test_a_file_does_not_take_the_place_of_a_closed_stream(run_folder: Path) -> None:
    """What a library writes to descriptors 1 and 2 must not end up in a file."""
    script = (
        "import os; from rnncli.runs import metrics_log\n"
        "append = metrics_log.append_line\n"
        "def noisy(path, line):\n"
        "    with open(path, 'ab') as file:\n"
        "        assert file.fileno() > 2\n"
        "    os.write(2, b'noise')\n"
        "    append(path, line)\n"
        "metrics_log.append_line = noisy\n"
        "import rnncli.__main__; rnncli.__main__.main()\n"
    )
    Path("noisy.py").write_text(script)
    python = shlex.quote(sys.executable)
    done = shell(f"{python} noisy.py train -c small.yaml --name noisy <&- >&- 2>&-")
    assert done.returncode == 3
    (run,) = Path("runs").glob("*_noisy")
    assert "noise" not in (run / "metrics.csv").read_text()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


TEXTS = (
    *("plot {run}", "runs show {run}", "trace -w {run}", "guide bptt", "config keys"),
    *("gradcheck -w {run}", "evaluate -w {run} --json", "train -c ɸ.yaml", "--help"),
)


def check_text(command: str, encoding: str, code: int, out: bytes, err: bytes) -> None:
    """Check the output of one of the commands: characters that the encoding lacks are ``?``."""
    known = "utf-8" if encoding == "ascii" else encoding  # in which terminals show UTF-8
    text, errors = out.decode(known), err.decode(known)
    assert code == (2 if "ɸ" in command else 0), (command, errors)
    assert "Traceback" not in errors
    if command.startswith("plot") and encoding in ("latin-1", "cp1252"):
        assert "?" in text
    if "ɸ" in command:
        assert errors.startswith("error: ɸ" if known in ("utf-8", "utf-16") else "error: ?.yaml")
    if "--json" in command:
        assert json.loads(text)["metrics"]


def test_characters_that_an_encoding_lacks_are_replaced(run_folder: Path) -> None:
    commands = ("plot {run}", "evaluate -w {run} --json", "train -c ɸ.yaml")
    words = [f"{RNN} {command.format(run=run_folder)}" for command in commands]
    results = at_once(words, PYTHONIOENCODING="latin-1", PYTHONWARNINGS="error")
    for command, result in zip(commands, results, strict=True):
        check_text(command, "latin-1", *result)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp437", "shift_jis", "ascii", "utf-16"])
def test_every_encoding_is_supported(
    run_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    for command in TEXTS:
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as left:
            for name in ("stdout", "stderr"):
                file = io.FileIO(here / name, "w")
                patch.setattr(sys, name, io.TextIOWrapper(file, encoding))
            try:
                main(command.format(run=run_folder).split())
            finally:
                sys.stdout.close()
                sys.stderr.close()
        written = [(here / name).read_bytes() for name in ("stdout", "stderr")]
        check_text(command, encoding, left.value.code or 0, *written)


def test_a_name_that_is_not_valid_text_is_written_as_it_is(small: Path) -> None:
    for environment in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "utf-8:strict"}):
        words = [sys.executable, "-m", "rnncli", "train", "-q", "-c", "small.yaml"]
        done = subprocess.run(
            [*words, "--runs", b"r\xff"], capture_output=True, env=os.environ | environment
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"r\xff/")


def test_a_typed_answer_that_is_not_valid_text_is_no(run_folder: Path) -> None:
    def answer(child: subprocess.Popen[bytes], terminal: int, written: bytes) -> None:
        if written.endswith(b"[y/N]: "):
            os.write(terminal, b"\xff\n" if b"\xff" not in written else b"n\n")

    words, strict = ("runs", "delete", str(run_folder)), {"PYTHONIOENCODING": "utf-8:strict"}
    code, written = in_terminal(*words, env=strict, watch=answer)
    assert code == 1, written
    assert run_folder.exists()
    assert b"nothing was deleted" in written


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"}]
)
def test_environments_without_color_or_unicode(small: Path, environment: dict[str, str]) -> None:
    done = process("train", "-c", small, env=environment)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        ("2>&1 | head -1", 0),
        ("2> /dev/full", 0),
        ("> /dev/full 2>&1", 3),
        (">&- 2>&- <&-", 3),
    ],
)
def test_a_run_is_saved_when_its_output_fails(
    small: Path, here: Path, redirection: str, code: int
) -> None:
    done = shell(f"{RNN} train -c small.yaml {redirection}")
    assert done.returncode == code, done.stderr
    (run,) = (here / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert rnncli.load(run).predict(X).shape == (len(X),)


def test_a_narrow_terminal(small: Path, here: Path) -> None:
    code, written = in_terminal("train", "-c", "small.yaml", columns=20)
    assert code == 0, written
    assert b"Traceback" not in written
    (run,) = (here / "runs").iterdir()
    assert rnncli.load(run).predict(X).shape == (len(X),)
