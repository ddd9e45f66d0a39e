"""Make the README's pictures: what a real terminal shows of real runs, as SVG.

    python tests/pictures.py

Runs the commands in tmux (which must be installed, beside ``rnn`` itself), reads the screen with
its colours, and lets rich draw it. Run it from the repository's folder.
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


def wait_for(text: str) -> str:
    """Return the screen once it shows a text."""
    while True:
        shown = screen()
        if text in shown:
            return shown
        time.sleep(0.02)


def draw(shown: str, title: str, name: str) -> None:
    """Write a screen as an SVG picture."""
    lines = [line for line in shown.splitlines() if not line.startswith("$ $")]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(lines).rstrip()), soft_wrap=True)
    svg = console.export_svg(title=title, unique_id=name)
    # rich asks for a font from the network; without that, the viewer takes its own monospace font.
    style = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (GUIDE / f"{name}.svg").write_text(style, encoding="utf-8")


def main() -> None:
    """Run the commands and write the pictures."""
    with tempfile.TemporaryDirectory() as runs:
        tmux("new-session", "-d", "-s", SESSION, "-x", str(WIDTH), "-y", str(HEIGHT), "sh")
        try:
            tmux("send-keys", "-t", SESSION, f"PS1='$ '; clear; RUNS={runs}", "Enter")
            held_out = "--set data.validation_fraction=0.1"
            command = f"rnn train -c configs/digits.yaml {held_out} --runs $RUNS"
            tmux("send-keys", "-t", SESSION, "clear", "Enter")
            time.sleep(0.5)
            tmux("send-keys", "-t", SESSION, command, "Enter")
            draw(wait_for("epoch 18/50 "), "rnn train", "train")
            wait_for("next")
            tmux("send-keys", "-t", SESSION, "clear", "Enter")
            time.sleep(0.5)
            tmux("send-keys", "-t", SESSION, "rnn gradcheck", "Enter")
            draw(wait_for("initial_state"), "rnn gradcheck", "gradcheck")
        finally:
            tmux("kill-server")


if __name__ == "__main__":
    main()
