"""Functions are timed in turn, each by the mean over a block of calls in every round."""

from collections.abc import Callable

import pytest

from rnncli.bench import rounds
from rnncli.bench.rounds import Contestant, Effort, in_turn


class FakeTime:
    """A clock that only the functions move; it records who was called, and when reset."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.called = 0.0, ""
        monkeypatch.setattr(rounds, "perf_counter", lambda: self.now)

    def function(self, name: str, seconds: Callable[[int], float]) -> Callable[[], None]:
        def call() -> None:
            self.now += seconds(self.called.count(name))
            self.called += name

        return call

    def reset(self) -> None:
        self.called += "|"


def test_blocks_alternate_after_two_calls_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    time = FakeTime(monkeypatch)
    # The first call takes longer than the others, as one that prepares something.
    a = time.function("a", lambda calls: 0.02 if calls else 9.0)
    b = time.function("b", lambda calls: 0.01)
    contestants = {"a": Contestant(a, time.reset), "b": Contestant(b, steps=2)}
    times = in_turn(contestants, Effort(2, 0.05))
    assert time.called == "|aabb|aabbbbb|aabbbbb"
    assert times["a"] == pytest.approx([20_000, 20_000])
    assert times["b"] == pytest.approx([5_000, 5_000])


def test_slow_functions_are_timed_in_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    time = FakeTime(monkeypatch)
    slow = Contestant(time.function("s", lambda calls: 9.0))
    assert len(in_turn({"s": slow}, Effort(15, 0.05))["s"]) == 3
    assert len(in_turn({"s": slow}, Effort(2, 0.05))["s"]) == 2
    quick = Contestant(time.function("q", lambda calls: 1.0))
    assert len(in_turn({"q": quick}, Effort(15, 0.05))["q"]) == 15
