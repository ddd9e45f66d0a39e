"""Time steps are divided in chunks, which together are all time steps."""

from hypothesis import given
from hypothesis import strategies as st

from rnncli.nn.chunks import ALL_STEPS, chunks, chunks_per_sum, joined


@given(st.integers(1, 5000))
def test_chunks_follow_each_other_and_are_all_time_steps(sequence_length: int) -> None:
    steps = list(range(sequence_length))
    parts = chunks(sequence_length)
    assert [step for part in parts for step in steps[part]] == steps
    assert parts[0].start == 0
    assert [part.stop is None for part in parts] == [False] * (len(parts) - 1) + [True]


def test_the_number_of_chunks() -> None:
    assert chunks(11) == [ALL_STEPS]
    assert [len(chunks(length)) for length in (12, 28, 50, 10_000)] == [2, 4, 8, 8]


@given(st.integers(1, 200), st.integers(1, 10))
def test_joined_chunks_are_all_time_steps_too(sequence_length: int, count: int) -> None:
    parts, steps = chunks(sequence_length), list(range(sequence_length))
    together = joined(parts, count)
    assert [step for part in together for step in steps[part]] == steps
    assert len(together) == -(-len(parts) // count)
    # Their bounds are bounds of chunks, and only the first may have fewer of them.
    stops = [part.stop for part in parts]
    assert [stops.index(part.stop) for part in reversed(together)] == [
        len(parts) - 1 - number * count for number in range(len(together))
    ]
    assert joined(parts, 1) == parts


def test_gradients_are_summed_up_over_enough_columns() -> None:
    parts = chunks(50)  # of six or seven time steps
    assert [chunks_per_sum(parts, size) for size in (1, 16, 32, 63, 64, 128)] == [8, 4, 2, 2, 1, 1]
    assert chunks_per_sum([ALL_STEPS], 1) == 1
