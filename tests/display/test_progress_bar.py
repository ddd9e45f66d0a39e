"""The progress bar of a long calculation: in a terminal only, and gone at the end."""

import re
from pathlib import Path

import pytest
from helpers.terminal import in_terminal, text_of

from rnncli.display import progress_bar as module
from rnncli.display.progress_bar import progress_bar

HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
CHECK = ("gradcheck", "-c", "small.yaml", "--explain", "--num-samples", "4")
LARGE = ("--set", "model.hidden_size=16", "--set", "data.sequence_length=120")


def test_a_long_gradient_check_shows_the_time_left(small: Path) -> None:
    code, written = in_terminal(*CHECK, *LARGE)
    assert code == 0
    text = text_of(written)
    assert re.search(r"checking gradients ━+.* \d.*s left", text)
    assert re.search(r"locating the first error ━+.* \d.*s left", text)
    assert written.rindex(SHOW_CURSOR) > written.rindex(HIDE_CURSOR)
    # The bar is erased before the report.
    after = text_of(written.rpartition(SHOW_CURSOR)[2])
    assert "left" not in after


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}])
def test_no_bar_in_a_short_check_or_a_plain_terminal(
    small: Path, environment: dict[str, str]
) -> None:
    words = (*CHECK, *LARGE) if environment else ("gradcheck", "-c", "small.yaml")
    code, written = in_terminal(*words, env=environment)
    assert code == 0
    assert "left" not in text_of(written)


def test_no_bar_outside_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0)
    with progress_bar("calculating") as on_progress:
        on_progress(1, 2)
    assert capsys.readouterr() == ("", "")
