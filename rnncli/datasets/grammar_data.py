"""The config section ``data`` of kind grammar: a language model of the words of a grammar."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.dataset import DataSet, Defaults
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Splits
from rnncli.datasets.synthetic import ValidationFraction
from rnncli.datasets.task import Task
from rnncli.datasets.text import DocumentKind, Text, text_of_documents
from rnncli.datasets.text_file import WindowLength
from rnncli.datasets.vocabulary import LINE_END, Vocabulary
from rnncli.memory import require_memory
from rnncli.random_streams import generator

if TYPE_CHECKING:
    from rnncli.datasets.grammars import Grammar

_NUM_TEST_WORDS = 200
# Test words of counting languages are so many times longer than training words, within a bound.
_TEST_FACTOR, _MAX_N = 10, 2000
# The mean length of words is estimated from so many of them.
_NUM_FIRST_WORDS = 100
# What a word takes while a text is put together, besides its symbols, and what a symbol takes.
_BYTES_PER_WORD, _BYTES_PER_SYMBOL = 350, 20

GrammarName = Literal[
    "reber", "embedded_reber", "continual_reber", "anbn", "anbncn", "dyck1", "dyck2"
]


@dataclass(frozen=True, kw_only=True)
class GrammarWords:
    """The config section ``data`` of kind grammar.

    Words are documents: the line end is both their begin and their end. Those of continual_reber
    follow one another in a stream.

    The test split has 200 words of a random stream of its own; for anbn and anbncn, the word of
    each n up to `test_max_n`.
    """

    standardize: ClassVar[bool] = False
    # A few units are enough for a grammar.
    defaults: ClassVar[Defaults] = {
        "model": {"cell": "lstm", "hidden_size": 16, "embedding_size": 8, "output": "every_step"},
        "training": {
            "num_epochs": 20,
            "batch_size": 8,
            "optimizer": {"kind": "adam", "learning_rate": 1e-2},
        },
    }

    kind: Literal["grammar"] = "grammar"
    grammar: Annotated[GrammarName, Field(description="the grammar")]
    num_samples: Annotated[
        int, Field(ge=2, le=10**9, description="number of words, those for validation included")
    ] = 1000
    max_n: Annotated[
        int,
        Field(ge=1, le=_MAX_N, description="greatest n of anbn and anbncn; pairs of brackets"),
    ] = 10
    test_max_n: Annotated[
        int | None,
        Field(
            ge=1,
            le=_MAX_N,
            description="greatest n, or pairs of brackets, of the test words; null for ten times "
            f"max_n, at most {_MAX_N}, for anbn and anbncn, and max_n for brackets",
        ),
    ] = None
    sequence_length: WindowLength = 64
    validation_fraction: ValidationFraction = 0.1

    def read(self, seed: int) -> DataSet:
        """Draw the words of all splits."""
        from rnncli.datasets.grammars import Language

        grammar = self._grammar
        documents: DocumentKind = "stream" if grammar.is_stream else "lines"
        line_end = () if grammar.is_stream else (LINE_END,)
        vocabulary = Vocabulary((*line_end, *sorted(grammar.symbols)))
        words = self._draw(self.num_samples, self.max_n, generator(seed, "data"))
        num_validation = 0
        if self.validation_fraction:
            wanted = round(self.num_samples * self.validation_fraction)
            num_validation = min(max(wanted, 1), self.num_samples - 1)
        num_train = self.num_samples - num_validation
        splits = Splits(
            self._text(words[:num_train], vocabulary),
            self._text(words[num_train:], vocabulary) if num_validation else None,
            self._text(self._test_words(seed), vocabulary),
        )
        return DataSet(
            splits,
            Task("next_symbol", num_symbols=len(vocabulary)),
            InputSpec(1, self.sequence_length, vocabulary=vocabulary, documents=documents),
            Language(grammar, self._test_max_n),
        )

    def fresh_sequences(self, count: int, seed: int, epoch: int) -> None:
        """Return None: the words are the same in every epoch."""

    @property
    def _grammar(self) -> "Grammar":
        # Imported here, so that training on other data starts faster.
        from rnncli.datasets.grammars import GRAMMARS

        return GRAMMARS[self.grammar]

    @property
    def _test_max_n(self) -> int:
        if self.test_max_n is not None:
            return self.test_max_n
        is_counting = self._grammar.is_counting
        return min(_TEST_FACTOR * self.max_n, _MAX_N) if is_counting else self.max_n

    def _test_words(self, seed: int) -> list[str]:
        grammar, max_n = self._grammar, self._test_max_n
        if not grammar.is_counting:
            return self._draw(_NUM_TEST_WORDS, max_n, generator(seed, "data", 2**31))
        self._check_memory(max_n, grammar.symbols_per_n * max_n * (max_n + 1) // 2)
        return [grammar.word_of(n) for n in range(1, max_n + 1)]

    def _draw(self, count: int, max_n: int, rng: np.random.Generator) -> list[str]:
        """Draw words, after a check of the memory that they all take."""
        grammar = self._grammar
        words = (grammar.draw(rng, max_n) for _ in range(count))
        first = list(islice(words, _NUM_FIRST_WORDS))
        self._check_memory(count, sum(map(len, first)) * count // len(first))
        return [*first, *words]

    def _check_memory(self, num_words: int, num_symbols: int) -> None:
        require_memory(
            num_words * _BYTES_PER_WORD + num_symbols * _BYTES_PER_SYMBOL,
            f"data: {num_words} words of the grammar {self.grammar}",
            "lower data.num_samples, data.max_n or data.test_max_n",
        )

    def _text(self, words: list[str], vocabulary: Vocabulary) -> Text:
        """Return words as documents, or as a stream."""
        source = f"grammar {self.grammar}"
        line_end = vocabulary.index(LINE_END)
        if line_end is None:
            return Text(vocabulary.encode("".join(words)).astype(np.uint16), source)
        return text_of_documents([vocabulary.encode(word) for word in words], line_end, source)
