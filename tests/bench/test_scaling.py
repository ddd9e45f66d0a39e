"""A step is timed on one core, two, four and so on, up to all of them."""

import pytest

from rnncli.bench.rounds import Effort
from rnncli.bench.scaling import counts_of_cores, scaling
from rnncli.cores import num_cores


def test_the_counts_of_cores() -> None:
    counts = {1: [1], 2: [1, 2], 3: [1, 2, 3], 8: [1, 2, 4, 8], 12: [1, 2, 4, 8, 12]}
    assert {largest: counts_of_cores(largest) for largest in counts} == counts


def test_each_time_is_that_of_a_step_that_may_use_so_many_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RNN_NUM_THREADS", "3")
    seen: list[int] = []
    resets: list[None] = []
    found = scaling(
        lambda: seen.append(num_cores()), lambda: resets.append(None), Effort(2, 0.0), 8
    )
    assert seen == [1, 1, 2, 2, 3, 3, 1, 2, 3, 1, 2, 3]
    assert len(resets) == 9
    assert [one.cores for one in found] == [1, 2, 3]
    for one in found:
        assert one.speedup == found[0].microseconds_per_step / one.microseconds_per_step
    assert num_cores() == 3
    found = scaling(lambda: None, lambda: None, Effort(2, 0.0), 2)
    assert [one.cores for one in found] == [1, 2], "a step that can use two cores"
