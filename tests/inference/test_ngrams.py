"""N-grams have the losses of the definition."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.inference.ngrams import witten_bell_losses
from rnncli.nn.arrays import Array

Documents = list[list[int]]


def defined_losses(train: Documents, test: Documents, num_symbols: int, max_order: int) -> Array:
    """Follow the definition word for word, with a dictionary of all contexts."""
    followers: dict[tuple[int, ...], Counter[int]] = {}
    for document in train:
        for place, symbol in enumerate(document):
            for length in range(min(place, max_order - 1) + 1):
                context = tuple(document[place - length : place])
                followers.setdefault(context, Counter())[symbol] += 1

    def probability(symbol: int, context: tuple[int, ...]) -> float:
        lower = probability(symbol, context[1:]) if context else 1 / num_symbols
        if context not in followers:
            return lower
        counts = followers[context]
        return (counts[symbol] + len(counts) * lower) / (counts.total() + len(counts))

    return np.array(
        [
            np.mean(
                [
                    -np.log(probability(symbol, tuple(document[max(0, place - length) : place])))
                    for document in test
                    for place, symbol in enumerate(document)
                ]
            )
            for length in range(max_order)
        ]
    )


def joined(documents: Documents) -> tuple[Array, Array]:
    """Return a text and the starts of its documents; the start of an empty one is left out."""
    lengths = [len(document) for document in documents if document]
    starts = np.cumsum([0, *lengths[:-1]]) if lengths else np.array([], int)
    return np.array([symbol for document in documents for symbol in document], int), starts


@st.composite
def texts(draw: st.DrawFn) -> tuple[Documents, Documents, int, int]:
    num_symbols = draw(st.integers(1, 4))
    document = st.lists(st.integers(0, num_symbols - 1), max_size=25)
    train = draw(st.lists(document, max_size=4))
    test = draw(st.lists(document, min_size=1, max_size=4).filter(any))
    return train, test, num_symbols, draw(st.integers(1, 7))


@settings(deadline=None)
@given(texts())
def test_losses_are_those_of_the_definition(case: tuple[Documents, Documents, int, int]) -> None:
    documents, test_documents, num_symbols, max_order = case
    train, train_starts = joined(documents)
    test, test_starts = joined(test_documents)
    sizes = num_symbols, max_order
    np.testing.assert_allclose(
        witten_bell_losses(train, test, *sizes, train_starts=train_starts, test_starts=test_starts),
        defined_losses(documents, test_documents, *sizes),
        rtol=1e-12,
    )
    # Without starts, contexts go from one document to the next.
    np.testing.assert_allclose(
        witten_bell_losses(train, test, *sizes),
        defined_losses([train.tolist()], [test.tolist()], *sizes),
        rtol=1e-12,
    )


def test_losses_of_a_few_symbols_calculated_by_hand() -> None:
    a, b, c = range(3)
    # Order 1: of 4 symbols a is 3, and 2 are different: p(a) = (3 + 2/3) / 6 = 11/18,
    # p(b) = (1 + 2/3) / 6 = 5/18, p(c) = (2/3) / 6 = 1/9.
    # Order 2: b follows the three a's once, and a once; the last a is followed by nothing. So
    # p(b|a) = (1 + 2 * 5/18) / 4 = 7/18. After b is a, once: p(c|b) = (0 + 1 * 1/9) / 2 = 1/18.
    losses = witten_bell_losses(np.array([a, a, b, a]), np.array([a, b, c]), 3, 2)
    order_1 = -np.log([11 / 18, 5 / 18, 1 / 9]).mean()
    order_2 = -np.log([11 / 18, 7 / 18, 1 / 18]).mean()
    np.testing.assert_allclose(losses, [order_1, order_2], rtol=1e-14)
    # In the documents aa and ba, only a follows a, once: p(b|a) = (0 + 1 * 5/18) / 2 = 5/36.
    losses = witten_bell_losses(
        np.array([a, a, b, a]), np.array([a, b, c]), 3, 2, train_starts=np.array([0, 2])
    )
    order_2 = -np.log([11 / 18, 5 / 36, 1 / 18]).mean()
    np.testing.assert_allclose(losses, [order_1, order_2], rtol=1e-14)


def test_every_order_is_a_probability_distribution() -> None:
    rng = np.random.default_rng(0)
    train, context = rng.integers(3, size=200), rng.integers(3, size=6)
    total = np.zeros(5)
    for symbol in range(4):
        test = np.append(context, symbol)
        sums = witten_bell_losses(train, test, 4, 5) * len(test)
        total += np.exp(witten_bell_losses(train, context, 4, 5) * len(context) - sums)
    np.testing.assert_allclose(total, 1, rtol=1e-12)


def test_keys_of_long_contexts_of_many_symbols_do_not_overflow() -> None:
    # 5000 ** 20 is far beyond 64 bits.
    text = np.random.default_rng(0).integers(5000, size=2000)
    losses = witten_bell_losses(text, text, 5000, 20)
    np.testing.assert_allclose(
        losses, defined_losses([text.tolist()], [text.tolist()], 5000, 20), rtol=1e-12
    )


def test_symbols_of_any_integer_type_are_accepted() -> None:
    text = np.random.default_rng(0).integers(200, size=500)
    np.testing.assert_array_equal(
        witten_bell_losses(text.astype(np.uint8), text.astype(np.uint8), 200, 4),
        witten_bell_losses(text, text, 200, 4),
    )


@pytest.mark.parametrize(
    ("train", "test", "num_symbols", "max_order", "starts", "message"),
    [
        ([0], [], 1, 1, None, "the test text is empty"),
        ([0], [0], 1, 0, None, "max_order 0"),
        ([], [0], 0, 1, None, "num_symbols 0"),
        ([2], [0], 2, 1, None, "train: symbols must be from 0 to 1"),
        ([0], [0, -1], 2, 1, None, "test: symbols must be from 0 to 1"),
        ([0, 1], [0], 2, 1, [1, 0], "must ascend"),
        ([0, 1], [0], 2, 1, [0, 2], "from 0 to at most 1"),
        ([0, 1], [0], 2, 1, [-1], "must ascend from 0"),
    ],
)
def test_invalid_texts_are_refused(
    train: list[int],
    test: list[int],
    num_symbols: int,
    max_order: int,
    starts: list[int] | None,
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        witten_bell_losses(
            np.array(train, int),
            np.array(test, int),
            num_symbols,
            max_order,
            train_starts=None if starts is None else np.array(starts),
        )
