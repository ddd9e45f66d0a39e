"""Words of a grammar as a data set: splits, documents, the seed and the memory budget."""

from typing import get_args

import numpy as np
import pytest

from rnncli.config.reading import config_from
from rnncli.datasets.grammar_data import GrammarName, GrammarWords
from rnncli.datasets.grammars import GRAMMARS
from rnncli.datasets.text import Text
from rnncli.errors import InputError

NAMES = get_args(GrammarName)


def words(data: GrammarWords, split: str, seed: int = 0) -> list[str]:
    """Return the documents of a split; of a stream, all of it."""
    data_set = data.read(seed)
    text, vocabulary = getattr(data_set.splits, split), data_set.input_spec.vocabulary
    assert isinstance(text, Text)
    assert vocabulary is not None
    if text.starts is None:
        return [vocabulary.decode(text.symbols)]
    documents = [
        vocabulary.decode(text.symbols[start : start + length + 1])
        for start, length in zip(text.starts, text.lengths, strict=True)
    ]
    assert all(document[0] == document[-1] == "\n" for document in documents)
    return [document[1:-1] for document in documents]


def test_every_grammar_is_offered() -> None:
    assert set(NAMES) == set(GRAMMARS)


@pytest.mark.parametrize("name", NAMES)
def test_all_splits_are_words_of_the_grammar(name: GrammarName) -> None:
    data = GrammarWords(grammar=name, num_samples=50, max_n=3)
    language = data.read(0).language
    assert language is not None
    assert language.grammar is GRAMMARS[name]
    for split in ("train", "validation", "test"):
        for word in words(data, split):
            max_n = 3 if split != "test" else language.max_n
            assert GRAMMARS[name].entropy(word, max_n) >= 0


@pytest.mark.parametrize(
    ("fraction", "num_validation"), [(0.1, 5), (0.5, 25), (0.001, 1), (0.999, 49)]
)
def test_a_fraction_of_the_words_is_for_validation(fraction: float, num_validation: int) -> None:
    data = GrammarWords(grammar="reber", num_samples=50, validation_fraction=fraction)
    everything = words(
        GrammarWords(grammar="reber", num_samples=50, validation_fraction=0), "train"
    )
    assert len(everything) == 50
    assert words(data, "train") == everything[: 50 - num_validation]
    assert words(data, "validation") == everything[50 - num_validation :]


def test_without_a_fraction_there_is_no_validation() -> None:
    data = GrammarWords(grammar="reber", num_samples=2, validation_fraction=0)
    assert data.read(0).splits.validation is None


def test_a_stream_has_no_line_ends_and_no_documents() -> None:
    data = GrammarWords(grammar="continual_reber", num_samples=50)
    data_set = data.read(0)
    assert data_set.input_spec.documents == "stream"
    assert data_set.input_spec.vocabulary is not None
    assert data_set.input_spec.vocabulary.symbols == tuple("BEPSTVX")
    assert words(data, "train")[0].count("BTBT") > 0
    assert words(data, "train")[0].startswith(("BTB", "BPB"))
    # The same random numbers give the same words with and without line ends.
    separate = GrammarWords(grammar="embedded_reber", num_samples=50)
    for split in ("train", "validation", "test"):
        assert words(data, split) == ["".join(words(separate, split))]


@pytest.mark.parametrize("name", NAMES)
def test_the_words_depend_on_the_seed_only(name: GrammarName) -> None:
    data = GrammarWords(grammar=name, num_samples=200)
    assert data.read(3).splits.sha256 == data.read(3).splits.sha256
    assert data.read(3).splits.sha256 != data.read(4).splits.sha256


def test_the_test_words_are_fresh_and_do_not_depend_on_the_number_of_words() -> None:
    data = GrammarWords(grammar="embedded_reber", num_samples=300)
    test = words(data, "test")
    assert len(test) == 200
    assert test != words(data, "train")[:200]
    assert test == words(GrammarWords(grammar="embedded_reber", num_samples=10), "test")


@pytest.mark.parametrize(
    ("name", "max_n", "test_max_n", "longest"),
    [
        ("anbn", 3, None, 30),
        ("anbncn", 2, 7, 7),
        ("anbncn", 300, None, 2000),
        ("dyck1", 4, None, 4),
        ("dyck2", 1, 5, 5),
    ],
)
def test_the_size_of_test_words(
    name: GrammarName, max_n: int, test_max_n: int | None, longest: int
) -> None:
    data = GrammarWords(grammar=name, num_samples=100, max_n=max_n, test_max_n=test_max_n)
    grammar, language = GRAMMARS[name], data.read(0).language
    assert language is not None
    assert language.max_n == longest
    train = [len(word) // grammar.symbols_per_n for word in words(data, "train")]
    test = [len(word) // grammar.symbols_per_n for word in words(data, "test")]
    assert max(train) <= max_n
    if grammar.is_counting:
        assert test == list(range(1, longest + 1))
    else:
        assert (len(test), max(test)) == (200, longest)


def test_brackets_have_no_word_of_an_n() -> None:
    assert GRAMMARS["anbncn"].word_of(2) == "aabbcc"
    with pytest.raises(ValueError, match="several words"):
        GRAMMARS["dyck1"].word_of(2)


@pytest.mark.parametrize(
    "data",
    [
        GrammarWords(grammar="reber", num_samples=10**9),
        GrammarWords(grammar="anbncn", num_samples=10_000, max_n=2000, test_max_n=1),
        GrammarWords(grammar="anbncn", num_samples=10, test_max_n=2000),
    ],
)
def test_the_memory_is_checked_before_all_words_are_drawn(
    data: GrammarWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.memory.memory_in_use", lambda: 0)
    monkeypatch.setenv("RNN_MAX_MEMORY", "100M")
    with pytest.raises(InputError, match=r"data: \d+ words of the grammar .* needs at least"):
        data.read(0)


def test_the_defaults_are_a_small_language_model() -> None:
    config = config_from({"data": {"kind": "grammar", "grammar": "reber"}})
    assert config.model.predicts_every_step
    assert config.model.embedding_size is not None
    assert config.model.hidden_size < 32
    assert config.data.fresh_sequences(10, 0, 1) is None


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({}, "data.grammar"),
        ({"grammar": "rebber"}, "did you mean 'reber'"),
        ({"grammar": "anbn", "max_n": 0}, "data.max_n"),
        ({"grammar": "anbn", "test_max_n": 2001}, "data.test_max_n"),
        ({"grammar": "anbn", "num_samples": 1}, "data.num_samples"),
    ],
)
def test_mistakes_in_the_section(tree: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        config_from({"data": {"kind": "grammar"} | tree})


def test_a_text_of_documents_predicts_every_end() -> None:
    text = GrammarWords(grammar="anbn", num_samples=10, max_n=1).read(0).splits.train
    assert isinstance(text, Text)
    assert len(text) == 9 * 3
    np.testing.assert_array_equal(text.predicted(100), np.tile([1, 2, 0], 9))
