"""Tables of runs in terminals of any width."""

from pathlib import Path

import pytest
from helpers.terminal import in_terminal, text_of


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_the_list_fits_the_terminal(run_folder: Path, columns: int) -> None:
    code, written = in_terminal("runs", columns=columns)
    text = text_of(written)
    assert code == 0
    assert run_folder.name in text
    assert ("when" in text) == (columns == 200)
    assert ("status" in text) == (columns > 20)
