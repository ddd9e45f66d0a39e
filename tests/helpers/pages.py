"""The commands in Markdown pages, run quickly and unchanged."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY, Command
from helpers.shell import type_in

CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r"(\w+)=\$\((rnn .*)\)")
_SUBSTITUTION = re.compile(r"\$\((rnn [^()]*)\)")
_LOOP = re.compile(r"for (\w+) in ([^;]*); do (.*); done")
# Less of everything, so that a training run takes an instant.
_SMALLER = {"num_epochs": 2, "num_samples": 60, "hidden_size": 8, "num_layers": 1, "test_length": 9}
# Characters of a text.
_MAX_TEXT = 20_000


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    return [body for name, body in CODE.findall(text) if name == language]


def commands(text: str) -> list[str]:
    """Return the commands of a page: lines of ``sh``, and those after ``$`` in ``console``."""
    lines = []
    for language, body in CODE.findall(text):
        if language == "sh":
            lines += [line for line in body.splitlines() if line]
        elif language == "console":
            lines += [line[2:] for line in body.splitlines() if line.startswith("$ ")]
    return lines


def make_workplace(folder: Path) -> None:
    """Fill a folder with what the commands expect: small versions of the configs, and the data."""
    data = folder / "tests" / "data"
    data.mkdir(parents=True)
    for path in (REPOSITORY / "tests" / "data").iterdir():
        if path.name.endswith(".txt.gz"):
            with gzip.open(path, "rt", encoding="utf-8") as text:
                (data / path.name).write_bytes(gzip.compress(text.read(_MAX_TEXT).encode()))
        else:
            (data / path.name).symlink_to(path)
    shutil.copytree(REPOSITORY / "configs", folder / "configs")
    make_configs_small(folder)


def make_configs_small(folder: Path) -> None:
    """Rewrite the configs in a folder so that a training run takes an instant."""
    for config in [*folder.glob("*.yaml"), *folder.glob("configs/*.yaml")]:
        text = config.read_text(encoding="utf-8")
        for key, value in _SMALLER.items():
            text = re.sub(rf"\b{key}: \d+", f"{key}: {value}", text)
        config.write_text(text, encoding="utf-8")


def assert_shown(session: str, written: list[str]) -> None:
    """Check that the output in a ``console`` block has the lines that its commands write.

    Numbers, spaces and rows of CSV may differ, and ``...`` stands for any lines.

    Parameters
    ----------
    session : str
        The block: commands after ``$``, each with its output or with none.
    written : list of str
        What each command writes.
    """
    _, *shown = re.split(r"^\$ .*\n", session, flags=re.MULTILINE)
    for expected, actual in zip(shown, written, strict=True):
        lines = [_masked(line) for line in expected.splitlines()]
        pattern = "".join(".*" if line == "..." else re.escape(f"{line}\n") for line in lines)
        # Small configs learn little, and training them ends with a note.
        kept = [line for line in actual.splitlines() if not line.startswith("note: ")]
        text = "".join(f"{_masked(line)}\n" for line in kept)
        assert not expected or re.fullmatch(pattern, text, re.DOTALL), (expected, actual)


def _masked(line: str) -> str:
    """Return a line without what may differ from one machine or config to another."""
    if re.fullmatch(r"\S+,\S*\d", line):
        return "a row of CSV"
    line = re.sub(r"\d[\d,.e-]*", "#", line.replace("  *  ", "  "))
    return re.sub(r"\s+", " ", line)


class Shell:
    """A small part of bash in this process, in which ``rnn`` is a call and not a new process.

    Parameters
    ----------
    rnn : Command
        The fixture.
    monkeypatch : pytest.MonkeyPatch
        Sets standard input and variables.
    folder : Path
        Where the commands run.
    """

    def __init__(self, rnn: Command, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.rnn, self.monkeypatch, self.folder = rnn, monkeypatch, folder
        # What the doctor and bench measure is not tested here, and takes an instant too.
        monkeypatch.setattr("rnncli.bench.benchmark._BLOCKS", 1)
        for limit in ("_MAX_UPDATES", "_MIN_OVERFIT_UPDATES", "_MAX_OVERFIT_UPDATES"):
            monkeypatch.setattr(f"rnncli.doctor.examination.{limit}", 20)

    def run(self, line: str) -> str:
        """Run a line; return what it writes to standard output, and fail if it fails.

        ``2>&1 | cat`` adds what it writes to standard error.
        """
        if loop := _LOOP.fullmatch(line):
            name, values, body = loop.groups()
            return "".join(self.run(body.replace(f"${name}", value)) for value in values.split())
        if assignment := _ASSIGNMENT.fullmatch(line):
            self.monkeypatch.setenv(assignment[1], self.run(assignment[2]).strip())
            return ""
        line = _SUBSTITUTION.sub(lambda inner: self.run(inner[1]).strip(), line)
        feeder, pipe, command = line.rpartition("| rnn ")
        if not pipe and not line.startswith("rnn "):
            return self._bash(line)
        if pipe:
            type_in(self.monkeypatch, self._bash(feeder).encode())
        command, joined, _ = command.removeprefix("rnn ").partition(" 2>&1 | cat")
        command, _, target = command.partition(" > ")
        # Bash expands variables and patterns; a comment ends the words.
        words = self._bash(f"printf '%s\\0' {command}").split("\0")[:-1]
        if words[0] == "gradcheck" and not {"-c", "-w"} & {*words}:
            words += ["--set", "model.hidden_size=4"]
        result = self.rnn(*words)
        # The doctor may find something wrong with the small configs.
        assert result.code in (0, int(words[0] == "doctor")), (line, result.err)
        make_configs_small(self.folder)
        if target:
            (self.folder / target).write_text(result.out, encoding="utf-8")
        return result.err + result.out if joined or words[0] == "init" else result.out

    def _bash(self, line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, cwd=self.folder, env=os.environ
        )
        assert done.returncode == 0, (line, done.stderr)
        return done.stdout
