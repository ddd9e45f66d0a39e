"""The guide in the terminal."""

import stat
from pathlib import Path

import pytest
from conftest import Command
from helpers.pages import commands
from helpers.terminal import in_terminal, text_of

from rnncli.display.guide_pages import PAGES, topics


@pytest.mark.parametrize("topic", topics())
def test_commands_are_never_wrapped(
    rnn: Command, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = [line.strip() for line in rnn("guide", topic).out.splitlines()]
    page = (PAGES / f"{topic}.md").read_text(encoding="utf-8")
    for command in commands(page):
        assert command in lines or f"$ {command}" in lines


def test_pictures_are_named_by_their_paths(
    rnn: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.display.guide_pages.PAGES", here)
    (here / "page.md").write_text("# Title\n\n![A curve](curve.svg)\n\n![Gone](gone.svg)\n")
    (here / "curve.svg").touch()
    shown = " ".join(rnn("guide", "page").out.split())
    assert f"picture: A curve ({here / 'curve.svg'})".replace(" ", "") in shown.replace(" ", "")
    assert "picture: Gone (rnncli/guide/gone.svg in the repository)" in shown


def test_a_terminal_shows_a_page_in_the_pager(here: Path) -> None:
    pager = here / "pager"
    pager.write_text("#!/bin/sh\necho in the pager\ncat\n")
    pager.chmod(pager.stat().st_mode | stat.S_IEXEC)
    code, written = in_terminal("guide", "tour", env={"PAGER": str(pager)})
    text = text_of(written)
    assert code == 0
    assert text.startswith("in the pager\n")
    assert "rnn gradcheck -w latest" in text
    # Without a pager, the page is written to the terminal.
    code, written = in_terminal("guide", "tour", env={"PAGER": "no-such-pager"})
    assert code == 0
    assert "rnn gradcheck -w latest" in text_of(written)
