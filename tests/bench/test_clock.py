"""The clock of the parts: time within an inner part counts once, and a stopped clock only calls."""

import pytest

from rnncli.bench import clock as module
from rnncli.bench.clock import Clock


def test_the_parts_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(module, "perf_counter", lambda: now[0])
    clock = Clock()

    def spend(seconds: float) -> float:
        now[0] += seconds
        return seconds

    def outer() -> float:
        spend(1)
        clock.call("inner", spend, 2)
        return clock.call("inner", spend, 4) + spend(8)

    assert clock.call("outer", outer) == 12
    assert clock.blocks == []
    clock.begin_block()
    assert clock.call("outer", outer) == 12
    clock.call("outer", spend, 16)
    assert clock.blocks == [{"inner": 6, "outer": 25}]
    clock.begin_block()
    clock.call("inner", spend, 3)
    clock.stop()
    clock.call("inner", spend, 5)
    assert clock.blocks == [{"inner": 6, "outer": 25}, {"inner": 3}]
