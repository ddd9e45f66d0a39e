"""Text from a language model, symbol by symbol, with a state that is carried along."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnncli.blas import one_thread
from rnncli.datasets.slices import slices
from rnncli.datasets.vocabulary import LINE_END, Unit, Vocabulary, join_symbols
from rnncli.errors import InputError
from rnncli.inference.model import Model, check_finite
from rnncli.inference.stepper import Stepper
from rnncli.inference.symbol_choice import Choice, check_whole
from rnncli.nn.arrays import Array
from rnncli.nn.batch import Batch, State
from rnncli.nn.objective import UnrolledPool
from rnncli.random_streams import generator

# The time steps of the windows in which the symbols that are given first are read.
_WINDOW = 64
# Numbers are drawn for so many symbols at once, which is faster than one by one.
_DRAWN_AT_ONCE = 256
# The probabilities of the symbols are added up whenever so many were drawn.
_LOGITS_KEPT = 64
# The symbols of a short text, and the number of documents where these are lines.
_SHORT_LENGTHS: dict[Unit, int] = {"char": 150, "word": 40}
_SHORT_DOCUMENTS = 5


@dataclass(frozen=True)
class Sample:
    """A text from a language model.

    Attributes
    ----------
    text : str
        The text, without the prime.
    prime : str
        The text that was given first.
    log_probability : float
        The logarithm of the probability that the model gives to the text, in nats; the choice of
        the symbols does not affect it.
    symbols : array (L,)
        The symbols of the text; without the line end after a document.
    """

    text: str
    prime: str
    log_probability: float
    symbols: Array


class Sampler:
    """Samples of a language model, all generated at once.

    Of a model of lines, each is a document, which ends where the model ends it.

    Parameters
    ----------
    model : Model
        A language model.
    choice : Choice
        How symbols are chosen. The unknown symbol never is.
    num_samples, seed : int
        M, and the seed of the random numbers.
    prime : str
        The text that precedes all samples.

    Attributes
    ----------
    is_finished : array (M,)
        Whether a sample, which is a document, has ended.

    Raises
    ------
    InputError
        The model is not a language model, or the prime has a symbol that it does not know.
    """

    def __init__(
        self, model: Model, choice: Choice, num_samples: int, seed: int, prime: str = ""
    ) -> None:
        if not isinstance(prime, str):
            raise InputError(f"prime: {prime!r} is not a text")
        check_whole("num_samples", num_samples, 1)
        check_whole("seed", seed, 0)
        self.vocabulary = vocabulary_of_language_model(model)
        self.choice, self.prime = choice, prime
        self.seed, self.num_samples, self.network = seed, num_samples, model.network
        self.has_lines = model.input_spec.documents == "lines"
        self.line_end = self.vocabulary.index(LINE_END) if self.has_lines else None
        self.first_symbols = self._first_symbols()
        self.is_finished = np.zeros(num_samples, bool)
        self.drawn: list[Array] = []
        self.log_probabilities = np.zeros(num_samples)
        # The logits of the last symbols, and which documents had ended before them.
        self._logits: list[Array] = []
        self._had_ended = np.zeros(num_samples, bool)

    def steps(self, max_length: int) -> Iterator[Array]:
        """Yield the next symbol (M,) of every sample, until all are finished or long enough.

        What follows the end of a document means nothing.
        """
        check_whole("length", max_length, 1)
        numbers = self._uniform_numbers()
        with one_thread(), np.errstate(over="ignore", invalid="ignore"):
            logits, state = self._read(self.first_symbols)
            stepper = Stepper(self.network, state)
            while True:
                if self.vocabulary.has_unknown:
                    logits[0] = -np.inf
                symbols = self.choice.draw(logits, next(numbers))
                self._add(symbols, logits)
                yield symbols
                if len(self.drawn) >= max_length or (self.has_lines and self.is_finished.all()):
                    break
                logits = stepper.step(symbols[:, np.newaxis, np.newaxis])
            self._add_probabilities()

    def samples(self) -> list[Sample]:
        """Return all samples as far as they have been generated."""
        rows = np.array(self.drawn, np.intp).reshape(-1, self.num_samples).T
        ends = [self._end(row) for row in rows]
        return [
            Sample(self._text_of(row[:end]), self.prime, probability, row[:end])
            for row, end, probability in zip(
                rows, ends, self.log_probabilities.tolist(), strict=True
            )
        ]

    @property
    def symbol_before(self) -> str:
        """The symbol before the first one that is drawn, which decides about a space."""
        if not self.prime or self.prime[-1].isspace():
            return LINE_END
        return self.vocabulary.symbols[int(self.first_symbols[-1])]

    def _text_of(self, symbols: Array) -> str:
        texts = (self.vocabulary.symbols[index] for index in symbols)
        return "".join(join_symbols(texts, self.vocabulary.unit, self.symbol_before))

    def _end(self, symbols: Array) -> int:
        """Return how many symbols come before the end of the document."""
        ends = np.flatnonzero(symbols == self.line_end).tolist() if self.has_lines else []
        return int(min(ends, default=len(symbols)))

    def _add(self, symbols: Array, logits: Array) -> None:
        self.drawn.append(symbols)
        self._logits.append(logits)
        if self.has_lines:
            self.is_finished = self.is_finished | (symbols == self.line_end)
        if len(self._logits) == _LOGITS_KEPT:
            self._add_probabilities()

    def _add_probabilities(self) -> None:
        """Add the logarithms of the probabilities of the last symbols, several at once."""
        if not self._logits:
            return
        logits: Array = np.array(self._logits)
        symbols: Array = np.array(self.drawn[-len(logits) :])
        self._logits.clear()
        check_finite(logits[:, self.vocabulary.has_unknown :])
        logits -= logits.max(axis=1, keepdims=True)
        log_sums = np.log(np.exp(logits).sum(axis=1))
        chosen = np.take_along_axis(logits, symbols[:, np.newaxis], axis=1)[:, 0] - log_sums
        if self.has_lines:
            # The end of a document counts, what follows it does not.
            is_end = symbols == self.line_end
            chosen[(np.cumsum(is_end, axis=0) > is_end) | self._had_ended] = 0
            self._had_ended = self.is_finished
        self.log_probabilities += chosen.sum(axis=0)

    def _first_symbols(self) -> Array:
        """Return the symbols (L,) that are read before the first one is drawn."""
        try:
            prime = self.vocabulary.encode(self.prime)
        except ValueError as problem:
            raise InputError(f"prime: {problem}; a text of its symbols was expected") from None
        if self.has_lines and (prime == self.line_end).any():
            raise InputError("prime: has a line end, but the model's documents are single lines")
        start = self.vocabulary.index(LINE_END)
        if self.has_lines or not len(prime):
            if start is None:
                start = int(generator(self.seed, "sample").integers(len(self.vocabulary)))
            prime = np.concatenate([[start], prime])
        return prime

    def _read(self, symbols: Array) -> tuple[Array, State]:
        """Return the logits (V, M) and the states after symbols (L,) that all samples share."""
        pool, state = UnrolledPool(self.network), self.network.zero_state(1)
        for window in slices(len(symbols), _WINDOW):
            x = symbols[np.newaxis, window, np.newaxis]
            unrolled = pool.get(x.shape[1], 1)
            logits = unrolled.forward(Batch(x, initial_state=state))[:, -1:]
            state = unrolled.final_state()
        shared = [
            {name: np.repeat(values, self.num_samples, axis=1) for name, values in cell.items()}
            for cell in state
        ]
        return np.repeat(logits, self.num_samples, axis=1), shared

    def _uniform_numbers(self) -> Iterator[Array]:
        """Yield random numbers (M,) from 0 to 1; sample m has its own stream of them."""
        streams = [generator(self.seed, "sample", 1 + m) for m in range(self.num_samples)]
        while True:
            yield from np.array([stream.random(_DRAWN_AT_ONCE) for stream in streams]).T


def vocabulary_of_language_model(model: Model) -> Vocabulary:
    """Return the vocabulary of a language model.

    Raises
    ------
    InputError
        The model is not a language model.
    """
    vocabulary = model.input_spec.vocabulary
    if vocabulary is None or not model.task.is_language_model:
        raise InputError(
            f"the model predicts {'values' if model.task.kind == 'regression' else 'labels'}; a "
            "language model, trained on data of kind text or grammar, was expected"
        )
    return vocabulary


def short_text(model: Model, seed: int) -> str:
    """Return a few lines of text, to show what a model has learned so far."""
    has_lines = model.input_spec.documents == "lines"
    unit = vocabulary_of_language_model(model).unit
    sampler = Sampler(model, Choice(), _SHORT_DOCUMENTS if has_lines else 1, seed)
    for _ in sampler.steps(_SHORT_LENGTHS[unit]):
        pass
    return "\n".join(sample.text for sample in sampler.samples())
