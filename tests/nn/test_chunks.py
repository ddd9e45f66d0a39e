"""Time steps are divided in chunks, which together are all time steps."""

from hypothesis import given
from hypothesis import strategies as st

from rnncli.nn.chunks import ALL_STEPS, chunks


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
