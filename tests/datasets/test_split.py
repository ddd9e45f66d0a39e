"""Validation data is a random, stratified and repeatable choice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets.split import stratified_choice


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    fraction=st.floats(0.05, 0.6),
    seed=st.integers(0, 1000),
)
def test_the_split_is_stratified_random_and_repeatable(
    sizes: list[int], fraction: float, seed: int
) -> None:
    group = np.repeat(np.arange(len(sizes)), sizes)
    chosen = stratified_choice(group, fraction, np.random.default_rng(seed))
    assert chosen.sum() == round(len(group) * fraction)
    for name, size in enumerate(sizes):
        assert abs(chosen[group == name].sum() - size * fraction) < 1
    np.testing.assert_array_equal(
        chosen, stratified_choice(group, fraction, np.random.default_rng(seed))
    )
