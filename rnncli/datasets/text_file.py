"""The config section ``data`` of kind text: a language model of a text file."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from rnncli.datasets.dataset import DataSet, Defaults
from rnncli.datasets.files import check_paths
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import Splits
from rnncli.datasets.task import Task
from rnncli.datasets.text import DocumentKind, Text, count_symbols, read_blocks, read_text
from rnncli.datasets.vocabulary import LINE_END, Vocabulary
from rnncli.datasets.vocabulary_keys import (
    Lowercase,
    TextUnit,
    VocabularySize,
    repeated,
    vocabulary_of,
)
from rnncli.errors import InputError
from rnncli.random_streams import generator

WindowLength = Annotated[
    int,
    Field(ge=1, le=10**6, description="time steps of a window, through which gradients flow back"),
]


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """The config section ``data`` of kind text; files are UTF-8, and may be compressed with gzip.

    Of a continuous stream, the last part is for validation, and the part before it for the test.
    Of lines, both are chosen at random.
    """

    standardize: ClassVar[bool] = False
    defaults: ClassVar[Defaults] = {
        "model": {"cell": "lstm", "hidden_size": 128, "embedding_size": 64, "output": "every_step"},
        "training": {
            "num_epochs": 10,
            "batch_size": 32,
            "optimizer": {"kind": "adam", "learning_rate": 5e-3},
        },
    }

    kind: Literal["text"] = "text"
    path: Annotated[Path, Field(description="the text")]
    validation_path: Annotated[
        Path | None, Field(description="validation data in a file of its own")
    ] = None
    test_path: Annotated[Path | None, Field(description="test data, which `evaluate` scores")] = (
        None
    )
    unit: TextUnit = "char"
    documents: Annotated[
        DocumentKind,
        Field(description="one continuous text, or each line as a text with a begin and an end"),
    ] = "stream"
    vocabulary_size: VocabularySize = None
    lowercase: Lowercase = False
    sequence_length: WindowLength = 64
    validation_fraction: Annotated[
        float,
        Field(ge=0, lt=1, description="fraction of the text for validation"),
    ] = 0.1
    test_fraction: Annotated[
        float, Field(ge=0, lt=1, description="fraction of the text for the test")
    ] = 0.0

    def read(self, seed: int) -> DataSet:
        """Read the files, and split off validation and test data that have no file of their own."""
        check_paths(self)
        vocabulary = self._vocabulary()
        spec = InputSpec(1, self.sequence_length, vocabulary=vocabulary, documents=self.documents)
        train = read_text(self.path, vocabulary, self.documents)
        validation, test = (
            None if path is None else read_text(path, vocabulary, self.documents)
            for path in (self.validation_path, self.test_path)
        )
        fractions = [
            0.0 if validation is not None else self.validation_fraction,
            0.0 if test is not None else self.test_fraction,
        ]
        train, own_validation, own_test = _split(train, fractions, seed)
        splits = Splits(
            train,
            own_validation if validation is None else validation,
            own_test if test is None else test,
        )
        for name in ("train", "validation", "test"):
            self._check_length(getattr(splits, name), name)
        task = Task("next_symbol", num_symbols=len(vocabulary))
        return DataSet(splits, task, spec)

    def fresh_sequences(self, count: int, seed: int, epoch: int) -> None:
        """Return None: the text is the same in every epoch."""

    def _vocabulary(self) -> Vocabulary:
        blocks = read_blocks(self.path, self.documents)
        counts = count_symbols(blocks, self.unit, self.lowercase)
        if not counts:
            raise InputError(f"{self.path}: is empty; a text was expected")
        max_symbols = self.vocabulary_size
        if self.unit == "word" and max_symbols is None:
            counts = repeated(counts)
        if self.documents == "lines":
            # The line end is a symbol whatever the size of the vocabulary.
            counts[LINE_END] = counts.total() + 1
        return vocabulary_of(counts, self, has_unknown=self.unit == "word")

    def _check_length(self, text: Text | None, name: str) -> None:
        """Raise `InputError` if a split is empty, or a stream is shorter than a window."""
        shortest = self.sequence_length if self.documents == "stream" else 1
        if text is not None and len(text) < shortest:
            raise InputError(
                f"{text.source}: the {name} split has {len(text.symbols)} symbols; more than "
                f"data.sequence_length, {self.sequence_length}, were expected"
            )


def _split(text: Text, fractions: list[float], seed: int) -> tuple[Text, Text | None, Text | None]:
    """Return the training, the validation and the test split; None for a fraction of 0."""
    count = len(text.symbols) if text.starts is None else len(text.starts)
    num_validation, num_test = (round(count * fraction) for fraction in fractions)
    num_train = count - num_validation - num_test
    if num_train < 1 or any(
        fraction and not number
        for fraction, number in zip(fractions, (num_validation, num_test), strict=True)
    ):
        raise InputError(
            f"{text.source}: the fractions for validation and test leave a split of {count} "
            f"{'symbols' if text.starts is None else 'lines'} empty; give more text or other "
            "fractions"
        )
    if text.starts is None:
        borders = (0, num_train, num_train + num_test, count)
        train, test, validation = (text.part(*pair) for pair in pairwise(borders))
    else:
        order = generator(seed, "split").permutation(count)
        parts = np.split(order, [num_validation, num_validation + num_test])
        validation, test, train = (text.take(np.sort(part)) for part in parts)
    return train, validation if num_validation else None, test if num_test else None
