"""Metrics of a language model beside the true grammar, checked against predictions by hand."""

import json
from math import isclose, log
from pathlib import Path

import numpy as np
import pytest
from conftest import Command

from rnncli.datasets.grammar_data import GrammarName, GrammarWords
from rnncli.datasets.grammars import GRAMMARS, Language
from rnncli.datasets.text import Text, text_of_documents
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.errors import InputError
from rnncli.inference.grammar_metrics import grammar_metrics
from rnncli.nn.arrays import Array


def vocabulary_of(name: GrammarName) -> Vocabulary:
    vocabulary = GrammarWords(grammar=name).read(0).input_spec.vocabulary
    assert vocabulary is not None
    return vocabulary


def metrics_of(
    name: GrammarName, predictions: dict[str, str], max_n: int = 5, loss: float = 1.0
) -> dict[str, float]:
    """Return the metrics of words, each with the symbols predicted at its positions and its end.

    A "." is the end.
    """
    vocabulary = vocabulary_of(name)
    text = text_of_documents([vocabulary.encode(word) for word in predictions], 0, "words")
    predicted = np.zeros(len(text.symbols), np.intp)
    assert text.starts is not None
    for start, (word, symbols) in zip(text.starts, predictions.items(), strict=True):
        assert len(symbols) == len(word) + 1
        places = slice(start + 1, start + 2 + len(word))
        predicted[places] = vocabulary.encode(symbols.replace(".", "\n"))
    return grammar_metrics(Language(GRAMMARS[name], max_n), text, vocabulary, predicted, loss)


def stream_metrics(stream: str, predicted: str) -> dict[str, float]:
    """Return the metrics of a continual stream, whose first symbol is not predicted."""
    vocabulary = vocabulary_of("continual_reber")
    text = Text(vocabulary.encode(stream).astype(np.uint16), "stream")
    guesses: Array = np.append(0, vocabulary.encode(predicted))
    language = Language(GRAMMARS["continual_reber"], 1)
    return grammar_metrics(language, text, vocabulary, guesses, 1.0)


def test_entropy_is_that_of_the_grammar_on_the_same_words() -> None:
    words = {"aabb": "aabb.", "ab": "ab."}
    metrics = metrics_of("anbn", words, max_n=4, loss=2.0)
    assert isclose(metrics["entropy"], 2 * log(4) / 8)
    assert isclose(metrics["loss_above_entropy"], 2 - 2 * log(4) / 8)
    # The words may be larger than those that the model is tested on by default.
    assert isclose(metrics_of("anbn", words, max_n=1)["entropy"], 2 * log(2) / 8)


def test_the_entropy_of_a_stream_is_per_prediction() -> None:
    stream = "BTBTXSETEBPBPVVEPE"
    metrics = stream_metrics(stream, stream[1:])
    # There are four choices between two equally likely symbols in each of the two strings.
    assert isclose(metrics["entropy"], 8 * log(2) / 17)


def test_predictions_are_legal_if_their_true_probability_is_not_zero() -> None:
    assert metrics_of("reber", {"BTXSE": "BPSXE."})["legal_accuracy"] == 1
    assert metrics_of("reber", {"BTXSE": "BBSXE."})["legal_accuracy"] == 5 / 6
    assert metrics_of("reber", {"BTXSE": "......"})["legal_accuracy"] == 1 / 6
    assert metrics_of("reber", {"BTXSE": "BTXSEE"})["legal_accuracy"] == 5 / 6
    assert metrics_of("dyck2", {"[()]": "([)]."})["legal_accuracy"] == 1
    assert metrics_of("dyck2", {"[()]": "()])]"})["legal_accuracy"] == 1 / 5


def test_the_first_symbol_of_a_stream_is_not_counted() -> None:
    stream = "BTBTXSETEBP"
    assert stream_metrics(stream, stream[1:])["legal_accuracy"] == 1
    assert stream_metrics(stream, "P" + stream[2:])["legal_accuracy"] == 1
    assert stream_metrics(stream, "B" + stream[2:])["legal_accuracy"] == 0.9


def test_memory_is_whether_the_outer_symbol_is_repeated() -> None:
    right, wrong = "BTBTXSETE.", "BTBTXSEPE."
    assert metrics_of("embedded_reber", {"BTBTXSETE": right})["memory_accuracy"] == 1
    # Right or wrong guesses of the outer symbol at the beginning do not matter.
    assert metrics_of("embedded_reber", {"BTBTXSETE": "BPBPSXETE."})["memory_accuracy"] == 1
    metrics = metrics_of("embedded_reber", {"BTBTXSETE": wrong})
    assert (metrics["memory_accuracy"], metrics["legal_accuracy"]) == (0, 0.9)
    both = {"BTBTXSETE": right, "BPBTXSEPE": "BPBTXSETE."}
    assert metrics_of("embedded_reber", both)["memory_accuracy"] == 0.5
    assert stream_metrics("BTBTXSETEBPBTXSEPE", "TBTXSETEBPBTXSETE")["memory_accuracy"] == 0.5


def test_only_embedded_strings_have_a_memory_and_only_counting_languages_a_longest_n() -> None:
    assert {"memory_accuracy", "longest_n"}.isdisjoint(metrics_of("reber", {"BTXSE": "BTXSE."}))
    assert {"memory_accuracy", "longest_n"}.isdisjoint(metrics_of("dyck1", {"()": "()."}))
    assert "memory_accuracy" not in metrics_of("anbn", {"ab": "ab."})
    assert "longest_n" not in metrics_of("embedded_reber", {"BTBTXSETE": "BTBTXSETE."})


@pytest.mark.parametrize(
    ("third", "longest"),
    [
        ("aaabbbccc.", 3),
        ("aaaabbccc.", 3),  # No model can know where the first b comes.
        ("abbbbbccc.", 3),
        ("aaabbbbcc.", 2),
        ("aaabbcccc.", 2),
        ("aaabbbccc" + "c", 2),
        ("aaacbbccc.", 2),
        ("baabbbccc.", 2),
    ],
)
def test_longest_n_is_that_before_the_first_word_with_an_illegal_prediction(
    third: str, longest: int
) -> None:
    words = {"abc": "abc.", "aaabbbccc": third, "aabbcc": "aabbcc."}
    assert metrics_of("anbncn", words, max_n=3)["longest_n"] == longest
    # A right prediction of a larger word does not make up for it.
    words["a" * 4 + "b" * 4 + "c" * 4] = "aaaabbbbcccc."
    expected = 4 if longest == 3 else longest
    assert metrics_of("anbncn", words, max_n=3)["longest_n"] == expected


def test_longest_n_is_0_if_the_smallest_word_is_wrong() -> None:
    assert metrics_of("anbn", {"ab": "aba", "aabb": "aabb."})["longest_n"] == 0


def test_n_has_no_bound_for_legal_predictions() -> None:
    assert metrics_of("anbn", {"aabb": "aaab."}, max_n=2)["longest_n"] == 2


@pytest.mark.parametrize("documents", [["abb"], ["ab", "aabbb"], ["ab", "aab"]])
def test_what_is_no_word_is_an_error_with_its_line(documents: list[str]) -> None:
    words = {word: word + "." for word in documents}
    with pytest.raises(
        InputError, match=rf"words: line {len(documents)}: position \d: .* expected"
    ):
        metrics_of("anbn", words)


def test_a_stream_that_is_no_word_is_an_error() -> None:
    with pytest.raises(InputError, match="^stream: position 1: 'B' where 'T' or 'P'"):
        stream_metrics("BB", "T")


CONFIG = """
data: {kind: grammar, grammar: GRAMMAR, num_samples: 40, max_n: 2, test_max_n: 3}
model: {hidden_size: 4, embedding_size: 3}
training: {num_epochs: 1}
"""
METRICS = ("loss", "bits_per_character", "accuracy", "entropy", "loss_above_entropy")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("reber", []),
        ("embedded_reber", ["memory_accuracy"]),
        ("continual_reber", ["memory_accuracy"]),
        ("anbn", ["longest_n"]),
        ("dyck2", []),
    ],
)
def test_evaluate_reports_them(rnn: Command, here: Path, name: GrammarName, own: list[str]) -> None:
    (here / "c.yaml").write_text(CONFIG.replace("GRAMMAR", name))
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    report = json.loads(rnn("evaluate", "-w", "latest", "--json").out)
    metrics = report["metrics"]
    assert list(metrics) == [*METRICS, "legal_accuracy", *own]
    assert isclose(metrics["loss_above_entropy"], metrics["loss"] - metrics["entropy"])
    assert 0 < metrics["entropy"] < min(m["loss"] for m in report["baselines"].values())
    data_set = GrammarWords(grammar=name, max_n=2, test_max_n=3).read(0)
    assert isinstance(data_set.splits.test, Text)
    assert report["num_samples"] == len(data_set.splits.test)
    table = rnn("evaluate", "-w", "latest").out
    shown = " ".join(table.split())
    assert f"legal_accuracy {100 * metrics['legal_accuracy']:.2f} %" in shown
    assert all(f" {key} " in shown for key in metrics)


def test_evaluate_takes_words_from_a_file(rnn: Command, here: Path) -> None:
    (here / "c.yaml").write_text(CONFIG.replace("GRAMMAR", "anbn"))
    assert rnn("train", "-q", "-c", "c.yaml").code == 0
    (here / "words.txt").write_text("ab\naaaabbbb\n")
    report = json.loads(rnn("evaluate", "-w", "latest", "-i", "words.txt", "--json").out)
    assert isclose(report["metrics"]["entropy"], 2 * log(4) / 12)
    (here / "words.txt").write_text("ab\naabbb\n")
    result = rnn("evaluate", "-w", "latest", "-i", "words.txt")
    assert result.code == 2
    assert "words.txt: line 2: position 4: 'b' where the end of the word was expected" in result.err
