"""Formal grammars, whose true next-symbol distributions are known.

A new grammar is one function or table of successors, and one entry of `GRAMMARS`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from typing import Any

import numpy as np

from rnncli.nn.arrays import Array

# Stands for the end of a word among the symbols.
_END = ""
# A state is whatever a grammar has to remember of the symbols so far.
_State = Any
# The probability of each symbol that can come next, and the state after it.
_Successors = Mapping[str, tuple[float, _State]]
# A finite automaton: for each state, from 0, the state after each symbol that can come next.
_Table = tuple[Mapping[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """A language, and the probabilities of its words.

    Parameters
    ----------
    symbols : str
        All symbols, each one character.
    successors : callable
        Takes a state and `max_n`, and returns the symbols that can come next, each with its
        probability and the state after it.
    start : object
        The state before the first symbol.
    symbols_per_n : int
        How many symbols a word has per n, which `max_n` bounds. 0 for grammars that ignore `max_n`.
    is_counting : bool
        Whether there is one word for each n: each symbol n times, one after another.
    is_stream : bool
        Whether words follow one another without an end. The methods that take a text then accept
        any number of words, the last of which may be cut off.
    """

    symbols: str
    successors: Callable[[_State, int], _Successors]
    start: _State = 0
    symbols_per_n: int = 0
    is_counting: bool = False
    is_stream: bool = False

    @property
    def uses_max_n(self) -> bool:
        """Whether `max_n` bounds the size of a word."""
        return self.symbols_per_n > 0

    def draw(self, rng: np.random.Generator, max_n: int) -> str:
        """Draw a word; for a stream, the next of its words.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source of randomness.
        max_n : int
            The greatest n, or the greatest number of pairs of brackets.

        Raises
        ------
        ValueError
            If `max_n` is less than 1.
        """
        self._check(max_n)
        word, successors = [], self.successors(self.start, max_n)
        while (symbol := _draw_symbol(successors, rng)) != _END:
            word.append(symbol)
            successors = self.successors(successors[symbol][1], max_n)
        return "".join(word)

    def word_of(self, n: int) -> str:
        """Return the only word for an n.

        Raises
        ------
        ValueError
            If the grammar has several words for an n.
        """
        if not self.is_counting:
            raise ValueError("the grammar has several words for an n")
        return "".join(symbol * n for symbol in self.symbols)

    def next_probabilities(self, text: str, max_n: int) -> Array:
        """Return the true distribution of the symbol at each position of a word, and after it.

        Parameters
        ----------
        text : str
            A word, or the beginning of one.
        max_n : int
            As for `draw`.

        Returns
        -------
        probabilities : array (len(text) + 1, len(symbols) + 1)
            Row t is the distribution after the first t symbols. The last column is the end of the
            word; it is 0 for a stream.

        Raises
        ------
        ValueError
            If the text is not the beginning of a word, or `max_n` is less than 1.
        """
        columns = {symbol: column for column, symbol in enumerate((*self.symbols, _END))}
        probabilities = np.zeros((len(text) + 1, len(columns)))
        for row, successors in zip(probabilities, self._along(text, max_n), strict=True):
            for symbol, (probability, _) in successors.items():
                row[columns[symbol]] = probability
        return probabilities

    def entropy(self, text: str, max_n: int) -> float:
        """Return the loss of a model that predicts the true distribution at every position.

        Parameters
        ----------
        text : str
            A word.
        max_n : int
            As for `draw`.

        Returns
        -------
        entropy : float
            Mean negative log probability (in nats) of the symbols of the word and of its end, which
            a stream does not have.

        Raises
        ------
        ValueError
            If the text is not a word, or `max_n` is less than 1.
        """
        symbols = [*text] if self.is_stream else [*text, _END]
        if not symbols:
            raise ValueError("the text is empty; at least one symbol was expected")
        total = 0.0
        # The successors after the last symbol of a stream are left over.
        for symbol, successors in zip(symbols, self._along(text, max_n), strict=False):
            if symbol not in successors:
                raise _unexpected(len(text), symbol, successors)
            total -= log(successors[symbol][0])
        return total / len(symbols)

    def _along(self, text: str, max_n: int) -> Iterator[_Successors]:
        """Yield the successors at every position of a text, and after its last symbol."""
        self._check(max_n)
        state = self.start
        for position, symbol in enumerate(text):
            successors = self._successors(state, max_n)
            if symbol not in successors:
                raise _unexpected(position, symbol, successors)
            yield successors
            state = successors[symbol][1]
        yield self._successors(state, max_n)

    def _successors(self, state: _State, max_n: int) -> _Successors:
        """Return the successors; where a word of a stream ends, those of the next word."""
        successors = self.successors(state, max_n)
        if self.is_stream and _END in successors:
            return self.successors(self.start, max_n)
        return successors

    def _check(self, max_n: int) -> None:
        if self.uses_max_n and max_n < 1:
            raise ValueError(f"max_n {max_n} must be at least 1")


@dataclass(frozen=True)
class Language:
    """A grammar and the size of its words, on which a model is evaluated.

    Attributes
    ----------
    grammar : Grammar
        The grammar.
    max_n : int
        As for `Grammar.draw`.
    """

    grammar: Grammar
    max_n: int


def memory_positions(text: str) -> list[int]:
    """Return the positions of the last-but-one symbols of embedded Reber strings.

    There, the T or P at the beginning of the string must be remembered.

    Parameters
    ----------
    text : str
        Embedded Reber strings, one after another, the last of which may be cut off.
    """
    # Only there does T or P follow an E: the end of the Reber string inside.
    return [i for i in range(1, len(text)) if text[i - 1] == "E" and text[i] in "TP"]


def _draw_symbol(successors: _Successors, rng: np.random.Generator) -> str:
    *others, last = successors
    if others:
        threshold = rng.random()
        for symbol in others:
            threshold -= successors[symbol][0]
            if threshold < 0:
                return symbol
    return last


def _unexpected(position: int, symbol: str, successors: _Successors) -> ValueError:
    expected = " or ".join(_name(successor) for successor in successors)
    return ValueError(f"position {position}: {_name(symbol)} where {expected} was expected")


def _name(symbol: str) -> str:
    return repr(symbol) if symbol != _END else "the end of the word"


def _equally_likely(table: _Table) -> Callable[[_State, int], _Successors]:
    """Return the successors of an automaton whose choices are all equally likely."""
    rows = [{symbol: (1 / len(row), state) for symbol, state in row.items()} for row in table]

    def successors(state: int, max_n: int) -> _Successors:
        return rows[state]

    return successors


def _embedded(inner: _Table) -> _Table:
    """Return B, then T or P, a word of another automaton, the same T or P, and E.

    The automaton inside must have its end in the last state.
    """
    size = len(inner)
    starts = {"T": 2, "P": 2 + size}
    last = 2 + 2 * size
    table: list[Mapping[str, int]] = [{"B": 1}, starts]
    for outer, start in starts.items():
        table += [{symbol: start + state for symbol, state in row.items()} for row in inner[:-1]]
        table.append({outer: last})
    return (*table, {"E": last + 1}, {_END: last + 1})


def _counting(symbols: str, state: tuple[int, int], max_n: int) -> _Successors:
    """Return the successors in words that have each symbol n times, one after another.

    All n from 1 to `max_n` are equally likely. A state is n, which is 0 as long as the first symbol
    is repeated, and the number of symbols so far.
    """
    n, length = state
    if n:
        symbol = symbols[length // n] if length < n * len(symbols) else _END
        return {symbol: (1.0, (n, length + 1))}
    if not length:
        return {symbols[0]: (1.0, (0, 1))}
    # Each n from `length` to `max_n` is equally likely, and one of them is `length`.
    possible = max_n - length + 1
    second = {symbols[1]: (1 / possible, (length, length + 1))}
    if possible == 1:
        return second
    return {symbols[0]: (1 - 1 / possible, (0, length + 1))} | second


def _nesting(pairs: Mapping[str, str], state: tuple[int, Any], max_n: int) -> _Successors:
    """Return the successors in words of matching brackets.

    A state is the number of brackets opened so far, and the pair of the innermost closing bracket
    and the brackets around it, None outside of all.
    """
    opened, stack = state
    closing, outside = stack or (_END, None)
    if opened == max_n:
        return {closing: (1.0, (opened, outside))}
    # A word has at least one pair.
    probability = 0.5 if opened else 1.0
    successors: dict[str, tuple[float, _State]] = {
        opening: (probability / len(pairs), (opened + 1, (own_closing, stack)))
        for opening, own_closing in pairs.items()
    }
    if opened:
        successors[closing] = (0.5, (opened, outside))
    return successors


def _counting_grammar(symbols: str) -> Grammar:
    return Grammar(
        symbols=symbols,
        successors=partial(_counting, symbols),
        start=(0, 0),
        symbols_per_n=len(symbols),
        is_counting=True,
    )


def _nesting_grammar(pairs: Mapping[str, str]) -> Grammar:
    return Grammar(
        symbols="".join(opening + closing for opening, closing in pairs.items()),
        successors=partial(_nesting, pairs),
        start=(0, None),
        symbols_per_n=2,
    )


_REBER: _Table = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
    {_END: 7},
)
_REBER_SYMBOLS = "BTPSXVE"
_EMBEDDED_REBER = _equally_likely(_embedded(_REBER))

GRAMMARS: Mapping[str, Grammar] = {
    "reber": Grammar(symbols=_REBER_SYMBOLS, successors=_equally_likely(_REBER)),
    "embedded_reber": Grammar(symbols=_REBER_SYMBOLS, successors=_EMBEDDED_REBER),
    "continual_reber": Grammar(symbols=_REBER_SYMBOLS, successors=_EMBEDDED_REBER, is_stream=True),
    "anbn": _counting_grammar("ab"),
    "anbncn": _counting_grammar("abc"),
    "dyck1": _nesting_grammar({"(": ")"}),
    "dyck2": _nesting_grammar({"(": ")", "[": "]"}),
}
"""The grammars by their names.

``reber``
    The language of a finite automaton. At all its choices, both symbols are equally likely. A
    string has 8 symbols on average, and the entropy of the language is 6 ln(2) nats per string.
    Source: A. S. Reber, "Implicit learning of artificial grammars", Journal of Verbal Learning and
    Verbal Behavior 6 (1967); with the symbols B and E of A. Cleeremans, D. Servan-Schreiber & J. L.
    McClelland, "Finite state automata and simple recurrent networks", Neural Computation 1 (1989).
``embedded_reber``
    B, then T or P, a Reber string, the same T or P, and E: the second symbol must be remembered
    until the last but one. A string has 12 symbols on average, and 7 ln(2) nats.
    Source: S. Hochreiter & J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).
``continual_reber``
    A stream of embedded Reber strings, at 7 ln(2) / 12 = 0.404 nats per symbol: a network must also
    find out by itself where a string begins.
    Source: F. A. Gers, J. Schmidhuber & F. Cummins, "Learning to forget: continual prediction with
    LSTM", Neural Computation 12 (2000).
``anbn``, ``anbncn``
    n times a, n times b, and in the second language n times c. All n from 1 to `max_n` are equally
    likely, so that a string has ln(max_n) nats.
    Source: F. A. Gers & J. Schmidhuber, "LSTM recurrent networks learn simple context-free and
    context-sensitive languages", IEEE Transactions on Neural Networks 12 (2001).
``dyck1``, ``dyck2``
    Matching brackets of one kind or two kinds, at least one pair and at most `max_n`. The first
    bracket is an opening one. After it, the next is an opening one with a probability of 1/2, of
    either kind equally likely; otherwise the innermost bracket is closed, or the word ends if there
    is none. After `max_n` opening brackets, only those that are open are closed.
    Source: M. Suzgun, Y. Belinkov, S. Shieber & S. Gehrmann, "LSTM networks can perform dynamic
    counting", Workshop on Deep Learning and Formal Languages, ACL 2019; J. Hewitt, M. Hahn, S.
    Ganguli, P. Liang & C. D. Manning, "RNNs can generate bounded hierarchical languages with
    optimal memory", EMNLP 2020. The probabilities are chosen here.
"""
