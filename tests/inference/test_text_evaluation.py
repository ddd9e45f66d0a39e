"""The score of a language model on a text, beside n-grams."""

from math import exp, log

import numpy as np
import pytest

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.datasets.text import Text, text_of_documents
from rnncli.datasets.vocabulary import Unit, Vocabulary
from rnncli.inference.model import Model
from rnncli.inference.ngrams import witten_bell_losses
from rnncli.inference.text_evaluation import evaluate_text
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import GRU
from rnncli.nn.network import Network

NUM_SYMBOLS = 6
RNG = np.random.default_rng(0)


def model_of(unit: Unit = "char") -> Model:
    architecture = Architecture(
        cell=GRU(), hidden_size=5, embedding_size=3, output="every_step", dtype="float64"
    )
    network = Network(architecture, NUM_SYMBOLS, NUM_SYMBOLS).initialize(np.random.default_rng(1))
    vocabulary = Vocabulary(tuple("\nabcde"), unit)
    task = Task("next_symbol", num_symbols=NUM_SYMBOLS)
    return Model(network, task, None, InputSpec(1, 7, vocabulary=vocabulary))


def losses(model: Model, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss of each symbol but the first, and whether it is the likeliest one."""
    unrolled = model.network.unroll(len(symbols) - 1, 1)
    z = unrolled.forward(Batch(symbols[np.newaxis, :-1, np.newaxis].astype(np.intp)))
    z -= np.log(np.exp(z).sum(axis=0))
    return -z[symbols[1:], np.arange(len(symbols) - 1)], z.argmax(axis=0) == symbols[1:]


def test_a_short_stream_is_scored_in_one_pass() -> None:
    symbols = RNG.integers(NUM_SYMBOLS, size=50).astype(np.uint16)
    report = evaluate_text(model_of(), Text(symbols, "x"))
    expected, is_right = losses(model_of(), symbols)
    assert report.num_samples == 49
    assert report.metrics["loss"] == pytest.approx(expected.mean(), rel=1e-12)
    assert report.metrics["bits_per_character"] == pytest.approx(expected.mean() / log(2))
    assert report.metrics["accuracy"] == is_right.mean()
    assert report.baselines == {}


def test_a_long_stream_is_scored_nearly_as_in_one_pass() -> None:
    symbols = RNG.integers(NUM_SYMBOLS, size=4000).astype(np.uint16)
    report = evaluate_text(model_of(), Text(symbols, "x"))
    assert report.num_samples == 3999
    assert report.metrics["loss"] == pytest.approx(losses(model_of(), symbols)[0].mean(), rel=1e-3)


def test_each_document_is_scored_from_its_own_begin() -> None:
    documents = [RNG.integers(1, NUM_SYMBOLS, size=n) for n in (3, 1, 20, 8, 5)]
    report = evaluate_text(model_of(), text_of_documents(documents, 0, "x"))
    expected = np.concatenate([losses(model_of(), np.array([0, *d, 0]))[0] for d in documents])
    assert report.num_samples == len(expected) == 42
    assert report.metrics["loss"] == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize("unit", ["char", "word"])
def test_the_baselines_are_ngrams_of_the_training_text(unit: Unit) -> None:
    train = np.tile([1, 2, 3, 4, 5, 0], 60).astype(np.uint16)
    symbols = train[:80]
    report = evaluate_text(model_of(unit), Text(symbols, "x"), Text(train, "y"))
    orders = witten_bell_losses(train[1:], symbols[1:], NUM_SYMBOLS, 6 if unit == "char" else 3)
    best = int(orders.argmin())
    unigram, ngram = report.baseline["unigram"], report.baseline["ngram"]
    assert (unigram["order"], ngram["order"]) == (1, best + 1)
    assert (unigram["loss"], ngram["loss"]) == (orders[0], orders[best])
    name, figure = ("bits_per_character", orders[best] / log(2))
    if unit == "word":
        name, figure = "perplexity", exp(orders[best])
    assert ngram[name] == pytest.approx(figure)


def test_the_ngrams_of_documents_follow_one_another() -> None:
    documents = [RNG.integers(1, NUM_SYMBOLS, size=n) for n in (3, 1, 20, 8, 5)]
    text = text_of_documents(documents, 0, "x")
    everything = text.predicted(10**6)
    np.testing.assert_array_equal(everything, text.symbols[1:])
    np.testing.assert_array_equal(text.predicted(20), text.symbols[-15:])
    np.testing.assert_array_equal(text.take(np.array([1, 4])).predicted(99), [
        *documents[1], 0, *documents[4], 0
    ])  # fmt: skip
    np.testing.assert_array_equal(Text(text.symbols, "x").predicted(9), text.symbols[-9:])
