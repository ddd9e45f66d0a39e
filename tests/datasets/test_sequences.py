"""Sequences keep everything they know when they are selected, joined or read in chunks."""

from dataclasses import fields, replace

import numpy as np
import pytest

from rnncli.datasets.mapped import Mapped
from rnncli.datasets.sequences import Sequences, joined, padded, valid_steps
from rnncli.errors import place_in_file

WHOLE = Sequences(
    np.arange(24.0).reshape(4, 3, 2),
    np.array(["a", "b", "a", "b"]),
    "x.npz",
    [0, 1, 2, 3],
    "sequence",
    np.array([3, 2, 1, 3]),
    False,
    "classification",
    ("u", "v"),
    np.array(["p", "q", "r", "s"]),
    "name",
)


def same(left: Sequences, right: Sequences) -> None:
    for field in fields(Sequences):
        np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name))


def test_batches_of_a_file_joined_are_the_file() -> None:
    batches = [WHOLE.take(np.array([0, 1])), WHOLE.take(np.array([2, 3]))]
    same(joined(batches), WHOLE)
    assert joined(batches).place(3) == "x.npz: sequence 3"


def test_chunks_of_sequences_on_disk_are_the_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncli.datasets.mapped._NUMBERS_PER_CHUNK", 6)
    on_disk = replace(WHOLE, x=Mapped(np.asarray(WHOLE.x)))
    chunks = list(on_disk.in_memory())
    assert len(chunks) == 4
    same(joined(chunks), WHOLE)


def test_labels_of_steps_are_padded_like_their_sequences() -> None:
    short = Sequences(np.ones((1, 1, 1)), np.array([["a"]]), "x", [2], per_step=True)
    long = Sequences(np.ones((1, 3, 1)), np.array([["a", "b", "c"]]), "x", [3], per_step=True)
    both = joined([short, long])
    assert both.labels is not None
    assert both.labels.tolist() == [["", "", "a"], ["a", "b", "c"]]
    assert both.lengths is not None
    assert both.lengths.tolist() == [1, 3]


def test_shorter_sequences_are_padded_at_their_beginning() -> None:
    x, lengths = padded([np.ones((1, 2)), np.ones((3, 2))], "x")
    assert lengths is not None
    np.testing.assert_array_equal(valid_steps(lengths, 3), x[:, :, 0] == 1)


def test_places_are_lines_rows_or_sequences() -> None:
    assert place_in_file("a.csv", 7, "line") == "a.csv:7: row 7"
    assert place_in_file("a.parquet", 7, "row") == "a.parquet: row 7"
    assert WHOLE.place(2) == "x.npz: sequence 2"
