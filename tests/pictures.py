"""Make the pictures of the README and the guide: what real runs show, as SVG.

    python tests/pictures.py

Runs commands in tmux (which must be installed, beside ``rnn`` and matplotlib), reads the screen
with its colours, and lets rich draw it; and lets ``rnn`` draw its own figures. Run it from the
repository's folder.
"""

import io
import re
import subprocess
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

GUIDE = Path(__file__).parent.parent / "rnncli" / "guide"
SESSION = "rnncli-pictures"
WIDTH, HEIGHT = 100, 30


def tmux(*arguments: str) -> str:
    """Run a tmux command on a server of our own."""
    command = ["tmux", "-L", SESSION, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def screen() -> str:
    """Return what the terminal shows, with its colours."""
    return tmux("capture-pane", "-p", "-e", "-t", SESSION).rstrip("\n")


def wait_for(pattern: str) -> str:
    """Return the screen once it shows what a pattern matches."""
    for _ in range(3000):
        shown = screen()
        if re.search(pattern, shown):
            return shown
        time.sleep(0.02)
    raise SystemExit(f"the terminal never showed {pattern!r}")


def draw(shown: str, title: str, name: str) -> None:
    """Write a screen as an SVG picture."""
    lines = [line for line in shown.splitlines() if not line.startswith("$ $")]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(lines).rstrip()), soft_wrap=True)
    svg = console.export_svg(title=title, unique_id=name)
    # rich asks for a font from the network; without that, the viewer takes its own monospace font.
    style = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    style = style.replace("<svg ", '<svg xml:space="preserve" ', 1)
    (GUIDE / f"{name}.svg").write_text(style, encoding="utf-8")


def rnn(*words: object) -> str:
    """Run a command; return what it wrote on standard output."""
    command = ["rnn", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def draw_figures(runs: str) -> None:
    """Train, and let the commands draw: gradients through time, curves, and a confusion matrix."""
    traced = []
    for cell in ("tanh", "lstm"):
        options = ("--set", f"model.cell={cell}", "--runs", runs, "--name", cell, "-q")
        traced.append(rnn("train", "-c", "configs/adding.yaml", *options))
        picture = GUIDE / f"trace_{cell}.svg"
        rnn("trace", "-w", traced[-1], "--sample", 0, "-o", picture)
    vowels = rnn("train", "-c", "configs/japanese_vowels.yaml", "--runs", runs, "-q")
    rnn("plot", vowels, "--kind", "confusion", "-o", GUIDE / "confusion.svg")
    signs = []
    for cell in ("tanh", "gru"):
        options = ("--set", f"model.cell={cell}", "--runs", runs, "--name", cell, "-q")
        signs.append(rnn("train", "-c", "configs/sum_sign.yaml", *options))
    quantities = ("--quantity", "loss", "--quantity", "accuracy")
    rnn("plot", *signs, *quantities, "-o", GUIDE / "curves.svg")


def main() -> None:
    """Run the commands and write the pictures."""
    with tempfile.TemporaryDirectory() as runs:
        draw_figures(runs)
        tmux("new-session", "-d", "-s", SESSION, "-x", str(WIDTH), "-y", str(HEIGHT), "sh")
        try:
            tmux("send-keys", "-t", SESSION, f"PS1='$ '; clear; RUNS={runs}", "Enter")
            held_out = "--set data.validation_fraction=0.1"
            command = f"rnn train -c configs/digits.yaml {held_out} --runs $RUNS"
            tmux("send-keys", "-t", SESSION, "clear", "Enter")
            time.sleep(0.5)
            tmux("send-keys", "-t", SESSION, command, "Enter")
            draw(wait_for("epoch [23]./50 "), "rnn train", "train")
            wait_for("next")
            tmux("send-keys", "-t", SESSION, "clear", "Enter")
            time.sleep(0.5)
            tmux("send-keys", "-t", SESSION, "rnn gradcheck", "Enter")
            draw(wait_for("initial_state"), "rnn gradcheck", "gradcheck")
        finally:
            tmux("kill-server")


if __name__ == "__main__":
    main()
