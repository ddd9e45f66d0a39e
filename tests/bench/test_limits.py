"""The limit of a step follows from its parts, and says what to do."""

from typing import Any

import pytest

from rnncli.bench.limits import Figures, limit_of

PARTS = ("products", "element_wise", "gradient_sum", "input_gradient", "optimizer", "metrics")


def figures(largest: str, **others: Any) -> Figures:
    parts = dict.fromkeys((*PARTS, "data"), 10.0) | {largest: 100.0}
    usual = {"overhead": 20.0, "products_of_peak": 0.3, "passes": 5, "working_set": 50}
    return Figures(**({"parts": parts, "memory": 10} | usual | others))


@pytest.mark.parametrize(
    ("measured", "kind", "words"),
    [
        (figures("products", overhead=80), "overhead", "50% of the step"),
        (figures("products"), "products", "at 30% of the speed of a large product"),
        (figures("gradient_sum"), "products", "75% of the step"),
        (figures("input_gradient", products_of_peak=0.7), "products", "the machine is the limit"),
        (figures("element_wise"), "passes", "5 GB/s, where sums of arrays of this size reach 50"),
        (figures("element_wise", working_set=11), "passes", "5 GB/s"),
        (figures("element_wise", working_set=11, passes=6), "memory", "6 GB/s, where sums"),
        (figures("element_wise", passes=40), "passes", "40 GB/s"),
        (figures("optimizer"), "optimizer", "62% of the step"),
        (figures("metrics"), "data", "69% of the step"),
        (figures("data"), "data", "69% of the step"),
    ],
)
def test_the_limit(measured: Figures, kind: str, words: str) -> None:
    limit = limit_of(measured)
    assert limit.kind == kind
    assert words in limit.reason
    assert limit.reason.endswith(".")
    assert limit.advice.endswith(".")
    assert limit.advice.count(". ") == 0


def test_small_products_are_to_become_larger_and_large_ones_fewer() -> None:
    assert "batch_size" in limit_of(figures("products")).advice
    assert "Fewer units" in limit_of(figures("products", products_of_peak=0.9)).advice
