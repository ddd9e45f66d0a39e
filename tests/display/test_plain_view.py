"""The progress of a training run as plain lines."""

import pytest

from rnncli.display.plain_view import PlainView
from rnncli.training.events import Epoch, Step


def epoch(number: int, seconds: float) -> Epoch:
    return Epoch(number, 10 * number, seconds, 0.01, 0.5, 0.75, 0.4, 0.8, 1.0, True)


def test_the_speed_counts_the_sequences_and_the_time_since_the_last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resumed run: earlier sessions took a thousand seconds, and half of epoch 5."""
    clock = iter([100.0, 102.0, 103.0])
    monkeypatch.setattr("rnncli.display.plain_view.perf_counter", lambda: next(clock))
    with PlainView("accuracy", 6) as view:
        for batch in (3, 4):
            view.show(Step(5, batch, 4, 50, 0.5, 1.0))
        view.show(epoch(5, 1002.0))
        for batch in (1, 2, 3, 4):
            view.show(Step(6, batch, 4, 50, 0.5, 1.0))
        view.show(epoch(6, 1003.0))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["50 sequences/s", "200 sequences/s"]
    assert lines[0].startswith("epoch 5/6  loss 0.5000  accuracy  75.00 %  validation 0.4000")


def test_generated_lines_follow_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    sample = "\none\ntw\x1b[2Jo\n" + "x" * 200 + "\n4\n5\n6\n7"
    with PlainView("accuracy", 6, "symbols") as view:
        view.show(epoch(5, 2.0)._replace(sample=sample))
    first, *lines = capsys.readouterr().err.splitlines()
    assert first.endswith("symbols/s")
    assert lines == ["  | one", "  | tw\ufffd[2Jo", "  | " + "x" * 76, "  | 4", "  | 5"]
