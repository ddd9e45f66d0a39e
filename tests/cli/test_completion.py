"""Shell completion, requested as shells request it."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ALL_COMMANDS, Command

from rnncli.nn.cells import CELLS

Ask = Callable[..., list[str]]


@pytest.fixture
def ask(rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return the completions of the last of some words, in an empty folder."""

    def completions(*words: str, shell: str = "bash", separator: str = "\n") -> list[str]:
        monkeypatch.setenv("_RNN_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(words))
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        monkeypatch.setenv("COMP_WORDS", separator.join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        result = rnn()
        assert (result.code, result.err) == (0, "")
        return list(filter(None, result.out.splitlines()))

    return completions


def make_run(name: str) -> None:
    folder = Path("runs") / name
    folder.mkdir(parents=True)
    (folder / "config.yaml").touch()


def test_commands_groups_and_options(ask: Ask) -> None:
    assert {"init", "train", "config", "verify"} <= set(ask("rnn", ""))
    assert ask("rnn", "config", "s") == ["show", "schema"]
    assert ask("rnn", "train", "--re") == ["--resume"]
    assert ask("rnn", "predict", "--format", "") == ["csv", "jsonl", "npz"]
    assert ask("rnn", "plot", "--kind", "") == ["curves", "confusion", "forecast"]
    assert ask("rnn", "runs", "--status", "k") == ["killed"]
    assert ask("rnn", "guide", "bp") == ["bptt"]


CONFIG_COMMANDS = ("train", "gradcheck", "bench", "doctor", "config show")
RUN_COMMANDS = (
    *("verify", "plot", "runs show", "runs compare", "runs delete", "config show"),
    *("train --resume", "predict -w", "evaluate -w", "sample -w", "gradcheck -w", "trace -w"),
)


@pytest.mark.parametrize("command", CONFIG_COMMANDS)
def test_configs_and_folders(ask: Ask, here: Path, command: str) -> None:
    (here / "configs").mkdir()
    for name in ("configs/a.yaml", "configs/b.yml", "configs/c.csv", "mine.yaml", "x.csv"):
        (here / name).touch()
    words = command.split()
    assert ask("rnn", *words, "-c", "") == ["configs/", "mine.yaml"]
    assert ask("rnn", *words, "--config", "con") == ["configs/a.yaml", "configs/b.yml"]
    assert ask("rnn", *words, "-c", "nowhere/") == []


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_runs_the_newest_first(ask: Ask, here: Path, command: str) -> None:
    words = command.split()
    assert ask("rnn", *words, "") == []
    names = [f"2026-11-{day}_10-00-00_{name}" for day, name in ((22, "b"), (21, "c"), (20, "a"))]
    for name in sorted(names):
        make_run(name)
    (here / "runs" / "no_run").mkdir()
    (here / "model.npz").touch()
    weights = ["model.npz", "runs/"] if words[-1] == "-w" else []
    assert ask("rnn", *words, "") == ["latest", *names, *weights]
    assert ask("rnn", *words, "2026-11-21") == [names[1]]
    assert ask("rnn", *words, "l") == ["latest"]


def test_every_command_with_a_config_or_a_run_is_tested_above() -> None:
    for name, function in ALL_COMMANDS.items():
        keys = set(function.__annotations__)
        tested = {command.partition(" -")[0] for command in (*CONFIG_COMMANDS, *RUN_COMMANDS)}
        if keys & {"config", "run", "runs", "selected", "weights", "resume"}:
            assert name in tested, name


def test_keys_and_their_values(ask: Ask) -> None:
    keys = ask("rnn", "train", "--set", "")
    assert {"seed=", "data.kind=", "data.path=", "training.optimizer.learning_rate="} <= set(keys)
    assert all(key.endswith("=") for key in keys)
    assert len(keys) == len(set(keys))
    assert "model.cell=" in ask("rnn", "train", "--set", "model.")
    assert ask("rnn", "train", "--set", "training.num_e") == [
        "training.num_epochs=",
        "training.num_epochs=10",
    ]
    assert ask("rnn", "train", "--set", "model.init") == [
        "model.initialization=",
        "model.initialization=orthogonal",
        "model.initialization=uniform",
    ]
    poolings = ask("rnn", "train", "--set", "model.pooling=m")
    assert poolings == ["model.pooling=mean", "model.pooling=max"]
    assert ask("rnn", "train", "--set", "model.ce") == ["model.cell=", "model.cell.signed="]
    assert ask("rnn", "train", "--set", "no.such") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_values_in_shells_that_do_not_split_words_at_equals_signs(ask: Ask, shell: str) -> None:
    completions = ask("rnn", "bench", "--set", "model.cell=l", shell=shell, separator=" ")
    assert any("model.cell=lstm" in word for word in completions)
    assert not any("gru" in word for word in completions)


def test_bash_splits_words_at_equals_signs(ask: Ask, here: Path) -> None:
    (here / "mine.yaml").touch()
    assert ask("rnn", "train", "--set", "model.cell", "=", "l") == ["lstm"]
    assert ask("rnn", "train", "--set", "model.cell", "=") == list(CELLS)
    assert ask("rnn", "train", "--set", "=", "data.fresh", "=", "") == ["true", "false"]
    assert ask("rnn", "train", "--set", "seed", "=", "1", "--re") == ["--resume"]
    assert ask("rnn", "train", "--config", "=", "m") == ["mine.yaml"]


def test_errors_complete_nothing_and_print_nothing(
    ask: Ask, rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "train" in ask("rnn", "nosuch", "--x", "")
    assert ask("rnn", "train", "-c", '"') == []
    assert ask("rnn", "plot", "--kind", "nosuch", "--lo") == ["--log"]
    (here / "runs").touch()
    assert ask("rnn", "verify", "") == []
    monkeypatch.setenv("COMP_CWORD", "x")
    monkeypatch.setenv("COMP_WORDS", "rnn\n=")
    assert (rnn().out, rnn().err) == ("", "")
    monkeypatch.delenv("COMP_WORDS")
    assert (rnn().out, rnn().err) == ("", "")


def test_no_completion_imports_numpy(here: Path) -> None:
    script = (
        "import os, sys\n"
        "from contextlib import suppress\n"
        "from rnncli.cli.main import main\n"
        "for words in ('rnn verify ', 'rnn train --set mo', 'rnn train -c ', 'rnn plot '):\n"
        "    count = str(len(words.split(' ')) - 1)\n"
        "    os.environ |= {'COMP_WORDS': words, 'COMP_CWORD': count}\n"
        "    with suppress(SystemExit): main()\n"
        "print('numpy' in sys.modules, file=sys.stderr)"
    )
    environment = os.environ | {"_RNN_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stderr == "False\n"
    assert "model." in done.stdout


def test_a_real_bash_with_the_installed_script(here: Path) -> None:
    """Install the script into a temporary home directory, and press the Tab key."""
    home = here / "home"
    home.mkdir()
    (here / "mine.yaml").write_text("data: {num_samples: 50}\ntraining: {num_epochs: 1}\n")
    (here / "bin").mkdir()
    (here / "bin" / "rnn").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rnncli "$@"\n')
    (here / "bin" / "rnn").chmod(0o755)
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{here / 'bin'}:{os.environ['PATH']}",
        "TERM": "dumb",
        "PS1": "$ ",
    }
    install = ["bash", "--norc", "-c", "rnn --install-completion bash; true"]
    subprocess.run(install, env=environment, capture_output=True, check=True)
    terminal, shell_terminal = pty.openpty()
    typed = "rnn trai\t-q -c mi\t--set model.ce\t=lst\t; exit\n"
    shell = subprocess.Popen(
        ["bash", "--rcfile", str(home / ".bashrc"), "-i"],
        stdin=shell_terminal,
        stdout=shell_terminal,
        stderr=shell_terminal,
        env=environment,
        start_new_session=True,
    )
    os.close(shell_terminal)
    os.write(terminal, typed.encode())
    written = b""
    try:
        while chunk := os.read(terminal, 1 << 16):
            written += chunk
    except OSError:  # raised by a terminal that nobody writes to any more
        pass
    os.close(terminal)
    assert shell.wait(20) == 0, written
    (run,) = (here / "runs").iterdir()
    assert "cell: lstm" in (run / "config.yaml").read_text(), written
