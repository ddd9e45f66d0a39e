"""How much of a generated text stands literally in the training text."""

from collections.abc import Iterator

import numpy as np

from rnncli.datasets.text import Text
from rnncli.nn.arrays import Array

# The n-grams of this many symbols of the text are compared at once.
_AT_ONCE = 1 << 20
_MULTIPLIER = 0x9E3779B97F4A7C15


def quoted_ngrams(samples: list[Array], text: Text, length: int) -> list[float | None]:
    """Return for each sample the share of its n-grams that stand in a text.

    Parameters
    ----------
    samples : list of array (L,)
        The symbols of the samples.
    text : Text
        The training text.
    length : int
        The number of symbols of an n-gram.

    Returns
    -------
    list of float or None
        None for a sample that is shorter than an n-gram.
    """
    hashes = [_hashes(sample, length) for sample in samples]
    wanted = np.unique(np.concatenate([*hashes, np.empty(0, np.uint64)]))
    found = np.zeros(len(wanted), bool)
    for start in range(0, len(text.symbols), _AT_ONCE):
        symbols = np.asarray(text.symbols[start : start + _AT_ONCE + length - 1])
        found |= np.isin(wanted, _hashes(symbols, length))
    return [
        float(found[np.searchsorted(wanted, own)].mean()) if len(own) else None for own in hashes
    ]


def _hashes(symbols: Array, length: int) -> Array:
    """Return a 64-bit hash of each n-gram."""
    count = max(0, len(symbols) - length + 1)
    hashes = np.zeros(count, np.uint64)
    for offset in range(length):
        hashes *= np.uint64(_MULTIPLIER)
        hashes += symbols[offset : offset + count].astype(np.uint64) + np.uint64(1)
    return hashes


def quoted_documents(samples: list[Array], text: Text) -> list[float]:
    """Return 1.0 for each sample that is a document of the text, and 0.0 for each other."""
    wanted = {sample.astype(np.uint16).tobytes() for sample in samples}
    found = wanted & set(_documents(text, wanted))
    return [float(sample.astype(np.uint16).tobytes() in found) for sample in samples]


def _documents(text: Text, wanted: set[bytes]) -> Iterator[bytes]:
    """Yield the documents of a text that are as long as one of those that are wanted."""
    assert text.starts is not None
    assert text.lengths is not None
    lengths = {len(document) // 2 for document in wanted}
    candidates = np.isin(text.lengths - 1, list(lengths))
    for start, length in zip(text.starts[candidates], text.lengths[candidates], strict=True):
        yield np.asarray(text.symbols[start + 1 : start + length]).tobytes()
