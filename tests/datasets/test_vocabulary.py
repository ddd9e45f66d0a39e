"""Vocabularies turn text into symbols and back."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets.vocabulary import UNKNOWN, Unit, Vocabulary, join_symbols, split_text

TEXT = 'Of Man\'s first disobedience, and the fruit\nOf that (forbidden) tree: "mortal" taste!\n'


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=2))
def test_characters_are_restored_exactly(text: str) -> None:
    counts = Counter(text) + Counter("ab")
    vocabulary = Vocabulary.of(counts, "char")
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert list(vocabulary.symbols) == sorted(counts)


def test_words_are_restored_up_to_spaces() -> None:
    words = split_text(TEXT, "word")
    assert words[:7] == ["Of", "Man's", "first", "disobedience", ",", "and", "the"]
    vocabulary = Vocabulary.of(Counter(words), "word")
    restored = vocabulary.decode(vocabulary.encode(TEXT))
    assert restored == TEXT.replace('"mortal"', '" mortal "')


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_words_of_a_restored_text_are_the_same(text: str) -> None:
    words = split_text(text, "word")
    restored = "".join(join_symbols(words, "word"))
    again = split_text(restored, "word")
    assert again == words or any(len(word) > 1 or not word.isascii() for word in words)
    assert not any(word == UNKNOWN for word in words)


def test_joining_in_parts_is_joining_at_once() -> None:
    words = split_text(TEXT, "word")
    first = "".join(join_symbols(words[:9], "word"))
    rest = "".join(join_symbols(words[9:], "word", before=words[8]))
    assert first + rest == "".join(join_symbols(words, "word"))


@pytest.mark.parametrize("unit", ["char", "word"])
def test_the_rarest_symbols_become_unknown(unit: Unit) -> None:
    counts = Counter({"a": 5, "b": 4, "c": 3, "d": 2, "e": 1})
    vocabulary = Vocabulary.of(counts, unit, max_symbols=4)
    assert vocabulary.symbols == (UNKNOWN, "a", "b", "c")
    text = "aedb" if unit == "char" else "a e d b"
    assert vocabulary.encode(text).tolist() == [1, 0, 0, 2]
    assert Vocabulary.of(counts, unit, max_symbols=5).symbols == tuple("abcde")
    with pytest.raises(ValueError, match="'e' is not in the vocabulary"):
        Vocabulary.of(counts - Counter("e"), unit).encode(text)


def test_lower_case_is_on_request() -> None:
    assert split_text("Of Man", "word", lowercase=True) == ["of", "man"]
    counts = Counter("of man")
    assert Vocabulary.of(counts, "char", lowercase=True).encode("Of").tolist() == [5, 2]
    with pytest.raises(ValueError, match="'O'"):
        Vocabulary.of(counts, "char").encode("Of")


@pytest.mark.parametrize(
    ("symbols", "unit"),
    [(("a",), "char"), (("a", "a"), "char"), (("ab", "c"), "char"), (("\ud800", "a"), "char")],
)
def test_what_is_no_vocabulary_is_refused(symbols: tuple[str, ...], unit: Unit) -> None:
    with pytest.raises(ValueError, match=r"symbols"):
        Vocabulary(symbols, unit)


def test_a_vocabulary_of_numbers_is_fast_to_look_up() -> None:
    vocabulary = Vocabulary(tuple(map(chr, range(256, 2000))))
    indices = vocabulary.encode("".join(map(chr, range(1999, 255, -1))))
    np.testing.assert_array_equal(indices, np.arange(1743, -1, -1))
