"""Grammars draw the words of their languages, and know the true next-symbol distributions."""

import re
from collections import Counter
from functools import cache
from itertools import product
from math import copysign, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.datasets.grammars import GRAMMARS, memory_positions

# How the graph of the Reber grammar reads as a regular expression. After the first P, or an X in
# the loop, come T* V; then V, or P S, or P X and all this again.
_LOWER = r"T*V(?:PXT*V)*(?:V|PS)"
_REBER = rf"B(?:TS*X(?:S|X{_LOWER})|P{_LOWER})E"
_PATTERNS = {
    "reber": _REBER,
    "embedded_reber": rf"BT{_REBER}TE|BP{_REBER}PE",
    "continual_reber": rf"BT{_REBER}TE|BP{_REBER}PE",
}
_MAX_N = 3
names = st.sampled_from(sorted(GRAMMARS))
seeds = st.integers(0, 2**32 - 1)


def is_word(name: str, text: str, max_n: int) -> bool:
    """Decide by the definition of the language, without the grammar's successors."""
    if name in _PATTERNS:
        return re.fullmatch(_PATTERNS[name], text) is not None
    if name.startswith("a"):
        return any(text == "".join(s * n for s in name[::2]) for n in range(1, max_n + 1))
    rest, shorter = text, ""
    while rest != shorter:
        shorter, rest = rest, rest.replace("()", "").replace("[]", "")
    return not rest and 0 < len(text) <= 2 * max_n


@cache
def words(name: str) -> frozenset[str]:
    """Return all words with at most `_MAX_N`; of a Reber language, those of up to 18 symbols."""
    if name in _PATTERNS:
        return frozenset(w for w in reber_words(name, 18) if is_word(name, w, _MAX_N))
    lengths = range(1, (3 if name == "anbncn" else 2) * _MAX_N + 1)
    texts = (
        "".join(t) for length in lengths for t in product(GRAMMARS[name].symbols, repeat=length)
    )
    return frozenset(text for text in texts if is_word(name, text, _MAX_N))


def reber_words(name: str, max_length: int) -> list[str]:
    """Put together the words of up to a length from the parts of the regular expression."""
    loops, parts = [""], []
    for loop in loops:
        for length in range(max_length):
            ending = f"{'T' * length}V"
            parts += [f"{loop}{ending}V", f"{loop}{ending}PS"]
            if len(loop) + length + 6 <= max_length:
                loops.append(f"{loop}{ending}PX")
    middles = [f"P{part}" for part in parts] + [
        f"T{'S' * length}X{part}"
        for length in range(max_length)
        for part in ["S", *(f"X{part}" for part in parts)]
        if length + len(part) <= max_length
    ]
    inner = [f"B{middle}E" for middle in middles]
    if name != "reber":
        inner = [f"B{outer}{word}{outer}E" for outer in "TP" for word in inner]
    return [word for word in inner if len(word) <= max_length]


@settings(deadline=None)
@given(names, seeds, st.integers(1, 30))
def test_drawn_words_are_words_and_predicted(name: str, seed: int, max_n: int) -> None:
    grammar = GRAMMARS[name]
    word = grammar.draw(np.random.default_rng(seed), max_n)
    assert is_word(name, word, max_n)
    probabilities = grammar.next_probabilities(word, max_n)
    assert probabilities.shape == (len(word) + 1, len(grammar.symbols) + 1)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    columns = [grammar.symbols.index(symbol) for symbol in word]
    taken = probabilities[np.arange(len(word)), columns]
    if grammar.is_stream:
        assert not probabilities[:, -1].any()
    else:
        taken = np.append(taken, probabilities[-1, -1])
    assert (taken > 0).all()
    assert grammar.entropy(word, max_n) == pytest.approx(-np.log(taken).mean(), rel=1e-12)


@settings(deadline=None)
@given(names, st.data())
def test_mutated_words_are_refused_where_they_leave_the_language(
    name: str, data: st.DataObject
) -> None:
    grammar = GRAMMARS[name]
    # What can follow 11 symbols or fewer is in some word of up to 18.
    word = data.draw(st.sampled_from(sorted(w for w in words(name) if len(w) <= 11)))
    place = data.draw(st.integers(0, len(word) - 1))
    symbol = data.draw(st.sampled_from([*grammar.symbols, "?", ""]))
    text = word[:place] + symbol + word[place + 1 :]
    longer = words(name)
    if grammar.is_stream:
        longer |= {word + beginning for word in longer for beginning in ("BT", "BP")}
    valid = max(
        length
        for length in range(len(text) + 1)
        if any(w.startswith(text[:length]) for w in longer)
    )
    if valid == len(text):
        assert len(grammar.next_probabilities(text, _MAX_N)) == len(text) + 1
        return
    with pytest.raises(ValueError, match=f"^position {valid}: '"):
        grammar.next_probabilities(text, _MAX_N)
    with pytest.raises(ValueError, match=f"^position {valid}: '"):
        grammar.entropy(text, _MAX_N)


@pytest.mark.parametrize("name", [name for name in GRAMMARS if GRAMMARS[name].uses_max_n])
def test_probabilities_of_all_words_add_up_to_one(name: str) -> None:
    grammar = GRAMMARS[name]
    totals = [(len(w) + 1) * grammar.entropy(w, _MAX_N) for w in words(name)]
    assert np.exp(-np.array(totals)).sum() == pytest.approx(1, rel=1e-12)
    if name.startswith("a"):
        # All n are equally likely.
        np.testing.assert_allclose(totals, log(_MAX_N), rtol=1e-12)


def test_probabilities_of_reber_strings_add_up_to_one() -> None:
    reber, embedded = GRAMMARS["reber"], GRAMMARS["embedded_reber"]
    strings = reber_words("reber", 22)
    assert len(strings) == len(set(strings))
    total = sum(2.0 ** round(-(len(w) + 1) * reber.entropy(w, 1) / log(2)) for w in strings)
    assert 0.99 < total < 1
    # All choices are between two symbols, and one choice more is that of the outer symbol.
    for word in strings[::50]:
        bits = (len(word) + 1) * reber.entropy(word, 1) / log(2)
        assert bits == pytest.approx(len(word) - 2, rel=1e-12)
        outer_bits = (len(word) + 5) * embedded.entropy(f"BT{word}TE", 1) / log(2)
        assert outer_bits == pytest.approx(bits + 1, rel=1e-12)


@pytest.mark.parametrize("name", sorted(GRAMMARS))
def test_drawn_frequencies_match_the_distribution(name: str) -> None:
    grammar, rng = GRAMMARS[name], np.random.default_rng(1)
    drawn = Counter(grammar.draw(rng, _MAX_N) for _ in range(20_000))
    counts = {}
    for word, count in drawn.items():
        ends = "" if grammar.is_stream else "$"
        for place, symbol in enumerate(word + ends):
            counts.setdefault(word[:place], Counter())[symbol] += count
    columns = f"{grammar.symbols}$"
    for prefix, followers in counts.items():
        if followers.total() < 500:
            continue
        expected = grammar.next_probabilities(prefix, _MAX_N)[-1]
        shares = np.array([followers[symbol] for symbol in columns]) / followers.total()
        deviation = np.sqrt(expected * (1 - expected) / followers.total())
        # Where a symbol is certain or impossible, no deviation is possible.
        assert (abs(shares - expected) <= 4.5 * deviation + 1e-12).all(), prefix


def test_entropy_of_reber_strings_is_the_exact_one() -> None:
    # The states with a choice, and where the two symbols lead; None is where E must follow.
    choices = [(1, 2), (1, 3), (2, 4), (2, None), (3, None)]
    equations = np.eye(5)
    for state, successors in enumerate(choices):
        for successor in successors:
            if successor is not None:
                equations[state, successor] -= 0.5
    num_choices = np.linalg.solve(equations, np.ones(5))[0]
    assert num_choices == pytest.approx(6)
    rng = np.random.default_rng(2)
    grammar = GRAMMARS["reber"]
    strings = [grammar.draw(rng, 1) for _ in range(20_000)]
    totals = np.array([(len(w) + 1) * grammar.entropy(w, 1) for w in strings])
    error = totals.std() / len(totals) ** 0.5
    assert abs(totals.mean() - num_choices * log(2)) < 4 * error
    # B, E, and one symbol for each choice.
    assert abs(np.mean([len(w) for w in strings]) - (num_choices + 2)) < 4 * error / log(2)
    stream = GRAMMARS["continual_reber"]
    text = "".join(stream.draw(rng, 1) for _ in range(20_000))
    assert stream.entropy(text, 1) == pytest.approx(7 * log(2) / 12, rel=0.01)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("BTSSXXTVVE", None),
        ("BPVVE", None),
        ("BTXXVPSE", None),
        ("BPVPXVPXVPXVVE", None),
        ("BTSXXVPSE", None),
        ("BTSSPXSE", 4),
        ("BPTVVB", 5),
        ("BTXXVVSE", 6),
        ("BPVSPSE", 3),
        ("BTSSSE", 5),
    ],
)
def test_strings_of_the_literature_are_told_apart(text: str, position: int | None) -> None:
    """The examples are those of the course page on Reber grammars by N. Schraudolph."""
    if position is None:
        assert GRAMMARS["reber"].entropy(text, 1) > 0
        return
    with pytest.raises(ValueError, match=f"^position {position}: '{text[position]}' where"):
        GRAMMARS["reber"].entropy(text, 1)


def test_next_probabilities_of_a_few_words() -> None:
    # Of n = 1, 2 and 3, all are possible after one a, and 2 and 3 after two.
    np.testing.assert_allclose(
        GRAMMARS["anbn"].next_probabilities("aabb", 3),
        [[1, 0, 0], [2 / 3, 1 / 3, 0], [1 / 2, 1 / 2, 0], [0, 1, 0], [0, 0, 1]],
        rtol=1e-15,
    )
    np.testing.assert_array_equal(
        GRAMMARS["dyck2"].next_probabilities("([])", 3),
        [
            [0.5, 0, 0.5, 0, 0],
            [0.25, 0.5, 0.25, 0, 0],
            [0.25, 0, 0.25, 0.5, 0],
            [0.25, 0.5, 0.25, 0, 0],
            [0.25, 0, 0.25, 0, 0.5],
        ],
    )
    # After the greatest number of pairs, everything is certain.
    certain = GRAMMARS["dyck1"].next_probabilities("(())", 2)[2:]
    np.testing.assert_array_equal(certain, [[0, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_a_stream_continues_where_a_string_ends() -> None:
    stream = GRAMMARS["continual_reber"]
    text = "BTBPVVETEBPBTXSEPEBTBPV"
    probabilities = stream.next_probabilities(text, 1)
    np.testing.assert_array_equal(probabilities[9], [1, 0, 0, 0, 0, 0, 0, 0])
    # 3 choices in BPVVE and BTXSE, 1 before them; 3 in what there is of the last string.
    assert stream.entropy(text, 1) == pytest.approx(11 * log(2) / len(text))
    with pytest.raises(
        ValueError, match=r"^position 9: 'B' where the end of the word was expected"
    ):
        GRAMMARS["embedded_reber"].next_probabilities(text, 1)


def test_memory_positions_are_those_of_the_outer_symbols() -> None:
    rng = np.random.default_rng(3)
    strings = [GRAMMARS["continual_reber"].draw(rng, 1) for _ in range(200)]
    ends = np.cumsum([len(word) for word in strings])
    text = "".join(strings)
    positions = memory_positions(text)
    np.testing.assert_array_equal(positions, ends - 2)
    assert [text[i] for i in positions] == [word[1] for word in strings]
    # What must be remembered is certain there.
    assert (
        GRAMMARS["continual_reber"].next_probabilities(text, 1)[positions].max(axis=1) == 1
    ).all()
    # The end of a text cut off after the outer symbol, before it, and before the string inside.
    assert [memory_positions("BTBPVVETE"[:length]) for length in (8, 7, 2, 0)] == [[7], [], [], []]
    assert not memory_positions("BTXSE")


def test_entropy_of_certain_words_is_positive_zero() -> None:
    assert copysign(1, GRAMMARS["anbn"].entropy("ab", 1)) == 1
    assert GRAMMARS["anbn"].entropy("ab", 1) == 0


@pytest.mark.parametrize(
    ("name", "text", "max_n", "message"),
    [
        ("reber", "BTX", 1, r"^position 3: the end of the word where 'X' or 'S' was expected"),
        ("reber", "", 1, r"^position 0: the end of the word where 'B' was expected"),
        ("anbn", "aaa", 2, r"^position 2: 'a' where 'b' was expected"),
        ("dyck1", "", 2, r"^position 0: the end of the word where '\(' was expected"),
        ("dyck2", "(]", 1, r"^position 1: '\]' where '\)' was expected"),
        ("continual_reber", "", 1, "the text is empty"),
        ("dyck1", "()", 0, "max_n 0 must be at least 1"),
    ],
)
def test_what_is_not_a_word_has_no_entropy(name: str, text: str, max_n: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GRAMMARS[name].entropy(text, max_n)


def test_max_n_below_one_is_refused_where_it_is_used() -> None:
    rng = np.random.default_rng(0)
    for grammar in GRAMMARS.values():
        if grammar.uses_max_n:
            with pytest.raises(ValueError, match="max_n 0 must be at least 1"):
                grammar.draw(rng, 0)
        else:
            assert grammar.draw(rng, 0)


def test_very_deep_and_long_words_are_followed() -> None:
    depth = 30_000
    word = "(" * depth + ")" * depth
    probabilities = GRAMMARS["dyck1"].next_probabilities(word, depth)
    np.testing.assert_array_equal(probabilities[[depth, -1]], [[0, 1, 0], [0, 0, 1]])
    n = 30_000
    assert GRAMMARS["anbncn"].entropy("a" * n + "b" * n + "c" * n, n) == pytest.approx(
        log(n) / (3 * n + 1)
    )
