"""The progress bar of a long calculation: in a terminal only, and gone at the end."""

import re
import sys
from pathlib import Path

import pytest
from helpers.terminal import in_terminal, text_of

from rnncli.display import calculation_progress as module
from rnncli.display.calculation_progress import calculation_progress

HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
CHECK = ("gradcheck", "-c", "small.yaml", "--explain")


def rnn_with_bar_after(seconds: float) -> tuple[str, str, str]:
    """Return a program that is ``rnn``, but with another time before the bar appears."""
    code = (
        "from rnncli.cli.main import main;"
        "from rnncli.display import calculation_progress;"
        f"calculation_progress._WAIT_SECONDS = {seconds};"
        "main()"
    )
    return sys.executable, "-c", code


def test_a_long_gradient_check_shows_the_time_left(small: Path) -> None:
    code, written = in_terminal(*CHECK, program=rnn_with_bar_after(0))
    assert code == 0
    text = text_of(written)
    assert re.search(r"checking gradients ━+.* \d.*s left", text)
    assert re.search(r"locating the first error ━+.* \d.*s left", text)
    assert written.rindex(SHOW_CURSOR) > written.rindex(HIDE_CURSOR)
    # The bar is erased before the report.
    after = text_of(written.rpartition(SHOW_CURSOR)[2])
    assert "left" not in after


@pytest.mark.parametrize(("seconds", "terminal"), [(3600, "xterm-256color"), (0, "dumb")])
def test_no_bar_in_a_short_check_or_a_plain_terminal(
    small: Path, seconds: float, terminal: str
) -> None:
    code, written = in_terminal(*CHECK, program=rnn_with_bar_after(seconds), env={"TERM": terminal})
    assert code == 0
    assert "left" not in text_of(written)


def test_no_bar_outside_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0)
    with calculation_progress("calculating") as on_progress:
        on_progress(1, 2)
    assert capsys.readouterr() == ("", "")
