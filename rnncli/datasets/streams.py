"""Texts as a language model takes them: several streams side by side, window by window.

The state is carried from each window to the next one; no gradient flows between them. That is
truncated backpropagation through time.

Source: R. J. Williams & J. Peng, "An efficient gradient-based algorithm for on-line training of
recurrent network trajectories", Neural Computation 2 (1990).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnncli.datasets.examples import Examples
from rnncli.datasets.mapped import release_pages
from rnncli.datasets.text import Text
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch
from rnncli.random_streams import generator

# A text is evaluated in at most this many streams. Of a continuous one, each is at least so many
# windows long, so that reading the window before it costs little.
_MAX_STREAMS, _MIN_WINDOWS = 64, 8

# The pages of a text on disk are released after so many windows.
_WINDOWS_PER_RELEASE = 256


class Window(NamedTuple):
    """A window of all streams.

    Attributes
    ----------
    positions : array (B, T)
        The position in the text of each time step's input; its target is the next one.
    valid : array (B, T)
        Whether a time step has an input; where it has none, the state is reset.
    has_target : array (B, T)
        Whether its prediction counts.
    """

    positions: Array
    valid: Array
    has_target: Array


class Layout(Protocol):
    """Where the time steps of all streams are in a text.

    Attributes
    ----------
    num_streams, length : int
        B, and the time steps of the longest stream.
    min_length : int
        A lower bound of the length that is more than half of it, and is the same whatever the order
        of the documents.
    """

    num_streams: int
    length: int
    min_length: int

    def window(self, start: int, stop: int) -> Window:
        """Return the time steps from `start` to `stop` of all streams."""
        ...


class _Continuous:
    """Consecutive parts of a stream, one per row, each after the symbols that precede it."""

    def __init__(self, text: Text, num_streams: int, num_before: int) -> None:
        self.num_predictions, self.num_before = len(text), num_before
        self.num_streams = min(num_streams, len(text))
        self.own_length = -(-len(text) // self.num_streams)
        self.length = self.min_length = self.own_length + num_before

    def window(self, start: int, stop: int) -> Window:
        """See `Layout.window`."""
        t = np.arange(start, stop) - self.num_before
        positions = np.arange(self.num_streams)[:, np.newaxis] * self.own_length + t
        valid = (positions >= 0) & (positions < self.num_predictions)
        return Window(np.where(valid, positions, 0), valid, valid & (t >= 0))


class _Documents:
    """Whole documents, in a given order; a time step without input precedes each of them."""

    def __init__(self, text: Text, num_streams: int, order: Array) -> None:
        assert text.starts is not None
        assert text.lengths is not None
        spans = text.lengths[order] + 1
        self.starts, self.ends = text.starts[order], spans.cumsum()
        self.begins = self.ends - spans
        self.num_streams = min(num_streams, len(order))
        # A document goes to the stream in whose share of all time steps it begins.
        shares = np.arange(self.num_streams + 1) * self.ends[-1] / self.num_streams
        borders = np.append(self.begins, self.ends[-1])[np.searchsorted(self.begins, shares)]
        self.stream_begins, self.stream_ends = borders[:-1, np.newaxis], borders[1:, np.newaxis]
        self.length = int(np.diff(borders).max())
        # A stream is shorter than its share and the longest document together.
        self.min_length = max(-(-int(self.ends[-1]) // self.num_streams), int(spans.max()))

    def window(self, start: int, stop: int) -> Window:
        """See `Layout.window`."""
        steps = self.stream_begins + np.arange(start, stop)
        document = np.searchsorted(self.ends, steps, side="right").clip(max=len(self.ends) - 1)
        offset = steps - self.begins[document]
        valid = (steps < self.stream_ends) & (offset > 0)
        return Window(np.where(valid, self.starts[document] + offset - 1, 0), valid, valid)


@dataclass(frozen=True)
class StreamBatches:
    """The windows of all streams, in order.

    Every epoch has the same number of them. Those of a continuous text have at most
    `sequence_length` time steps; those of documents may have a few more, because the length of the
    streams depends on the order. The shortest has one less than the longest: a short window at the
    end, where some streams have ended, would give a noisy gradient.
    """

    text: Text
    layout: Layout
    sequence_length: int
    dtype: Any

    def __len__(self) -> int:
        return -(-self.layout.min_length // self.sequence_length)

    def window(self, number: int) -> Window:
        """Return where the time steps of a batch are in the text."""
        start, stop = (i * self.layout.length // len(self) for i in (number, number + 1))
        return self.layout.window(start, stop)

    def batch(self, number: int) -> Batch:
        """Return a window as a batch; its initial state is that after the window before it."""
        return self.in_window(number)[1]

    def in_window(self, number: int) -> tuple[Window, Batch]:
        """Return a window, and the same as a batch."""
        if number % _WINDOWS_PER_RELEASE == 0:
            release_pages(self.text.symbols)
        window = self.window(number)
        x, y = _inputs_and_targets(self.text, window, self.dtype)
        return window, Batch(x, y, valid=None if window.valid.all() else window.valid)


@dataclass(frozen=True)
class Streams:
    """The examples of a language model.

    Attributes
    ----------
    text : Text
        The symbols of a split.
    sequence_length : int
        T, the time steps of a window.
    dtype : dtype
        The type of the network's parameters.
    """

    text: Text
    sequence_length: int
    dtype: Any

    carries_state = True

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.text)

    def num_streams(self, batch_size: int) -> int:
        """Return how many streams a batch of at most `batch_size` has."""
        num_parts = len(self.text) if self.text.starts is None else len(self.text.starts)
        return min(batch_size, num_parts)

    def windows(self, max_count: int) -> Examples:
        """Return windows as independent sequences, from all parts of the text.

        Documents that are longer than a window are cut.
        """
        text, length = self.text, self.sequence_length
        if text.starts is None or text.lengths is None:
            count = max(1, min(max_count, len(text) // length))
            begins = np.arange(count) * (len(text) // count)
            lengths = np.full(count, min(length, len(text)))
        else:
            step = -(-len(text.starts) // max_count)
            begins, lengths = text.starts[::step], text.lengths[::step].clip(max=length)
        steps = np.arange(lengths.max())
        positions = (begins + lengths)[:, np.newaxis] - lengths.max() + steps
        valid = steps >= lengths.max() - lengths[:, np.newaxis]
        positions = np.where(valid, positions, 0)
        x, y = _inputs_and_targets(text, Window(positions, valid, valid), self.dtype)
        return Examples(x, y, None if valid.all() else lengths)

    def epoch(self, batch_size: int, shuffle: bool, seed: int, epoch: int) -> StreamBatches:
        """Return the batches of a training epoch; documents are in a new order in each."""
        layout: Layout
        if self.text.starts is None:
            layout = _Continuous(self.text, batch_size, 0)
        else:
            order = np.arange(len(self.text.starts))
            if shuffle:
                order = generator(seed, "shuffle", epoch).permutation(order)
            layout = _Documents(self.text, batch_size, order)
        return self._batches(layout)

    def for_evaluation(self) -> StreamBatches:
        """Return batches in which every symbol is predicted once.

        Each part of a continuous text is read after the window that precedes it.
        """
        if self.text.starts is not None:
            order = np.arange(len(self.text.starts))
            return self._batches(_Documents(self.text, _MAX_STREAMS, order))
        shortest = _MIN_WINDOWS * self.sequence_length
        num_streams = max(1, min(_MAX_STREAMS, len(self.text) // shortest))
        num_before = self.sequence_length if num_streams > 1 else 0
        return self._batches(_Continuous(self.text, num_streams, num_before))

    def _batches(self, layout: Layout) -> StreamBatches:
        return StreamBatches(self.text, layout, self.sequence_length, self.dtype)


def _inputs_and_targets(text: Text, window: Window, dtype: Any) -> tuple[Array, Array]:
    """Return the symbols (B, T, 1) of a window, and the next ones; NaN where none is predicted."""
    positions, valid, has_target = window
    x = np.where(valid, text.symbols[positions], 0).astype(np.intp)
    y = text.symbols[positions + 1].astype(dtype)
    y[~has_target] = np.nan
    return x[:, :, np.newaxis], y[:, :, np.newaxis]
