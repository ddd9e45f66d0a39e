"""Text from a language model: drawn from its probabilities, with its state carried along."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.datasets.text import DocumentKind
from rnncli.datasets.vocabulary import UNKNOWN, Unit, Vocabulary
from rnncli.errors import InputError
from rnncli.inference.model import Model
from rnncli.inference.sampling import Sampler, short_text
from rnncli.inference.symbol_choice import Choice
from rnncli.nn.architecture import Architecture
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.network import Network

SYMBOLS = ("\n", "a", "b", "c", "d")


def model_of(
    cell: str = "lstm",
    documents: DocumentKind = "stream",
    symbols: tuple[str, ...] = SYMBOLS,
    unit: Unit = "char",
) -> Model:
    """Return a model with large random weights, which prefers some symbols to others."""
    architecture = Architecture(
        cell=CELLS[cell](),
        hidden_size=6,
        num_layers=2,
        embedding_size=3,
        output="every_step",
        dtype="float64",
    )
    network = Network(architecture, len(symbols), len(symbols)).initialize(np.random.default_rng(1))
    network.parameters[...] *= 2
    spec = InputSpec(1, 8, vocabulary=Vocabulary(symbols, unit), documents=documents)
    return Model(network, Task("next_symbol", num_symbols=len(symbols)), None, spec)


def log_probabilities(model: Model, symbols: np.ndarray) -> np.ndarray:
    """Return the logarithms of the probabilities (L, V) after each symbol of a text."""
    unrolled = model.network.unroll(len(symbols), 1)
    z = unrolled.forward(Batch(symbols[np.newaxis, :, np.newaxis]))
    z = z - z.max(axis=0)
    return (z - np.log(np.exp(z).sum(axis=0))).T


@pytest.mark.parametrize("cell", CELLS)
def test_the_likeliest_text_is_that_of_one_pass_over_it(cell: str) -> None:
    """The state is carried from symbol to symbol exactly: nothing is read twice."""
    model = model_of(cell)
    (text,) = model.sample(100, prime="abca" * 20, temperature=0)
    assert model.input_spec.vocabulary is not None
    symbols = model.input_spec.vocabulary.encode("abca" * 20 + text)
    likeliest = log_probabilities(model, symbols).argmax(axis=1)
    np.testing.assert_array_equal(likeliest[79:-1], symbols[80:])


@pytest.mark.parametrize("length", [1, 64, 130])
@pytest.mark.parametrize("documents", ["stream", "lines"])
def test_the_probability_of_a_text_is_that_of_one_pass_over_it(
    documents: DocumentKind, length: int
) -> None:
    model = model_of(documents=documents)
    sampler = Sampler(model, Choice(temperature=1.5, top_k=4), 20, 3, "ab")
    assert len(list(sampler.steps(length))) <= length
    assert model.input_spec.vocabulary is not None
    for sample in sampler.samples():
        has_ended = documents == "lines" and len(sample.symbols) < length
        end = "\n" * has_ended
        before = "\nab" if documents == "lines" else "ab"
        symbols = model.input_spec.vocabulary.encode(before + sample.text + end)
        logarithms = log_probabilities(model, symbols)[np.arange(len(symbols) - 1), symbols[1:]]
        expected = logarithms[len(before) - 1 :].sum()
        assert sample.log_probability == pytest.approx(expected, rel=1e-12)
        assert "\n" not in sample.text or documents == "stream"


def test_symbols_are_drawn_with_their_probabilities() -> None:
    logits = np.log([0.5, 0.3, 0.15, 0.05])[:, np.newaxis]
    uniform = (np.arange(10_000) + 0.5) / 10_000

    def shares(choice: Choice) -> list[float]:
        drawn = choice.draw(np.repeat(logits, len(uniform), axis=1), uniform)
        return [round(float((drawn == symbol).mean()), 3) for symbol in range(4)]

    assert shares(Choice()) == [0.5, 0.3, 0.15, 0.05]
    assert shares(Choice(top_k=2)) == [0.625, 0.375, 0, 0]
    assert shares(Choice(top_p=0.79)) == [0.625, 0.375, 0, 0]
    assert shares(Choice(top_p=0.81)) == [0.526, 0.316, 0.158, 0]
    assert shares(Choice(temperature=0)) == shares(Choice(top_k=1)) == [1, 0, 0, 0]
    squares = np.array([0.25, 0.09, 0.0225, 0.0025])
    assert shares(Choice(temperature=0.5)) == pytest.approx(squares / squares.sum(), abs=1e-3)
    assert shares(Choice(temperature=2))[3] > 0.05


@given(
    logits=st.lists(st.floats(-50, 50), min_size=2, max_size=6),
    uniform=st.floats(0, 1, exclude_max=True),
    temperature=st.floats(0.01, 100),
    top_k=st.none() | st.integers(1, 8),
    top_p=st.none() | st.floats(1e-6, 1),
)
def test_only_allowed_symbols_are_drawn(
    logits: list[float],
    uniform: float,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
) -> None:
    column = np.array(logits)[:, np.newaxis]
    (drawn,) = Choice(temperature, top_k, top_p).draw(column, np.array([uniform]))
    weights = np.exp((column[:, 0] - column.max()) / temperature)
    higher = sum(weight > weights[drawn] for weight in weights)
    assert 0 <= drawn < len(logits)
    assert top_k is None or higher < top_k


def test_samples_repeat_with_the_seed_and_do_not_depend_on_their_number() -> None:
    model = model_of()
    three = model.sample(60, num_samples=3, seed=5)
    assert len(set(three)) == 3
    assert model.sample(60, num_samples=2, seed=5) == three[:2]
    assert model.sample(60, seed=6)[0] not in three


def test_lines_end_where_the_model_ends_them_and_texts_at_their_length() -> None:
    lines = model_of(documents="lines").sample(500, num_samples=50)
    assert len(Counter(map(len, lines))) > 3
    assert not any("\n" in line for line in lines)
    assert {len(text) for text in model_of().sample(37, num_samples=3)} == {37}
    assert short_text(model_of(documents="lines"), 0).count("\n") == 4


def test_the_unknown_symbol_is_never_drawn() -> None:
    model = model_of(symbols=(UNKNOWN, "\n", "a", "b"))
    assert UNKNOWN not in "".join(model.sample(300, num_samples=4, temperature=5))
    assert len(model.sample(5, prime="xyz")[0]) == 5


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"temperature": -1.0}, "temperature: -1.0 is out of range; a finite number of at least 0"),
        ({"temperature": float("inf")}, "temperature: inf is out of range; a finite"),
        ({"temperature": "x"}, "temperature: 'x' is not a number"),
        ({"num_samples": 0}, "num_samples: 0 is out of range; at least 1"),
        ({"num_samples": 2.5}, "num_samples: 2.5 is not a whole number"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"prime": b"a"}, "prime: b'a' is not a text"),
        ({"top_k": 2.5}, "top-k: 2.5 is not a whole number"),
        ({"temperature": float("nan")}, "temperature: nan is out of range"),
        ({"top_k": 0}, "top-k: 0 is out of range; at least 1"),
        ({"top_p": 0.0}, "top-p: 0 is out of range; above 0"),
        ({"top_p": 1.5}, "top-p: 1.5 is out of range"),
        ({"prime": "xa"}, "prime: 'x' is not in the vocabulary"),
    ],
)
def test_what_cannot_be_sampled_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_of().sample(5, **keys)


def test_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="length: 0 is out of range"):
        model_of().sample(0)


def test_a_tiny_temperature_is_like_none() -> None:
    model = model_of()
    model.network.views.head[...] = model.network.views.head.astype("f")
    assert model.sample(40, temperature=5e-324) == model.sample(40, temperature=0)


def test_words_follow_a_prime_after_a_space() -> None:
    model = model_of(symbols=("\n", ",", "cat", "dog", "the"), unit="word")
    for seed in range(5):
        (text,) = model.sample(3, prime="the cat", temperature=3, seed=seed)
        assert text[0] in " \n,"
        (text,) = model.sample(3, prime="the cat ", temperature=3, seed=seed)
        assert text[0] != " "


def test_a_prime_of_several_lines_is_refused_for_lines() -> None:
    with pytest.raises(InputError, match="prime: has a line end"):
        model_of(documents="lines").sample(5, prime="a\nb")


def test_weights_that_overflow_are_refused() -> None:
    model = model_of()
    model.network.views.head[...] = 1e308
    with pytest.raises(InputError, match="not finite"):
        model.sample(200)
