"""What a language model has learned of a grammar, by the grammar's true probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnncli.datasets.grammars import Language, memory_positions
from rnncli.datasets.text import Text
from rnncli.datasets.vocabulary import LINE_END, Vocabulary
from rnncli.errors import InputError
from rnncli.nn.arrays import Array


@dataclass(frozen=True)
class _Word:
    """A word of the grammar with the predictions of a model, or a stream of words.

    Attributes
    ----------
    text : str
        Its symbols.
    predicted : array (len(text) + 1,)
        The index of the most probable symbol at each position and after the last one. A stream
        has no prediction there.
    first : int
        The first position that is predicted: 0, or 1 in a stream.
    """

    text: str
    predicted: Array
    first: int


def grammar_metrics(
    language: Language, text: Text, vocabulary: Vocabulary, predicted: Array, loss: float
) -> dict[str, float]:
    """Return the metrics of a language model whose text consists of words of a grammar.

    Parameters
    ----------
    language : Language
        The grammar, and the size of its words. The words of the text may be larger.
    text : Text
        The words: documents, or one stream.
    vocabulary : Vocabulary
        The symbols of the grammar, and the line end if words are documents.
    predicted : array (M,)
        The index of the most probable symbol at each position of the text, where it is predicted.
    loss : float
        The mean loss of the model (in nats).

    Returns
    -------
    metrics : dict of str to float
        ``entropy``
            The loss of a model that predicts the true probabilities.
        ``loss_above_entropy``
            How much greater the loss is.
        ``legal_accuracy``
            The fraction of predictions that are legal: the true probability of the most probable
            symbol is not 0. In words that consist of each symbol n times, n has no bound.
        ``memory_accuracy``
            For embedded Reber strings, the fraction of correct last-but-one symbols, T or P.
        ``longest_n``
            For words that consist of each symbol n times, the greatest n up to which all
            predictions in all words of the text are legal; 0 if there is none. After the first b,
            only one symbol is legal.

    Raises
    ------
    InputError
        A document is not a word of the grammar, or the stream does not consist of words.
    """
    words, grammar = list(_words(text, vocabulary, predicted)), language.grammar
    sizes = [len(word.text) // (grammar.symbols_per_n or 1) for word in words]
    language = Language(grammar, max(language.max_n, *sizes))
    nats, are_legal = _compared(words, language, text, vocabulary)
    metrics = {
        "entropy": nats / len(text),
        "loss_above_entropy": loss - nats / len(text),
        "legal_accuracy": float(np.concatenate(are_legal).mean()),
    }
    remembered = [
        vocabulary.symbols[word.predicted[position]] == word.text[position]
        for word in words
        for position in memory_positions(word.text)
    ]
    if remembered:
        metrics["memory_accuracy"] = sum(remembered) / len(remembered)
    if grammar.is_counting:
        metrics["longest_n"] = _longest(sizes, [bool(legal.all()) for legal in are_legal])
    return metrics


def _compared(
    words: list[_Word], language: Language, text: Text, vocabulary: Vocabulary
) -> tuple[float, list[Array]]:
    """Return the negative log probability of all words, and which predictions are legal."""
    nats, are_legal = 0.0, []
    for number, word in enumerate(words, 1):
        try:
            nats += _nats(language, word)
            are_legal.append(_are_legal(language, word, vocabulary))
        except ValueError as problem:
            place = "" if text.starts is None else f" line {number}:"
            raise InputError(
                f"{text.source}:{place} {problem}; words of the grammar were expected"
            ) from None
    return nats, are_legal


def _words(text: Text, vocabulary: Vocabulary, predicted: Array) -> Iterator[_Word]:
    """Yield the words of a text; a stream as one."""
    if text.starts is None or text.lengths is None:
        yield _Word(vocabulary.decode(text.symbols), predicted, 1)
        return
    for start, length in zip(text.starts, text.lengths, strict=True):
        # The line end before the word is not predicted; that after it is.
        places = slice(start + 1, start + 1 + length)
        yield _Word(vocabulary.decode(text.symbols[places][:-1]), predicted[places], 0)


def _nats(language: Language, word: _Word) -> float:
    """Return the negative log probability (in nats) of a word and its end."""
    length = len(word.text) if language.grammar.is_stream else len(word.text) + 1
    return language.grammar.entropy(word.text, language.max_n) * length


def _are_legal(language: Language, word: _Word, vocabulary: Vocabulary) -> Array:
    """Return for each prediction whether it is legal."""
    grammar = language.grammar
    # With one n more, the first symbol may also follow the longest word's last first symbol.
    max_n = language.max_n + grammar.is_counting
    columns = [vocabulary.index(symbol) for symbol in (*grammar.symbols, LINE_END)]
    probabilities = np.zeros((len(word.text) + 1, len(vocabulary)))
    true = grammar.next_probabilities(word.text, max_n)
    for column, index in enumerate(columns):
        if index is not None:
            probabilities[:, index] = true[:, column]
    rows = np.arange(word.first, len(word.predicted))
    legal: Array = probabilities[rows, word.predicted[rows]] > 0
    return legal


def _longest(sizes: list[int], are_right: list[bool]) -> int:
    """Return the greatest size up to which all words are predicted right; 0 if there is none."""
    wrong = [size for size, is_right in zip(sizes, are_right, strict=True) if not is_right]
    limit = min(wrong, default=max(sizes) + 1)
    return max((size for size in sizes if size < limit), default=0)
