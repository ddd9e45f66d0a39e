"""What a training shows in a terminal, and what it leaves there."""

import os
import re
import signal
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

from rnncli.display.charts import line_chart, sparkline

SHOW_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"

SURROUNDINGS = {key: os.environ[key] for key in os.environ if key not in ("COLUMNS", "LINES")}


def in_terminal(
    *words: str, columns: int = 80, stop: signal.Signals | None = None, **environment: str
) -> tuple[int, bytes]:
    """Train in a terminal of its own; return the exit code and all that was written to it."""
    first, second = os.openpty()
    termios.tcsetwinsize(second, (24, columns))
    written = b""
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", "train", "-c", "small.yaml", *words],
        stdin=second,
        stdout=second,
        stderr=second,
        env=SURROUNDINGS | {"TERM": "xterm-256color"} | environment,
    ) as child:
        os.close(second)
        with suppress(OSError):  # how a terminal says that nobody writes any more
            while piece := os.read(first, 1 << 16):
                written += piece
                if stop is not None and written.count(b"sequences/s") > 2:
                    child.send_signal(stop)
                    stop = None
    os.close(first)
    return child.returncode, written


def text_of(written: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode())


LONG = ("--set", "training.num_epochs=2500")


def test_a_short_training_leaves_its_curves(small: Path) -> None:
    code, written = in_terminal()
    assert code == 0
    assert SHOW_SCREEN not in written
    text = text_of(written)
    assert "━━ training loss   ━━ validation loss   ● best: epoch" in text
    assert "best epoch" in text
    assert text.rstrip().endswith("_small")


def test_a_long_training_has_a_screen_of_its_own_and_gives_it_back(small: Path) -> None:
    code, written = in_terminal(*LONG)
    assert code == 0
    assert written.count(SHOW_SCREEN) == written.count(LEAVE_SCREEN) == 1
    assert written.rindex(SHOW_CURSOR) > written.rindex(HIDE_CURSOR)
    view, after = written.split(LEAVE_SCREEN)
    for word in ("sequences/s", "left", "gradient norm", "learning rate", "best so far"):
        assert word in text_of(view)
    assert "training loss" in text_of(after)
    assert "sequences/s" not in text_of(after)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_gives_the_terminal_back(small: Path, number: signal.Signals) -> None:
    code, written = in_terminal("--set", "training.num_epochs=900000", stop=number)
    assert code == 128 + number
    assert written.count(SHOW_SCREEN) == written.count(LEAVE_SCREEN) == 1
    assert written.rindex(SHOW_CURSOR) > written.rindex(HIDE_CURSOR)
    after = text_of(written.split(LEAVE_SCREEN)[1])
    assert f"stopped by {number.name}; saved. To resume: rnn train --resume runs/" in after


@pytest.mark.parametrize(
    ("columns", "environment"), [(30, {}), (80, {"TERM": "dumb"}), (80, {"TERM": "unknown"})]
)
def test_where_there_is_no_room_there_are_lines(
    small: Path, columns: int, environment: dict[str, str]
) -> None:
    code, written = in_terminal(columns=columns, **environment)
    assert code == 0
    assert b"\x1b" not in written.replace(b"\x1b[?25h", b"") or columns == 30
    assert "epoch 3/3" in text_of(written)


def test_without_colour_other_characters_tell_curves_apart(small: Path) -> None:
    _, written = in_terminal(NO_COLOR="1")
    text = text_of(written)
    assert "o training loss   x validation loss" in text
    assert "\x1b[3" not in written.decode()


def test_the_view_follows_the_window(small: Path) -> None:
    first, second = os.openpty()
    termios.tcsetwinsize(second, (24, 80))
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", "train", "-c", "small.yaml", *LONG],
        stdout=subprocess.DEVNULL,
        stderr=second,
        env={k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        | {"TERM": "xterm"},
    ) as child:
        written = b""
        while SHOW_SCREEN not in written:
            written += os.read(first, 1 << 16)
        termios.tcsetwinsize(second, (40, 120))
        os.close(second)
        time.sleep(0.5)
        with suppress(OSError):
            while piece := os.read(first, 1 << 16):
                written += piece
    os.close(first)
    assert child.returncode == 0
    rows = text_of(written.split(SHOW_SCREEN)[1].split(LEAVE_SCREEN)[0]).split("\n")
    assert max(map(len, rows)) > 100


@pytest.mark.parametrize("width", [20, 60, 200])
@pytest.mark.parametrize("colour", [True, False])
def test_a_chart_fits_its_place(width: int, colour: bool) -> None:
    curves = {
        "a": [(i, i * i) for i in range(50)],
        "b": [(i, 50.0 - i) for i in range(50)],
        "point": [(3.0, 7.0)],
        "gaps": [(0.0, float("nan")), (1.0, 2.0), (2.0, float("inf"))],
    }
    for log in (True, False):
        lines = line_chart(curves, width, 10, log, colour)
        assert len(lines) == 10
        assert all(len(line) <= width for line in lines[:-1])
        assert "●" in "".join(map(str, lines))
    assert str(line_chart({"none": []}, width, 10)[0]) == "nothing to draw"
    flat = line_chart({"flat": [(0, 1.0), (5, 1.0)]}, width, 6)
    assert str(flat[0]).strip().startswith("1.5")


def test_a_curve_is_where_its_values_are() -> None:
    rows = [str(line) for line in line_chart({"a": [(0, 0.0), (1, 1.0)]}, 20, 6)[:5]]
    drawn = [[c for c, cell in enumerate(row) if "\u2800" < cell <= "\u28ff"] for row in rows]
    assert min(drawn[-1]) < max(drawn[-1]) < min(drawn[0])  # low at the left, high at the right
    assert all(drawn)


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 1, 1], 8) == "▁▁▁"
    assert sparkline([0, float("nan"), 7], 8) == "▁ █"
    assert sparkline([], 8) == ""
    assert len(sparkline(list(range(1000)), 40)) == 40
