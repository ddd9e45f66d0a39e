"""A text in streams: every symbol is predicted once, from what precedes it."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets.streams import StreamBatches, Streams
from rnncli.datasets.text import Text, text_of_documents

LINE_END = 0


def stream(length: int, sequence_length: int) -> Streams:
    return Streams(Text(np.arange(length, dtype=np.uint16), "x"), sequence_length, float)


def documents(lengths: list[int], sequence_length: int) -> Streams:
    """Return documents whose symbols are all different, and not the line end."""
    starts = np.cumsum(lengths) - lengths + 1
    symbols = [start + np.arange(n) for start, n in zip(starts, lengths, strict=True)]
    return Streams(text_of_documents(symbols, LINE_END, "x"), sequence_length, float)


def predicted(batches: StreamBatches) -> list[tuple[int, int]]:
    """Return the pairs of an input and its target in all batches, in the order of the rows."""
    pairs = []
    for number in range(len(batches)):
        batch = batches.batch(number)
        has_target = ~np.isnan(batch.targets[:, :, 0])
        if batch.valid is not None:
            assert not has_target[~batch.valid].any()
        pairs += zip(
            batch.x[has_target, 0].tolist(),
            batch.targets[has_target, 0].astype(int).tolist(),
            strict=True,
        )
    return pairs


@given(
    length=st.integers(2, 300), sequence_length=st.integers(1, 40), batch_size=st.integers(1, 20)
)
def test_every_symbol_of_a_stream_is_predicted_once(
    length: int, sequence_length: int, batch_size: int
) -> None:
    streams = stream(length, sequence_length)
    expected = [(i, i + 1) for i in range(length - 1)]
    assert sorted(predicted(streams.epoch(batch_size, True, 0, 0))) == expected
    assert sorted(predicted(streams.for_evaluation())) == expected


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=20),
    sequence_length=st.integers(1, 40),
    batch_size=st.integers(1, 20),
    epoch=st.integers(0, 3),
)
def test_every_symbol_and_end_of_a_document_is_predicted_once(
    lengths: list[int], sequence_length: int, batch_size: int, epoch: int
) -> None:
    streams = documents(lengths, sequence_length)
    symbols = streams.text.symbols.tolist()
    expected = sorted(itertools.pairwise(symbols))
    assert len(streams) == len(expected)
    for batches in (streams.epoch(batch_size, True, 0, epoch), streams.for_evaluation()):
        assert sorted(predicted(batches)) == expected
        assert batches.layout.num_streams <= len(lengths)


def test_streams_continue_from_window_to_window() -> None:
    batches = stream(41, 4).epoch(2, True, 0, 0)
    rows = np.hstack([batches.batch(number).x[:, :, 0] for number in range(len(batches))])
    np.testing.assert_array_equal(rows, [np.arange(20), np.arange(20, 40)])
    assert all(batches.batch(number).valid is None for number in range(len(batches)))


def test_a_time_step_without_input_precedes_every_document() -> None:
    streams = documents([3, 1, 2], 100)
    (batches,) = [streams.epoch(1, False, 0, 0)]
    batch = batches.batch(0)
    assert batch.valid is not None
    valid = batch.valid[0].tolist()
    assert valid == [False, True, True, True, True, False, True, True, False, True, True, True]
    # Each document begins with the line end before it.
    assert batch.x[0, [1, 6, 9], 0].tolist() == [LINE_END] * 3


def test_documents_are_shuffled_by_seed_and_epoch() -> None:
    streams = documents([2] * 30, 100)
    orders = {
        key: tuple(predicted(streams.epoch(1, *key)))
        for key in [(True, 0, 0), (True, 0, 1), (True, 1, 0)]
    }
    assert len(set(orders.values())) == 3
    assert orders[True, 0, 1] == tuple(predicted(streams.epoch(1, True, 0, 1)))
    assert predicted(streams.epoch(1, False, 0, 0)) == predicted(streams.epoch(1, False, 7, 3))


def test_parts_of_a_long_stream_are_read_after_the_window_before_them() -> None:
    streams = stream(8 * 5 * 3 + 1, 5)
    batches = streams.for_evaluation()
    assert batches.layout.num_streams == 3
    first = batches.batch(0)
    assert first.valid is not None
    assert first.valid.tolist() == [[False] * 5, [True] * 5, [True] * 5]
    assert np.isnan(first.targets).all()
    np.testing.assert_array_equal(first.x[1:, -1, 0], [39, 79])


@pytest.mark.parametrize("lengths", [None, [3, 9, 5, 2]])
def test_windows_are_independent_sequences(lengths: list[int] | None) -> None:
    streams = stream(100, 6) if lengths is None else documents(lengths, 6)
    examples = streams.windows(4)
    for x, y in zip(examples.x[:, :, 0], examples.y[:, :, 0], strict=True):
        known = ~np.isnan(y)
        assert known.sum() in ([6] if lengths is None else [4, 6, 6, 3])
        following = x[known][1:]
        np.testing.assert_array_equal(y[known][:-1], following)


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=40),
    sequence_length=st.integers(1, 40),
    batch_size=st.integers(1, 20),
)
def test_every_epoch_has_the_same_number_of_windows(
    lengths: list[int], sequence_length: int, batch_size: int
) -> None:
    """Resuming and schedules count on it, although the order of the documents differs."""
    streams = documents(lengths, sequence_length)
    counts = {len(streams.epoch(batch_size, shuffle, 0, e)) for e in range(4) for shuffle in (0, 1)}
    assert len(counts) == 1
    batches = streams.epoch(batch_size, True, 0, 0)
    shapes = [batches.batch(number).x.shape[1] for number in range(len(batches))]
    assert min(shapes) >= 1
    assert max(shapes) - min(shapes) <= 1
    assert max(shapes) <= 2 * sequence_length
