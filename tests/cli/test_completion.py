"""What the shell completes, asked as a shell asks."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import process


def asked(*words: str, shell: str = "bash", together: str = "\n") -> list[str]:
    """Return what a shell is answered for the last of some words."""
    environment = {"_RNN_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": " ".join(words)}
    environment |= {"COMP_WORDS": together.join(words), "COMP_CWORD": str(len(words) - 1)}
    done = process(env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return list(filter(None, done.stdout.splitlines()))


def make_run(name: str) -> None:
    folder = Path("runs") / name
    folder.mkdir(parents=True)
    (folder / "config.yaml").touch()


def test_commands_groups_and_options(here: Path) -> None:
    assert {"init", "train", "config", "verify"} <= set(asked("rnn", ""))
    assert asked("rnn", "config", "s") == ["show", "schema"]
    assert asked("rnn", "train", "--re") == ["--resume"]
    assert asked("rnn", "predict", "--format", "") == ["csv", "jsonl", "npz"]


def test_configs_and_folders_that_may_hold_some(here: Path) -> None:
    (here / "configs").mkdir()
    for name in ("configs/a.yaml", "configs/b.yml", "configs/c.csv", "mine.yaml", "x.csv"):
        (here / name).touch()
    assert asked("rnn", "train", "-c", "") == ["configs/", "mine.yaml"]
    assert asked("rnn", "bench", "--config", "con") == ["configs/a.yaml", "configs/b.yml"]
    assert asked("rnn", "train", "-c", "nowhere/") == []


def test_runs_the_newest_first(here: Path) -> None:
    assert asked("rnn", "verify", "") == []
    names = [f"2026-11-{day}_10-00-00_{name}" for day, name in ((22, "b"), (21, "c"), (20, "a"))]
    for name in sorted(names):
        make_run(name)
    (here / "runs" / "no_run").mkdir()
    (here / "model.npz").touch()
    assert asked("rnn", "verify", "") == ["latest", *names]
    assert asked("rnn", "train", "--resume", "2026-11-21") == [names[1]]
    assert asked("rnn", "config", "show", "l") == ["latest"]
    assert asked("rnn", "evaluate", "-w", "") == ["latest", *names, "model.npz", "runs/"]


def test_keys_and_their_values(here: Path) -> None:
    keys = asked("rnn", "train", "--set", "")
    assert {"seed=", "data.kind=", "data.path=", "training.optimizer.learning_rate="} <= set(keys)
    assert all(key.endswith("=") for key in keys)
    assert len(keys) == len(set(keys))
    assert "model.cell=" in asked("rnn", "train", "--set", "model.")
    assert asked("rnn", "train", "--set", "training.num_e") == [
        "training.num_epochs=",
        "training.num_epochs=10",
    ]
    assert asked("rnn", "train", "--set", "no.such") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_values_where_words_are_whole(here: Path, shell: str) -> None:
    if shell == "bash":
        found = asked("rnn", "bench", "--set", "model.cell=l", together=" ")
    else:
        environment = {
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_RNN_COMPLETE": f"complete_{shell}",
        }
        environment["_TYPER_COMPLETE_ARGS"] = "rnn bench --set model.cell=l"
        found = process(env=environment).stdout.split()
    assert any("model.cell=lstm" in word for word in found)
    assert not any("gru" in word for word in found)


def test_bash_divides_words_at_equals_signs(here: Path) -> None:
    (here / "mine.yaml").touch()
    assert asked("rnn", "train", "--set", "model.cell", "=", "l") == ["lstm"]
    assert asked("rnn", "train", "--set", "model.cell", "=") == ["tanh", "relu", "lstm", "gru"]
    assert asked("rnn", "train", "--set", "=", "data.fresh", "=", "") == ["true", "false"]
    assert asked("rnn", "train", "--set", "seed", "=", "1", "--re") == ["--resume"]
    assert asked("rnn", "train", "--config", "=", "m") == ["mine.yaml"]


def test_nothing_is_said_about_what_is_wrong(here: Path) -> None:
    assert "train" in asked("rnn", "nosuch", "--x", "")
    assert asked("rnn", "train", "-c", '"') == []
    (here / "runs").touch()
    assert asked("rnn", "verify", "") == []
    for environment in ({}, {"COMP_WORDS": "rnn\n=", "COMP_CWORD": "x"}):
        done = process(env={"_RNN_COMPLETE": "complete_bash"} | environment)
        assert (done.stdout, done.stderr) == ("", "")


def test_no_numpy_is_needed(here: Path) -> None:
    script = (
        "import sys\n"
        "from rnncli.cli.main import main\n"
        "try: main()\n"
        "finally: print('numpy' in sys.modules, file=sys.stderr)"
    )
    for words in ("rnn verify ", "rnn train --set mo", "rnn train -c "):
        count = str(len(words.split(" ")) - 1)
        environment = {"_RNN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": count}
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        assert done.stderr == "False\n"


def test_a_real_bash_with_the_installed_script(here: Path) -> None:
    """Install into a home of its own, and press the tabulator."""
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
    first, second = pty.openpty()
    typed = "rnn trai\t-q -c mi\t--set model.ce\tlst\t; exit\n"
    shell = subprocess.Popen(
        ["bash", "--rcfile", str(home / ".bashrc"), "-i"],
        stdin=second,
        stdout=second,
        stderr=second,
        env=environment,
        start_new_session=True,
    )
    os.close(second)
    os.write(first, typed.encode())
    written = b""
    try:
        while piece := os.read(first, 1 << 16):
            written += piece
    except OSError:  # how a terminal says that nobody writes any more
        pass
    os.close(first)
    assert shell.wait(20) == 0, written
    (run,) = (here / "runs").iterdir()
    assert "cell: lstm" in (run / "config.yaml").read_text(), written
