"""The base class of data sections that read tables: the roles of their columns, and reading."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rnncli.datasets.arrangements.columns import ColumnRoles
from rnncli.datasets.arrangements.named_rows import read_named_rows
from rnncli.datasets.dataset import Defaults
from rnncli.datasets.dialect import Dialect
from rnncli.datasets.files import FileData
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.sequences import SMALLER_DATA, Sequences, joined
from rnncli.datasets.table import Table
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.datasets.vocabulary_keys import (
    Lowercase,
    TextUnit,
    VocabularySize,
    repeated,
    vocabulary_of,
)
from rnncli.errors import InputError
from rnncli.memory import within_memory

Column = int | str

# The defaults for texts with a label.
TEXT_DEFAULTS: Defaults = {
    "data": {},
    "model": {"cell": "gru", "hidden_size": 64, "embedding_size": 32, "pooling": "last"},
    "training": {
        "num_epochs": 10,
        "batch_size": 32,
        "optimizer": {"kind": "adam", "learning_rate": 3e-3},
    },
}


@dataclass(frozen=True, kw_only=True)
class TableData(FileData):
    """Keys of every data section that reads tables of sequences.

    A format adds ``kind``, `extensions` and `open_table`.
    """

    # What replaces sections of `defaults` with another value of a key than its default. Preferences
    # for sequences with one label, such as frames, do not suit labels of time steps.
    defaults_with: ClassVar[dict[str, Defaults]] = {
        "text_column": TEXT_DEFAULTS,
        "label_per": {"data": {}},
    }

    input_size: Annotated[
        int,
        Field(ge=1, le=10**6, description="features per time step; a row holds T times as many"),
    ] = 1
    label_column: Annotated[
        Column, Field(description="the label's column: its name, or its position from 0")
    ] = -1
    id_column: Annotated[
        Column | None,
        Field(description="a column that is not a feature, and is repeated beside predictions"),
    ] = None
    ignore: Annotated[
        tuple[Column, ...],
        Field(description="columns to leave out, by name or position from 0"),
    ] = ()
    sequence_column: Annotated[
        str | None,
        Field(description="with one time step per row, the column that identifies the sequence"),
    ] = None
    label_per: Annotated[
        Literal["sequence", "step"],
        Field(description="with one time step per row, whether each time step has a label"),
    ] = "sequence"
    text_column: Annotated[
        Column | None,
        Field(description="with one text per row, the text's column: its name, or its position"),
    ] = None
    unit: TextUnit = "char"
    vocabulary_size: VocabularySize = None
    lowercase: Lowercase = False

    @classmethod
    def open_table(cls, path: Path, dialect: Dialect) -> AbstractContextManager[Table]:
        """Open a file as a table; the dialect matters only for CSV."""
        raise NotImplementedError

    @classmethod
    def dialect_of(cls, path: Path, declared: Dialect) -> Dialect:
        """Return the dialect of a file, detected where it is not declared."""
        return Dialect()

    @property
    def dialect(self) -> Dialect:
        """The separator and the decimal mark as declared, if the format has them."""
        return Dialect()

    @property
    def has_header(self) -> bool | None:
        """Whether the first row holds names; if None, inferred from the content."""
        return None

    @property
    def roles(self) -> ColumnRoles:
        """The roles of the columns."""
        if self.sequence_column is None and self.label_per == "step":
            raise InputError(
                "data.label_per: step needs one time step per row; give data.sequence_column"
            )
        if self.sequence_column is not None and not isinstance(self.label_column, str):
            raise InputError(
                "data.label_column: with data.sequence_column, it must be the column's name"
            )
        for key in ("label_column", "id_column", "text_column"):
            column = getattr(self, key)
            if column is not None and column in self.ignore:
                raise InputError(f"data.ignore: {column} is data.{key}, and cannot be ignored")
        return ColumnRoles(
            label=self.label_column,
            id=self.id_column,
            ignore=self.ignore,
            input_size=self.input_size,
            header=self.has_header,
            sequence=self.sequence_column,
            label_per=self.label_per,
            missing_allowed=self.missing != "error",
            text=self.text_column,
        )

    def read_file(self, path: Path) -> Sequences:
        """Read one file of labelled sequences, or texts with the symbols of the training data."""
        return self._read(path, None if self.text_column is None else self._vocabulary())

    def read_split(self, path: Path, train: Sequences) -> Sequences:
        """Read the file of another split as that of the training data was read."""
        return self._read(path, train.vocabulary)

    def _read(self, path: Path, vocabulary: Vocabulary | None) -> Sequences:
        with self.open_table(path, self.dialect) as table:
            batches = read_sequences(table, self.roles, vocabulary)
            return joined(list(within_memory(batches, 1, str(path), SMALLER_DATA)))

    def _vocabulary(self) -> Vocabulary:
        """Return the vocabulary of the training data."""
        from rnncli.datasets.arrangements.texts import count_symbols_in_table

        with self.open_table(self.path, self.dialect) as table:
            counts = count_symbols_in_table(table, self.roles, self.unit, self.lowercase)
        return vocabulary_of(repeated(counts), self, has_unknown=True)

    def input_spec(self, train: Sequences, means: tuple[float, ...]) -> InputSpec:
        """Return the input spec, given the training split and the means of its features."""
        dialect = self.dialect_of(self.path, self.dialect)
        return replace(
            super().input_spec(train, means),
            label_column=self.label_column,
            header=self.has_header,
            sequence_column=self.sequence_column,
            label_per=self.label_per,
            columns=train.columns,
            id_column=self.id_column,
            ignore=self.ignore,
            separator=dialect.separator,
            decimal=dialect.decimal,
            vocabulary=train.vocabulary,
            text_column=self.text_column,
        )

    @classmethod
    def read_inputs(cls, path: Path, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
        """Yield the sequences of a file for a model, in batches of bounded size."""
        with cls.open_table(path, Dialect(spec.separator, spec.decimal)) as table:
            yield from read_table_inputs(table, spec, labelled)


def read_sequences(
    table: Table, roles: ColumnRoles, vocabulary: Vocabulary | None
) -> Iterator[Sequences]:
    """Yield the sequences of a table: one per row, one time step per row, or one text per row.

    Texts need a vocabulary; for other sequences it is None.
    """
    # Imported here, so that training on other data starts faster.
    if vocabulary is not None:
        from rnncli.datasets.arrangements.texts import read_texts

        return read_texts(table, roles, vocabulary)
    if roles.sequence is None:
        from rnncli.datasets.arrangements.wide import read_wide

        return read_wide(table, roles)
    from rnncli.datasets.arrangements.long import read_long

    return read_long(table, roles)


def read_table_inputs(table: Table, spec: InputSpec, labelled: bool) -> Iterator[Sequences]:
    """Yield the sequences of a table for a model, or its windows if the model forecasts.

    Labels are read if `labelled`; otherwise the label's column is left out if it is present.
    """
    if spec.windows is not None:
        numbers = spec.windows.read(read_named_rows(table))
        yield spec.windows.cut(numbers, spec.missing, spec.means_array, labelled)
        return
    label = spec.label_column
    if label is None and labelled:
        label = -1
    yield from read_sequences(
        table,
        ColumnRoles(
            label=label,
            id=spec.id_column,
            ignore=spec.ignore,
            input_size=spec.input_size,
            header=spec.header,
            sequence=spec.sequence_column,
            label_per=spec.label_per,
            features=spec.columns,
            missing_allowed=spec.missing != "error",
            labelled=labelled,
            training_features=spec.sequence_length * spec.input_size,
            text=spec.text_column,
        ),
        spec.vocabulary,
    )
