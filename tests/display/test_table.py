"""Tables in terminals and in pipes."""

import pytest

from rnncli.display import console, table

ROWS = [["first", "1", "a text of many words"], ["second_row", "20", "高い"]]


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*ROWS, ["x" * 300, "3", "[bold]\x1b[31m"]]
    table.print_table(["name", "n", "text"], rows, title="title", left=(0, 2))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "title"
    assert len(lines) == 5
    assert lines[2].startswith("first ")
    assert lines[2].endswith("   1  a text of many words")
    assert "[bold]\\x1b[31m" in lines[4]


@pytest.mark.parametrize("columns", [24, 30])
def test_a_terminal_gets_a_table_that_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    monkeypatch.setattr(console, "stdout_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    table.print_table(["name", "n", "text"], ROWS, left=(0, 2))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    words = " ".join(" ".join(lines).split())
    for word in ("first", "second", "many", "words", "高い"):
        assert word in words
    table.print_table(["name", "n", "text"], ROWS, left=(0, 2), unwrapped=[0])
    assert any(line.startswith("second_row  ") for line in capsys.readouterr().out.splitlines())
    table.print_table(["name", "n", "text"], ROWS, left=(0, 2), wrap=False)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_numbers_are_aligned_right(capsys: pytest.CaptureFixture[str]) -> None:
    table.print_table(["name", "n"], [["a", "1"], ["bb", "200"]])
    assert capsys.readouterr().out == "name    n\na       1\nbb    200\n"
