"""The report of a benchmark: shares that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.display.benchmark_report import percentages


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=9))
def test_percentages_add_up_to_100_and_are_off_by_less_than_one(values: list[float]) -> None:
    shares = percentages(values)
    assert sum(shares) == 100
    for share, value in zip(shares, values, strict=True):
        assert abs(share - 100 * value / sum(values)) < 1


def test_the_largest_remainders_are_rounded_up() -> None:
    assert percentages([1.0, 1.0, 1.0]) == [34, 33, 33]
    assert percentages([0.9, 1.2, 97.9]) == pytest.approx([1, 1, 98])
