"""Make the pictures of the README and the guide from real runs, as SVG files.

    python tests/pictures.py

Terminal sessions run in tmux, which must be installed beside ``rnn`` and matplotlib; rich draws the
screen with its colors. Figures are drawn by ``rnn`` itself. Run this in the repository's folder.
"""

import io
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

GUIDE = Path(__file__).parent.parent / "rnncli" / "guide"
SESSION = "rnncli-pictures"
WIDTH, HEIGHT = 100, 30
TIMEOUT_SECONDS = 300


def tmux(*arguments: str) -> str:
    """Run a command of tmux on a server of its own."""
    command = ["tmux", "-L", SESSION, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def terminal() -> Iterator[None]:
    """Open a terminal with a shell."""
    tmux("new-session", "-d", "-s", SESSION, "-x", str(WIDTH), "-y", str(HEIGHT), "sh")
    try:
        tmux("send-keys", "-t", SESSION, "PS1='$ '", "Enter")
        yield
    finally:
        tmux("kill-server")


def run_in_terminal(command: str) -> None:
    """Clear the screen and start a command."""
    tmux("send-keys", "-t", SESSION, "clear", "Enter")
    time.sleep(0.5)
    tmux("send-keys", "-t", SESSION, command, "Enter")


def wait_for(pattern: str) -> str:
    """Return the screen, with its colors, once its content matches a pattern."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end:
        screen = tmux("capture-pane", "-p", "-e", "-t", SESSION).rstrip("\n")
        if re.search(pattern, screen):
            return screen
        time.sleep(0.02)
    raise SystemExit(f"the terminal did not show {pattern!r}")


def save_screen(screen: str, title: str, name: str) -> None:
    """Write a screen as an SVG file."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(screen), soft_wrap=True)
    svg = console.export_svg(title=title, unique_id=name)
    # rich refers to a font on the network. Without it, viewers use their own monospace font.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    (GUIDE / f"{name}.svg").write_text(svg, encoding="utf-8")


def draw_terminals(runs: str) -> None:
    """Draw a training run and a gradient check as they look in a terminal."""
    with terminal():
        run_in_terminal(
            f"rnn train -c configs/digits.yaml --set data.validation_fraction=0.1 --runs {runs}"
        )
        save_screen(wait_for("epoch [23]./50 "), "rnn train", "train")
        wait_for("next")
        run_in_terminal("rnn gradcheck")
        # The shell's prompt follows the last line of the table.
        screen = wait_for(r"initial_state[^\n]*\n(.*\n)*\$ *$")
        save_screen(screen.rpartition("\n")[0], "rnn gradcheck", "gradcheck")
        run_in_terminal(f"rnn train -c configs/surnames.yaml --runs {runs}")
        save_screen(wait_for(r"epoch 3/4(.*\n)+.*\| "), "rnn train", "text")


def rnn(*words: object) -> str:
    """Run a command; return what it wrote to standard output."""
    command = ["rnn", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def train(config: str, cell: str, runs: str) -> str:
    """Train a config with another cell; return the run folder."""
    options = ("--set", f"model.cell={cell}", "--name", cell, "--runs", runs, "-q")
    return rnn("train", "-c", f"configs/{config}.yaml", *options)


def draw_figures(runs: str) -> None:
    """Draw gradients through time, curves of two runs, a confusion matrix and forecasts."""
    for cell in ("tanh", "lstm"):
        run = train("adding", cell, runs)
        rnn("trace", "-w", run, "--sample", 0, "-o", GUIDE / f"trace_{cell}.svg")
    vowels = train("japanese_vowels", "gru", runs)
    rnn("plot", vowels, "--kind", "confusion", "-o", GUIDE / "confusion.svg")
    keys = ("--set", "data.validation_fraction=0.2")  # prediction intervals need it
    sunspots = rnn("train", "-q", "-c", "configs/sunspots.yaml", *keys, "--runs", runs)
    rnn("plot", sunspots, "--kind", "forecast", "-o", GUIDE / "forecast.svg")
    signs = [train("sum_sign", cell, runs) for cell in ("tanh", "gru")]
    quantities = ("--quantity", "loss", "--quantity", "accuracy")
    rnn("plot", *signs, *quantities, "-o", GUIDE / "curves.svg")


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as runs:
        draw_figures(runs)
        draw_terminals(runs)


if __name__ == "__main__":
    main()
