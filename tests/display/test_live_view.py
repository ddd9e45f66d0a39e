"""The live view of a training run in a terminal, and what it leaves there."""

import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest
from helpers.terminal import in_terminal, text_of

SHOW_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"

TRAIN = ("train", "-c", "small.yaml")
LONG = (*TRAIN, "--set", "training.num_epochs=900000")


def test_a_short_training_leaves_its_curves(small: Path) -> None:
    code, written = in_terminal(*TRAIN)
    assert code == 0
    assert SHOW_SCREEN not in written
    text = text_of(written)
    assert "━━ training loss   ━━ validation loss   ● best: epoch" in text
    assert "best epoch" in text
    assert text.rstrip().endswith("_small")
    # The next command is one line, however long it is, so that it can be copied.
    assert any(line.startswith("next") and line.endswith("_small") for line in text.splitlines())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_restores_the_terminal(small: Path, number: signal.Signals) -> None:
    sent = []

    def stop(child: subprocess.Popen[bytes], terminal: int, written: bytes) -> None:
        if not sent and b"best so far" in written:
            child.send_signal(number)
            sent.append(number)

    code, written = in_terminal(*LONG, watch=stop)
    assert code == 128 + number
    assert written.count(SHOW_SCREEN) == written.count(LEAVE_SCREEN) == 1
    assert written.rindex(SHOW_CURSOR) > written.rindex(HIDE_CURSOR)
    view, after = map(text_of, written.split(LEAVE_SCREEN))
    for word in ("sequences/s", "left", "gradient norm", "learning rate", "best so far"):
        assert word in view
    assert "training loss" in after
    assert "sequences/s" not in after
    assert f"stopped by {number.name}; saved." in after
    assert "rnn train --resume runs/" in after


@pytest.mark.parametrize(("columns", "environment"), [(30, {}), (80, {"TERM": "dumb"})])
def test_small_and_plain_terminals_show_lines(
    small: Path, columns: int, environment: dict[str, str]
) -> None:
    code, written = in_terminal(*TRAIN, columns=columns, env=environment)
    assert code == 0
    assert b"\x1b" not in written.replace(b"\x1b[?25h", b"") or columns == 30
    assert "epoch 3/3" in text_of(written)


def test_without_color_different_characters_distinguish_curves(small: Path) -> None:
    _, written = in_terminal(*TRAIN, env={"NO_COLOR": "1"})
    assert "o training loss   x validation loss" in text_of(written)
    assert "\x1b[3" not in written.decode()


def test_the_view_follows_the_window(small: Path) -> None:
    state = {"resized": False, "stopped": False}

    def resize_then_stop(child: subprocess.Popen[bytes], terminal: int, written: bytes) -> None:
        if not state["resized"] and SHOW_SCREEN in written:
            termios.tcsetwinsize(terminal, (40, 120))
            state["resized"] = True
            time.sleep(0.1)
        elif state["resized"] and not state["stopped"] and longest_row(written) > 100:
            child.send_signal(signal.SIGTERM)
            state["stopped"] = True

    code, written = in_terminal(*LONG, watch=resize_then_stop)
    assert code == 128 + signal.SIGTERM
    assert longest_row(written) > 100


def longest_row(written: bytes) -> int:
    """Return the length of the longest row of the view."""
    view = written.partition(SHOW_SCREEN)[2].partition(LEAVE_SCREEN)[0]
    text = text_of(view[: view.rfind(b"\n") + 1])
    return max(map(len, text.split("\n")))
