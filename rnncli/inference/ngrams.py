"""N-grams, whose loss a recurrent language model should beat."""

from dataclasses import dataclass

import numpy as np

from rnncli.nn.arrays import Array

# The number of contexts and n-grams that the training text does not have, and of the context of a
# symbol before which the document has too few.
_UNKNOWN = -1


def witten_bell_losses(
    train: Array,
    test: Array,
    num_symbols: int,
    max_order: int,
    *,
    train_starts: Array | None = None,
    test_starts: Array | None = None,
) -> Array:
    """Return the losses of interpolated Witten-Bell n-grams of the orders 1 to `max_order`.

    The probability of a symbol w after the context h, which is the last ``order - 1`` symbols, is
    ``p(w|h) = (c(h,w) + d(h) p(w|h')) / (c(h) + d(h))``. Here c(h,w) counts how often w follows h
    in the training text, c(h) how often any symbol does, and d(h) how many different ones do; h'
    is h without its first symbol. Below order 1 all symbols are equally likely. After a context
    that the training text does not have, and where fewer symbols come before, p(w|h) is p(w|h').

    Parameters
    ----------
    train, test : array (M,) and array (K,) of int
        The symbols of the texts, from 0 to ``num_symbols - 1``.
    num_symbols : int
        How many symbols there are, those that do not occur included.
    max_order : int
        The highest order: the length of its contexts plus one.
    train_starts, test_starts : array of int, optional
        Indices of the first symbols of independent documents, in ascending order. Contexts do not
        cross them. By default a text is one document.

    Returns
    -------
    losses : array (max_order,)
        Mean negative log probability of a symbol of the test text (in nats), by order.

    Raises
    ------
    ValueError
        If `max_order` or `num_symbols` is less than 1, the test text is empty, or a symbol or a
        start is out of range.

    Notes
    -----
    If all documents end with the same symbol, such as a line end, losses are usually lower without
    starts: the context of the first symbol of a document is then the end of the one before it.

    Memory is proportional to M + K, and time to ``max_order * (M + K) * log(M)``.

    Source: I. H. Witten & T. C. Bell, "The zero-frequency problem", IEEE Transactions on
    Information Theory 37 (1991), method C; the interpolated form of S. F. Chen & J. Goodman, "An
    empirical study of smoothing techniques for language modeling", Computer Speech and Language 13
    (1999).
    """
    _check(train, test, num_symbols, max_order)
    train, test = train.astype(np.int64), test.astype(np.int64)
    train_places = _places_in_documents(len(train), train_starts)
    test_places = _places_in_documents(len(test), test_starts)
    train_contexts, test_contexts = np.zeros_like(train), np.zeros_like(test)
    num_contexts = 1
    probabilities = np.full(len(test), 1 / num_symbols)
    losses = np.empty(max_order)
    for order in range(1, max_order + 1):
        ngrams, train_numbers = _count(train_contexts, train, num_contexts, num_symbols)
        test_numbers = ngrams.find(test_contexts, test)
        probabilities = ngrams.interpolate(test_contexts, test_numbers, probabilities)
        losses[order - 1] = -np.log(probabilities).mean()
        # The n-gram that ends at a symbol is the context of the next symbol at the next order.
        train_contexts = _next_contexts(train_numbers, train_places, order)
        test_contexts = _next_contexts(test_numbers, test_places, order)
        num_contexts = len(ngrams.keys) - 1
    return losses


@dataclass(frozen=True)
class _NGrams:
    """The n-grams of one order in the training text.

    The key of an n-gram is ``context * num_symbols + symbol``. It cannot overflow, because contexts
    are renumbered at every order: there are at most M. Every array has one more element, which
    stands for all that the training text does not have, and is what the index `_UNKNOWN` selects.
    """

    num_symbols: int
    keys: Array  # (G+1,), in ascending order
    counts: Array  # (G+1,)
    context_counts: Array  # (C+1,)
    distinct_symbols: Array  # (C+1,)

    def find(self, contexts: Array, symbols: Array) -> Array:
        """Return the numbers (K,) of n-grams, from 0; `_UNKNOWN` for those that do not occur."""
        # The key of a symbol after an unknown context is negative, and so is never found.
        wanted = contexts * self.num_symbols + symbols
        numbers = np.searchsorted(self.keys, wanted)
        return np.where(self.keys[numbers] == wanted, numbers, _UNKNOWN)

    def interpolate(self, contexts: Array, numbers: Array, lower: Array) -> Array:
        """Return the probabilities (K,) of this order from those of the order below."""
        distinct = self.distinct_symbols[contexts]
        parts = self.counts[numbers] + distinct * lower
        totals = self.context_counts[contexts] + distinct
        interpolated: Array = np.divide(parts, totals, out=lower.copy(), where=totals > 0)
        return interpolated


def _count(
    contexts: Array, symbols: Array, num_contexts: int, num_symbols: int
) -> tuple[_NGrams, Array]:
    """Count the n-grams; also return the number (M,) of the n-gram that ends at each symbol."""
    known = contexts != _UNKNOWN
    keys, inverse, counts = np.unique(
        contexts[known] * num_symbols + symbols[known], return_inverse=True, return_counts=True
    )
    numbers = np.full_like(contexts, _UNKNOWN)
    numbers[known] = inverse
    ngrams = _NGrams(
        num_symbols,
        np.append(keys, np.iinfo(np.int64).max),
        np.append(counts, 0),
        np.bincount(contexts[known], minlength=num_contexts + 1),
        np.bincount(keys // num_symbols, minlength=num_contexts + 1),
    )
    return ngrams, numbers


def _next_contexts(ngram_numbers: Array, places: Array, length: int) -> Array:
    """Return the numbers of the contexts of `length` symbols."""
    contexts = np.full_like(ngram_numbers, _UNKNOWN)
    contexts[1:] = ngram_numbers[:-1]
    contexts[places < length] = _UNKNOWN
    return contexts


def _places_in_documents(length: int, starts: Array | None) -> Array:
    """Return for each symbol how many of its document come before it."""
    places = np.arange(length)
    if starts is None or not len(starts):
        return places
    if (np.diff(starts) < 0).any() or starts[0] < 0 or starts[-1] >= length:
        raise ValueError(f"document starts must ascend from 0 to at most {length - 1}")
    first = np.zeros(length, np.int64)
    first[starts] = starts
    return places - np.maximum.accumulate(first)


def _check(train: Array, test: Array, num_symbols: int, max_order: int) -> None:
    if max_order < 1 or num_symbols < 1:
        raise ValueError(f"max_order {max_order} and num_symbols {num_symbols} must be at least 1")
    if not len(test):
        raise ValueError("the test text is empty; at least one symbol was expected")
    for name, symbols in (("train", train), ("test", test)):
        if len(symbols) and not 0 <= symbols.min() <= symbols.max() < num_symbols:
            raise ValueError(f"{name}: symbols must be from 0 to {num_symbols - 1}")
